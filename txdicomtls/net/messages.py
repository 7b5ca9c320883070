"""The messages of one association in both directions, of either side.

What arrives goes one of three ways: a response to the operation that this side invoked, a
C-CANCEL to the operation that it performs, any other request to a service.  What leaves
shares one :class:`~txdicomtls.net.wire.Wire`.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from txdicomtls.association import PresentationContext, Role
from txdicomtls.dimse import CCancelRQ, Message, Request, Response
from txdicomtls.errors import DicomTLSError, RemoteProtocolError
from txdicomtls.net.dispatch import Dispatcher
from txdicomtls.net.invoker import Invoker
from txdicomtls.net.request import AssociationFacts
from txdicomtls.net.services import Services
from txdicomtls.net.wire import Channel, Wire


class _Receiver(Protocol):
    """Takes the data set of the message that began last."""

    def data(self, data: memoryview) -> None: ...
    def end(self) -> None: ...


class _Passed:
    """A message without a data set, which was dealt with when it began."""

    def data(self, data: memoryview) -> None:
        """There is none."""

    def end(self) -> None:
        """Nothing is left to do."""


class Messages:
    """Both directions of messages on one association.

    :param channel: the protocol below.
    :param clock: for the response timeout.
    :param role: which side we are.
    :param services: who serves the requests of the peer.
    :param response_seconds: how long to wait for a response.
    :param most_data: bytes of the data set of a response.
    """

    def __init__(
        self,
        channel: Channel,
        clock: IReactorTime,
        role: Role,
        services: Services,
        *,
        response_seconds: float,
        most_data: int,
    ) -> None:
        self.services = services
        self.wire = Wire(channel)
        self.invoker = Invoker(
            channel, self.wire, clock, response_seconds=response_seconds, most_data=most_data
        )
        self.dispatcher = Dispatcher(
            channel,
            self.wire,
            self.invoker,
            service_for=lambda message, context: services.serving(message, context, role),
            may_go_on=self._may_go_on,
        )
        self._channel = channel
        self._clock = clock
        self._role = role
        self._facts: AssociationFacts | None = None
        self._user = ""
        self._granted_until: float | None = None
        self._receiver: _Receiver = _Passed()

    def associated(
        self, facts: AssociationFacts, *, user: str = "", valid_for: float | None = None
    ) -> None:
        """There is an association.

        :param facts: who is at the other end.
        :param user: who was authenticated there.
        :param valid_for: seconds from now for which its requests are performed; None for all.
        """
        window = self._channel.connection.window
        ours, theirs = window.invoked, window.performed
        if self._role is Role.ACCEPTOR:
            ours, theirs = theirs, ours
        self.invoker.associated(ours)
        self.dispatcher.window = theirs
        self._facts = facts
        self._user = user
        if valid_for is not None:
            self._granted_until = self._clock.seconds() + valid_for

    @property
    def busy(self) -> bool:
        """Whether an operation is outstanding, in either direction."""
        return self.dispatcher.busy or self.invoker.busy

    def end(self, error: DicomTLSError) -> None:
        """The association is over: whoever waits is told why, and what is under way is undone."""
        self.dispatcher.stop()
        self.invoker.end(error)
        self.dispatcher.abandon()

    def began(self, context: PresentationContext, message: Message) -> None:
        """A command set has arrived; its data set, if any, follows."""
        assert self._facts is not None  # messages come only on an association
        self._receiver = _Passed()
        if isinstance(message, Response):
            self._receiver = _Guarded(self._channel, self.invoker)
            self._receiver.began(message)
        elif isinstance(message, CCancelRQ):
            self.dispatcher.cancel(message.message_id_being_responded_to)
        else:
            assert isinstance(message, Request)  # there is no fourth kind
            self._receiver = self.dispatcher
            self.dispatcher.begin(message, context, self._facts, self._user)

    def data(self, data: memoryview) -> None:
        """The next bytes of the data set of the message that began last."""
        self._receiver.data(data)

    def ended(self) -> None:
        """The message that began last is complete."""
        self._receiver.end()

    def _may_go_on(self) -> bool:
        until = self._granted_until
        return until is None or self._clock.seconds() < until


class _Guarded:
    """A response on its way; what is wrong with it ends the association."""

    def __init__(self, channel: Channel, invoker: Invoker) -> None:
        self._channel = channel
        self._invoker = invoker
        self._broken = False

    def began(self, response: Response) -> None:
        try:
            self._invoker.began(response)
        except RemoteProtocolError as error:
            self._abort(error)

    def data(self, data: memoryview) -> None:
        if self._broken:
            return
        try:
            self._invoker.data(data)
        except RemoteProtocolError as error:
            self._abort(error)

    def end(self) -> None:
        if self._broken:
            return
        try:
            self._invoker.ended()
        except RemoteProtocolError as error:
            self._abort(error)

    def _abort(self, error: RemoteProtocolError) -> None:
        self._broken = True
        self._channel.abort(str(error))
