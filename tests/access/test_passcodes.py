"""Passcodes are kept as hashes, compared without telling, and read strictly."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.access import passcodes
from txdicomtls.access.passcodes import (
    MOST_MEMORY,
    N,
    P,
    PasscodeHash,
    Passcodes,
    R,
    check_name,
    hash_passcode,
    parse_passcodes,
)
from txdicomtls.errors import ConfigurationError

SALT, DIGEST = b"s" * 16, b"d" * 32
FILE = Path("users.passcodes")


def line(*parts: object) -> str:
    return "$".join(map(str, parts))


def base64(content: bytes) -> str:
    return b64encode(content).decode()


HASH = line("scrypt", 16384, 8, 1, base64(SALT), base64(DIGEST))


class HashTests(SynchronousTestCase):
    def test_it_is_the_scrypt_of_the_standard_library(self) -> None:
        made = hash_passcode(b"sesame", n=16384, p=1, random=lambda count: b"r" * count)
        expected = hashlib.scrypt(b"sesame", salt=b"r" * 16, n=16384, r=8, p=1, maxmem=1 << 26)
        self.assertEqual((b"r" * 16, expected[:32]), (made.salt, made.digest))

    def test_only_the_passcode_itself_matches(self) -> None:
        made = hash_passcode(b"sesame", n=16384, p=1)
        self.assertTrue(made.matches(b"sesame"))
        for other in (b"", b"Sesame", b"sesame ", b"x" * 65535):
            self.assertFalse(made.matches(other))

    def test_the_same_passcode_has_another_hash_each_time(self) -> None:
        one, other = (hash_passcode(b"sesame", n=16384, p=1) for _ in range(2))
        self.assertNotEqual((one.salt, one.digest), (other.salt, other.digest))

    def test_what_costs_as_much_as_is_allowed_can_be_computed(self) -> None:
        n = MOST_MEMORY // (128 * 8)
        made = hash_passcode(b"sesame", n=n, p=1)
        self.assertTrue(parse_passcodes(FILE, f"a:{made}".encode()).verify(b"a", b"sesame"))

    def test_it_does_not_show_what_it_holds(self) -> None:
        self.assertNotIn("ssss", repr(PasscodeHash(salt=SALT, digest=DIGEST)))


class VerifyTests(SynchronousTestCase):
    """What is computed is counted, and not how long it takes, which depends on the machine."""

    def setUp(self) -> None:
        self.costs: list[tuple[int, int, int]] = []

        def scrypt(passcode: bytes, *, salt: bytes, n: int, r: int, p: int, **_: Any) -> bytes:
            self.costs.append((n, r, p))
            return passcode.ljust(32, b".")

        self.patch(passcodes, "scrypt", scrypt)

    def users(self, *costs: tuple[int, int, int]) -> Passcodes:
        hashes = {
            f"user{number}".encode(): PasscodeHash(
                n=n, r=r, p=p, salt=SALT, digest=b"sesame".ljust(32, b".")
            )
            for number, (n, r, p) in enumerate(costs)
        }
        return Passcodes(hashes)

    def test_a_user_with_the_right_passcode_is_verified(self) -> None:
        users = self.users((16384, 8, 1))
        self.assertTrue(users.verify(b"user0", b"sesame"))
        self.assertFalse(users.verify(b"user0", b"another"))
        self.assertIn(b"user0", users)
        self.assertNotIn(b"user1", users)

    def test_for_an_unknown_user_as_much_is_computed_as_for_a_wrong_passcode(self) -> None:
        users = self.users((16384, 8, 5))
        for name in (b"user0", b"nobody", b"", b"\xff\xfe", b"x" * 65535):
            self.costs.clear()
            self.assertFalse(users.verify(name, b"another"))
            self.assertEqual([(16384, 8, 5)], self.costs, name)

    def test_no_passcode_is_that_of_an_unknown_user(self) -> None:
        users = Passcodes({}, random=lambda count: b"." * count)
        # The random hash of the decoy, which nobody can know, is what this passcode has.
        self.assertFalse(users.verify(b"nobody", b""))
        self.assertEqual([(N, R, P)], self.costs)

    def test_an_unknown_user_costs_what_some_user_costs_and_always_the_same(self) -> None:
        users = self.users((16384, 8, 1), (32768, 8, 1), (32768, 8, 3))
        seen = set()
        for number in range(100):
            self.costs.clear()
            for _ in range(3):
                users.verify(f"nobody{number}".encode(), b"sesame")
            self.assertEqual(1, len(set(self.costs)))
            seen.add(self.costs[0])
        self.assertEqual({(16384, 8, 1), (32768, 8, 1), (32768, 8, 3)}, seen)


class ParseTests(SynchronousTestCase):
    def problems(self, content: str | bytes) -> dict[str, str]:
        raw = content.encode() if isinstance(content, str) else content
        error = self.assertRaises(ConfigurationError, parse_passcodes, FILE, raw)
        self.assertEqual("users.passcodes", error.source)
        return {problem.key: problem.message for problem in error.problems}

    def test_users_are_one_a_line_with_comments_and_empty_lines_between(self) -> None:
        users = parse_passcodes(FILE, f"# ours\n\nalice:{HASH}\r\n \nZoë K.:{HASH}".encode())
        for name in ("alice", "Zoë K."):
            self.assertIn(name.encode(), users)
        self.assertNotIn(b"# ours", users)

    def test_an_empty_file_has_nobody(self) -> None:
        self.assertNotIn(b"", parse_passcodes(FILE, b""))

    def test_a_hash_is_written_as_it_is_read(self) -> None:
        made = hash_passcode(b"sesame", n=16384, p=1)
        self.assertTrue(parse_passcodes(FILE, f"alice:{made}".encode()).verify(b"alice", b"sesame"))

    def test_every_wrong_line_is_named(self) -> None:
        salt, digest = base64(SALT), base64(DIGEST)
        cases = {
            "alice": "is neither",
            f":{HASH}": "1 to 255 bytes",
            f" alice:{HASH}": "a user name is of",
            f"al\tice:{HASH}": "a user name is of",
            "alice:": "has no hash",
            "alice:sesame": "has no hash",
            f"alice:{HASH}$": "has no hash",
            f"alice:{HASH}:": "base64",
            "alice:" + HASH.replace("scrypt", "bcrypt"): "has no hash",
            "alice:" + line("scrypt", "x", 8, 1, salt, digest): "no number",
            "alice:" + line("scrypt", "016384", 8, 1, salt, digest): "no number",
            "alice:" + line("scrypt", 16384, "٨", 1, salt, digest): "no number",
            "alice:" + line("scrypt", 16384, 8, 0, salt, digest): "no number",
            "alice:" + line("scrypt", 20000, 8, 1, salt, digest): "no power of two",
            "alice:" + line("scrypt", 8192, 8, 1, salt, digest): "too small a cost",
            "alice:" + line("scrypt", 16384, 4, 1, salt, digest): "too small a cost",
            "alice:" + line("scrypt", 262144, 8, 1, salt, digest): "too large",
            "alice:" + line("scrypt", 16384, 8, 999999999, salt, digest): "too large",
            "alice:" + line("scrypt", 16384, 8, 1, "?", digest): "base64",
            "alice:" + line("scrypt", 16384, 8, 1, base64(SALT[1:]), digest): "too short",
            "alice:" + line("scrypt", 16384, 8, 1, salt, base64(DIGEST[1:])): "too short",
            "alice:" + line("scrypt", 16384, 8, 1, salt, base64(DIGEST * 3)): "too long",
        }
        problems = self.problems("\n".join(cases))
        self.assertEqual([f"line {number}" for number in range(1, len(cases) + 1)], list(problems))
        for (text, message), found in zip(cases.items(), problems.values(), strict=True):
            self.assertIn(message, found, text)
            self.assertNotIn(digest, found)

    def test_a_name_that_is_not_utf_8_or_there_twice_is_a_problem(self) -> None:
        content = b"\xff:%b\nalice:%b\nalice:%b\n" % ((HASH.encode(),) * 3)
        problems = self.problems(content)
        self.assertIn("not UTF-8", problems["line 1"])
        self.assertIn("already", problems["line 3"])
        self.assertEqual(2, len(problems))

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_users_or_problems(self, content: bytes) -> None:
        try:
            self.assertIsInstance(parse_passcodes(FILE, content), Passcodes)
        except ConfigurationError as error:
            self.assertTrue(error.problems)

    def test_a_name_that_can_be_in_a_file_is_read_from_it(self) -> None:
        for name in ("a", "Dr. Ä. Ö", "a@b.example", "x" * 255, "a#b"):
            self.assertEqual(name, check_name(name))
            self.assertIn(name.encode(), parse_passcodes(FILE, f"{name}:{HASH}".encode()))
