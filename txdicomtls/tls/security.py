"""The security of a node's links: what is negotiated, what is shown, who is believed.

A :class:`Security` builds its OpenSSL contexts whole when it is made and never
changes them; to change anything is to make another one and use it for the links
that come: :class:`RotatingSecurity` does so behind a port that stays open.
Nothing is compressed or renegotiated; how sessions are taken up again is told in
:mod:`txdicomtls.tls.sessions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from cryptography import x509
from OpenSSL import SSL
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from txdicomtls.tls.capabilities import without_missing
from txdicomtls.tls.contexts import choose_by_name, client_context, server_context
from txdicomtls.tls.credentials import Credentials
from txdicomtls.tls.key_log import KeyLog
from txdicomtls.tls.names import is_ip_address, normalized_server_name, presented_names
from txdicomtls.tls.ocsp import must_staple, staple_callback
from txdicomtls.tls.profiles import Profile
from txdicomtls.tls.server_names import ServerNames
from txdicomtls.tls.sessions import ClientSessions
from txdicomtls.tls.trust import Stapling, Trust
from txdicomtls.tls.verification import LinkConnection, Verification


class ClientCertificate(Enum):
    """Whether a server asks its clients for a certificate; one that is shown is verified."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


_VERIFY_MODES = {
    ClientCertificate.REQUIRED: SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
    ClientCertificate.OPTIONAL: SSL.VERIFY_PEER,
    ClientCertificate.NONE: SSL.VERIFY_NONE,
}


class Security:
    """All that links of one kind have in common, ready for use.

    :param profile: what may be negotiated.
    :param trust: who may vouch for peers.
    :param credentials: what this node shows; None makes a client without a certificate.
    :param further: what a server shows to clients that ask for one of their names (RFC 6066 3).
    :param client_certificate: what a server wants from its clients.
    :param verify_names: False to connect to servers whose certificate is for somebody else:
        then everyone whom the trust vouches for can pass for everyone else.
    :param resumption: whether sessions may be taken up again.
    :param key_log: writes the keys of all links down.
    :raises ValueError: the OpenSSL in use lacks something that the profile needs; or there is
        something further to show, but nothing for the others.
    """

    log = Logger()

    def __init__(
        self,
        *,
        profile: Profile,
        trust: Trust,
        credentials: Credentials | None,
        further: Sequence[Credentials] = (),
        client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
        verify_names: bool = True,
        resumption: bool = True,
        key_log: KeyLog | None = None,
    ) -> None:
        if credentials is None and further:
            raise ValueError("a server needs a certificate for clients that name none, too")
        profile = without_missing(profile)
        self.profile = profile
        self.trust = trust
        self.credentials = credentials
        self.further = tuple(further)
        self.client_certificate = client_certificate
        self.verify_names = verify_names
        if not verify_names:
            self.log.warn(
                "NAMES OF SERVERS ARE NOT VERIFIED: whoever has a certificate that is trusted can "
                "pass for any of them"
            )
        # A session says nothing of the status that was stapled when it began.
        may_resume = resumption and trust.stapling is not Stapling.REQUIRED
        self.sessions = ClientSessions() if may_resume else None
        self.verification = Verification(profile, trust)
        staple = None if trust.stapling is Stapling.IGNORED else staple_callback(profile, trust)
        self.client_context = client_context(
            profile, self.verification, credentials, key_log, staple=staple
        )
        contexts = [
            server_context(
                profile,
                self.verification,
                shown,
                key_log,
                verify_mode=_VERIFY_MODES[client_certificate],
                resumption=resumption,
            )
            for shown in (credentials, *self.further)
            if shown is not None
        ]
        self.server_context = contexts[0] if contexts else None
        if len(contexts) > 1:
            names = [presented_names(shown.certificate) for shown in self.all_credentials]
            choose_by_name(contexts[0], ServerNames(zip(names, contexts, strict=True)))

    @property
    def all_credentials(self) -> tuple[Credentials, ...]:
        """What this node may show, the usual first; empty for a client without a certificate."""
        return () if self.credentials is None else (self.credentials, *self.further)

    def server_creator(self) -> IOpenSSLServerConnectionCreator:
        """Connections for the accepting side.

        :raises ValueError: there are no credentials, without which there is no server.
        """
        if self.server_context is None:
            raise ValueError("a server needs a certificate and its private key")
        return _ServerCreator(self, self.server_context)

    def client_creator(
        self, server_name: str, port: int | None = None
    ) -> IOpenSSLClientConnectionCreator:
        """Connections for the connecting side, to one server.

        :param server_name: DNS name or IP address that its certificate must be for.
        :param port: where it listens; sessions with other ports are not taken up there.
        :raises ValueError: the name is neither.
        """
        return _ClientCreator(self, server_name, port)

    def recheck(self, connection: LinkConnection) -> tuple[x509.Certificate, ...]:
        """Verify the certificates of a session that was taken up, by the rules of now.

        :return: the verified chain.
        :raises txdicomtls.errors.LinkError: it is not good any more.
        """
        return self.verification.recheck(connection)


@implementer(IOpenSSLServerConnectionCreator)
class _ServerCreator:
    def __init__(self, security: Security, context: SSL.Context) -> None:
        self._security = security
        self._context = context

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        security = self._security
        return LinkConnection(
            self._context,
            is_client=False,
            profile=security.profile.name,
            recheck=security.recheck,
        )


@implementer(IOpenSSLClientConnectionCreator)
class _ClientCreator:
    def __init__(self, security: Security, server_name: str, port: int | None) -> None:
        self._security = security
        self._server_name = normalized_server_name(server_name)
        self._server = f"{self._server_name}:{port or ''}"

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        name, security = self._server_name, self._security
        connection = LinkConnection(
            security.client_context,
            is_client=True,
            profile=security.profile.name,
            server_name=name,
            verify_name=security.verify_names,
            recheck=security.recheck,
            keep_session=self._keep_session,
        )
        if not is_ip_address(name):
            connection.set_tlsext_host_name(name.encode("ascii"))
        if security.trust.stapling is not Stapling.IGNORED:
            connection.request_ocsp()
        session = security.sessions.take(self._server) if security.sessions else None
        if session is not None:
            connection.set_session(session)
        return connection

    def _keep_session(self, connection: LinkConnection) -> None:
        sessions, session = self._security.sessions, connection.get_session()
        # A session says nothing of the status that was stapled when it began.
        if sessions is None or session is None or any(map(must_staple, connection.chain[:1])):
            return
        sessions.keep(self._server, session)


@implementer(IOpenSSLServerConnectionCreator)
class RotatingSecurity:
    """A server's security that can be replaced while its port is open.

    Links that are there keep the one that they began with.

    :ivar current: the security of the links that come.
    """

    def __init__(self, security: Security) -> None:
        self.current = security

    def server_creator(self) -> IOpenSSLServerConnectionCreator:
        """Connections for the accepting side, each by what is current then."""
        return self

    def replace(self, security: Security) -> None:
        """Use another one from now on."""
        self.current = security

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """One connection."""
        return self.current.server_creator().serverConnectionForTLS(tlsProtocol)
