"""What a node keeps: the index and the archive, opened as the configuration says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from txdicomtls.archive import DuplicatePolicy, FileArchive, Layout
from txdicomtls.archive.conversion import Converter
from txdicomtls.archive.retrieval import ArchiveRetrievals
from txdicomtls.errors import UnknownInstance
from txdicomtls.index import Index, InstanceRecord, NewTask
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import IReactor
from txdicomtls.node.configuration import Configuration
from txdicomtls.node.index_opening import open_configured_index
from txdicomtls.node.stored_syntaxes import StoredSyntaxes
from txdicomtls.threads import InThread

#: Seconds between two looks at what other nodes have stored in the same database.
SYNTAXES_EVERY = 300.0

_POLICIES = {
    "refuse": DuplicatePolicy.REFUSE,
    "keep-both": DuplicatePolicy.KEEP_BOTH,
    "replace": DuplicatePolicy.REPLACE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What is kept, and the ways to it.

    :param index: knows what there is.
    :param archive: has the files.
    :param retrievals: gives instances out.
    :param syntaxes: in which transfer syntaxes there are instances.
    :param in_thread: runs what blocks.
    :param refreshing: looks at the transfer syntaxes now and then.
    """

    index: Index
    archive: FileArchive
    retrievals: ArchiveRetrievals
    syntaxes: StoredSyntaxes
    in_thread: InThread
    refreshing: LoopingCall

    async def find(self, sop_instance_uid: str) -> OutgoingInstance:
        """One instance, to be sent.

        :raises UnknownInstance: it is not kept.
        :raises txdicomtls.errors.IndexUnavailable: the index cannot be asked.
        """
        found = await self.in_thread(self.index.get, [sop_instance_uid])
        kept = found.get(sop_instance_uid)
        if kept is None:
            raise UnknownInstance("it is not kept any more")
        return self.retrievals.outgoing(kept)

    def start(self) -> None:
        """Begin to look at what others store."""
        self.refreshing.start(SYNTAXES_EVERY, now=False)

    def stop(self) -> None:
        """Look no longer."""
        if self.refreshing.running:
            self.refreshing.stop()

    def close(self) -> None:
        """Close the archive, then the index.  Blocks; nobody may be using them."""
        self.archive.close()
        self.index.close()


async def open_keeping(
    configuration: Configuration,
    *,
    reactor: IReactor,
    in_thread: InThread,
    tasks_for: Callable[[InstanceRecord], Sequence[NewTask]],
) -> Keeping:
    """Open index and archive, and settle what a crash left.

    :param reactor: the reactor.
    :param in_thread: runs what blocks.
    :param tasks_for: what is to be done because an instance is new; called in threads.
    :raises txdicomtls.errors.DicomTLSError: something cannot be used.
    """
    section, data = configuration.archive, configuration.node.data
    index = await open_configured_index(
        configuration.index, data, reactor=reactor, in_thread=in_thread, sync=section.sync
    )
    syntaxes = StoredSyntaxes(index.syntaxes)

    def arrived(record: InstanceRecord) -> Sequence[NewTask]:
        syntaxes.note(record)
        return tasks_for(record)

    index.tasks_for = arrived
    archive = FileArchive(
        data,
        in_thread=in_thread,
        sync=section.sync,
        index=index,
        layout=Layout(section.layout),
        duplicates=_POLICIES[section.duplicates],
        node=section.shared_as or "",
        largest=configuration.limits.object_size,
        least_free=section.low_space,
    )
    try:
        await in_thread(archive.prepare)
        await in_thread(syntaxes.load)
    except BaseException:
        await in_thread(archive.close)
        await in_thread(index.close)
        raise
    refreshing: LoopingCall = LoopingCall(_refresh, in_thread, syntaxes)
    refreshing.clock = reactor
    converter = Converter(data / "incoming")
    return Keeping(
        index=index,
        archive=archive,
        retrievals=ArchiveRetrievals(archive, index, in_thread, converter=converter),
        syntaxes=syntaxes,
        in_thread=in_thread,
        refreshing=refreshing,
    )


def _refresh(in_thread: InThread, syntaxes: StoredSyntaxes) -> Deferred[None]:
    return in_thread(syntaxes.load).addErrback(_not_now)


def _not_now(failure: Failure) -> None:
    _log.warn("the index cannot be asked for transfer syntaxes: {error}", error=failure.value)


_log = Logger()
