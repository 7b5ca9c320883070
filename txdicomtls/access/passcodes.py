"""Users and their passcodes, of which only hashes are kept (scrypt, RFC 7914).

A file of passcodes has one user a line; empty lines and those that begin with "#" say nothing::

    alice:scrypt$32768$8$3$c2FsdHNhbHRzYWx0c2FsdA==$aGFzaGhhc2hoYXNo...

that is: the name, N, r, p, and in base64 the salt and the hash.  What it costs to find a
passcode by trying grows with N, r and p, and so does what it costs to check one, so each of
them has a floor and a ceiling.

Whoever asks for a user that there is none of must not learn that from the time that the
answer takes.  So a hash is computed for him as well, and it costs what that of some real user
costs, always the same one for the same name.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import scrypt
from pathlib import Path

from txdicomtls.errors import ConfigurationError, ConfigurationProblem

#: Takes 32 MiB, and about a quarter of a second of a processor of today.
N, R, P = 32768, 8, 3

_SALT_BYTES = 16
_HASH_BYTES = 32

#: Nobody may be made to hash for less, nor we for more: bytes of memory, and rounds.
LEAST_N, LEAST_R = 16384, 8
MOST_MEMORY = 128 << 20
MOST_ROUNDS = 1 << 22

LONGEST_NAME = 255

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasscodeHash:
    """The hash of one passcode.

    :param n: CPU and memory cost, a power of two.
    :param r: block size; 128 * n * r is the memory in bytes.
    :param p: how often.
    """

    n: int = N
    r: int = R
    p: int = P
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    def matches(self, passcode: bytes) -> bool:
        """Whether this is the passcode; blocks, and takes the same time whatever it is.

        Zero octets at its end do not count, as in every HMAC (RFC 2104 2).
        """
        digest = _digest(passcode, self.salt, (self.n, self.r, self.p), len(self.digest))
        return hmac.compare_digest(digest, self.digest)

    def __str__(self) -> str:
        salt, digest = (b64encode(each).decode() for each in (self.salt, self.digest))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${digest}"


class Passcodes:
    """The users that there are.

    :param hashes: by the names of the users, in UTF-8.
    :param random: gives so many random bytes.
    """

    def __init__(
        self,
        hashes: Mapping[bytes, PasscodeHash],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._hashes = dict(hashes)
        self._costs = [(each.n, each.r, each.p) for each in hashes.values()] or [(N, R, P)]
        self._random = random
        self._choice = random(_HASH_BYTES)

    def __contains__(self, name: bytes) -> bool:
        return name in self._hashes

    def verify(self, name: bytes, passcode: bytes) -> bool:
        """Whether this is the passcode of this user; blocks for a good while."""
        known = self._hashes.get(name)
        right = (known or self._decoy(name)).matches(passcode)
        return right and known is not None

    def _decoy(self, name: bytes) -> PasscodeHash:
        choice = int.from_bytes(hmac.digest(self._choice, name, "sha256"), "big")
        n, r, p = self._costs[choice % len(self._costs)]
        return PasscodeHash(
            n=n, r=r, p=p, salt=self._random(_SALT_BYTES), digest=self._random(_HASH_BYTES)
        )


def hash_passcode(
    passcode: bytes,
    *,
    n: int = N,
    r: int = R,
    p: int = P,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> PasscodeHash:
    """Make the hash of a passcode, with a new salt; blocks.

    :param random: gives so many random bytes.
    """
    salt = random(_SALT_BYTES)
    digest = _digest(passcode, salt, (n, r, p), _HASH_BYTES)
    return PasscodeHash(n=n, r=r, p=p, salt=salt, digest=digest)


def check_name(name: str) -> str:
    """Check what a user is to be called.

    :return: the name.
    :raises ValueError: no user can be called that in a file of passcodes.
    """
    if not 0 < len(name.encode("utf-8", "replace")) <= LONGEST_NAME:
        raise ValueError(f"a user name has 1 to {LONGEST_NAME} bytes in UTF-8")
    if not name.isprintable() or ":" in name or name != name.strip() or name.startswith("#"):
        raise ValueError(
            "a user name is of printable characters without colon, neither begins nor ends "
            'with a space, and does not begin with "#"'
        )
    return name


def parse_passcodes(path: Path, content: bytes) -> Passcodes:
    """Read a file of passcodes.

    :param path: where it is from, for errors.
    :raises ConfigurationError: lines of it are wrong; names them all.
    """
    hashes: dict[bytes, PasscodeHash] = {}
    problems = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            if user := user_of(line):
                if user in hashes:
                    raise ValueError("has a user who is in this file already")
                hashes[user] = _parse_hash(line.partition(b":")[2].decode("ascii", "replace"))
        except ValueError as error:
            problems.append(ConfigurationProblem(f"line {number}", str(error)))
    if problems:
        raise ConfigurationError(path, problems)
    return Passcodes(hashes)


def user_of(line: bytes) -> bytes:
    """Whose line of a file of passcodes this is; empty where it is nobody's.

    :raises ValueError: it is neither.
    """
    if not line.strip() or line.startswith(b"#"):
        return b""
    name, colon, _ = line.partition(b":")
    if not colon:
        raise ValueError('is neither "NAME:HASH" nor a comment')
    try:
        check_name(name.decode())
    except UnicodeDecodeError:
        raise ValueError("has a user name that is not UTF-8") from None
    return name


def _parse_hash(text: str) -> PasscodeHash:
    parts = text.split("$")
    if len(parts) != 6 or parts[0] != "scrypt":
        raise ValueError('has no hash as "scrypt$N$R$P$SALT$HASH"')
    if not all(_NUMBER.fullmatch(part) for part in parts[1:4]):
        raise ValueError("has a cost that is no number")
    n, r, p = map(int, parts[1:4])
    if n & (n - 1):
        raise ValueError("has an N that is no power of two")
    if n < LEAST_N or r < LEAST_R:
        raise ValueError(f"has too small a cost: N is at least {LEAST_N}, r at least {LEAST_R}")
    if 128 * n * r > MOST_MEMORY or n * r * p > MOST_ROUNDS:
        raise ValueError("has a cost that is too large: it would keep others waiting")
    try:
        salt, digest = (b64decode(part, validate=True) for part in parts[4:])
    except ValueError:
        raise ValueError("has a salt or hash that is not base64") from None
    if not _SALT_BYTES <= len(salt) <= 64 or not _HASH_BYTES <= len(digest) <= 64:
        raise ValueError("has a salt or hash that is too short or too long")
    return PasscodeHash(n=n, r=r, p=p, salt=salt, digest=digest)


def _digest(passcode: bytes, salt: bytes, cost: tuple[int, int, int], length: int) -> bytes:
    n, r, p = cost
    memory = 128 * r * (n + p + 2)  # RFC 7914 6, as OpenSSL counts it
    return scrypt(passcode, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=length)
