"""Users by name: with the right passcode, or on the word of their node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.access.facts import facts, identity, passcode
from tests.archive.doubles import Jobs, at_once
from txdicomtls.access import (
    PasscodeChecker,
    UserNameChecker,
    VerifiedUser,
    WatchedFile,
    hash_passcode,
    parse_passcodes,
)
from txdicomtls.access.credentials import user_credentials
from txdicomtls.errors import IdentityUnavailable
from txdicomtls.pdu import UserIdentityRQ
from txdicomtls.threads import InThread

ALICE = f"Älice:{hash_passcode(b'sesame', n=16384, p=1)}\n"


class PasscodeCheckerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.write(ALICE)

    def write(self, text: str, mode: int = 0o600) -> None:
        self.path.unlink(missing_ok=True)
        self.path.write_text(text)
        self.path.chmod(mode)

    def checker(self, in_thread: InThread = at_once) -> PasscodeChecker:
        return PasscodeChecker(WatchedFile(self.path, parse_passcodes, secret=True), in_thread)

    def asked(self, name: str, code: bytes, checker: PasscodeChecker) -> Deferred[Any]:
        credentials: Any = user_credentials(facts(), passcode(name.encode(), code))
        return checker.requestAvatarId(credentials)

    def test_it_is_a_checker(self) -> None:
        verifyObject(ICredentialsChecker, self.checker())

    def test_the_right_passcode_verifies_its_user_with_an_empty_response(self) -> None:
        user = self.successResultOf(self.asked("Älice", b"sesame", self.checker()))
        self.assertEqual(VerifiedUser(name="Älice", response=b""), user)

    def test_a_wrong_passcode_and_an_unknown_user_are_refused_alike(self) -> None:
        checker = self.checker()
        texts = []
        for name, code in (("Älice", b"hunter2"), ("bob", b"hunter2"), ("Älice", b"")):
            failure = self.failureResultOf(self.asked(name, code, checker), UnauthorizedLogin)
            texts.append(str(failure.value).replace(repr(name.encode()), "NAME"))
            self.assertNotIn("hunter2", str(failure.value))
        self.assertEqual(1, len(set(texts)))

    def test_what_a_peer_sends_as_a_name_is_shown_escaped_and_cut(self) -> None:
        failure = self.failureResultOf(
            self.asked("a\r\n\x1b" + "x" * 60000, b"", self.checker()), UnauthorizedLogin
        )
        self.assertTrue(str(failure.value).isprintable())
        self.assertLess(len(str(failure.value)), 400)

    def test_who_was_taken_out_of_the_file_is_out_at_once(self) -> None:
        checker = self.checker()
        self.successResultOf(self.asked("Älice", b"sesame", checker))
        self.write("")
        self.failureResultOf(self.asked("Älice", b"sesame", checker), UnauthorizedLogin)

    def test_a_file_that_cannot_be_used_refuses_for_the_time_being(self) -> None:
        checker = self.checker()
        for text, mode, why in (
            (ALICE, 0o644, "chmod 600"),
            ("nonsense\nnonsense\n", 0o600, "line 1: is neither"),
        ):
            self.write(text, mode)
            failure = self.failureResultOf(
                self.asked("Älice", b"sesame", checker), IdentityUnavailable
            )
            self.assertIn(why, str(failure.value))
            self.assertNotIn("\n", str(failure.value))

    def test_nothing_is_read_or_hashed_in_the_thread_of_the_reactor(self) -> None:
        jobs = Jobs()
        self.path.unlink()  # to read it now would fail
        asked = self.asked("Älice", b"sesame", self.checker(jobs))
        self.assertNoResult(asked)
        self.write(ALICE)
        jobs.do_all()
        self.successResultOf(asked)

    def test_no_passcode_is_logged(self) -> None:
        with capturedLogs() as events:
            for code in (b"sesame", b"hunter2"):
                self.asked("Älice", code, self.checker()).addErrback(lambda _: None)
        self.assertEqual([], events)


class UserNameCheckerTests(SynchronousTestCase):
    def asked(self, request: UserIdentityRQ) -> Deferred[Any]:
        credentials: Any = user_credentials(facts(), request)
        return UserNameChecker().requestAvatarId(credentials)

    def test_it_is_a_checker(self) -> None:
        verifyObject(ICredentialsChecker, UserNameChecker())

    def test_a_name_is_believed(self) -> None:
        user = self.successResultOf(self.asked(identity(1, "Dr. Ä".encode())))
        self.assertEqual(VerifiedUser(name="Dr. Ä"), user)

    def test_what_is_no_name_is_refused(self) -> None:
        for name in (b"", b"  ", b"\xff", b"a\nb", b"a\0", b"x" * 256, b"x" * 65535):
            self.failureResultOf(self.asked(identity(1, name)), UnauthorizedLogin)
