"""OpenSSL contexts, built whole: once a link has used one, it is never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from OpenSSL import SSL

from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls.capabilities import restrict
from txdicomtls.tls.credentials import Credentials
from txdicomtls.tls.key_log import KeyLog
from txdicomtls.tls.names import printable, shortened
from txdicomtls.tls.ocsp_files import end_of_response
from txdicomtls.tls.profiles import Profile
from txdicomtls.tls.server_names import ServerNames
from txdicomtls.tls.sessions import keep_sessions
from txdicomtls.tls.verification import LinkConnection, Verification

#: Judges the response that a server has stapled, as pyOpenSSL asks for it.
StapleCheck = Callable[[SSL.Connection, bytes, object], bool]

#: The ALPN protocol identifier that IANA has registered for DICOM (RFC 7301).
ALPN_PROTOCOL = b"dicom"

# Without OP_NO_TICKET a server would give out sessions that it does not keep itself; there
# is no early data either way.
_OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET

# SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets without naming it: with it one
# SSL_write makes one record of 16 KiB and returns, without it all the records.
_PARTIAL_WRITE = 0x1

# SSL_MODE_NO_AUTO_CHAIN, likewise without a name: what is sent are the certificates of the
# credentials, and not a chain that OpenSSL builds and verifies anew for each handshake.
_NO_AUTO_CHAIN = 0x8


def client_context(
    profile: Profile,
    verification: Verification,
    credentials: Credentials | None,
    key_log: KeyLog | None,
    *,
    staple: StapleCheck | None,
) -> SSL.Context:
    """The context of connecting sides.

    :param staple: judges the stapled status of a server's certificate; None to ask for none.
    """
    context = _make_context(profile, credentials, key_log)
    context.set_alpn_protos([ALPN_PROTOCOL])
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # of OpenSSL; ours is ClientSessions
    verification.install(context, SSL.VERIFY_PEER)
    if staple is not None:
        context.set_ocsp_client_callback(staple)
    return context


def server_context(
    profile: Profile,
    verification: Verification,
    credentials: Credentials,
    key_log: KeyLog | None,
    *,
    verify_mode: int,
    resumption: bool,
) -> SSL.Context:
    """The context of accepting sides that show one certificate.

    :param verify_mode: OpenSSL's number for what is wanted of the client's certificate.
    :param resumption: whether sessions may be taken up again.
    """
    context = _make_context(profile, credentials, key_log)
    context.set_alpn_select_callback(_select_protocol)
    verification.install(context, verify_mode)
    if resumption:
        keep_sessions(context)
    else:
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    response = credentials.ocsp_response
    if response:
        end = end_of_response(response, credentials.certificate)

        def staple(_connection: SSL.Connection, _data: object) -> bytes:
            # Clients refuse a server for one that is too old, and not for none.
            return response if end is None or datetime.now(UTC) < end else b""

        context.set_ocsp_server_callback(staple)
    return context


def choose_by_name(context: SSL.Context, names: ServerNames[SSL.Context]) -> None:
    """Let a context hand its links over to others, by the name that the client indicates."""

    def choose(connection: SSL.Connection) -> None:
        try:
            indicated = (connection.get_servername() or b"").decode("ascii")
        except UnicodeDecodeError:
            return  # no name of ours: the default stays
        chosen = names.find(indicated)
        if chosen is not context:
            connection.set_context(chosen)

    context.set_tlsext_servername_callback(choose)


def _make_context(
    profile: Profile, credentials: Credentials | None, key_log: KeyLog | None
) -> SSL.Context:
    """Make what the contexts of both sides have in common."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_options(_OPTIONS)
    context.clear_mode(_PARTIAL_WRITE)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS | _NO_AUTO_CHAIN)
    restrict(context, profile)
    if credentials is not None:
        context.use_certificate(credentials.certificate)
        for intermediate in credentials.chain:
            context.add_extra_chain_cert(intermediate)
        context.use_privatekey(credentials.private_key)
        context.check_privatekey()
    if key_log is not None:
        context.set_keylog_callback(key_log)
    return context


def _select_protocol(connection: SSL.Connection, offered: list[bytes]) -> bytes:
    if ALPN_PROTOCOL in offered:
        return ALPN_PROTOCOL
    if isinstance(connection, LinkConnection):
        names = shortened(
            printable(", ".join(name.decode("ascii", "backslashreplace") for name in offered))
        )
        connection.refusal = HandshakeFailed(
            f"the client wants to speak {names}, and not DICOM: it is not a DICOM application",
            by_peer=False,
            alert="no_application_protocol",
        )
    # Only an exception makes pyOpenSSL send the alert that is due (RFC 7301 3.2).
    raise SSL.Error([("", "", "no common application protocol")])
