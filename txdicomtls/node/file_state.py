"""Whether files have changed, without reading them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

#: Path, times of the last change of the content and of the file, size, number in its file system.
State = frozenset[tuple[str, int, int, int, int]]


def state_of(paths: Iterable[Path]) -> State:
    """What changes when a file of these does, or one in a directory of these; blocks.

    :raises OSError: one may not be looked at.
    """
    found = set()
    for each in _each(paths):
        try:
            status = each.stat()
        except FileNotFoundError:
            continue  # it is on its way to be replaced; its absence is a change as well
        times = (status.st_mtime_ns, status.st_ctime_ns)
        found.add((str(each), *times, status.st_size, status.st_ino))
    return frozenset(found)


def _each(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield path
        if path.is_dir():
            yield from path.iterdir()
