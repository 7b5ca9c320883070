"""A relay between plain TCP and TLS, so that peers without TLS can meet ours, which have no other.

It looks at nothing: what comes in on one side goes out on the other.  Its TLS is that of Twisted
and ``cryptography``, not ours.  Everything is in this process and on the loopback interface::

    peer without TLS --TCP--> relay --TLS--> our node           into_tls()
    our requestor --TLS--> relay --TCP--> peer without TLS      out_of_tls()
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    connectProtocol,
    wrapClientTLS,
)
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    KeyPair,
    PrivateCertificate,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.interop.links import the_reactor
from tests.running import Certificates
from txdicomtls.tls.contexts import ALPN_PROTOCOL


class Half(Protocol):
    """One of the two connections of a relay.

    :ivar other: the other one; None until it is there.
    """

    def __init__(self) -> None:
        self.other: Half | None = None
        self.is_over = False

    @property
    def through(self) -> Any:
        """The transport."""
        return self.transport

    def dataReceived(self, data: bytes) -> None:
        assert self.other is not None  # the first connection of a relay has its own method
        self.other.through.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """An end of one is an end of both, once what is on its way has arrived."""
        self.is_over = True
        if self.other is not None:
            self.other.end()

    def end(self) -> None:
        """Close, when all is written."""
        self.through.unregisterProducer()
        self.through.loseConnection()


class _First(Half):
    """The connection that comes in, and makes the relay connect to where it leads.

    That has to wait for the first bytes: movescu looks just once, when it takes a connection,
    whether there is an association request, and hangs up if there is none yet.
    """

    def __init__(self, endpoint: Any) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._before = b""

    def connectionMade(self) -> None:
        self.through.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        if self.other is not None:
            super().dataReceived(data)
            return
        is_first = not self._before
        self._before += data
        if is_first:
            second = connectProtocol(self._endpoint, Half())
            second.addCallbacks(self._joined, lambda _: self.through.loseConnection())

    def _joined(self, second: Half) -> None:
        """Both are there: what came before is passed on, and each makes the other wait for it."""
        self.other, second.other = second, self
        if self.is_over:
            second.end()
            return
        for one, another in ((self, second), (second, self)):
            one.through.registerProducer(another.through, True)
        second.through.write(self._before)


class _Relay(Factory[Protocol]):
    noisy = False

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return _First(self._endpoint)


async def into_tls(case: TestCase, port: int, certificates: Certificates) -> int:
    """Take plain connections to a node on this machine that talks TLS only.

    :param port: of the node.
    :param certificates: the relay shows the certificate of the client among them.
    :return: the port of the relay, until the end of the test.
    """
    authority = trustRootFromCertificates([_certificate(certificates, "ca")])
    options = optionsForClientTLS("localhost", authority, _private(certificates, "client"))
    target = wrapClientTLS(options, TCP4ClientEndpoint(the_reactor(), "127.0.0.1", port))
    return await _listen(case, TCP4ServerEndpoint(the_reactor(), 0, interface="127.0.0.1"), target)


async def out_of_tls(case: TestCase, port: int, certificates: Certificates) -> int:
    """Take TLS connections to a peer on this machine that talks plain TCP only.

    :param port: of the peer.
    :param certificates: the relay shows the certificate of the node among them.
    :return: the port of the relay, until the end of the test.
    """
    node = _private(certificates, "node")
    options = CertificateOptions(
        privateKey=node.privateKey.original,
        certificate=node.original,
        trustRoot=trustRootFromCertificates([_certificate(certificates, "ca")]),
        # A server of Twisted that is told none answers our ALPN with an empty name, at which
        # OpenSSL ends the handshake with internal_error.
        acceptableProtocols=[ALPN_PROTOCOL],
    )
    listener = SSL4ServerEndpoint(the_reactor(), 0, options, interface="127.0.0.1")
    return await _listen(case, listener, TCP4ClientEndpoint(the_reactor(), "127.0.0.1", port))


async def _listen(case: TestCase, listener: Any, target: Any) -> int:
    listening: Any = await listener.listen(_Relay(target))

    def stop() -> Deferred[None]:
        stopped: Deferred[None] = listening.stopListening()
        return stopped

    case.addCleanup(stop)
    address = listening.getHost()
    assert isinstance(address, IPv4Address)
    port: int = address.port
    return port


def _certificate(certificates: Certificates, name: str) -> Certificate:
    loaded: Certificate = Certificate.loadPEM(certificates.certificate(name).read_bytes())
    return loaded


def _private(certificates: Certificates, name: str) -> PrivateCertificate:
    pair = PrivateCertificate.fromCertificateAndKeyPair(
        _certificate(certificates, name),
        KeyPair.load(certificates.key(name).read_bytes(), 1),  # 1: PEM
    )
    assert isinstance(pair, PrivateCertificate)
    return pair
