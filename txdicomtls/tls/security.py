"""The security of a node's links: what is negotiated, what is shown, who is believed.

A :class:`Security` builds its OpenSSL contexts whole when it is made and never
changes them; to change anything is to make another one and use it for the links
that come.  Sessions are not resumed (no tickets, no cache), so that every link
is judged by the rules of its own day; nothing is compressed or renegotiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from OpenSSL import SSL, crypto
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from txdicomtls.errors import CredentialError, HandshakeFailed
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.bindings import restrict_groups
from txdicomtls.tls.credentials import Credentials, load_credentials
from txdicomtls.tls.names import is_ip_address, normalized_server_name, printable
from txdicomtls.tls.profiles import DEFAULT_PROFILE, Profile, TLSVersion, profile_named
from txdicomtls.tls.trust import Trust, load_trust
from txdicomtls.tls.verification import VERIFY_DEPTH, LinkConnection, verify_callback

#: The ALPN protocol identifier that IANA has registered for DICOM (RFC 7301).
ALPN_PROTOCOL = b"dicom"

_VERSIONS = {
    TLSVersion.TLS_1_2: SSL.TLS1_2_VERSION,
    TLSVersion.TLS_1_3: SSL.TLS1_3_VERSION,
}

_OPTIONS = (
    SSL.OP_NO_COMPRESSION
    | SSL.OP_NO_RENEGOTIATION
    | SSL.OP_NO_TICKET
    | SSL.OP_CIPHER_SERVER_PREFERENCE
)

# SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets without naming it: with it one
# SSL_write makes one record of 16 KiB and returns, without it all the records.
_PARTIAL_WRITE = 0x1

# SSL_MODE_NO_AUTO_CHAIN, likewise without a name: what is sent are the certificates of the
# credentials, and not a chain that OpenSSL builds and verifies anew for each handshake.
_NO_AUTO_CHAIN = 0x8


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


@implementer(IOpenSSLServerConnectionCreator)
class _ServerCreator:
    def __init__(self, context: SSL.Context, profile: str) -> None:
        self._context = context
        self._profile = profile

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        return LinkConnection(self._context, is_client=False, profile=self._profile)


@implementer(IOpenSSLClientConnectionCreator)
class _ClientCreator:
    def __init__(self, context: SSL.Context, profile: str, server_name: str) -> None:
        self._context = context
        self._profile = profile
        self._server_name = normalized_server_name(server_name)

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        name = self._server_name
        connection = LinkConnection(
            self._context, is_client=True, profile=self._profile, server_name=name
        )
        if not is_ip_address(name):
            connection.set_tlsext_host_name(name.encode("ascii"))
        return connection


class Security:
    """All that links of one kind have in common, ready for use.

    :param profile: what may be negotiated.
    :param trust: who may vouch for peers.
    :param credentials: what this node shows; None makes a client without a certificate.
    :param client_certificate: what a server wants from its clients.
    :raises ValueError: the OpenSSL in use lacks something that the profile names.
    """

    def __init__(
        self,
        *,
        profile: Profile,
        trust: Trust,
        credentials: Credentials | None,
        client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
    ) -> None:
        _require_suites(profile)
        self.profile = profile
        self.trust = trust
        self.credentials = credentials
        self.client_certificate = client_certificate
        self._client_context = _make_context(profile, trust, credentials)
        self._client_context.set_alpn_protos([ALPN_PROTOCOL])
        self._client_context.set_verify(SSL.VERIFY_PEER, verify_callback(profile))
        self._server_context = _make_context(profile, trust, credentials)
        self._server_context.set_alpn_select_callback(_select_protocol)
        self._server_context.set_verify(_VERIFY_MODES[client_certificate], verify_callback(profile))

    def server_creator(self) -> IOpenSSLServerConnectionCreator:
        """Connections for the accepting side.

        :raises ValueError: there are no credentials, without which there is no server.
        """
        if self.credentials is None:
            raise ValueError("a server needs a certificate and its private key")
        return _ServerCreator(self._server_context, self.profile.name)

    def client_creator(self, server_name: str) -> IOpenSSLClientConnectionCreator:
        """Connections for the connecting side, to one server.

        :param server_name: DNS name or IP address that its certificate must be for.
        :raises ValueError: it is neither.
        """
        return _ClientCreator(self._client_context, self.profile.name, server_name)


def load_security(
    *,
    certificate: Path | None,
    private_key: Path | None,
    trust: Sequence[Path],
    password: IPasswordSource | None = None,
    profile: str = DEFAULT_PROFILE.name,
    client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
    in_thread: InThread,
) -> Deferred[Security]:
    """Read all the files and make a :class:`Security` of them.

    :param certificate: PEM file; None, with ``private_key`` None, for a client without one.
    :param private_key: PEM file.
    :param trust: PEM files.
    :param password: for an encrypted private key.
    :param profile: name of the profile.
    :param client_certificate: what a server wants from its clients.
    :param in_thread: runs what blocks.
    :return: fails with :class:`~txdicomtls.errors.CredentialError` and its subclasses, and
        with :exc:`ValueError` for an unknown profile.
    """

    async def load() -> Security:
        wanted = profile_named(profile)
        credentials = None
        if certificate is not None and private_key is not None:
            credentials = await load_credentials(
                certificate, private_key, password, in_thread=in_thread, profile=wanted
            )
        elif certificate is not None or private_key is not None:
            raise CredentialError(
                certificate or private_key or "",
                "a certificate and its private key go together: name both",
            )
        return Security(
            profile=wanted,
            trust=await load_trust(trust, in_thread=in_thread),
            credentials=credentials,
            client_certificate=client_certificate,
        )

    return Deferred.fromCoroutine(load())


def _make_context(profile: Profile, trust: Trust, credentials: Credentials | None) -> SSL.Context:
    """Make what the contexts of both sides have in common."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_options(_OPTIONS)
    context.clear_mode(_PARTIAL_WRITE)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS | _NO_AUTO_CHAIN)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    _restrict_to(context, profile)
    context.set_verify_depth(VERIFY_DEPTH)
    store = context.get_cert_store()
    if store is None:
        raise ValueError("the OpenSSL in use made a context without a certificate store")
    # What is listed in the trust is trusted itself, also where it is not a root: a site may
    # trust one issuing CA, or one peer, and not all that their root has ever signed.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for trusted in trust.certificates:
        store.add_cert(crypto.X509.from_cryptography(trusted))
    if credentials is not None:
        context.use_certificate(credentials.certificate)
        for intermediate in credentials.chain:
            context.add_extra_chain_cert(intermediate)
        context.use_privatekey(credentials.private_key)
        context.check_privatekey()
    return context


