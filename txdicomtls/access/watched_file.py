"""Files that say who may, read again as soon as they have changed.

A file is looked at each time that it is needed, so a user who is taken out of it is out at once.
One that cannot be used any more is not replaced by what it said before, unlike certificates:
a list of users also takes people away.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from txdicomtls.errors import ConfigurationError, CredentialError

T = TypeVar("T")

#: Bytes; some thousand users take a tenth of it.
LARGEST_FILE = 1 << 20


class WatchedFile(Generic[T]):
    """What a file says now.

    :param path: the file.
    :param parse: makes something of its bytes; raises
        :class:`~txdicomtls.errors.CredentialError` or
        :class:`~txdicomtls.errors.ConfigurationError`.
    :param secret: others than its owner and its group must not be able to read it.
    """

    def __init__(self, path: Path, parse: Callable[[Path, bytes], T], *, secret: bool) -> None:
        self.path = path
        self._parse = parse
        self._secret = secret
        self._lock = Lock()
        self._state: tuple[int, ...] = ()
        self._content: T | None = None
        self._error: CredentialError | ConfigurationError | None = None

    def current(self) -> T:
        """Look at the file and read it if it has changed; blocks, in any thread.

        :raises CredentialError: it cannot be read, or others may read or change it.
        :raises ConfigurationError: it has lines or parts that are wrong; names them all.
        """
        with self._lock:
            try:
                descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
                try:
                    self._look(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                self._state = ()
                raise CredentialError(self.path, f"cannot be read: {error.strerror}") from None
            if self._content is None:
                assert self._error is not None  # one of both is known
                raise self._error.with_traceback(None)
            return self._content

    def _look(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        state = _state_of(status)
        if state == self._state:
            return
        self._content, self._error = None, None
        try:
            self._check(status)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                self._content = self._parse(self.path, file.read(LARGEST_FILE))
        except (CredentialError, ConfigurationError) as error:
            self._error = error
        self._state = state

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise CredentialError(self.path, "this is no file")
        if status.st_size > LARGEST_FILE:
            raise CredentialError(self.path, f"is longer than {LARGEST_FILE} bytes")
        may = ""
        if status.st_mode & stat.S_IWOTH:
            may = "change"
        elif self._secret and status.st_mode & stat.S_IROTH:
            may = "read"
        if may:
            raise CredentialError(
                self.path, f"everybody on this machine may {may} this file: chmod 600 {self.path}"
            )


def _state_of(status: os.stat_result) -> tuple[int, ...]:
    # The time of the last change of the file itself tells of a chmod as well.
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
