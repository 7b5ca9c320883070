"""C-STORE as requestor: instances over one association, as many at once as agreed (PS3.4 B)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, DeferredQueue
from twisted.python.failure import Failure

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import (
    CStoreRQ,
    Priority,
    StatusCategory,
    category,
    describe,
    fragment_size,
)
from txdicomtls.errors import DicomTLSError, NoPresentationContext
from txdicomtls.instance import OpenInstance, OutgoingInstance
from txdicomtls.interfaces import Originator
from txdicomtls.part10 import FileHeader
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.outgoing import Storable, dataset_instance, open_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why instances are sent, as each request says it (PS3.7 9.1.1.1).

    :param priority: of the requests.
    :param originator: who asked for the C-MOVE that they are part of; None where there is none.
    """

    priority: int = Priority.MEDIUM
    originator: Originator | None = None


_OF_OUR_OWN = Reason()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one instance.

    :param path: the file that it came from; None where it was none.
    :param header: what that file said of itself; None where it was none, or could not be read.
    :param sop_class_uid: of the instance; empty where it could not be read.
    :param sop_instance_uid: likewise.
    :param status: the peer's status (PS3.4 B.2.3); None where none came.
    :param comment: Error Comment (0000,0902) that came with it.
    :param error: why no status came; None where one did.
    """

    path: Path | None = None
    header: FileHeader | None = None
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    status: int | None = None
    comment: str = ""
    error: DicomTLSError | None = None

    @property
    def name(self) -> str:
        """What to call it: the name of its file, or its SOP Instance UID."""
        return self.path.name if self.path is not None else self.sop_instance_uid

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


async def store_one(
    requestor: Requestor,
    item: Storable,
    reason: Reason = _OF_OUR_OWN,
) -> Sent:
    """Send one instance; never raises for what is wrong with it, the peer or the association."""
    try:
        if isinstance(item, Path):
            return await _store_file(requestor, item, reason)
        if isinstance(item, Dataset):
            item = dataset_instance(item, requestor.in_thread)
        return await _store_instance(requestor, item, reason)
    except DicomTLSError as error:
        return Sent(path=item if isinstance(item, Path) else None, error=error)


async def store_all(
    requestor: Requestor,
    items: Iterable[Storable],
    *,
    window: int | None = None,
    reason: Reason = _OF_OUR_OWN,
) -> AsyncGenerator[Sent, None]:
    """Send instances, as many at once as the window allows; results come as they are known.

    Once the association is lost, each remaining one is reported with that error.

    :param window: the most to have outstanding, where that is less than was agreed.
    :param reason: why they are sent.
    """
    waiting = iter(items)
    # In tuples, because a queue of Deferreds takes a bare Failure for its own.
    results: DeferredQueue[tuple[Sent | Failure]] = DeferredQueue()
    tasks: set[Deferred[Sent]] = set()
    unknown = 0

    def start_next() -> None:
        nonlocal unknown
        for item in islice(waiting, 1):
            unknown += 1
            task = Deferred.fromCoroutine(store_one(requestor, item, reason))
            tasks.add(task)
            task.addBoth(known, task)

    def known(result: Sent | Failure, task: Deferred[Sent]) -> None:
        tasks.discard(task)
        results.put((result,))

    agreed = requestor.protocol.messages.invoker.window
    # One more than was agreed, so that the next file is open when a place becomes free.
    for _ in range(agreed + 1 if window is None or window >= agreed else window):
        start_next()
    try:
        while unknown:
            (result,) = await results.get()
            unknown -= 1
            if isinstance(result, Failure):
                result.raiseException()
            start_next()
            yield result
    finally:
        for task in tuple(tasks):
            task.cancel()


async def _store_file(requestor: Requestor, path: Path, reason: Reason) -> Sent:
    opened = await open_file(path, _fragment(requestor), requestor.in_thread)
    header = opened.source.header
    sent = Sent(
        path=path,
        header=header,
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
    )
    try:
        context = _context(requestor, header.sop_class_uid, (header.transfer_syntax_uid,))
        return await _send(requestor, context, opened, sent, reason)
    except DicomTLSError as error:
        return replace(sent, error=error)
    finally:
        await opened.close()


async def _store_instance(requestor: Requestor, instance: OutgoingInstance, reason: Reason) -> Sent:
    sent = Sent(sop_class_uid=instance.sop_class_uid, sop_instance_uid=instance.sop_instance_uid)
    try:
        context = _context(requestor, instance.sop_class_uid, instance.transfer_syntaxes)
        opened = await instance.open(context.transfer_syntax, _fragment(requestor))
        try:
            return await _send(requestor, context, opened, sent, reason)
        finally:
            await opened.close()
    except DicomTLSError as error:
        return replace(sent, error=error)


async def _send(
    requestor: Requestor,
    context: PresentationContext,
    opened: OpenInstance,
    sent: Sent,
    reason: Reason,
) -> Sent:
    """Send what was opened.

    :param sent: what is known of it.
    """
    by = reason.originator

    def request(message_id: int) -> CStoreRQ:
        return CStoreRQ(
            message_id=message_id,
            affected_sop_class_uid=sent.sop_class_uid,
            affected_sop_instance_uid=sent.sop_instance_uid,
            priority=reason.priority,
            move_originator_ae_title=by.ae_title if by else "",
            move_originator_message_id=by.message_id if by else None,
        )

    response = await requestor.protocol.invoke(context.context_id, request, opened.blocks())
    comment: str = getattr(response, "error_comment", "")
    return replace(sent, status=response.status, comment=comment)


def _context(
    requestor: Requestor, sop_class: str, transfer_syntaxes: tuple[str, ...]
) -> PresentationContext:
    """The context in the first of these transfer syntaxes that the peer takes."""
    accepted = [
        each
        for each in requestor.protocol.connection.contexts.values()
        if each.abstract_syntax == sop_class and each.roles.scu
    ]
    for wanted in transfer_syntaxes:
        for context in accepted:
            if context.transfer_syntax == wanted:
                return context
    raise NoPresentationContext(sop_class, transfer_syntaxes[0])


def _fragment(requestor: Requestor) -> int:
    return fragment_size(requestor.protocol.connection.peer_maximum_length)
