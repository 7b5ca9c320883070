"""Changes in a file of passcodes: all of a change or nothing of it, one at a time."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from txdicomtls.access.passcodes import PasscodeHash, check_name, parse_passcodes, user_of
from txdicomtls.errors import CredentialError

_MODE = 0o600


def users_in(path: Path) -> tuple[str, ...]:
    """Say who is in a file of passcodes, in its order; blocks.

    :raises CredentialError: the file cannot be read.
    :raises ConfigurationError: the file has lines that are wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CredentialError(path, f"cannot be read: {error.strerror}") from error
    parse_passcodes(path, content)
    return tuple(name.decode() for name in map(user_of, content.splitlines()) if name)


def add_user(path: Path, name: str, passcode: PasscodeHash) -> None:
    """Add a user; blocks.

    :param path: the file; it is made if it is not there.
    :raises ValueError: nobody can be called that.
    :raises CredentialError: there is such a user, or the file cannot be read or written.
    :raises ConfigurationError: the file has lines that are wrong.
    """

    def add(lines: list[bytes], at: int | None) -> None:
        if at is not None:
            raise CredentialError(path, f"there is a user {name!r} already")
        lines.append(_line(name, passcode))

    _change(path, name, add)


def change_user(path: Path, name: str, passcode: PasscodeHash) -> None:
    """Give a user another passcode; blocks.

    :raises CredentialError: there is no such user, or the file cannot be read or written.
    :raises ConfigurationError: the file has lines that are wrong.
    """

    def change(lines: list[bytes], at: int | None) -> None:
        lines[_found(path, name, at)] = _line(name, passcode)

    _change(path, name, change)


def remove_user(path: Path, name: str) -> None:
    """Remove a user; blocks.

    :raises CredentialError: there is no such user, or the file cannot be read or written.
    :raises ConfigurationError: the file has lines that are wrong.
    """

    def remove(lines: list[bytes], at: int | None) -> None:
        del lines[_found(path, name, at)]

    _change(path, name, remove)


def _line(name: str, passcode: PasscodeHash) -> bytes:
    return f"{check_name(name)}:{passcode}".encode()


def _found(path: Path, name: str, at: int | None) -> int:
    if at is None:
        raise CredentialError(path, f"there is no user {name!r}")
    return at


def _change(path: Path, name: str, change: Callable[[list[bytes], int | None], None]) -> None:
    file = Path(os.path.realpath(path))  # a link stays one
    wanted = name.encode("utf-8", "surrogateescape")
    try:
        with _alone_in(file.parent):
            content = file.read_bytes() if file.exists() else b""
            parse_passcodes(path, content)
            lines = content.splitlines()
            users = [user_of(line) for line in lines]
            change(lines, users.index(wanted) if wanted in users else None)
            _replace(file, b"".join(line + b"\n" for line in lines))
    except OSError as error:
        raise CredentialError(path, f"cannot be changed: {error.strerror}") from error


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Wait until nobody else changes a file of passcodes in this directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _replace(file: Path, content: bytes) -> None:
    new = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as writing:
            if file.exists():
                # It stays the daemon's, also where it is root who changes it.
                status = file.stat()
                os.fchown(descriptor, status.st_uid, status.st_gid)
            writing.write(content)
            writing.flush()
            os.fsync(descriptor)
        new.replace(file)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
