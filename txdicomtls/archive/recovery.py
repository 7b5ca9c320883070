"""What a stop in the middle left behind is finished or removed; see :mod:`.commit` for why.

Only files that still have a temporary name are looked at, so this takes as long as what was
under way, and not as long as the archive is large.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from twisted.logger import Logger

from txdicomtls.archive.disk import Disk
from txdicomtls.archive.draft import Identify, Sealed
from txdicomtls.archive.events import ArchiveEvent, ArchiveEventKind
from txdicomtls.archive.inspection import Inspection
from txdicomtls.archive.kept import open_plain
from txdicomtls.archive.outcome import Settled
from txdicomtls.dataset import Wanted
from txdicomtls.errors import NotADicomFile, OutOfResources, StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import header_of

_CHUNK = 1 << 20


class Recovery:
    """Settles leftovers.  Blocks.

    :param commit: keeps drafts for good.
    :param identify: what follows from the contents of a data set.
    :param wanted: the elements that the index wants.
    :param disk: the system calls.
    :param indexed: whether there is an index that has to know of every file.
    :param most_at_once: drafts that are committed together.
    """

    log = Logger()

    def __init__(
        self,
        commit: Callable[[Sequence[Sealed]], Sequence[Settled]],
        identify: Identify,
        wanted: frozenset[Wanted],
        *,
        disk: Disk,
        indexed: bool,
        most_at_once: int,
    ) -> None:
        self._commit = commit
        self._identify = identify
        self._wanted = wanted
        self._disk = disk
        self._indexed = indexed
        self._most_at_once = most_at_once

    def run(self, leftovers: Iterable[Path]) -> list[ArchiveEvent]:
        """Settle each of these files.

        :return: what there is to tell.
        :raises OSError: the disk failed.
        :raises OutOfResources: the index cannot be used, or the disk failed.
        """
        events: list[ArchiveEvent] = []
        linked: list[Sealed] = []
        for path in leftovers:
            sealed = self._linked(path)
            if sealed is not None:
                linked.append(sealed)
            if len(linked) == self._most_at_once:
                events += self._settle(linked)
                linked = []
        return events + self._settle(linked)

    def _linked(self, path: Path) -> Sealed | None:
        """The draft, if it had come so far that it has its final name; else it is removed."""
        try:
            status = path.lstat()
        except FileNotFoundError:  # another node was quicker
            return None
        if self._indexed and stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            try:
                return sealed_again(path, self._identify, self._wanted, disk=self._disk)
            except (NotADicomFile, StorageError) as error:
                # It was whole when it was linked, so its disk has lost something since.
                self.log.warn(
                    "an instance that was being kept is damaged: {error}", error=str(error)
                )
        self._disk.unlink(path)
        return None

    def _settle(self, linked: Sequence[Sealed]) -> list[ArchiveEvent]:
        events: list[ArchiveEvent] = []
        if not linked:
            return events
        for sealed, settled in zip(linked, self._commit(linked), strict=True):
            if isinstance(settled.error, OutOfResources):
                raise settled.error
            events += settled.events
            if settled.error is None:
                events.append(
                    ArchiveEvent(
                        kind=ArchiveEventKind.RECOVERED,
                        sop_instance_uid=sealed.instance.sop_instance_uid,
                        calling_ae_title=sealed.instance.calling_ae_title,
                        received_sha256=sealed.sha256,
                    )
                )
        return events


def sealed_again(
    path: Path, identify: Identify, wanted: frozenset[Wanted], *, disk: Disk
) -> Sealed:
    """Make the draft again that a file was written from, out of the file.  Blocks.

    :raises NotADicomFile: it is no DICOM file.
    :raises StorageError: its data set is not what its head says, or none that the index takes.
    :raises OSError: it cannot be read.
    """
    with open_plain(disk, path) as file:
        header = header_of(file, path)
        instance = IncomingInstance(
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntax_uid=header.transfer_syntax_uid,
            calling_ae_title=header.source_ae_title,
        )
        inspection = Inspection(instance, wanted)
        while chunk := file.read(_CHUNK):
            inspection.feed(memoryview(chunk))
        contents = inspection.end()
    identified = identify(instance, contents)
    return Sealed(
        instance=instance,
        temporary=path,
        descriptor=None,
        size=contents.size,
        sha256=contents.sha256,
        path=identified.path,
        record=identified.record,
    )
