"""The requestor's side of an association: asks for it, invokes operations on it, and releases it.

Theory of operation.  Each operation waits for two things in turn: a place in the
agreed window (kept from its command to its response), and the wire (kept from its
command to the last byte of its data set, because messages do not interleave).
Both are first come, first served.

Whatever ends the association ends all operations with the same error.  A message
cannot be taken back: an operation that is cancelled, or whose data set cannot be
read to its end, after its command was sent takes the association with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from twisted.internet.defer import (
    Deferred,
    DeferredLock,
    DeferredSemaphore,
    fail,
    succeed,
)
from twisted.internet.interfaces import IReactorTime

from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    AssociateRejection,
    ConnectionLimits,
    DataArrived,
    Indication,
    MessageBegan,
    MessageRefused,
    OutstandingOperations,
    ReleaseConfirmation,
    ReleaseIndication,
    Role,
    State,
)
from txdicomtls.dimse import Request, Response
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationRejected,
    AssociationTimeout,
    DicomTLSError,
    LocalProtocolError,
    RemoteProtocolError,
)
from txdicomtls.net.protocol import AssociationProtocol
from txdicomtls.net.timers import Deadline, Timeouts
from txdicomtls.pdu import AssociateRQ
from txdicomtls.tls import LinkDeadlines, SecureLink

#: The data set of a request in blocks; the flag marks the last one.
Blocks = AsyncGenerator[tuple[bytes | memoryview, bool], None]


class _Operation:
    """One operation that waits for its response."""

    __slots__ = ("answered", "due")

    def __init__(self, answered: Deferred[Response], due: Deadline) -> None:
        self.answered = answered
        self.due = due


class RequestorProtocol(AssociationProtocol):
    """One association that we ask for.

    :param clock: every deadline runs on it.
    :param request: the association to ask for as soon as the link is ready.
    :param limits: what the peer may make us hold.
    :param timeouts: how long the association waits.
    :param deadlines: how long the link waits.
    """

    role = Role.REQUESTOR

    def __init__(
        self,
        clock: IReactorTime,
        request: AssociateRQ,
        *,
        limits: ConnectionLimits | None = None,
        timeouts: Timeouts | None = None,
        deadlines: LinkDeadlines | None = None,
    ) -> None:
        # The answer to the association request has a timeout of its own.
        deadlines = replace(deadlines or LinkDeadlines(), association=None)
        super().__init__(clock, limits=limits, timeouts=timeouts, deadlines=deadlines)
        self.request = request
        self._error: DicomTLSError | None = None
        self._associating: list[Deferred[None]] = []
        self._releasing: list[Deferred[None]] = []
        self._operations: OutstandingOperations[_Operation] = OutstandingOperations(1)
        self._places = DeferredSemaphore(1)
        self._wire = DeferredLock()
        waits = self.timeouts
        self._answer_due = Deadline(
            clock,
            waits.association,
            lambda: self._give_up("answer to the association request", waits.association),
        )
        self._release_due = Deadline(
            clock,
            waits.release,
            lambda: self._give_up("answer to the release request", waits.release),
        )

    # -- for whoever asks --------------------------------------------------------------------

    def when_associated(self) -> Deferred[None]:
        """Fires when the association is accepted; fails with whatever stood in its way."""
        if self._error is not None:
            return fail(self._error)
        if self.connection.state.is_established:
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._nobody_waits)
        self._associating.append(waiting)
        return waiting

    def invoke(
        self,
        context_id: int,
        make: Callable[[int], Request],
        blocks: Blocks | None = None,
    ) -> Deferred[Response]:
        """Invoke an operation.

        :param context_id: an accepted presentation context.
        :param make: makes the request, given the Message ID.
        :param blocks: the data set, where the request announces one; not asked for a block
            before the transport has room for it.
        :return: fires with the response.  Fails with an
            :class:`~txdicomtls.errors.AssociationError` if the association ended first.
        """
        return Deferred.fromCoroutine(self._invoke(context_id, make, blocks))

    def release(self) -> Deferred[None]:
        """Release the association; fires when the peer has agreed, or the link is gone anyway."""
        if self._over or self._error is not None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._releasing.append(done)
        if self.connection.state is State.STA6:
            self._release_due.start()
            self.perform(self.connection.release())
        elif not self.connection.state.is_established:
            self.close()
        return done

    # -- the link ----------------------------------------------------------------------------

    def admit(self, link: SecureLink) -> Deferred[object]:  # verified already
        """The peer's certificate and name are verified: a requestor asks no more."""
        return succeed(None)

    def ready(self) -> None:
        """Ask for the association."""
        try:
            outputs = self.connection.associate(self.request)
        except LocalProtocolError as error:
            self.finish(error)
            self.close()
            return
        self._answer_due.start()
        self.perform(outputs)
        self.perform(self.connection.transport_open())

    # -- indications -------------------------------------------------------------------------

    def indicated(self, indication: Indication) -> None:
        """What the peer answers."""
        match indication:
            case MessageBegan():
                self._answered(indication)
            case AssociateConfirmation():
                self._associated()
            case AssociateRejection():
                self.finish(
                    AssociationRejected(indication.result, indication.source, indication.reason)
                )
            case AbortIndication():
                self.finish(
                    AssociationAborted(
                        indication.source,
                        indication.reason,
                        by_peer=indication.by_peer,
                        why=indication.why,
                    )
                )
            case ReleaseConfirmation():
                self.finish(AssociationEnded("the association was released"))
            case ReleaseIndication():
                self.finish(AssociationEnded("the peer released the association"))
                self.perform(self.connection.respond_to_release())
            case MessageRefused() | DataArrived():
                self.abort("the peer sent what no response has")
            case _:
                pass

    def ended(self, error: DicomTLSError) -> None:
        """Everybody who waits is told the same."""
        self._error = error
        self._answer_due.stop()
        self._release_due.stop()
        associating, self._associating = self._associating, []
        for waiting in associating:
            waiting.errback(error)
        for operation in self._operations.drain():
            self._places.release()
            operation.due.stop()
            operation.answered.errback(error)
        releasing, self._releasing = self._releasing, []
        for done in releasing:
            done.callback(None)

    # -- within ------------------------------------------------------------------------------

    def _associated(self) -> None:
        self._answer_due.stop()
        self.link.associated()
        window = self.connection.window.invoked
        self._operations.window = self._places.limit = self._places.tokens = window
        associating, self._associating = self._associating, []
        for waiting in associating:
            waiting.callback(None)

    async def _invoke(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None
    ) -> Response:
        operation = _Operation(Deferred(self._forsaken), self._response_due())
        await self._places.acquire()
        try:
            await self._wire.acquire()
        except BaseException:
            self._places.release()
            raise
        try:
            message = self._begin(operation, make)
            await self._send(operation, context_id, message, blocks)
        finally:
            self._wire.release()
        return await operation.answered

    def _begin(self, operation: _Operation, make: Callable[[int], Request]) -> Request:
        try:
            self._check()
            message_id = self._operations.invoke(operation)
        except BaseException:
            self._places.release()
            raise
        try:
            return make(message_id)
        except BaseException:
            self._operations.done(message_id)
            self._places.release()
            raise

    async def _send(
        self, operation: _Operation, context_id: int, message: Request, blocks: Blocks | None
    ) -> None:
        try:
            await self.when_writable()
            self._check()
            self.perform(self.connection.send_message(context_id, message))
            if blocks is not None:
                async with aclosing(blocks):
                    async for data, last in blocks:
                        self._check()
                        self.perform(self.connection.send_data(context_id, data, last=last))
                        await self.when_writable()
        except BaseException as error:
            # Half a message cannot be taken back, and must not be mistaken for a whole one.
            operation.answered.addErrback(lambda _: None)
            self.abort(f"a request could not be sent to its end: {error}")
            raise
        if not operation.answered.called:
            operation.due.start()

    def _check(self) -> None:
        """There must be an association to send on."""
        if self._error is not None:
            raise self._error
        if not self.connection.can_send:
            msg = "there is no association to send on"
            raise AssociationEnded(msg)

    def _answered(self, began: MessageBegan) -> None:
        response = began.message
        if not isinstance(response, Response):
            self.abort("the peer sent a request, which this side does not serve")
            return
        try:
            operation = self._operations.done(response.message_id_being_responded_to)
        except RemoteProtocolError as error:
            self.abort(str(error))
            return
        self._places.release()
        operation.due.stop()
        operation.answered.callback(response)

    def _response_due(self) -> Deadline:
        seconds = self.timeouts.response
        return Deadline(self.clock, seconds, lambda: self._give_up("response", seconds))

    def _give_up(self, waited_for: str, seconds: float) -> None:
        error = AssociationTimeout(waited_for, seconds)
        self.finish(error)
        self.abort(str(error))

    def _nobody_waits(self, waiting: Deferred[None]) -> None:
        self._associating.remove(waiting)  # it is told of the cancellation
        self.abort("nobody waits for it any more")

    def _forsaken(self, _: Deferred[Response]) -> None:
        """The caller cancelled an operation that was sent: no way back but out."""
        self.abort("an operation was cancelled")
