"""One end of a secure link in memory: as strict as TLS over TCP, and without either.

Theory of operation.  An end does nothing by itself.  Each :meth:`MemoryTransport.turn` does one
thing that a real transport would do in its own time: complete the handshake, move what was
written to the network, deliver what has arrived, say or hear that the link is over.  Whoever
owns two ends lets them take turns until neither has anything left to do.

What is kept of the real thing:

* the network holds so many bytes and no more; past that they wait at the sender, whose
  producer is paused, and resumed when they are gone.
* an end that is paused reads nothing, and so does not see either that the other is gone.
* to close in order is to say close_notify behind the last byte, once there is no producer left,
  and to wait for that of the peer; to hang up is not to wait; to abort is to be gone, and what
  was on its way is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol as StructuralType

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IHandshakeListener,
    IProducer,
    IPushProducer,
    ITransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.errors import LinkError
from txdicomtls.tls import SecureLink, explain


class TransportUser(StructuralType):
    """The protocol on top of an end; one that listens for it is told of the handshake."""

    def makeConnection(self, transport: ITransport) -> None:
        """Get the transport."""

    def dataReceived(self, data: bytes) -> None:
        """Take bytes."""

    def connectionLost(self, reason: Failure) -> None:
        """Be told that the connection is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLimits:
    """How much the network carries.

    :param capacity: bytes that are on their way before the sender has to keep them, and bytes
        that the sender keeps before its producer is paused.
    :param chunk: the most bytes that arrive at once; None for all that there are.
    """

    capacity: int = 1 << 16
    chunk: int | None = None


@implementer(ITransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end: the secure transport of one protocol.

    :param user: the protocol.
    :param link: what is told of the link here, or why there is none; None where the handshake
        never comes to its end.
    :param address: our own.
    :param is_client: whether we are the connecting side.
    :param limits: what the network carries.
    """

    def __init__(
        self,
        user: TransportUser,
        link: SecureLink | LinkError | None,
        address: IPv4Address,
        *,
        is_client: bool,
        limits: NetworkLimits,
    ) -> None:
        self.user = user
        self.other: MemoryTransport
        self.producer: IPushProducer | None = None
        #: Why the connection is gone for this end; None while it is not.
        self.lost: Exception | None = None
        #: How many bytes were written and how many were delivered here.
        self.written = self.delivered = 0
        self._link = link
        self._address = address
        self._is_client = is_client
        self._limits = limits
        self._handshake_done = False
        self._reading = True
        self._closing = False
        self._hanging_up = False
        self._aborting = False
        #: Whether the other end is told, behind the last byte, that no more follow.
        self.close_notify_sent = False
        self._producer_is_paused = False
        self._kept = bytearray()
        self._under_way = bytearray()

    # -- as net.transport.SecureTransport ----------------------------------------------------

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes, or keep them where the network is full."""
        if self.lost is not None or self._aborting or (self._closing and self.producer is None):
            return
        self.written += len(data)
        self._kept += data
        if self.producer is not None and len(self._kept) > self._limits.capacity:
            self._producer_is_paused = True
            self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes | memoryview]) -> None:
        """Send several buffers, in order."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close in order: once all is sent and there is no producer.

        Before the handshake is done there is no order to keep: then it is an abort.
        """
        self._closing = True
        if not self._handshake_done:
            self.abortConnection()

    def hang_up(self) -> None:
        """Close in order, without waiting for the peer."""
        self._hanging_up = True
        self.loseConnection()

    def abortConnection(self) -> None:
        """Be gone; what was not read yet is lost."""
        self._closing = self._aborting = True
        self._kept.clear()

    def pauseProducing(self) -> None:
        """Read no more."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Read again."""
        self._reading = True

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:  # noqa: FBT001  # Twisted's signature
        """Have a push producer paused while the network is full.

        :raises RuntimeError: there is one already.
        """
        if self.producer is not None:
            raise RuntimeError("there is a producer already")
        assert streaming
        assert IPushProducer.providedBy(producer)
        if self.lost is None:
            self.producer = producer
        else:
            producer.stopProducing()

    def unregisterProducer(self) -> None:
        """There is no producer any more."""
        self.producer = None

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: FBT001  # Twisted's signature
        """Without effect: nothing is ever delayed here."""

    def getPeer(self) -> IPv4Address:
        """The address of the other end."""
        return self.other.getHost()

    def getHost(self) -> IPv4Address:
        """Our own address."""
        return self._address

    def secure_link(self) -> SecureLink:
        """What is known of the link.

        :raises txdicomtls.errors.LinkError: it did not come to be, or is gone.
        """
        if isinstance(self._link, LinkError):
            raise self._link
        if self._link is None or not self._handshake_done or self.lost is not None:
            raise LinkError("there is no secure link now")
        return self._link

    def explain(self, reason: Failure) -> LinkError | None:
        """Why it ended, in words for a person; None for a clean end."""
        if reason.check(ConnectionDone):
            return None
        return explain(
            reason,
            first_bytes=b"",
            is_client=self._is_client,
            handshake_done=self._handshake_done,
        )

    # -- what the network does ---------------------------------------------------------------

    @property
    def reading(self) -> bool:
        """Whether bytes are delivered here, if any arrive."""
        return self._reading and self.lost is None

    @property
    def waiting(self) -> int:
        """Bytes that were written here and have not arrived."""
        return len(self._kept) + len(self._under_way)

    def take(self) -> bytes:
        """What arrives next at the other end; no longer on its way then."""
        data = bytes(self._under_way[: self._limits.chunk])
        del self._under_way[: len(data)]
        return data

    def turn(self) -> bool:
        """Do one thing that can be done now; whether there was one."""
        if self.lost is not None:
            return False
        if self._aborting:
            self.lose(ConnectionAborted())
            return True
        if not self._handshake_done:
            return self._shake_hands()
        return self._send() or (self._reading and self._receive())

    def lose(self, reason: Exception) -> None:
        """The connection is gone for this end."""
        if self.lost is None:
            self.lost = reason
            producer, self.producer = self.producer, None
            if producer is not None:
                producer.stopProducing()
            self.user.connectionLost(Failure(reason))

    def _shake_hands(self) -> bool:
        if self.other.lost is not None:
            self.lose(ConnectionLost())
        elif self._link is not None:
            self._handshake_done = True
            if IHandshakeListener.providedBy(self.user):
                self.user.handshakeCompleted()
        else:
            return False
        return True

    def _send(self) -> bool:
        if self._kept:
            room = self._limits.capacity - len(self._under_way)
            self._under_way += self._kept[:room]
            del self._kept[:room]
            return room > 0
        if self.producer is not None and self._producer_is_paused:
            self._producer_is_paused = False
            self.producer.resumeProducing()
            return True
        if self._closing and self.producer is None and not self.close_notify_sent:
            self.close_notify_sent = True
            if self._hanging_up:
                self.lose(ConnectionDone())
            return True
        return False

    def _receive(self) -> bool:
        other = self.other
        if isinstance(other.lost, ConnectionAborted):
            self.lose(ConnectionLost())
        elif data := other.take():
            self.delivered += len(data)
            self.user.dataReceived(data)
        elif other.close_notify_sent:
            # It is answered at once, and what was not sent yet never is.
            self._kept.clear()
            self.close_notify_sent = True
            self.lose(ConnectionDone())
        elif other.lost is not None:
            self.lose(ConnectionLost())
        else:
            return False
        return True
