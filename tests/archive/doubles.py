"""Stand-ins for threads and for the disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute

from txdicomtls.instance import IncomingInstance

P = ParamSpec("P")
T = TypeVar("T")

UID = "1.2.826.0.1.3680043.8.498.1"
INSTANCE = IncomingInstance(
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    sop_instance_uid=UID,
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    calling_ae_title="CT_ROOM_1",
    called_ae_title="ARCHIVE",
)

#: Nothing of this may ever name a file, wherever a UID is expected.
HOSTILE = (
    "",
    " ",
    ".",
    "..",
    "...",
    "." * 64,
    "../x",
    "../../../etc/passwd",
    "..\\x",
    "/etc/passwd",
    "/1.2",
    "1.2/3",
    "1.2\\3",
    "1.2\0.3",
    "1.2\0/../4",
    "%2e%2e%2f",
    "1.2.",
    ".1.2",
    "1..2",
    "1.2 ",
    " 1.2",
    "1.2\n",
    "1.02",
    "00.1",
    "-1.2",
    "1.2.x",
    "1,2",
    "~",
    "1.2;rm -rf",
    "$(id)",
    "\u0661.2",  # an Arabic digit
    "1\uff0e2",  # a full-width full stop
    "\u2024\u2024/1",  # leaders that look like dots
    "1." + "2" * 63,
)


def at_once(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
    """Threads without threads: the job is done when this returns."""
    return execute(function, *args, **kwargs)


class Jobs:
    """Threads that work when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]:
        done: Deferred[T] = Deferred()

        def job() -> None:
            execute(function, *args, **kwargs).chainDeferred(done)

        self.waiting.append(job)
        return done

    def do_one(self) -> None:
        self.waiting.pop(0)()

    def do_all(self) -> None:
        while self.waiting:
            self.do_one()


class FaultyDisk:
    """The real disk, whose calls are counted, and one or all from one on fail.

    :param failing: number of the call that fails, from 1; 0 for none.
    :param code: the error.
    :param for_good: every later call fails as well.
    :param most: bytes that one write takes at most.
    """

    def __init__(
        self,
        *,
        failing: int = 0,
        code: int = errno.EIO,
        for_good: bool = False,
        most: int = 1 << 30,
    ) -> None:
        self.failing = failing
        self.code = code
        self.for_good = for_good
        self.most = most
        self.calls: list[str] = []
        self.synced: list[Path] = []

    @property
    def failed(self) -> str:
        """The name of the call that failed; empty if it never came to that."""
        return self.calls[self.failing - 1] if 0 < self.failing <= len(self.calls) else ""

    def _call(self, name: str) -> None:
        self.calls.append(name)
        number = len(self.calls)
        if number == self.failing or (self.for_good and 0 < self.failing < number):
            raise OSError(self.code, os.strerror(self.code))

    def open(
        self, path: Path | str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None
    ) -> int:
        self._call("open")
        return os.open(path, flags, mode, dir_fd=dir_fd)

    def close(self, fd: int, /) -> None:
        os.close(fd)  # also when it reports an error
        self._call("close")

    def fchmod(self, fd: int, mode: int, /) -> None:
        self._call("fchmod")
        os.fchmod(fd, mode)

    def writev(self, fd: int, buffers: Sequence[memoryview], /) -> int:
        self._call("writev")
        return os.write(fd, b"".join(buffers)[: self.most])

    def fsync(self, fd: int, /) -> None:
        self._call("fsync")
        os.fsync(fd)
        self.synced.append(Path(f"/proc/self/fd/{fd}").readlink())

    def link(self, src: Path, dst: Path | str, *, dst_dir_fd: int | None = None) -> None:
        self._call("link")
        os.link(src, dst, dst_dir_fd=dst_dir_fd)

    def replace(self, src: Path, dst: Path | str, *, dst_dir_fd: int | None = None) -> None:
        self._call("replace")
        os.replace(src, dst, dst_dir_fd=dst_dir_fd)

    def unlink(self, path: Path | str, *, dir_fd: int | None = None) -> None:
        self._call("unlink")
        os.unlink(path, dir_fd=dir_fd)

    def mkdir(self, path: Path | str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        self._call("mkdir")
        os.mkdir(path, mode, dir_fd=dir_fd)


def files_below(root: Path) -> set[str]:
    """Every name below a directory that is not a directory, relative to it."""
    return {
        str((Path(where) / name).relative_to(root))
        for where, _, names in os.walk(root)
        for name in names
    }


def pieces(data: bytes, size: int) -> Iterator[memoryview]:
    """Views of the data, in order."""
    view = memoryview(data)
    return (view[start : start + size] for start in range(0, len(data), size))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def as_any(value: object) -> Any:
    """What mypy must not see through."""
    return value
