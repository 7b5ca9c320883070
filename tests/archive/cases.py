"""What tests of the archive have in common: an archive without threads, and how to store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import INSTANCE, at_once, files_below, pieces
from tests.archive.instances import NOW, FakeIndex, data_set
from txdicomtls.archive import ArchiveEvent, FileArchive
from txdicomtls.instance import IncomingInstance


class ArchiveCase(SynchronousTestCase):
    """An archive whose jobs are done at once, and an index in memory."""

    def setUp(self) -> None:
        self.root = Path(self.mktemp())
        self.index = FakeIndex()
        self.events: list[ArchiveEvent] = []
        self.now = 0.0

    def archive(self, **arguments: Any) -> FileArchive:
        """One that is prepared."""
        defaults: dict[str, Any] = {
            "in_thread": at_once,
            "index": self.index,
            "on_event": self.events.append,
            "seconds": lambda: self.now,
            "now": lambda: NOW,
        }
        archive = FileArchive(self.root, **(defaults | arguments))
        archive.prepare()
        self.addCleanup(archive.close)
        return archive

    def store(
        self, archive: FileArchive, what: IncomingInstance = INSTANCE, data: bytes | None = None
    ) -> Deferred[None]:
        """Send an instance; its usual data set if none is given."""
        sink = archive.receive(what)
        for piece in pieces(data_set(what) if data is None else data, 999):
            sink.write(piece)
        return sink.finish()

    @property
    def kept(self) -> set[str]:
        """Names of all files below ``objects/``."""
        return files_below(self.root / "objects")

    @property
    def incoming(self) -> set[str]:
        return files_below(self.root / "incoming")
