"""The TLS transport of a link: Twisted's, with a shorter way for many bytes.

Theory of operation.  Twisted's :class:`TLSMemoryBIOProtocol` keeps an OpenSSL
connection between the socket and the wrapped protocol.  It is correct, and left
as it is but for five things:

- it reads 64 KiB from the socket at a time and hands on each record by itself; here it
  is 512 KiB, and the records of one read go on together, because what the reactor and
  the layers above cost, they cost for each call.
- it writes to the socket in the reactor's next turn; here at once if nothing waits to
  be written.  A short answer so costs one system call instead of four.
- it cuts what is written into slices of 16 KiB, each with a turn through the memory
  BIO and a write to the socket; here a write is one call of OpenSSL, one read of the
  BIO and one write to the socket.  A write of :data:`WRITE_SIZE` is the cheapest.
- it catches only OpenSSL's errors during the handshake; here any exception, as one
  out of our own callbacks, ends the link in the same orderly way, and the reason
  that the verification recorded is what ``connectionLost`` is told.
- it may be aborted at any time, also when the connection is gone already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import directlyProvides, providedBy

from txdicomtls.errors import LinkError
from txdicomtls.tls.bindings import Intake, was_resumed
from txdicomtls.tls.diagnosis import FIRST_BYTES, explain
from txdicomtls.tls.secure_link import SecureLink, introspect
from txdicomtls.tls.verification import LinkConnection

#: Bytes that are read from the socket at a time, and that may wait to be sent before a
#: producer is paused.
READ_SIZE = 512 * 1024

#: Bytes that are best written at a time.
WRITE_SIZE = 112 * 1024

# Enough for the usual flight of a handshake, and for what a read leaves to be answered.
_SMALL = 2**13


class TLSTransport(TLSMemoryBIOProtocol):
    """The transport that a wrapped protocol gets.

    :ivar first_bytes: the first raw bytes that the peer sent, 8 of them or fewer.
    """

    factory: TLSTransportFactory
    first_bytes = b""
    _only_tickets_wait = False
    _peer_went_on = False

    def makeConnection(self, transport: ITransport) -> None:
        """Begin the handshake over a transport."""
        # Only transports on sockets have this; over anything else there is nothing to tune.
        if hasattr(transport, "bufferSize"):
            transport.bufferSize = READ_SIZE
        # Not Twisted's makeConnection, which declares the interfaces of the transport one by one:
        # that takes as long as a signature of the handshake.
        self._tlsConnection = self.factory._creatorCallable(self)  # noqa: SLF001  # as Twisted's
        self._appSendBuffer: list[bytes] = []
        directlyProvides(self, providedBy(transport))
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        ProtocolWrapper.makeConnection(self, transport)
        self._checkHandshakeStatus()

    @property
    def handshake_done(self) -> bool:
        """Whether the handshake is complete on our side."""
        return self._handshakeDone

    def secure_link(self) -> SecureLink:
        """What is known of the link, the peer verified.

        :raises LinkError: there is none: the handshake is not done, or the link is gone.
        """
        connection = self._tlsConnection
        if not self._handshakeDone or connection is None:
            raise LinkError("there is no secure link now")
        profile = connection.profile if isinstance(connection, LinkConnection) else ""
        return introspect(connection, profile=profile)

    def explain(self, reason: Failure) -> LinkError | None:
        """Say in one line why ``connectionLost`` was called with this reason.

        :return: None where the link was closed in order after its handshake.
        """
        if self._handshakeDone and reason.check(ConnectionDone):
            return None
        return explain(
            reason,
            first_bytes=self.first_bytes,
            is_client=self.factory.is_client,
            handshake_done=self._handshakeDone,
        )

    def dataReceived(self, data: bytes) -> None:
        """Take raw bytes from the socket."""
        if len(self.first_bytes) < FIRST_BYTES:
            self.first_bytes += data[: FIRST_BYTES - len(self.first_bytes)]
        TLSMemoryBIOProtocol.dataReceived(self, data)

    def abortConnection(self) -> None:
        """Drop the connection at once, at any moment, also more than once."""
        if self._aborted or self._tlsConnection is None:
            return
        TLSMemoryBIOProtocol.abortConnection(self)

    def hang_up(self) -> None:
        """Send close_notify and close, without waiting for that of the peer (RFC 8446 6.1).

        For when the peer has nothing more to say: what it sends now is lost.
        """
        self.loseConnection()
        if self.transport is not None:
            self.transport.loseConnection()

    def _shutdownTLS(self) -> None:
        # A producer may be unregistered when the connection is gone already.
        if self._tlsConnection is not None:
            TLSMemoryBIOProtocol._shutdownTLS(self)  # noqa: SLF001  # the base class

    def _checkHandshakeStatus(self) -> None:
        if self._aborted:
            return
        connection = self._tlsConnection
        try:
            connection.do_handshake()
            if isinstance(connection, LinkConnection):
                _make_sure_of(connection)
        except SSL.WantReadError:
            self._flushSendBIO()
        except Exception as error:  # noqa: BLE001  # whatever it is, the link must end and say so
            refusal = connection.refusal if isinstance(connection, LinkConnection) else None
            if refusal is None and isinstance(error, SSL.ZeroReturnError):
                self._tlsShutdownFinished(None)  # the peer has said that it wants no more
            elif refusal is None and isinstance(error, SSL.Error):
                self._tlsShutdownFinished(Failure())
            else:
                # Set beforehand, because Twisted would look into it for OpenSSL's error queue.
                self._reason = Failure(refusal or error)
                self._tlsShutdownFinished(None)
        else:
            self._handshakeDone = True
            # All that a server of TLS 1.3 sends after the client has finished are session
            # tickets; nobody waits for them, and a write of their own would cost.
            self._only_tickets_wait = (
                not self.factory.is_client
                and connection.get_protocol_version() == SSL.TLS1_3_VERSION
            )
            if IHandshakeListener.providedBy(self.wrappedProtocol):
                self.wrappedProtocol.handshakeCompleted()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone; the session of a good link may be taken up by another."""
        if self._handshakeDone and not (self._aborted or self._reason):
            if not self._tlsConnection.get_shutdown() & SSL.RECEIVED_SHUTDOWN:
                reason = Failure(ConnectionLost())  # whatever TCP says: TLS was cut off
            self._save_session()
        TLSMemoryBIOProtocol.connectionLost(self, reason)

    def _save_session(self) -> None:
        connection = self._tlsConnection
        # OpenSSL forgets the session of a peer that went without close_notify, as TLS 1.0 had
        # it; many go so, and the versions since do not want that (RFC 5246 7.2.1).
        connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)
        # A server that does not take a session up breaks the link off without a word: then the
        # next one must have a full handshake, which tells why.
        if not self._peer_went_on:
            return
        if isinstance(connection, LinkConnection) and connection.keep_session is not None:
            connection.keep_session(connection)

    def writeSequence(self, iovec: Iterable[bytes | memoryview]) -> None:
        """Write buffers one after the other, joined to writes of a good size."""
        parts: list[bytes | memoryview] = []
        size = 0
        for part in iovec:
            parts.append(part)
            size += len(part)
            if size >= WRITE_SIZE:
                self.write(b"".join(parts))
                parts, size = [], 0
        if parts:
            self.write(b"".join(parts))

    def _flushReceiveBIO(self) -> None:
        connection = self._tlsConnection
        if connection is None:
            return
        read = self.factory.intake.read
        # The wrapped protocol may abort, or lose the connection, in any of its turns.
        while not (self._lostTLSConnection or self._aborted):
            data, end = read(connection)
            if data:
                self._peer_went_on = True
                self.wrappedProtocol.dataReceived(data)
            if end is not None:
                self._end_of_data(end)
                break
        if self._only_tickets_wait:
            self._only_tickets_wait = False  # they go with the first answer
        else:
            self._flushSendBIO()

    def _end_of_data(self, end: SSL.Error) -> None:
        """For now, or for good."""
        if isinstance(end, SSL.WantReadError) or self._lostTLSConnection:
            return
        if isinstance(end, SSL.ZeroReturnError):
            self._peer_went_on = True
            self._shutdownTLS()
            self._tlsShutdownFinished(None)
        else:
            self._tlsShutdownFinished(Failure(end))

    def _flushSendBIO(self, size: int = _SMALL) -> None:
        connection = self._tlsConnection
        while connection is not None:
            try:
                data = connection.bio_read(size)
            except SSL.WantReadError:
                return
            self._send(data)
            if len(data) < size:
                return

    def _send(self, data: bytes) -> None:
        """Write to the socket at once where nothing waits to be written, else in turn."""
        transport: Any = self.transport
        # Looked at as they are, because Twisted has no way to ask; over what is no socket of
        # Twisted's there is no such thing, and everything goes in turn.
        if getattr(transport, "_tempDataLen", 1) or transport.dataBuffer or not transport.connected:
            transport.write(data)
            return
        sent = transport.writeSomeData(data)
        if not isinstance(sent, int):
            sent = 0  # the reactor finds the error again, and reports it where it should
        if sent < len(data):
            transport.write(data[sent:])

    def _write(self, data: bytes) -> None:
        total = len(data)
        if self._lostTLSConnection or self._aborted or not total:
            return
        connection = self._tlsConnection
        done = 0
        try:
            while done < total:
                done += connection.send(memoryview(data)[done:] if done else data)
        except SSL.WantReadError:
            self._bufferedWrite(data[done:])
        except SSL.Error:
            self._tlsShutdownFinished(Failure())
            return
        # Room for all of it, with what each record adds: 85 bytes at most (RFC 5246 6.2.3).
        self._flushSendBIO(total + total // 128 + _SMALL)


def _make_sure_of(connection: LinkConnection) -> None:
    """Go on with a finished handshake only if none of our own rules was broken.

    :raises LinkError: one was.
    """
    if connection.refusal is not None:
        # A callback that cannot end the handshake itself has found something.
        raise connection.refusal
    if connection.recheck is not None and was_resumed(connection):
        connection.rechecked_chain = connection.recheck(connection)


class TLSTransportFactory(TLSMemoryBIOFactory):
    """Wraps the protocols of a factory in :class:`TLSTransport`.

    :ivar is_client: whether it makes the connecting side of links.
    :ivar intake: reads for all its connections, one after the other.
    """

    protocol = TLSTransport

    def __init__(
        self,
        creator: IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator,
        is_client: bool,  # noqa: FBT001  # as Twisted's
        wrapped_factory: IProtocolFactory,
        clock: IReactorTime,
    ) -> None:
        super().__init__(creator, is_client, wrapped_factory, clock)
        self.is_client = is_client
        self.intake = Intake(READ_SIZE)


def wrap_factory(
    creator: IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator,
    is_client: bool,  # noqa: FBT001  # as Twisted's
    wrapped_factory: IProtocolFactory,
    clock: IReactorTime,
) -> IProtocolFactory:
    """Put TLS under the protocols of a factory.

    :param creator: from :meth:`~txdicomtls.tls.Security.client_creator` or
        :meth:`~txdicomtls.tls.Security.server_creator`.
    :param is_client: whether the creator is one for clients.
    :param wrapped_factory: makes the protocols; those that provide
        :class:`~twisted.internet.interfaces.IHandshakeListener` are told of the handshake.
    :param clock: the reactor.
    """
    return TLSTransportFactory(creator, is_client, wrapped_factory, clock)
