"""Endpoints of a DICOM link over TLS, and the arguments of their ``dicomtls:`` strings.

The certificates and keys that a string names are read when its endpoint is used, in
threads, and the password of a key may be asked for then: so an endpoint takes a
security that there is, or a way to get one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ServerEndpoint, TCP6ServerEndpoint
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
from txdicomtls.interfaces import IPasswordSource, IReactor
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    ClientCertificate,
    EnvironmentPassword,
    FilePassword,
    Security,
    load_security,
    wrap_factory,
)

#: The security of an endpoint, or what loads it, once for each use.
SecurityOrLoader = Security | Callable[[], Deferred[Security]]

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
        creator = security.client_creator(self._host)
        try:
            transport: Any = await tcp.connect(wrap_factory(creator, True, factory, self._reactor))
        except (ConnectError, DNSLookupError) as error:
            raise PeerUnreachable(self._host, self._port, str(error)) from error
        protocol: IProtocol = transport.wrappedProtocol
        return protocol


def server_endpoint_from_strings(
    reactor: IReactor,
    port: str = str(DICOM_TLS_PORT),
    *,
    interface: str = "",
    backlog: str = "128",
    client_certificate: str = "required",
    **files: str,
) -> ServerEndpoint:
    """The endpoint of ``dicomtls:PORT:certificate=FILE:key=FILE:trust=FILE``.

    :param port: TCP port; 0 for any that is free.
    :param interface: address to listen on; all IPv4 ones by default.
    :param client_certificate: ``required``, ``optional`` or ``none``.
    :param files: see :func:`security_from_strings`.
    :raises ValueError: an argument is missing, unknown or wrong; the text names it.
    """
    for needed in ("certificate", "key"):
        if needed not in files:
            msg = f"dicomtls: {needed}=FILE is missing: a server must have a certificate and a key"
            raise ValueError(msg)
    wanted = _choice("client_certificate", client_certificate, ClientCertificate)
    tcp_endpoint = TCP6ServerEndpoint if ":" in interface else TCP4ServerEndpoint
    return ServerEndpoint(
        reactor,
        tcp_endpoint(reactor, _port(port), _number("backlog", backlog), interface),
        security_from_strings(reactor, wanted, **files),
    )


def client_endpoint_from_strings(
    reactor: IReactor,
    host: str = "",
    port: str = str(DICOM_TLS_PORT),
    *,
    timeout: str = "10",
    **files: str,
) -> ClientEndpoint:
    """The endpoint of ``dicomtls:HOST:PORT:certificate=FILE:key=FILE:trust=FILE``.

    :param host: DNS name or IP address; the peer's certificate must be for it.
    :param timeout: seconds for the transport connection.
    :param files: see :func:`security_from_strings`; without certificate and key we stay
        anonymous, which most nodes refuse.
    :raises ValueError: an argument is missing, unknown or wrong; the text names it.
    """
    if not host:
        msg = "dicomtls: the host is missing, as in dicomtls:pacs.example:2762:trust=ca.crt"
        raise ValueError(msg)
    return ClientEndpoint(
        reactor,
        host,
        _port(port),
        security_from_strings(reactor, **files),
        timeout=_number("timeout", timeout),
    )


def security_from_strings(
    reactor: IReactor,
    client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
    /,
    **files: str,
) -> Callable[[], Deferred[Security]]:
    """How to get the security that the arguments of an endpoint string describe.

    Known are ``certificate``, ``key``, ``trust`` (files; several separated by commas),
    ``profile``, and where the password of the key comes from: ``password_file`` or
    ``password_env``.

    :raises ValueError: an argument is missing or unknown; the text names it.
    """
    known = {"certificate", "key", "trust", "profile", "password_file", "password_env"}
    unknown = sorted(set(files) - known)
    if unknown:
        msg = f"dicomtls: unknown argument {unknown[0]}; known are {', '.join(sorted(known))}"
        raise ValueError(msg)
    if "trust" not in files:
        msg = "dicomtls: trust=FILE is missing: the CA certificates that peers must come from"
        raise ValueError(msg)
    in_thread = in_thread_of(reactor)
    password: IPasswordSource | None = None
    if "password_file" in files:
        password = FilePassword(Path(files["password_file"]), in_thread)
    elif "password_env" in files:
        password = EnvironmentPassword(files["password_env"], os.environ)
    return partial(
        load_security,
        certificate=_path(files.get("certificate")),
        private_key=_path(files.get("key")),
        trust=[Path(name) for name in files["trust"].split(",")],
        password=password,
        client_certificate=client_certificate,
        in_thread=in_thread,
        **({"profile": files["profile"]} if "profile" in files else {}),
    )


async def _loaded(security: SecurityOrLoader) -> Security:
    return security if isinstance(security, Security) else await security()


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def _port(text: str) -> int:
    port = _number("port", text)
    if not 0 <= port <= 65535:
        msg = f"dicomtls: port must be 0 to 65535, not {text}"
        raise ValueError(msg)
    return port


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        msg = f"dicomtls: {name} must be a number, not {text!r}"
        raise ValueError(msg) from None


def _choice(name: str, text: str, choices: type[ClientCertificate]) -> ClientCertificate:
    try:
        return choices[text.upper()]
    except KeyError:
        known = ", ".join(choice.name.lower() for choice in choices)
        msg = f"dicomtls: {name} must be one of {known}, not {text!r}"
        raise ValueError(msg) from None
