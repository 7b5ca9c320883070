"""C-GET and C-MOVE as requestor (PS3.4 C.4.2, C.4.3).

Theory of operation.  Both are one operation with many responses, which count its C-STORE
sub-operations.  With C-MOVE the peer sends the instances to a third node; with C-GET it sends
them on the same association, so for as long as the C-GET is outstanding a service of its own takes
C-STORE here, and hands each instance to the receiver of the caller once
:mod:`txdicomtls.scu.wanted` has found that it was asked for.  Before and after, and where no C-GET
was asked for, C-STORE is refused.

A C-STORE does not say which C-GET it belongs to, so one association has one C-GET at a time.
While its instances are on their way the C-GET itself is not overdue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import (
    CGetRQ,
    CMoveRQ,
    Priority,
    RetrieveRSP,
    StatusCategory,
    Suboperations,
    category,
)
from txdicomtls.errors import LocalProtocolError, RemoteProtocolError, RetrievalFailed
from txdicomtls.interfaces import IInstanceReceiver
from txdicomtls.net import Answer, Invocation
from txdicomtls.scu.invoking import Requestor, failure_of
from txdicomtls.scu.suboperations import StoredByGet
from txdicomtls.scu.wanted import Guard, Received, ReceiveLimits, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What a retrieval came to.

    :param status: of the final response: success, a warning where some failed, or cancelled.
    :param suboperations: as the peer counted them; None is a counter that it left out.
    :param failed_instances: SOP Instance UIDs that the peer could not send, as it says.
    :param received: what became here of each instance of a C-GET, in order; empty for a C-MOVE.
    :param refused: how many of those were not kept.
    """

    status: int
    suboperations: Suboperations
    failed_instances: tuple[str, ...] = ()
    received: tuple[Received, ...] = ()
    refused: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether everything was retrieved, on both sides."""
        return category(self.status) is StatusCategory.SUCCESS and not self.refused


class Retrieval:
    """A retrieval under way: an asynchronous iterator over how far it is.

    Each item is what a pending response says; some peers send none.  What it came to is
    :attr:`result` then.  Leave the loop early within ``async with``, so that the peer is told
    to stop.

    :param requestor: the association.
    :param context: of the request.
    :param service: ``get`` or ``move``.
    :param invocation: the request.
    :param guard: takes what comes; None for a C-MOVE.
    :param over: called once when nothing more can come, or nobody wants it.
    """

    def __init__(
        self,
        requestor: Requestor,
        context: PresentationContext,
        service: str,
        invocation: Invocation,
        *,
        guard: Guard | None = None,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        self._requestor = requestor
        self._context = context
        self._service = service
        self._invocation = invocation
        self._guard = guard
        self._over = over
        #: What it came to; None before.
        self.result: Retrieved | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Suboperations:
        """How far it is.

        :raises RetrievalFailed: the peer could not do it.
        :raises AssociationError: the association ended first.
        """
        if self.result is not None:
            raise StopAsyncIteration
        try:
            answer = await self._invocation.next()
            response = answer.response
            if not isinstance(response, RetrieveRSP):  # the invoker lets no other kind pass
                raise RemoteProtocolError("the response is of another kind than the request")
            if category(response.status) is StatusCategory.PENDING:
                return response.suboperations
            self._over()
            await self._end(response, answer)
        except BaseException:
            await self.aclose()
            raise
        raise StopAsyncIteration

    def cancel(self) -> None:
        """Ask the peer to come to an end; what it says then is still waited for."""
        if self.result is None:
            self._invocation.cancel()

    async def aclose(self) -> None:
        """Nothing more is wanted: the peer is asked to stop, and what still comes is refused."""
        self._over()
        self._invocation.forsake()

    def finished(self) -> Deferred[Retrieved]:
        """Fires with the result, for whoever does not care how far it is.  Cancelling it closes.

        :raises RetrievalFailed: the peer could not do it; as a failure.
        """
        return Deferred.fromCoroutine(self._finished())

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel what is not over."""
        await self.aclose()

    def __del__(self) -> None:
        # Who leaves a loop without a word has dropped this: nobody can read what still comes.
        if hasattr(self, "_over") and not self._invocation.is_done:
            self._requestor.call(self._over)
            self._requestor.call(self._invocation.forsake)

    async def _finished(self) -> Retrieved:
        async with self:
            async for _ in self:
                pass
        assert self.result is not None  # the loop ended
        return self.result

    async def _end(self, response: RetrieveRSP, answer: Answer) -> None:
        failed: tuple[str, ...] = ()
        if answer.data:
            identifier = await self._requestor.decoded(answer.data, self._context.transfer_syntax)
            failed = _failed_instances(identifier)
        counted = response.suboperations
        if category(response.status) is StatusCategory.FAILURE:
            error = failure_of(RetrievalFailed, self._service, response)
            error.completed, error.failed = counted.completed, counted.failed
            error.failed_instances = failed
            raise error
        guard = self._guard
        self.result = Retrieved(
            status=response.status,
            suboperations=counted,
            failed_instances=failed,
            received=tuple(guard.log) if guard else (),
            refused=guard.refused if guard else 0,
        )


def get(
    requestor: Requestor,
    model: str,
    identifier: Dataset,
    receiver: IInstanceReceiver,
    *,
    limits: ReceiveLimits | None = None,
    priority: int = Priority.MEDIUM,
) -> Retrieval:
    """Retrieve to here; see :meth:`txdicomtls.scu.Association.get`.

    :raises NoPresentationContext: the model was not accepted.
    :raises LocalProtocolError: another C-GET is under way on this association.
    """
    if requestor.retrieving is not None and not requestor.retrieving.is_done:
        raise LocalProtocolError("another C-GET is under way on this association")
    context = requestor.context(model)
    guard = Guard(receiver, Wanted(identifier), limits or ReceiveLimits())
    services = requestor.protocol.messages.services
    service = StoredByGet(requestor, guard, services.copy())
    remove = services.add(service)
    try:
        invocation = requestor.start(
            context,
            lambda message_id: CGetRQ(
                affected_sop_class_uid=model, message_id=message_id, priority=priority
            ),
            identifier,
        )
    except BaseException:
        remove()
        raise
    service.invocation = requestor.retrieving = invocation
    return Retrieval(requestor, context, "get", invocation, guard=guard, over=remove)


def move(
    requestor: Requestor,
    model: str,
    identifier: Dataset,
    destination: str,
    *,
    priority: int = Priority.MEDIUM,
) -> Retrieval:
    """Have the peer send to a third node; see :meth:`txdicomtls.scu.Association.move`.

    :raises NoPresentationContext: the model was not accepted.
    """
    context = requestor.context(model)
    invocation = requestor.start(
        context,
        lambda message_id: CMoveRQ(
            affected_sop_class_uid=model,
            message_id=message_id,
            priority=priority,
            move_destination=destination,
        ),
        identifier,
    )
    return Retrieval(requestor, context, "move", invocation)


def _failed_instances(identifier: Dataset) -> tuple[str, ...]:
    """Failed SOP Instance UID List (0008,0058)."""
    value = identifier.get("FailedSOPInstanceUIDList") or ()
    return (str(value),) if isinstance(value, str) else tuple(map(str, value))
