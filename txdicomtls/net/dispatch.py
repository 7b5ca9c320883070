"""Incoming requests to services, and their responses back.

Theory of operation.  A request that arrives is an *operation* from its command
set to its final response.  Messages do not interleave on an association (PS3.8 Annex
E.1), so data belongs to the operation that began last; responses may go out in
any order, and operations run side by side.  Whatever a service does, each request is
answered exactly once or its association ends: an operation that fails is answered with
0x0110, a request that nobody serves is read past and answered with the status that says so.

A peer that invokes more than the agreed window is not read any further until
one operation is answered; what is held for it meanwhile is one read.

C-CANCEL goes to its operation at once, in the turn in which it arrives; one for an operation
that is not outstanding is nothing (PS3.7 9.3.2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import Message, Request, Status
from txdicomtls.errors import AssociationEnded
from txdicomtls.instance import Blocks
from txdicomtls.interfaces import ICancellableOperation, IOperation, IService
from txdicomtls.net.invocation import Invocation
from txdicomtls.net.invoker import Invoker
from txdicomtls.net.request import Answer, AssociationFacts, IncomingRequest
from txdicomtls.net.wire import Channel, Wire


@implementer(IOperation)
class _Refusal:
    """The operation that nobody serves: its data set is read past."""

    def __init__(self, response: Message) -> None:
        self._response = response

    def write(self, data: memoryview) -> None:
        """Throw it away."""

    def finish(self) -> Deferred[Message]:
        """Say why."""
        return succeed(self._response)

    def abandon(self) -> None:
        """Nothing to undo."""


class Dispatcher:
    """Hands the requests of one association to services.

    :param channel: the protocol below.
    :param wire: its sending side.
    :param invoker: for the operations that a service invokes on the peer.
    :param service_for: who takes a request on a presentation context; None if nobody does.
    :param may_go_on: whether this peer may still have a service do something.
    """

    log = Logger()

    def __init__(
        self,
        channel: Channel,
        wire: Wire,
        invoker: Invoker,
        *,
        service_for: Callable[[Message, PresentationContext], IService | None],
        may_go_on: Callable[[], bool],
    ) -> None:
        self._channel = channel
        self._wire = wire
        self._invoker = invoker
        self._service_for = service_for
        self._may_go_on = may_go_on
        self.window = 1
        self.requests = 0
        self._receiving: _Performed | None = None
        self._outstanding: dict[int, _Performed] = {}
        self._held = False
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether an operation is outstanding, or a request is arriving."""
        return bool(self._outstanding) or self._receiving is not None

    def begin(
        self,
        message: Request,
        context: PresentationContext,
        association: AssociationFacts,
        user: str = "",
    ) -> None:
        """A request has arrived; its data set, if any, follows.

        :param association: who is at the other end.
        :param user: who was authenticated there.
        """
        self.requests += 1
        operation = _Performed(self, message, context.context_id)
        refusal = self._objection(message, context)
        if refusal is not None:
            operation.work = _Refusal(message.response(refusal))
            self._receiving = operation
            return
        self._outstanding[message.message_id] = operation
        self._receiving = operation
        operation.is_outstanding = True
        request = IncomingRequest(
            message=message,
            context=context,
            association=association,
            exchange=_Exchange(operation, self._channel, self._wire, self._invoker),
            extended=self._channel.connection.extended.get(context.abstract_syntax),
            user=user,
        )
        operation.work = self._begun(request)

    def data(self, data: memoryview) -> None:
        """The next bytes of the request that began last."""
        if self._receiving is not None:
            room = self._receiving.write(data)
            if room is not None:
                self._channel.hold()
                room.addBoth(lambda _: self._channel.let_go())

    def end(self) -> None:
        """The request that began last is complete."""
        if self._receiving is None:
            return
        operation, self._receiving = self._receiving, None
        if len(self._outstanding) > self.window and not self._held:
            self._held = True
            self._channel.hold()
        operation.finish().addCallback(self._answer, operation)

    def cancel(self, message_id: int) -> None:
        """The peer asks an operation to come to an end (PS3.7 9.3.2.3)."""
        operation = self._outstanding.get(message_id)
        if operation is not None and operation is not self._receiving:
            operation.cancel()

    def abandon(self) -> None:
        """The association is over: undo what is not complete, and bring the rest to an end."""
        self._over = True
        receiving, self._receiving = self._receiving, None
        outstanding, self._outstanding = self._outstanding, {}
        if receiving is not None:
            receiving.abandon()
        for operation in outstanding.values():
            if operation is not receiving:
                operation.cancel()

    def _objection(self, message: Request, context: PresentationContext) -> Status | None:
        """Why this request is answered without asking its service."""
        if message.message_id in self._outstanding:
            return Status.DUPLICATE_INVOCATION
        if message.sop_class_uid != context.abstract_syntax:
            return Status.SOP_CLASS_NOT_SUPPORTED
        if not self._may_go_on():
            return Status.NOT_AUTHORIZED
        return None

    def _begun(self, request: IncomingRequest) -> IOperation:
        message = request.message
        service = self._service_for(message, request.context)
        if service is None:
            return _Refusal(message.response(Status.SOP_CLASS_NOT_SUPPORTED))
        try:
            operation = service.begin(request)
        except Exception:  # noqa: BLE001  # whatever a service does, the peer gets an answer
            self.log.failure("the service {service} failed to begin", service=service.name)
            return _Refusal(message.response(Status.PROCESSING_FAILURE))
        if operation is None:
            return _Refusal(message.response(Status.UNRECOGNIZED_OPERATION))
        return operation

    def _answer(self, answer: Answer, operation: _Performed) -> None:
        operation.is_over = True
        if operation.is_outstanding:
            self._outstanding.pop(operation.message.message_id, None)
        if self._over:
            return
        self._wire.post(operation.context_id, answer.response, answer.data)
        if self._held and len(self._outstanding) <= self.window:
            self._held = False
            self._channel.let_go()
        if not self.busy:
            self._channel.quiet()


