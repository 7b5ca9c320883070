"""The rules of ours for a peer's certificate, beside those of OpenSSL.

The key and signature floors of the profile; that the certificate is one of a node, which signs
handshakes; that its names cannot be misread; and that a server has the name that was asked for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from cryptography import x509

from txdicomtls.errors import LinkError, PeerNameMismatch
from txdicomtls.tls.keys import key_of, weakness, weakness_of
from txdicomtls.tls.names import (
    REMEMBERED,
    presented_names,
    subject_of,
    verify_certificate_name,
)
from txdicomtls.tls.profiles import Profile
from txdicomtls.tls.refusals import Suspect, refused
from txdicomtls.tls.verification_errors import VerificationError as Error


class BrokenRule(NamedTuple):
    """A certificate that is not taken.

    :param refusal: why.
    :param error: the number of OpenSSL's that comes next to it.
    """

    refusal: LinkError
    error: int


def broken_rule(
    suspect: Suspect, profile: Profile, *, is_listed: bool, server_name: str | None
) -> BrokenRule | None:
    """Look for a rule of ours that a certificate breaks.

    :param suspect: the certificate.
    :param profile: whose floors hold.
    :param is_listed: whether it is in the trust itself.
    :param server_name: what a server's must be for; None where that does not matter.
    :raises ValueError: it cannot be read.
    """
    problem = _weakness(suspect, profile, is_listed=is_listed)
    if problem is None and suspect.depth == 0:
        problem = _unfitness(suspect, profile, is_listed=is_listed)
    if problem is not None:
        text, error = problem
        return BrokenRule(refused(suspect, text, error), error)
    if suspect.depth == 0 and server_name is not None:
        try:
            verify_certificate_name(suspect.certificate, server_name)
        except PeerNameMismatch as mismatch:
            return BrokenRule(mismatch, Error.HOSTNAME_MISMATCH)
    return None


def _weakness(suspect: Suspect, profile: Profile, *, is_listed: bool) -> tuple[str, Error] | None:
    weak = weakness(key_of(suspect.certificate), profile)
    error = Error.CA_KEY_TOO_SMALL if suspect.depth else Error.EE_KEY_TOO_SMALL
    if weak:
        weak = f"its key {weak}"
    elif not is_listed:
        # Nobody relies on the signature of what is trusted itself.
        weak, error = weakness_of(suspect.certificate, profile), Error.CA_MD_TOO_WEAK
    return (f"cannot be taken: {weak} by profile {profile.name}", error) if weak else None


def _unfitness(suspect: Suspect, profile: Profile, *, is_listed: bool) -> tuple[str, Error] | None:
    facts = _facts(suspect.certificate)
    if facts.is_ca and not is_listed:
        return (
            "is that of a CA, and not of a node: have one issued for this node",
            Error.INVALID_PURPOSE,
        )
    if not facts.may_sign and not (suspect.is_client and _may_decipher_instead(profile)):
        return (
            "may not sign handshakes: have one issued with digitalSignature in its key usage",
            Error.INVALID_PURPOSE,
        )
    if facts.has_nul:
        return "has a name that ends before its end (NUL), as if to be misread", Error.CERT_REJECTED
    return None


def _may_decipher_instead(profile: Profile) -> bool:
    """Whether a server may do without signing (RFC 5246 7.4.2)."""
    return any(suite.startswith("TLS_RSA_WITH_") for suite in profile.cipher_suites)


class _Facts(NamedTuple):
    is_ca: bool
    may_sign: bool
    has_nul: bool


@lru_cache(REMEMBERED)
def _facts(certificate: x509.Certificate) -> _Facts:
    """Read what is judged and what is shown later, so that nothing remains that cannot be read."""
    extensions = certificate.extensions
    try:
        is_ca = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    try:
        may_sign = extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        may_sign = True
    subject_of(certificate), presented_names(certificate)
    shown = [str(attribute.value) for attribute in certificate.subject]
    return _Facts(is_ca, may_sign, has_nul="\0" in "".join(shown) or _has_nul_name(extensions))


def _has_nul_name(extensions: x509.Extensions) -> bool:
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return any(isinstance(name.value, str) and "\0" in name.value for name in names)
