"""The verification of the peer's certificate, and why it failed.

OpenSSL builds the chain and judges signatures, dates, purposes and depth; it
then calls back once for every problem and once for every good certificate, the
root first.  Here the rules of ours are added: the key floors of the profile, and
on the connecting side the name of the server.  What was wrong is kept on the
connection as a :class:`~txdicomtls.errors.LinkError`, because the error that
comes out of OpenSSL afterwards says only "certificate verify failed".

An exception in a callback fails the handshake: pyOpenSSL answers OpenSSL with a
refusal and raises it again from ``do_handshake``.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from OpenSSL import SSL, crypto

from txdicomtls.errors import HandshakeFailed, LinkError
from txdicomtls.tls.keys import weakness_of
from txdicomtls.tls.names import (
    presented_names,
    printable,
    subject_of,
    verify_certificate_name,
)
from txdicomtls.tls.profiles import Profile

#: How many certificates may stand between the peer's own and a trusted one.
VERIFY_DEPTH = 3

VerifyCallback = Callable[[SSL.Connection, crypto.X509, int, int, int], bool]


class LinkConnection(SSL.Connection):
    """An OpenSSL connection that knows its side, and remembers why its peer was refused.

    :param is_client: whether this is the connecting side.
    :param profile: name of the profile that the context was made for.
    :param server_name: what we connect to, in A-labels; empty on the accepting side.
    """

    def __init__(
        self, context: SSL.Context, *, is_client: bool, profile: str, server_name: str = ""
    ) -> None:
        super().__init__(context, None)
        self.is_client = is_client
        self.profile = profile
        self.server_name = server_name
        self.refusal: LinkError | None = None


_CODES = SSL.X509VerificationCodes

#: Errors for which the certificate lacks a trusted issuer.
_NO_TRUSTED_ISSUER = frozenset(
    {
        _CODES.ERR_UNABLE_TO_GET_ISSUER_CERT,
        _CODES.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        _CODES.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        _CODES.ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        _CODES.ERR_SELF_SIGNED_CERT_IN_CHAIN,
        _CODES.ERR_CERT_UNTRUSTED,
    }
)

#: What is wrong, and the alert that OpenSSL sends for it, where neither needs the certificate.
_PROBLEMS: dict[int, tuple[str, str]] = {
    _CODES.ERR_CERT_SIGNATURE_FAILURE: ("has a false signature", "decrypt_error"),
    _CODES.ERR_CERT_CHAIN_TOO_LONG: (
        f"has a chain of more than {VERIFY_DEPTH} intermediate certificates",
        "unknown_ca",
    ),
    _CODES.ERR_CERT_REVOKED: ("has been revoked: have a new one issued", "certificate_revoked"),
    _CODES.ERR_INVALID_CA: ("was issued by a certificate that is not that of a CA", "unknown_ca"),
    _CODES.ERR_PATH_LENGTH_EXCEEDED: (
        "was issued by a CA that may not stand so deep in a chain",
        "unknown_ca",
    ),
    _CODES.ERR_INVALID_PURPOSE: (
        "may not be used for {purpose} authentication: see its (extended) key usage",
        "unsupported_certificate",
    ),
    # Not named by pyOpenSSL: X509_V_ERR_EE_KEY_TOO_SMALL, _CA_KEY_TOO_SMALL, _CA_MD_TOO_WEAK.
    66: ("has a key that is too short", "bad_certificate"),
    67: ("was issued by a CA whose key is too short", "bad_certificate"),
    68: ("is in a chain with a signature whose hash is too weak", "bad_certificate"),
}


def verify_callback(profile: Profile) -> VerifyCallback:
    """Make the verification callback of a context.

    :param profile: whose key floors hold.
    :return: for :meth:`OpenSSL.SSL.Context.set_verify`; its connections must be
        :class:`LinkConnection`.
    """

    def verify(
        connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int
    ) -> bool:
        if not isinstance(connection, LinkConnection):
            raise TypeError("this context makes LinkConnections only")
        try:
            peer = certificate.to_cryptography()
            if not ok:
                connection.refusal = _refusal(connection, peer, error, depth)
            else:
                _check(connection, peer, depth, profile)
        except (ValueError, UnsupportedAlgorithm) as problem:
            connection.refusal = HandshakeFailed(
                f"{_whose(connection, depth)} cannot be read: {problem}", by_peer=False
            )
        except LinkError as refusal:
            connection.refusal = refusal
        return connection.refusal is None

    return verify


def _check(
    connection: LinkConnection, certificate: x509.Certificate, depth: int, profile: Profile
) -> None:
    """Apply our own rules to a certificate that OpenSSL takes."""
    weak = weakness_of(certificate, profile)
    if weak:
        raise HandshakeFailed(
            f"{_described(connection, certificate, depth)} cannot be taken: {weak} "
            f"by profile {profile.name}",
            by_peer=False,
        )
    if depth == 0:
        # Read here what is shown later, so that a certificate that cannot be read is refused.
        presented_names(certificate), subject_of(certificate)
        if connection.is_client:
            verify_certificate_name(certificate, connection.server_name)


def _whose(connection: LinkConnection, depth: int) -> str:
    owner = "server" if connection.is_client else "client"
    return f"the certificate of the {owner}" if depth == 0 else f"a CA certificate of the {owner}"


def _described(connection: LinkConnection, certificate: x509.Certificate, depth: int) -> str:
    return f"{_whose(connection, depth)} ({subject_of(certificate) or 'without a subject'})"


def _refusal(
    connection: LinkConnection, certificate: x509.Certificate, error: int, depth: int
) -> HandshakeFailed:
    """Say what OpenSSL found wrong."""
    if error == _CODES.ERR_CERT_HAS_EXPIRED:
        text = f"expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC: have it renewed"
        alert = "certificate_expired"
    elif error == _CODES.ERR_CERT_NOT_YET_VALID:
        text = (
            f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC: "
            "check the clocks of both machines"
        )
        alert = "bad_certificate"
    elif error in _NO_TRUSTED_ISSUER:
        issuer = printable(certificate.issuer.rfc4514_string())
        text = (
            f"was not issued by a CA that this node trusts (issuer: {issuer}): add the "
            "certificate of that CA to trust, or have the peer send the certificates between"
        )
        alert = "unknown_ca"
    else:
        text, alert = _PROBLEMS.get(error, (f"failed verification ({_code_name(error)})", ""))
        text = text.format(purpose="server" if connection.is_client else "client")
    described = _described(connection, certificate, depth)
    return HandshakeFailed(f"{described} {text}", by_peer=False, alert=alert)


def _code_name(error: int) -> str:
    for name, code in vars(_CODES).items():
        if code == error and name.startswith("ERR_"):
            return name.removeprefix("ERR_").lower().replace("_", " ")
    return f"OpenSSL verification error {error}"
