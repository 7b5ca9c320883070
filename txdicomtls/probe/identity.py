"""The certificates that a server shows, and what a client would find wrong with them."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from txdicomtls.errors import PeerNameMismatch
from txdicomtls.probe.facts import CertificateFacts, ChainFacts
from txdicomtls.tls.certificates import describe_certificate
from txdicomtls.tls.keys import key_of, signature_hash_of
from txdicomtls.tls.names import printable, verify_certificate_name
from txdicomtls.tls.trust import Trust


def judge_chain(
    chain: tuple[bytes, ...], staple: bytes, *, host: str, trust: Trust | None, now: datetime
) -> ChainFacts:
    """Read a chain and say what is wrong with it.

    :param chain: certificates as served, DER, at least one.
    :param staple: the OCSP response that came with it, DER; empty for none.
    :param host: DNS name or IP address that we connected to.
    :param trust: who may vouch for it; None where nobody was named.
    :param now: the time, aware of its zone.
    """
    certificates: list[x509.Certificate] = []
    facts: list[CertificateFacts] = []
    problems: list[str] = []
    for number, octets in enumerate(chain, 1):
        try:
            certificate = x509.load_der_x509_certificate(octets)
            facts.append(_certificate_facts(certificate, now))
        except (ValueError, UnsupportedAlgorithm) as error:
            problems.append(printable(f"certificate {number} of the chain cannot be read: {error}"))
        else:
            certificates.append(certificate)
    is_trusted: bool | None = None
    if certificates and len(certificates) == len(chain):
        problems += _own_problems(certificates[0], host)
        problems += _dates(facts, now)
        if trust is not None:
            untrusted = _untrusted(certificates, trust, now)
            is_trusted = not untrusted
            problems += [untrusted] if untrusted else []
    elif trust is not None:
        is_trusted = False
    return ChainFacts(
        certificates=tuple(facts),
        problems=tuple(problems),
        is_trusted=is_trusted,
        staple=_staple_in_words(staple),
    )


def _certificate_facts(certificate: x509.Certificate, now: datetime) -> CertificateFacts:
    description = describe_certificate(certificate)
    return CertificateFacts(
        certificate=certificate,
        description=description,
        days_left=(description.not_after - now).days,
        signature_hash=signature_hash_of(certificate),
    )


def _own_problems(certificate: x509.Certificate, host: str) -> list[str]:
    problems = []
    try:
        verify_certificate_name(certificate, host)
    except PeerNameMismatch as error:
        names = ", ".join(error.presented) or "no name at all"
        problems.append(f"it is for {names}, not for {host}")
    except ValueError as error:
        problems.append(printable(f"its names cannot be compared with {host}: {error}"))
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return problems
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & {*usage}:
        problems.append("it may not be used for a server: see its extended key usage")
    return problems


def _dates(facts: list[CertificateFacts], now: datetime) -> list[str]:
    problems = []
    for each in facts:
        described = each.description
        if described.not_after < now:
            when = f"expired on {described.not_after:%Y-%m-%d %H:%M} UTC"
        elif described.not_before > now:
            when = f"is not valid before {described.not_before:%Y-%m-%d %H:%M} UTC"
        else:
            continue
        problems.append(f"the certificate of {described.subject or 'nobody'} {when}")
    return problems


def _untrusted(certificates: list[x509.Certificate], trust: Trust, now: datetime) -> str:
    """Why the chain leads to no CA of the trust; empty where it does."""
    own, *others = certificates
    if own in trust.pinned:
        return ""
    store = crypto.X509Store()
    # As our links have it: what is trusted need not be a root.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    # An expired certificate is a problem of its own, said with its date.
    store.set_time(max(own.not_valid_before_utc, min(now, own.not_valid_after_utc)))
    for trusted in trust.certificates:
        store.add_cert(crypto.X509.from_cryptography(trusted))
    context = crypto.X509StoreContext(
        store,
        crypto.X509.from_cryptography(own),
        [crypto.X509.from_cryptography(other) for other in others],
    )
    try:
        context.verify_certificate()
    except crypto.X509StoreContextError as error:
        return f"it does not lead to a CA that was given: {error}"
    return ""


def _staple_in_words(staple: bytes) -> str:
    if not staple:
        return "none"
    try:
        response = ocsp.load_der_ocsp_response(staple)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return f"refused: {response.response_status.name.lower().replace('_', ' ')}"
        status = response.certificate_status.name.lower()
        until = response.next_update_utc
    except (ValueError, UnsupportedAlgorithm):
        return "cannot be read"
    return f"{status}, until {until:%Y-%m-%d %H:%M} UTC" if until else status


def curve_of(certificate: bytes) -> str:
    """The curve of the key in a certificate, DER; empty for another key, or none to be read."""
    try:
        key = key_of(x509.load_der_x509_certificate(certificate))
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return key.name.removeprefix("EC ") if key.name.startswith("EC ") else ""


def readable_name(name: bytes) -> str:
    """A distinguished name (RFC 4514) from its DER; its first bytes where it cannot be read."""
    try:
        return printable(x509.Name.from_bytes(name).rfc4514_string())
    except ValueError:
        return f"a name that cannot be read ({name[:16].hex(' ')})"
