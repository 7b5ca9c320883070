"""Incoming messages to services, and their answers back.

Theory of operation.  A message that arrives is an *operation* from its command
set to its response.  Messages do not interleave on an association (PS3.8 Annex
E.1), so data belongs to the operation that began last; responses may go out in
any order.  Whatever a service does, each request is answered exactly once or
its association ends: an operation that fails is answered with 0x0110, a request
that nobody serves is read past and answered with the status that says so.

A peer that invokes more than the agreed window is not read any further until
one operation is answered; what is held for it meanwhile is one read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.dimse import Message, Request, Status
from txdicomtls.interfaces import IOperation, IService
from txdicomtls.net.request import IncomingRequest


class Conversation(Protocol):
    """What the dispatcher needs of the association that it works for."""

    def answer(self, context_id: int, message: Message) -> None:
        """Send a response, unless the association is over."""

    def hold(self) -> None:
        """Read nothing more until :meth:`let_go`."""

    def let_go(self) -> None:
        """Take back one :meth:`hold`."""

    def quiet(self) -> None:
        """No operation is outstanding any more."""


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
    """Hands the messages of one association to services.

    :param conversation: the association.
    :param service_for: the service of an accepted abstract syntax.
    """

    log = Logger()

    def __init__(self, conversation: Conversation, service_for: Callable[[str], IService]) -> None:
        self._conversation = conversation
        self._service_for = service_for
        self.window = 1
        self.requests = 0
        self._receiving: tuple[int, int | None, IOperation] | None = None
        self._outstanding: set[int] = set()
        self._held = False
        self._over = False

    @property
    def busy(self) -> bool:
        """Whether an operation is outstanding, or a message is arriving."""
        return bool(self._outstanding) or self._receiving is not None

    def begin(self, request: IncomingRequest) -> None:
        """A request has arrived; its data set, if any, follows."""
        self.requests += 1
        message = request.message
        context_id = request.context.context_id
        refusal = self._objection(request)
        if refusal is not None:
            self._receiving = (context_id, None, _Refusal(message.response(refusal)))
        else:
            self._outstanding.add(message.message_id)
            self._receiving = (context_id, message.message_id, self._operation(request))

    def data(self, data: memoryview) -> None:
        """The next bytes of the message that began last."""
        if self._receiving is not None:
            room = self._receiving[2].write(data)
            if room is not None:
                self._conversation.hold()
                room.addBoth(lambda _: self._conversation.let_go())

    def end(self) -> None:
        """The message that began last is complete."""
        if self._receiving is None:
            return
        (context_id, message_id, operation), self._receiving = self._receiving, None
        if len(self._outstanding) > self.window and not self._held:
            self._held = True
            self._conversation.hold()
        operation.finish().addCallback(self._answer, context_id, message_id)

    def abandon(self) -> None:
        """The association is over: undo what is not complete; what is complete goes on unheard."""
        self._over = True
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving[2].abandon()

    def _objection(self, request: IncomingRequest) -> Status | None:
        """Why this request is answered without asking its service."""
        message = request.message
        if message.message_id in self._outstanding:
            return Status.DUPLICATE_INVOCATION
        if _sop_class_of(message) != request.context.abstract_syntax:
            return Status.SOP_CLASS_NOT_SUPPORTED
        return None

    def _operation(self, request: IncomingRequest) -> IOperation:
        service = self._service_for(request.context.abstract_syntax)
        try:
            operation = service.begin(request)
        except Exception:  # noqa: BLE001  # whatever a service does, the peer gets an answer
            self.log.failure("the service {service} failed to begin", service=service.name)
            return _Refusal(request.message.response(Status.PROCESSING_FAILURE))
        if operation is None:
            return _Refusal(request.message.response(Status.UNRECOGNIZED_OPERATION))
        return _Guarded(operation, request.message, service.name)

    def _answer(self, response: Message, context_id: int, message_id: int | None) -> None:
        if message_id is not None:
            self._outstanding.discard(message_id)
        if self._over:
            return
        self._conversation.answer(context_id, response)
        if self._held and len(self._outstanding) <= self.window:
            self._held = False
            self._conversation.let_go()
        if not self.busy:
            self._conversation.quiet()


@implementer(IOperation)
class _Guarded:
    """An operation whose failure becomes the status 0x0110, so that the peer is always answered."""

    log = Logger()

    def __init__(self, operation: IOperation, message: Request, service: str) -> None:
        self._operation = operation
        self._message = message
        self._service = service
        self._broken: Failure | None = None

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on, until it fails once."""
        if self._broken is not None:
            return None
        try:
            return self._operation.write(data)
        except Exception:  # noqa: BLE001  # see the class
            self._broken = Failure()
            self._abandon()
            return None

    def finish(self) -> Deferred[Message]:
        """Never fails."""
        if self._broken is not None:
            return succeed(self._failed(self._broken))
        try:
            return self._operation.finish().addErrback(self._failed)
        except Exception:  # noqa: BLE001  # see the class
            return succeed(self._failed(Failure()))

    def abandon(self) -> None:
        """Pass on, unless its failure has led to that already."""
        if self._broken is None:
            self._abandon()

    def _abandon(self) -> None:
        try:
            self._operation.abandon()
        except Exception:  # noqa: BLE001  # the association is over: nobody else can be told
            self.log.failure("the service {service} failed to abandon", service=self._service)

    def _failed(self, failure: Failure) -> Message:
        self.log.failure("the service {service} failed", failure=failure, service=self._service)
        return self._message.response(Status.PROCESSING_FAILURE)


def _sop_class_of(message: Request) -> str:
    """The SOP class that a request names, Affected or Requested as its kind has it (PS3.7 E.1)."""
    uid: str = getattr(message, "affected_sop_class_uid", "")
    return uid or getattr(message, "requested_sop_class_uid", "")
