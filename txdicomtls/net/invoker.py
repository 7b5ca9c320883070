"""Invokes operations on one association, from either side of it.

Theory of operation.  Each operation waits for two things in turn: a place in the
agreed window (kept from its command to its final response), and the wire (kept from
its command to the last byte of its data set).  Both are first come, first served.

A peer may answer that an operation has failed before it has all of the data set.  Nothing more of
that is sent then but its end, which is an empty last fragment: a peer that has answered reads past
it, and the association can be used further.  That it has done what it does not have yet, is not
believed.

Whatever ends the association ends all operations with the same error, wherever they are.

No response is overdue while nothing is read from the peer.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from txdicomtls.association import OutstandingOperations
from txdicomtls.dimse import (
    CCancelRQ,
    CommandField,
    Request,
    Response,
    StatusCategory,
    category,
)
from txdicomtls.dimse.messages import RESPONSE
from txdicomtls.errors import (
    AssociationTimeout,
    DicomTLSError,
    LocalProtocolError,
    RemoteProtocolError,
)
from txdicomtls.instance import Blocks
from txdicomtls.net.invocation import Invocation
from txdicomtls.net.line import Line
from txdicomtls.net.request import Answer
from txdicomtls.net.wire import Channel, Wire

#: What no peer can say of an operation before it has all of it.
_DONE = (StatusCategory.SUCCESS, StatusCategory.WARNING)


class Invoker:
    """Invokes operations on one association, from either side of it.

    :param channel: the protocol below.
    :param wire: its sending side.
    :param clock: for the response timeout.
    :param response_seconds: how long to wait for each response.
    :param most_data: bytes of the data set of a response.
    """

    def __init__(
        self,
        channel: Channel,
        wire: Wire,
        clock: IReactorTime,
        *,
        response_seconds: float,
        most_data: int,
    ) -> None:
        self._channel = channel
        self._wire = wire
        self._clock = clock
        self._seconds = response_seconds
        self._most_data = most_data
        self._operations: OutstandingOperations[Invocation] = OutstandingOperations(1)
        self._places = Line()
        # A dictionary for its order: those of which the last byte is not on its way.
        self._unsent: dict[Invocation, None] = {}
        self._arriving: tuple[Response, bytearray] | None = None
        self._over: DicomTLSError | None = None
        self._is_releasing = False

    def associated(self, window: int) -> None:
        """There is an association: this many operations may be outstanding at once."""
        self._operations.window = window
        self._places.widen(window)

    @property
    def window(self) -> int:
        """How many operations may be outstanding at once."""
        return self._operations.window

    @property
    def busy(self) -> bool:
        """Whether a response is waited for."""
        return len(self._operations) > 0

    def start(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Invocation:
        """Invoke an operation as soon as the window and the wire allow.

        :param context_id: an accepted presentation context.
        :param make: makes the request, given the Message ID.
        :param blocks: the data set, where the request announces one; not asked for a block
            before the transport has room for it.
        """
        invocation = Invocation(self, context_id, self._clock, self._seconds)
        self._unsent[invocation] = None
        invocation.sending = Deferred.fromCoroutine(self._send(invocation, make, blocks))
        invocation.sending.addErrback(self._not_sent, invocation)
        return invocation

    def invoke(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Deferred[Response]:
        """Invoke an operation that has one response, and wait for it; see :meth:`start`.

        :return: fires with the response.  Fails with an
            :class:`~txdicomtls.errors.AssociationError` if the association ended first.
        """
        answer = self.start(context_id, make, blocks).next()
        response: Deferred[Response] = answer.addCallback(lambda answer: answer.response)
        return response

    # -- what the peer sends -----------------------------------------------------------------

    def began(self, response: Response) -> None:
        """A response has arrived; its data set, if any, follows.

        :raises RemoteProtocolError: nobody waits for it.
        """
        self._outstanding(response)
        self._arriving = (response, bytearray())

    def data(self, data: memoryview) -> None:
        """Bytes of the data set of the response that began last.

        :raises RemoteProtocolError: they are too many.
        """
        assert self._arriving is not None  # began() comes first
        gathered = self._arriving[1]
        if len(gathered) + len(data) > self._most_data:
            msg = f"the data set of a response is longer than {self._most_data} bytes"
            raise RemoteProtocolError(msg)
        gathered += data

    def ended(self) -> None:
        """The response that began last is complete.

        :raises RemoteProtocolError: nobody waits for it any more, or it says that what the peer
            does not have yet was done.
        """
        assert self._arriving is not None  # began() comes first
        (response, data), self._arriving = self._arriving, None
        invocation = self._outstanding(response)
        final = invocation.is_final(response)
        early = final and not invocation.progress.is_whole
        if early and category(response.status) in _DONE:
            msg = f"status {response.status:04X}H came before the data set was sent"
            raise RemoteProtocolError(msg)
        if final:
            self._operations.done(response.message_id_being_responded_to)
            self._places.leave()
        invocation.deliver(Answer(response, bytes(data)), final=final)
        if early:
            invocation.cut_short()

    def release(self) -> None:
        """The association is about to be released: nobody may keep that from being heard.

        Operations whose responses nobody has taken are forsaken, now and from now on.
        """
        self._is_releasing = True
        for invocation in self._operations:
            if invocation.is_holding:
                invocation.forsake()

    def end(self, error: DicomTLSError) -> None:
        """No operation can be answered any more: everybody who waits is told the same.

        Only the first reason counts.
        """
        if self._over is None:
            self._over = error
        outstanding = self._operations.drain()
        is_lost = not self._channel.connection.can_send
        for invocation in (*outstanding, *self._unsent):
            is_sending = not invocation.is_done
            invocation.failed(self._over)
            if is_lost and is_sending and invocation.sending is not None:
                invocation.sending.cancel()  # whoever makes its data set need not go on
        for _ in outstanding:
            self._places.leave()

    # -- for an invocation -------------------------------------------------------------------

    def hold(self, invocation: Invocation) -> None:
        """Read nothing more from the peer until :meth:`let_go`."""
        self._channel.hold()
        if self._is_releasing:
            invocation.forsake()

    def let_go(self) -> None:
        """Take back one :meth:`hold`."""
        self._channel.let_go()

    def cancel(self, invocation: Invocation) -> None:
        """Send C-CANCEL; see :meth:`Invocation.cancel`."""
        request = invocation.request
        if request is None:
            if invocation.sending is not None:
                invocation.sending.cancel()
            return
        if not invocation.is_cancellable:
            msg = f"{CommandField(request.command_field).name} cannot be cancelled"
            raise LocalProtocolError(msg)
        self._wire.post(
            invocation.context_id, CCancelRQ(message_id_being_responded_to=request.message_id)
        )

    def forsaken(self, invocation: Invocation) -> None:
        """Nobody waits for it any more; see :meth:`Invocation.forsake`."""
        if invocation.request is None or invocation.is_cancellable:
            self.cancel(invocation)
        else:
            self._channel.abort("an operation was cancelled")

    def overdue(self, invocation: Invocation) -> None:
        """Its response has not come in time; the association is of no use any more."""
        if self._channel.is_held:  # it is we who let the peer wait
            invocation.put_off()
            return
        error = AssociationTimeout("response", self._seconds)
        self._channel.finish(error)
        self._channel.abort(str(error))

    # -- within ------------------------------------------------------------------------------

    async def _send(
        self, invocation: Invocation, make: Callable[[int], Request], blocks: Blocks | None
    ) -> None:
        try:
            await self._places.enter()
            try:
                await self._wire.send(
                    invocation.context_id,
                    lambda: self._begin(invocation, make),
                    blocks,
                    invocation.failed,
                    invocation.progress,
                )
            except BaseException:
                # Where it was outstanding, whatever ended that gave its place back.
                if invocation.request is None or self._operations.withdraw(invocation):
                    self._places.leave()
                raise
        finally:
            del self._unsent[invocation]
        invocation.sent()

    def _begin(self, invocation: Invocation, make: Callable[[int], Request]) -> Request:
        if self._over is not None:
            raise self._over
        message_id = self._operations.invoke(invocation)
        try:
            request = invocation.request = make(message_id)
        except BaseException:
            self._operations.done(message_id)
            raise
        return request

    def _not_sent(self, failure: Failure, invocation: Invocation) -> None:
        assert failure.value is not None  # it is a failure
        invocation.failed(failure.value)

    def _outstanding(self, response: Response) -> Invocation:
        invocation = self._operations.get(response.message_id_being_responded_to)
        request = invocation.request
        assert request is not None  # it is outstanding
        if response.command_field != request.command_field | RESPONSE:
            msg = "a response came that is of another kind than the request"
            raise RemoteProtocolError(msg)
        return invocation
