"""One connection of either side: bytes between a secure transport and the association without I/O.

Theory of operation.  Three things run beside each other here, and only here:

* the *link* (:class:`txdicomtls.tls.LinkLifecycle`) knows whether the transport may be
  used at all.  Nothing of DICOM begins before it is ready: no state, no ARTIM timer.
* the *connection* (:class:`txdicomtls.association.Connection`) knows what the bytes mean.
  It returns outputs; :meth:`AssociationProtocol.perform` carries them out, in order.
* the *deadlines*: each wait of the upper layer has one, on the injected clock.

When the peer is read and written to is the business of :class:`~txdicomtls.net.flow.Flow`, how
much of what it sent is taken in one turn that of :class:`~txdicomtls.net.arrivals.Arrivals`.
The two sides differ in what they do with indications: see ``acceptor`` and ``requestor``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.association import (
    AbortIndication,
    CloseTransport,
    Connection,
    ConnectionLimits,
    DataArrived,
    Indication,
    MessageBegan,
    MessageEnded,
    MessageRefused,
    OpenTransport,
    Output,
    ReleaseConfirmation,
    Role,
    Send,
    StartARTIM,
    State,
    StopARTIM,
)
from txdicomtls.errors import AssociationLost, AssociationTimeout, DicomTLSError, LinkError
from txdicomtls.net.arrivals import Arrivals
from txdicomtls.net.flow import Flow
from txdicomtls.net.messages import Messages
from txdicomtls.net.services import Services
from txdicomtls.net.timers import Deadline, Timeouts
from txdicomtls.net.transport import SecureTransport
from txdicomtls.tls import LinkDeadlines, LinkLifecycle, LinkState, SecureLink

#: What is heard of messages; nothing of it once the association is over.
_OF_MESSAGES = frozenset((DataArrived, MessageBegan, MessageEnded, MessageRefused))


@implementer(IHandshakeListener)
class AssociationProtocol(Protocol):
    """What both sides of an association share.

    :param clock: every deadline runs on it.
    :param services: who serves the requests of the peer.
    :param limits: what the peer may make us hold.
    :param timeouts: how long the association waits.
    :param deadlines: how long the link waits.
    """

    role: Role
    transport: SecureTransport  # type: ignore[assignment]  # narrower than Twisted's ITransport
    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        services: Services,
        *,
        limits: ConnectionLimits | None = None,
        timeouts: Timeouts | None = None,
        deadlines: LinkDeadlines | None = None,
    ) -> None:
        self.clock = clock
        self.timeouts = timeouts or Timeouts()
        limits = limits or ConnectionLimits()
        self.connection = Connection(self.role, limits)
        self.link = LinkLifecycle(clock, deadlines or LinkDeadlines(), _LinkActions(self))
        self._artim = Deadline(clock, self.timeouts.artim, self._artim_expired)
        self._early: list[bytes] = []
        self.flow = Flow(self, clock, stall=self.timeouts.stall)
        self._arrivals = Arrivals(self, clock, pdu=self.timeouts.pdu)
        #: The access decision that was asked for last.
        self.decision: Deferred[Any] | None = None
        #: Why nothing can be asked or answered any more; None while it can.
        self.error: DicomTLSError | None = None
        self.peer_is_done = False
        self.messages = Messages(
            self,
            clock,
            self.role,
            services,
            response_seconds=self.timeouts.response,
            most_data=limits.identifier,
        )

    # -- for whoever uses the protocol -------------------------------------------------------

    def when_secure_link_ready(self) -> Deferred[SecureLink]:
        """Fires with what was negotiated once the link may be used.

        Fails with a :class:`~txdicomtls.errors.LinkError` if that never happens.
        """
        return self.link.when_ready()

    def when_closed(self) -> Deferred[None]:
        """Fires when the transport is gone, for whatever reason."""
        return self.link.when_closed()

    @property
    def peer(self) -> str:
        """Network address of the other end, for log lines."""
        address = self.transport.getPeer()
        if isinstance(address, (IPv4Address, IPv6Address)):
            return f"{address.host}:{address.port}"
        return str(address)

    @property
    def address(self) -> str:
        """Its host address alone."""
        address = self.transport.getPeer()
        return address.host if isinstance(address, (IPv4Address, IPv6Address)) else ""

    def abort(self, why: str = "") -> None:
        """Abort the association (A-ABORT); without one, just the transport."""
        outputs = self.connection.abort(why)
        if outputs:
            self.perform(outputs)
        else:
            self.close()

    # -- IProtocol ---------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """TCP is there, TLS is not: only the link's deadline starts."""
        self.transport.setTcpNoDelay(True)
        self.link.connected()

    def handshakeCompleted(self) -> None:
        """TLS is there: find out with whom, then ask whether that is welcome."""
        try:
            secure_link = self.transport.secure_link()
        except LinkError as error:
            self.link.refused(error)
            return
        self.link.handshake_completed(secure_link)
        undecided = [True]
        decision = self.decision = self.admit(secure_link)
        decision.addCallbacks(self._admitted, self._refused)
        decision.addBoth(lambda _: undecided.clear())
        if undecided:
            self.hold()
            decision.addBoth(lambda _: self.let_go())

    def dataReceived(self, data: bytes) -> None:
        """Decrypted bytes; kept, never more than one read of them, until the link is ready."""
        if self.connection.state is not State.STA1:
            self._arrivals.receive(data)
        elif self.link.state is LinkState.VERIFIED:
            self._early.append(data)
        # Else the association is over, and nobody listens any more.

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The transport is gone: once what it brought is taken, every wait ends."""
        cause = self.link.error or self.transport.explain(reason)
        self.flow.end()
        self._arrivals.end(lambda: self.gone(cause))

    def gone(self, cause: LinkError | None) -> None:
        """Nothing more comes nor goes: every wait ends, with one error for all."""
        self._stop_deadlines()
        self.perform(self.connection.transport_closed())
        self.finish(cause or AssociationLost("the peer closed the connection"))
        self.flow.lost()
        self.link.lost(cause)

    # -- what the two sides make of it -------------------------------------------------------

    def admit(self, link: SecureLink) -> Deferred[object]:
        """Decide whether this link may be used; a failure refuses it."""
        raise NotImplementedError

    def ready(self) -> None:
        """The link may be used: DICOM begins."""
        raise NotImplementedError

    def indicated(self, indication: Indication) -> None:
        """The connection has something to say: here, that messages arrive."""
        if type(indication) is DataArrived:  # a thousand times as frequent as the rest
            self.messages.data(indication.data)
        elif isinstance(indication, MessageBegan):
            self.messages.began(indication.context, indication.message)
        elif isinstance(indication, MessageEnded):
            self.messages.ended()
        elif isinstance(indication, MessageRefused):
            self.hold()
            posted = self.messages.wire.post(indication.context.context_id, indication.response)
            posted.addBoth(lambda _: self.let_go())

    def quiet(self) -> None:
        """No operation is outstanding any more."""

    def ended(self, error: DicomTLSError) -> None:
        """No answer can come any more, nor is a decision of use.  Called exactly once."""
        if self.decision is not None:
            self.decision.cancel()
        self.messages.end(error)

    # -- flow --------------------------------------------------------------------------------

    @property
    def is_held(self) -> bool:
        """Whether it is we who let the peer wait; not where it has asked more than was agreed."""
        return self.flow.holds > self.messages.dispatcher.is_overrun

    def hold(self) -> None:
        """Read nothing more from the peer until :meth:`let_go`; holds add up."""
        self.flow.hold()

    def let_go(self) -> None:
        """Take back one :meth:`hold`."""
        self.flow.let_go()

    def when_writable(self) -> Deferred[None]:
        """Fires when the transport has room for more, at once if it has, or when it closes."""
        return self.flow.when_writable()

    def reading_held(self) -> None:
        """What is not read cannot be too slow."""
        self._arrivals.held()

    def reading_resumed(self) -> None:
        """The PDU that is arriving has its whole time again."""
        self._arrivals.resumed()

    def not_read(self) -> None:
        """A peer that does not read what we send would keep it in memory for ever."""
        self.log.warn(
            "{peer} has read nothing for {seconds:g} s: connection aborted",
            peer=self.peer,
            seconds=self.timeouts.stall,
        )
        self.transport.abortConnection()

    def too_slow(self) -> None:
        """A PDU that drips would keep the peer's place for ever."""
        self.abort(f"one PDU took longer than {self.timeouts.pdu:g} s to arrive")

    def perform(self, outputs: Sequence[Output]) -> None:
        """Carry out what the connection asks for, in order."""
        for output in outputs:
            kind = type(output)
            if kind is Send:
                self.flow.write(output.buffers)  # type: ignore[union-attr]  # kind says it
            elif kind is StartARTIM:
                self._artim.start()
            elif kind is StopARTIM:
                self._artim.stop()
            elif kind is CloseTransport:
                self.close()
            elif kind is not OpenTransport:
                self._indicate(output)  # type: ignore[arg-type]  # what is left are indications

    def close(self) -> None:
        """Close the transport once what was written is flushed; the link's deadline guards it."""
        self.link.close()

    def finish(self, error: DicomTLSError) -> None:
        """Nothing more can be asked or answered here; the first reason is the one that counts."""
        if self.error is None:
            self.error = error
            self.flow.end()
            self.ended(error)

    # -- within ------------------------------------------------------------------------------

    def _admitted(self, _: object) -> None:
        if self.link.state is not LinkState.VERIFIED:  # it came too late
            return
        self.flow.start()
        self.link.admitted()
        self.ready()
        early, self._early = self._early, []
        for data in early:
            self._arrivals.receive(data)

    def _refused(self, failure: Failure) -> None:
        if self.error is not None:  # it came too late, or was cancelled for that reason
            return
        error = failure.value
        if not isinstance(error, LinkError):
            self.log.failure("the access decision itself failed", failure=failure)
            error = LinkError("the access decision could not be made")
        self.link.refused(error)

    def _indicate(self, indication: Indication) -> None:
        kind = type(indication)
        if self.error is not None and kind in _OF_MESSAGES:
            return  # it came with what ended the association
        self.indicated(indication)
        if kind is DataArrived:
            return
        if isinstance(indication, ReleaseConfirmation):
            self.peer_is_done = True
        elif isinstance(indication, AbortIndication):
            if indication.by_peer:
                self.peer_is_done = True
            else:
                # The standard lets the aborting side wait for the peer to close; a peer that
                # was aborted for breaking the rules is not waited for.
                self.close()

    def _stop_deadlines(self) -> None:
        self._artim.stop()

    def _artim_expired(self) -> None:
        if self.connection.state is State.STA2:
            self.finish(AssociationTimeout("association request", self.timeouts.artim))
        self.perform(self.connection.artim_expired())


class _LinkActions:
    """What the link machine may do to the transport."""

    def __init__(self, protocol: AssociationProtocol) -> None:
        self._protocol = protocol

    def close(self) -> None:
        """Flush, say close_notify, and wait for the peer's if it may have more to say."""
        protocol = self._protocol
        protocol.flow.end()
        protocol.flow.stop()
        if protocol.peer_is_done:
            protocol.transport.hang_up()
        else:
            protocol.transport.loseConnection()

    def abort(self) -> None:
        """Be gone at once."""
        self._protocol.transport.abortConnection()
