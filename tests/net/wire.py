"""A network of two ends in memory, as strict as TCP: full buffers, pauses, half-closed ends.

Nothing moves by itself: :meth:`Wire.flush` lets both ends do all that they can.  An end
that is paused reads nothing, and so does not see either that the other one is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol as StructuralType

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IProducer, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

#: Bytes that are on their way before the sender has to keep them.
CAPACITY = 1 << 16


class Receiver(StructuralType):
    """The protocol on top of an end."""

    def makeConnection(self, transport: ITransport) -> None: ...
    def dataReceived(self, data: bytes) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...


@implementer(ITransport, IConsumer, IPushProducer)
class End:
    """One end: the transport of one protocol."""

    def __init__(self, protocol: Receiver, port: int) -> None:
        self.protocol = protocol
        self.other: End
        self.address = IPv4Address("TCP", "127.0.0.1", port)
        self.bufferSize = 1 << 16
        self.producer: IPushProducer | None = None
        self.no_delay = False
        self.reading = True
        self.disconnecting = False
        self.aborting = False
        self.lost: Exception | None = None
        self._producer_paused = False
        self._kept = bytearray()
        self._under_way = bytearray()

    # -- as a reactor's TCP transport --------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self.lost is not None or self.disconnecting or self.aborting:
            return
        self._kept += data
        if self.producer is not None and len(self._kept) > self.bufferSize:
            self._producer_paused = True
            self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True
        self.reading = False

    def abortConnection(self) -> None:
        self.aborting = True
        self.reading = False
        self._kept.clear()

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = not (self.disconnecting or self.aborting)

    def stopProducing(self) -> None:
        self.loseConnection()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        assert self.producer is None
        assert streaming
        assert IPushProducer.providedBy(producer)
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def getPeer(self) -> IPv4Address:
        return self.other.address

    def getHost(self) -> IPv4Address:
        return self.address

    # -- what the network does ---------------------------------------------------------------

    def turn(self) -> bool:
        """Do one thing that can be done now; whether there was one."""
        return self.lost is None and (self._abort() or self._send() or self._receive())

    def lose(self, reason: Exception) -> None:
        """The connection is gone for this end."""
        if self.lost is None:
            self.lost = reason
            producer, self.producer = self.producer, None
            if producer is not None:
                producer.stopProducing()
            self.protocol.connectionLost(Failure(reason))

    def _abort(self) -> bool:
        if self.aborting:
            self.lose(ConnectionAborted())
        return self.aborting

    def _send(self) -> bool:
        room = CAPACITY - len(self._under_way)
        if self._kept and room:
            self._under_way += self._kept[:room]
            del self._kept[:room]
            return True
        if self._kept:
            return False
        if self.producer is not None and self._producer_paused:
            self._producer_paused = False
            self.producer.resumeProducing()
            return True
        if self.disconnecting:
            self.lose(ConnectionDone())
            return True
        return False

    def _receive(self) -> bool:
        if not self.reading:
            return False
        arriving = self.other._under_way
        if isinstance(self.other.lost, ConnectionAborted):
            self.lose(ConnectionLost())
        elif arriving:
            data = bytes(arriving[: self.bufferSize])
            del arriving[: self.bufferSize]
            self.protocol.dataReceived(data)
        elif self.other.lost is not None:
            self.lose(ConnectionDone())
        else:
            return False
        return True


class Wire:
    """Joins two protocols, each the transport's user at one end."""

    def __init__(self, client: Receiver, server: Receiver) -> None:
        self.client = End(client, 50000)
        self.server = End(server, 2762)
        self.client.other, self.server.other = self.server, self.client
        server.makeConnection(self.server)
        client.makeConnection(self.client)

    @property
    def is_open(self) -> bool:
        """Whether an end is left."""
        return self.client.lost is None or self.server.lost is None

    def flush(self) -> None:
        """Let both ends do what they can until neither can do anything."""
        busy = True
        while busy:
            client_did, server_did = self.client.turn(), self.server.turn()
            busy = client_did or server_did

    def cut(self) -> None:
        """The network fails."""
        for end in (self.client, self.server):
            end.lose(ConnectionLost())
