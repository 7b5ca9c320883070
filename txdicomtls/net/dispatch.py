"""Incoming requests to services, and their responses back.

Theory of operation.  A request that arrives is an *operation* from its command
set to its final response.  Messages do not interleave on an association (PS3.8 Annex
E.1), so data belongs to the operation that began last; responses may go out in
any order, and operations run side by side.  Whatever a service does, each request is
answered exactly once or its association ends: an operation that fails, or whose answer cannot
be sent, is answered with 0x0110, a request that nobody serves is read past and answered with the
status that says so.

A peer that invokes more than the agreed window is not read any further until one operation is
answered.  What one read has brought already is still taken, but for :data:`MOST_BEYOND` operations
at most: from then on requests are refused.  An operation that waits for that peer may so wait in
vain, and is overdue then: it is the peer's doing that it is not heard.

C-CANCEL goes to its operation at once, in the turn in which it arrives; one for an operation
that is not outstanding is nothing (PS3.7 9.3.2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import Message, Request, Status, fragment_size
from txdicomtls.errors import AssociationEnded, DicomTLSError
from txdicomtls.instance import Blocks
from txdicomtls.interfaces import IGroupService, IOperation, IService
from txdicomtls.net.invocation import Invocation
from txdicomtls.net.invoker import Invoker
from txdicomtls.net.performed import Performed, Refusal
from txdicomtls.net.request import Answer, AssociationFacts, IncomingRequest
from txdicomtls.net.wire import Channel, Wire

#: Operations beyond the agreed window that services are asked for.
MOST_BEYOND = 64


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
        self._receiving: Performed | None = None
        self._outstanding: dict[int, Performed] = {}
        self._unanswered: set[Performed] = set()
        self._held = False
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether a request is arriving, or one has that was not answered yet."""
        return bool(self._unanswered)

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
        if self._over:
            return
        self.requests += 1
        operation = Performed(message, context.context_id)
        refusal = self._objection(message, context)
        if refusal is None:
            operation.work = self._begun(operation, context, association, user)
        else:
            operation.work = Refusal(message.response(refusal))
        if self._over:  # by what its service did
            operation.abandon()
            return
        if refusal is None:
            self._outstanding[message.message_id] = operation
        self._unanswered.add(operation)
        self._receiving = operation

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
        if len(self._unanswered) > self.window and not self._held:
            self._held = True
            self._channel.hold()
        operation.finish().addCallback(self._answer, operation)

    @property
    def is_overrun(self) -> bool:
        """Whether the peer is not read because it has invoked more than was agreed."""
        return self._held

    def cancel(self, message_id: int) -> None:
        """The peer asks an operation to come to an end (PS3.7 9.3.2.3)."""
        operation = self._outstanding.get(message_id)
        if operation is not None and operation is not self._receiving:
            operation.cancel()

    def stop(self) -> None:
        """The association is over: take nothing more, answer nothing more."""
        self._over = True

    def abandon(self) -> None:
        """After :meth:`stop`: undo what is not complete, and bring the rest to an end."""
        receiving, self._receiving = self._receiving, None
        outstanding, self._outstanding = self._outstanding, {}
        self._unanswered.clear()
        if receiving is not None:
            receiving.abandon()
        for operation in outstanding.values():
            if operation is not receiving:
                operation.cancel()

    def _objection(self, message: Request, context: PresentationContext) -> Status | None:
        """Why this request is answered without asking its service."""
        if message.message_id in self._outstanding:
            return Status.DUPLICATE_INVOCATION
        if not self._may_go_on():
            return Status.NOT_AUTHORIZED
        if len(self._unanswered) >= self.window + MOST_BEYOND:
            return Status.RESOURCE_LIMITATION
        return None

    def _begun(
        self,
        operation: Performed,
        context: PresentationContext,
        association: AssociationFacts,
        user: str,
    ) -> IOperation:
        message = operation.message
        try:
            service = self._service_for(message, context)
            if service is None or not _is_of(message.sop_class_uid, context, service):
                return Refusal(message.response(Status.SOP_CLASS_NOT_SUPPORTED))
            work = service.begin(
                IncomingRequest(
                    message=message,
                    context=context,
                    association=association,
                    exchange=_Exchange(operation, self._channel, self._wire, self._invoker),
                    extended=self._channel.connection.extended.get(context.abstract_syntax),
                    user=user,
                )
            )
        except Exception:  # noqa: BLE001  # whatever a service does, the peer gets an answer
            operation_name = type(message).__name__
            self.log.failure("a service failed to begin {operation}", operation=operation_name)
            return Refusal(message.response(Status.PROCESSING_FAILURE))
        if work is None:
            return Refusal(message.response(Status.UNRECOGNIZED_OPERATION))
        return work

    def _answer(self, answer: Answer, operation: Performed) -> None:
        operation.is_over = True
        if self._over:
            return
        posted = self._wire.post(operation.context_id, answer.response, answer.data)
        posted.addErrback(self._not_sent, operation).addErrback(self._cannot_be_answered)
        posted.addCallback(self._answered, operation)

    def _not_sent(self, failure: Failure, operation: Performed) -> Deferred[None]:
        failed = operation.failed(failure)
        return self._wire.post(operation.context_id, failed.response)

    def _cannot_be_answered(self, failure: Failure) -> None:
        self.log.failure("an operation cannot be answered at all", failure=failure)
        self._channel.abort("an operation cannot be answered")

    def _answered(self, _: None, operation: Performed) -> None:
        message_id = operation.message.message_id
        if self._outstanding.get(message_id) is operation:
            del self._outstanding[message_id]
        self._unanswered.discard(operation)
        if self._over:
            return
        if self._held and len(self._unanswered) <= self.window:
            self._held = False
            self._channel.let_go()
        if not self.busy:
            self._channel.quiet()


class _Exchange:
    """See :class:`~txdicomtls.net.request.Exchange`."""

    def __init__(
        self, operation: Performed, channel: Channel, wire: Wire, invoker: Invoker
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

    @property
    def fragment_size(self) -> int:
        return fragment_size(self._channel.connection.peer_maximum_length)

    def respond(self, answer: Answer) -> Deferred[None]:
        try:
            self._wire.check()
        except DicomTLSError as error:
            return fail(error)
        if self._operation.is_over:
            return fail(AssociationEnded("the operation is over: it has its final response"))
        posted = self._wire.post(self._operation.context_id, answer.response, answer.data)
        return posted.addCallback(lambda _: self._channel.when_writable())

    def start(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Invocation:
        return self._invoker.start(context_id, make, blocks)


def _is_of(sop_class: str, context: PresentationContext, service: IService) -> bool:
    """Whether a message of this SOP class may come on this presentation context."""
    if sop_class == context.abstract_syntax:
        return True
    group = cast("IGroupService | None", IGroupService(service, None))
    return group is not None and group.carries(context.abstract_syntax, sop_class)