def _restrict_to(context: SSL.Context, profile: Profile) -> None:
    context.set_min_proto_version(_VERSIONS[profile.minimum_version])
    context.set_max_proto_version(_VERSIONS[profile.maximum_version])
    context.set_cipher_list(":".join(profile.openssl_ciphers).encode("ascii"))
    context.set_tls13_ciphersuites(":".join(profile.tls13_cipher_suites).encode("ascii"))
    restrict_groups(context, profile.groups)


def _require_suites(profile: Profile) -> None:
    """Refuse a profile that OpenSSL knows in part: it passes over suites that it does not know."""
    context = SSL.Context(SSL.TLS_METHOD)
    _restrict_to(context, profile)
    wanted = {*profile.openssl_ciphers, *profile.tls13_cipher_suites}
    missing = wanted.difference(SSL.Connection(context, None).get_cipher_list())
    if missing:
        raise ValueError(
            f"profile {profile.name} needs {', '.join(sorted(missing))}, "
            f"which the OpenSSL in use lacks"
        )


def _select_protocol(connection: SSL.Connection, offered: list[bytes]) -> bytes:
    if ALPN_PROTOCOL in offered:
        return ALPN_PROTOCOL
    if isinstance(connection, LinkConnection):
        names = printable(", ".join(name.decode("ascii", "backslashreplace") for name in offered))
        connection.refusal = HandshakeFailed(
            f"the client wants to speak {names}, and not DICOM: it is not a DICOM application",
            by_peer=False,
            alert="no_application_protocol",
        )
    # Only an exception makes pyOpenSSL send the alert that is due (RFC 7301 3.2).
    raise SSL.Error([("", "", "no common application protocol")])
