"""An archive with a real index, and instances in it that something can happen to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.archive.cases import ArchiveCase
from tests.archive.doubles import UID, at_once
from tests.archive.instances import data_set, instance
from txdicomtls.archive import FileArchive
from txdicomtls.index import Index, KeptInstance, open_index


class IndexedCase(ArchiveCase):
    """A real archive in a directory of its own, with an index in SQLite."""

    real: Index

    def setUp(self) -> None:
        super().setUp()
        self.where = Path(self.mktemp())
        self.real = self.opened()

    def opened(self) -> Index:
        """The index; closed at the end."""
        index = open_index(self.where)
        self.addCleanup(index.close)
        return index

    def filled(self, count: int = 3, **arguments: object) -> FileArchive:
        """An archive that has received some instances, one after the other, and is closed."""
        archive = FileArchive(self.root, in_thread=at_once, index=self.real)
        archive.prepare()
        for number in range(count):
            self.put(archive, number)
        archive.close()
        return archive

    def put(self, archive: FileArchive, number: int, **elements: str | bytes) -> None:
        """Store an instance; the clock of the file system is too coarse to tell two apart."""
        what = instance(number)
        data = data_set(what, **elements)  # type: ignore[arg-type]  # as the test says
        self.successResultOf(self.store(archive, what, data))
        path = self.path_of(number)
        seconds = 1_700_000_000 + len(self.kept)
        os.utime(path, (seconds, seconds))

    def uid(self, number: int) -> str:
        return f"{UID}.{number}"

    def row(self, number: int) -> KeptInstance:
        return self.real.get([self.uid(number)])[self.uid(number)]

    def path_of(self, number: int) -> Path:
        return self.root / self.row(number).path

    def damage(self, number: int, how: Callable[[bytes], bytes]) -> None:
        """Change the bytes of a file."""
        path = self.path_of(number)
        path.write_bytes(how(path.read_bytes()))


def bit_flipped(data: bytes) -> bytes:
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


def truncated(data: bytes) -> bytes:
    return data[:-2]
