"""What becomes of a sealed draft: the notes that a commit makes on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from txdicomtls.archive.draft import Sealed
from txdicomtls.archive.events import ArchiveEvent, ArchiveEventKind
from txdicomtls.errors import IndexUnavailable, QueryTimeout, StorageError
from txdicomtls.index.record import Added, Flaw, InstanceRecord, KeptInstance

#: What an index raises where a later try may succeed.
INDEX_ERRORS = (IndexUnavailable, QueryTimeout)


class InstanceIndex(Protocol):
    """What the archive needs of an index, as :class:`txdicomtls.index.Index` has it.

    Everything blocks, is called in threads, and raises one of :data:`INDEX_ERRORS` where a
    later try may succeed.
    """

    def add(self, records: Sequence[InstanceRecord], /) -> list[Added]:
        """Index these in one transaction, and say of each what became of it."""

    def replace(self, record: InstanceRecord, /) -> tuple[KeptInstance | None, Added]:
        """Index this in the place of the instance with its UID; what was there, what became."""

    def get(self, sop_instance_uids: Sequence[str], /) -> dict[str, KeptInstance]:
        """What is indexed of these, by SOP Instance UID."""

    def mark(self, sop_instance_uid: str, flaw: Flaw, /) -> bool:
        """Say what is wrong with the file of an instance; whether there is such an instance."""

    def count(self) -> int:
        """How many instances are indexed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one draft.

    :param error: why it is not kept; None if it is, durable and indexed.
    :param events: what was decided.
    :param remarks: what is odd about it, without values of elements.
    """

    error: StorageError | None
    events: tuple[ArchiveEvent, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Entry:
    """One draft while it is committed.

    :param sealed: the draft.
    :param path: where it lies in the end, relative to the root.
    :param record: what is to be indexed; None for nothing.
    :param directory: descriptor of the directory of ``path``; -1 where it could not be opened.
    :param linked: whether the name ``path`` is one of our file.
    :param replaces: whether the record takes the place of another.
    :param error: why it is not kept.
    :param unsettled: its temporary name stays, so that it can be committed again.
    """

    sealed: Sealed
    path: PurePosixPath
    record: InstanceRecord | None
    directory: int = -1
    linked: bool = False
    replaces: bool = False
    error: StorageError | None = None
    unsettled: bool = False
    events: list[ArchiveEvent] = field(default_factory=list)
    remarks: tuple[str, ...] = ()

    def happened(self, kind: ArchiveEventKind, kept_sha256: str) -> None:
        """Note what was decided about it, when it met other bytes."""
        instance = self.sealed.instance
        self.events.append(
            ArchiveEvent(
                kind=kind,
                sop_instance_uid=instance.sop_instance_uid,
                calling_ae_title=instance.calling_ae_title,
                peer=instance.peer,
                kept_sha256=kept_sha256,
                received_sha256=self.sealed.sha256,
            )
        )

    @property
    def settled(self) -> Settled:
        """The result."""
        return Settled(error=self.error, events=tuple(self.events), remarks=self.remarks)
