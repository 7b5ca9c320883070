"""C-STORE as requestor: files over one association, as many at once as agreed (PS3.4 B)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredQueue
from twisted.python.failure import Failure

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CStoreRQ, Priority, StatusCategory, category, describe, fragment_size
from txdicomtls.errors import DicomTLSError, NoPresentationContext
from txdicomtls.net import RequestorProtocol
from txdicomtls.part10 import FileHeader
from txdicomtls.source import FileSource, open_source
from txdicomtls.threads import InThread


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one file.

    :param path: the file.
    :param header: what it said of itself; None where it could not be read.
    :param status: the peer's status (PS3.4 B.2.3); None where none came.
    :param error: why no status came; None where one did.
    """

    path: Path
    header: FileHeader | None = None
    status: int | None = None
    error: DicomTLSError | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the peer has it: success, or success with a warning."""
        return self.status is not None and category(self.status) in (
            StatusCategory.SUCCESS,
            StatusCategory.WARNING,
        )

    @property
    def outcome(self) -> str:
        """The outcome in words, for a person."""
        if self.status is None:
            return str(self.error)
        return f"{self.status:04X}H {describe(self.status, 'store')}"


async def store_file(protocol: RequestorProtocol, path: Path, in_thread: InThread) -> Sent:
    """Send one file; never raises for what is wrong with the file, the peer or the association.

    :param in_thread: runs a blocking call in a thread.
    """
    header = None
    try:
        fragment = fragment_size(protocol.connection.peer_maximum_length)
        source = await in_thread(open_source, path, fragment)
        header = source.header
        try:
            status = await _store(protocol, source, in_thread)
        finally:
            await source.close(in_thread)
    except DicomTLSError as error:
        return Sent(path=path, header=header, error=error)
    return Sent(path=path, header=header, status=status)


async def store_files(
    protocol: RequestorProtocol, paths: Iterable[Path], in_thread: InThread
) -> AsyncIterator[Sent]:
    """Send files, as many at once as the agreed window allows; results come as they are known.

    Once the association is lost, each remaining file is reported with that error.
    """
    waiting = iter(paths)
    # In tuples, because a queue of Deferreds takes a bare Failure for its own.
    results: DeferredQueue[tuple[Sent | Failure]] = DeferredQueue()
    tasks: set[Deferred[Sent]] = set()

    def start_next() -> None:
        for path in islice(waiting, 1):
            task = Deferred.fromCoroutine(store_file(protocol, path, in_thread))
            tasks.add(task)
            task.addBoth(lambda result: results.put((result,)))

    # One more than the window, so that the next file is open when a place becomes free.
    for _ in range(protocol.connection.window.invoked + 1):
        start_next()
    known = 0
    try:
        while known < len(tasks):
            (result,) = await results.get()
            known += 1
            if isinstance(result, Failure):
                result.raiseException()
            start_next()
            yield result
    finally:
        for task in tasks:
            task.cancel()


async def _store(protocol: RequestorProtocol, source: FileSource, in_thread: InThread) -> int:
    header = source.header
    context = _context(protocol, header)

    def request(message_id: int) -> CStoreRQ:
        return CStoreRQ(
            message_id=message_id,
            affected_sop_class_uid=header.sop_class_uid,
            affected_sop_instance_uid=header.sop_instance_uid,
            priority=Priority.MEDIUM,
        )

    response = await protocol.invoke(context.context_id, request, source.blocks(in_thread))
    return response.status


def _context(protocol: RequestorProtocol, header: FileHeader) -> PresentationContext:
    for context in protocol.connection.contexts.values():
        if (context.abstract_syntax, context.transfer_syntax) == (
            header.sop_class_uid,
            header.transfer_syntax_uid,
        ):
            return context
    raise NoPresentationContext(header.sop_class_uid, header.transfer_syntax_uid)
