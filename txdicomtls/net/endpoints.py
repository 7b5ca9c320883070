"""Endpoints of a DICOM link over TLS.

A security may take its time (files, the password of a key), so an endpoint takes one that
there is, or a way to get one when the endpoint is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from txdicomtls.errors import PeerUnreachable
from txdicomtls.interfaces import IReactor
from txdicomtls.tls import (
    RotatingSecurity,
    Security,
    wrap_factory,
)

#: The security of an endpoint, or what loads it, once for each use.
SecurityOrLoader = Security | RotatingSecurity | Callable[[], Deferred[Security]]

#: Registered for DICOM over TLS (PS3.8 9.1.1).
DICOM_TLS_PORT = 2762


@implementer(IStreamServerEndpoint)
class ServerEndpoint:
    """Where an acceptor listens.

    :param reactor: what it listens with.
    :param tcp: the endpoint of the transport below TLS.
    :param security: how links are secured, or what loads that.
    """

    def __init__(
        self, reactor: IReactor, tcp: IStreamServerEndpoint, security: SecurityOrLoader
    ) -> None:
        self._reactor = reactor
        self._tcp = tcp
        self._security = security

    def listen(
        self, protocolFactory: IProtocolFactory
    ) -> Deferred[IListeningPort]:  # Twisted's name
        """Listen once the certificates are there.

        :raises txdicomtls.errors.CredentialError: they cannot be used.
        :raises twisted.internet.error.CannotListenError: the port is taken.
        """
        return Deferred.fromCoroutine(self._listen(protocolFactory))

    async def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        security = await _loaded(self._security)
        return await self._tcp.listen(
            wrap_factory(security.server_creator(), False, factory, self._reactor)
        )


@implementer(IStreamClientEndpoint)
class ClientEndpoint:
    """Whom a requestor connects to.

    :param reactor: what it connects with.
    :param host: DNS name or IP address; the peer's certificate must be for it.
    :param port: TCP port.
    :param security: how links are secured, or what loads that.
    :param timeout: seconds for the transport connection below TLS.
    """

    def __init__(
        self,
        reactor: IReactor,
        host: str,
        port: int,
        security: SecurityOrLoader,
        *,
        timeout: float = 10.0,
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._security = security
        self._timeout = timeout

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # Twisted's name
        """Connect; fires with the protocol before its link is ready: ask it for that.

        :raises txdicomtls.errors.PeerUnreachable: nobody answers there.
        :raises txdicomtls.errors.CredentialError: our own certificates cannot be used.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        security = await _loaded(self._security)
        tcp = HostnameEndpoint(self._reactor, self._host, self._port, timeout=self._timeout)
        if isinstance(security, RotatingSecurity):
            security = security.current
        try:
            creator = security.client_creator(self._host, self._port)
        except ValueError as error:  # the host is none
            raise PeerUnreachable(self._host, self._port, str(error)) from None
        try:
            transport: Any = await tcp.connect(wrap_factory(creator, True, factory, self._reactor))
        except (ConnectError, DNSLookupError) as error:
            raise PeerUnreachable(self._host, self._port, str(error)) from error
        protocol: IProtocol = transport.wrappedProtocol
        return protocol


async def _loaded(security: SecurityOrLoader) -> Security | RotatingSecurity:
    return security if isinstance(security, Security | RotatingSecurity) else await security()
