"""What is wrong with a peer's certificate, in one line that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls.names import shown_name
from txdicomtls.tls.revocation import CRL_ERRORS, crl_problem
from txdicomtls.tls.trust import Trust
from txdicomtls.tls.verification_errors import VerificationError as Error
from txdicomtls.tls.verification_errors import error_alert, error_words

#: What the library raises for certificates that it cannot read.
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

#: Errors for which the certificate lacks a trusted issuer.
NO_TRUSTED_ISSUER = frozenset(
    (
        Error.UNABLE_TO_GET_ISSUER_CERT,
        Error.UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Error.UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        Error.DEPTH_ZERO_SELF_SIGNED_CERT,
        Error.SELF_SIGNED_CERT_IN_CHAIN,
        Error.CERT_UNTRUSTED,
    )
)

_NO_CA = "vouches for another certificate, but is not that of a CA: have a CA issue that one"
_NAME_CONSTRAINTS = "is for a name that a CA above it may not vouch for (name constraints)"
_BAD_EXTENSION = "has an extension that cannot be read: have it issued anew"

_PROBLEMS: dict[int, str] = {
    Error.CERT_SIGNATURE_FAILURE: (
        "has a false signature: it was altered, or issued by another CA of the same name"
    ),
    Error.CERT_REVOKED: "has been revoked: have a new one issued",
    Error.INVALID_CA: _NO_CA,
    Error.INVALID_NON_CA: _NO_CA,
    Error.KEYUSAGE_NO_CERTSIGN: (
        "vouches for another certificate, but its key usage does not allow that"
    ),
    Error.PATH_LENGTH_EXCEEDED: (
        "vouches for a longer chain than its path length allows: have the CAs below it set right"
    ),
    Error.INVALID_PURPOSE: (
        "may not be used for {purpose} authentication: see its (extended) key usage"
    ),
    Error.UNHANDLED_CRITICAL_EXTENSION: (
        "has a critical extension that this node does not know: have it issued without"
    ),
    Error.INVALID_EXTENSION: _BAD_EXTENSION,
    Error.INVALID_POLICY_EXTENSION: _BAD_EXTENSION,
    Error.PERMITTED_VIOLATION: _NAME_CONSTRAINTS,
    Error.EXCLUDED_VIOLATION: _NAME_CONSTRAINTS,
    Error.EE_KEY_TOO_SMALL: "has a key that is too short",
    Error.CA_KEY_TOO_SMALL: "has a key that is too short for a CA",
    Error.CA_MD_TOO_WEAK: "has a signature whose hash is too weak",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A certificate that is to be refused.

    :param certificate: the certificate.
    :param depth: 0 for the peer's own.
    :param is_client: whether we are the connecting side.
    """

    certificate: x509.Certificate
    depth: int
    is_client: bool

    def __str__(self) -> str:
        owner = "server" if self.is_client else "client"
        whose = "the certificate" if self.depth == 0 else "a CA certificate"
        subject = shown_name(self.certificate.subject) or "without a subject"
        return f"{whose} of the {owner} ({subject})"


def alert_number(error: int) -> int:
    """The error to tell OpenSSL instead, so that the alert it makes of it is right.

    "Certificate expired" would be wrong where it is our own revocation list that has.
    """
    return Error.CRL_PATH_VALIDATION_ERROR if error in CRL_ERRORS else error


def refused(suspect: Suspect, problem: str, error: int) -> HandshakeFailed:
    """Refuse a certificate.

    :param problem: completes "the certificate ...".
    :param error: the number that OpenSSL makes an alert of.
    """
    return HandshakeFailed(
        f"{suspect} {problem}", by_peer=False, alert=error_alert(alert_number(error))
    )


def refused_by_openssl(
    suspect: Suspect, error: int, trust: Trust, now: datetime
) -> HandshakeFailed:
    """Say what OpenSSL found wrong.

    :param error: its number.
    :param trust: by which the certificate is judged.
    :param now: what this machine's clock says.
    :raises ValueError: the certificate cannot be read, which explains it better.
    """
    # OpenSSL looks for no issuer of a certificate whose extensions are damaged.
    suspect.certificate.extensions  # noqa: B018  # for what it raises
    return refused(suspect, _problem(suspect, error, trust, now), error)


def _problem(suspect: Suspect, error: int, trust: Trust, now: datetime) -> str:
    certificate = suspect.certificate
    clock = f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC"
    if error == Error.CERT_HAS_EXPIRED:
        end = certificate.not_valid_after_utc
        return f"expired on {end:%Y-%m-%d %H:%M} UTC, and {clock}: have it renewed"
    if error == Error.CERT_NOT_YET_VALID:
        begin = certificate.not_valid_before_utc
        return (
            f"is not valid before {begin:%Y-%m-%d %H:%M} UTC, and {clock}: "
            "check the clocks of both machines"
        )
    if error in NO_TRUSTED_ISSUER:
        return (
            "was not issued by a CA that this node trusts "
            f"(issuer: {shown_name(certificate.issuer)}): add the certificate of that CA to "
            "trust, or have the peer send the certificates between"
        )
    if error == Error.CERT_CHAIN_TOO_LONG:
        return f"has a chain of more than {trust.depth} intermediate certificates"
    if error in CRL_ERRORS:
        return crl_problem(error, certificate, trust.crls, now)
    purpose = "server" if suspect.is_client else "client"
    text = _PROBLEMS.get(error) or f"failed verification ({error_words(error)})"
    return text.format(purpose=purpose)