class _Performed:
    """One operation; its failure becomes the status 0x0110, so that the peer is always answered."""

    log = Logger()
    work: IOperation

    def __init__(self, dispatcher: Dispatcher, message: Request, context_id: int) -> None:
        self.message = message
        self.context_id = context_id
        #: Whether it has a place in the window, as one that is refused at once has not.
        self.is_outstanding = False
        #: Whether its final response is known.
        self.is_over = False
        self._dispatcher = dispatcher
        self._broken: Failure | None = None
        self._cancelled = False

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on, until it fails once."""
        if self._broken is not None:
            return None
        try:
            return self.work.write(data)
        except Exception:  # noqa: BLE001  # see the class
            self._broken = Failure()
            self._abandon()
            return None

    def finish(self) -> Deferred[Answer]:
        """Never fails."""
        if self._broken is not None:
            return succeed(self._failed(self._broken))
        try:
            finished: Deferred[Any] = self.work.finish()
        except Exception:  # noqa: BLE001  # see the class
            return succeed(self._failed(Failure()))
        return finished.addCallbacks(_as_answer, self._failed)

    def cancel(self) -> None:
        """Pass on, once, where the operation can be cancelled at all."""
        cancellable: Any = ICancellableOperation(self.work, None)
        if cancellable is None or self._cancelled or self.is_over:
            return
        self._cancelled = True
        try:
            cancellable.cancel()
        except Exception:  # noqa: BLE001  # it is answered, or fails, by its own Deferred
            self.log.failure("an operation failed to be cancelled")

    def abandon(self) -> None:
        """Pass on, unless its failure has led to that already."""
        if self._broken is None:
            self._abandon()

    def _abandon(self) -> None:
        try:
            self.work.abandon()
        except Exception:  # noqa: BLE001  # the association is over: nobody else can be told
            self.log.failure("an operation failed to be abandoned")

    def _failed(self, failure: Failure) -> Answer:
        self.log.failure(
            "the operation {operation} failed",
            failure=failure,
            operation=type(self.message).__name__,
        )
        return Answer(self.message.response(Status.PROCESSING_FAILURE))


class _Exchange:
    """See :class:`~txdicomtls.net.request.Exchange`."""

    def __init__(
        self, operation: _Performed, channel: Channel, wire: Wire, invoker: Invoker
    ) -> None:
        self._operation = operation
        self._channel = channel
        self._wire = wire
        self._invoker = invoker

    @property
    def contexts(self) -> tuple[PresentationContext, ...]:
        return tuple(self._channel.connection.contexts.values())

    @property
    def window(self) -> int:
        return self._invoker.window

    def respond(self, answer: Answer) -> Deferred[None]:
        if self._channel.error is not None:
            return fail(self._channel.error)
        if self._operation.is_over:
            return fail(AssociationEnded("the operation is over: it has its final response"))
        posted = self._wire.post(self._operation.context_id, answer.response, answer.data)
        return posted.addCallback(lambda _: self._channel.when_writable())

    def start(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Invocation:
        return self._invoker.start(context_id, make, blocks)


def _as_answer(result: Answer | Any) -> Answer:  # noqa: ANN401  # a service may be untyped
    return result if isinstance(result, Answer) else Answer(result)
