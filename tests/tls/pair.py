"""A client and a server, each in a TLSTransport, joined in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

from tests.tls.certificates import CA
from txdicomtls.errors import LinkError
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    ClientCertificate,
    Credentials,
    Profile,
    SecureLink,
    Security,
    TLSTransport,
    TLSTransportFactory,
    Trust,
)

SERVER_NAME = "pacs.example"


@implementer(IHandshakeListener)
class Recorder(Protocol):
    """Remembers what happened to it."""

    transport: TLSTransport

    def __init__(self) -> None:
        self.link: SecureLink | None = None
        self.received: list[bytes] = []
        self.is_lost = False
        self.error: LinkError | None = None
        self.reason: Failure | None = None
        self.on_data: Callable[[bytes], object] = lambda _data: None

    def handshakeCompleted(self) -> None:
        self.link = self.transport.secure_link()

    def dataReceived(self, data: bytes) -> None:
        self.received.append(data)
        self.on_data(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_lost = True
        self.reason = reason
        self.error = self.transport.explain(reason)

    @property
    def secure_link(self) -> SecureLink:
        assert self.link is not None, self.error
        return self.link

    @property
    def failure(self) -> LinkError:
        assert self.error is not None
        return self.error


def security(
    credentials: Credentials | None = None,
    *,
    trust: Trust | None = None,
    profile: Profile = DEFAULT_PROFILE,
    client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
    resumption: bool = True,
) -> Security:
    """A Security that trusts the CA of the tests."""
    return Security(
        profile=profile,
        trust=CA.trust if trust is None else trust,
        credentials=credentials,
        client_certificate=client_certificate,
        resumption=resumption,
    )


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class FromContext:
    """Makes plain pyOpenSSL connections: a peer that is not ours."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        return SSL.Connection(self._context, None)

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        return SSL.Connection(self._context, None)


def make_transport(
    creator: IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator,
    *,
    is_client: bool,
) -> tuple[TLSTransport, Recorder]:
    """One side, not connected yet."""
    recorder = Recorder()
    transport = TLSTransport(
        TLSTransportFactory(creator, is_client, Factory.forProtocol(Recorder), Clock()), recorder
    )
    return transport, recorder


@dataclass
class Pair:
    client: Recorder
    server: Recorder
    pump: IOPump


def join(
    client: Security | IOpenSSLClientConnectionCreator,
    server: Security | IOpenSSLServerConnectionCreator,
    server_name: str = SERVER_NAME,
) -> Pair:
    """Connect both sides and let them speak until they have nothing more to say."""
    if isinstance(client, Security):
        client = client.client_creator(server_name)
    if isinstance(server, Security):
        server = server.server_creator()
    client_tls, client_recorder = make_transport(client, is_client=True)
    server_tls, server_recorder = make_transport(server, is_client=False)
    pump = connect(
        server_tls,
        FakeTransport(server_tls, isServer=True),
        client_tls,
        FakeTransport(client_tls, isServer=False),
    )
    pump.flush()
    return Pair(client_recorder, server_recorder, pump)


def hear(
    noise: bytes,
    creator: IOpenSSLClientConnectionCreator | IOpenSSLServerConnectionCreator,
    *,
    is_client: bool,
) -> tuple[Recorder, StringTransport]:
    """One side that hears noise instead of TLS; the raw transport shows what it answered."""
    tls, recorder = make_transport(creator, is_client=is_client)
    raw = StringTransport()
    tls.makeConnection(raw)
    tls.dataReceived(noise)
    if raw.disconnecting:
        tls.connectionLost(connectionDone)
    return recorder, raw
