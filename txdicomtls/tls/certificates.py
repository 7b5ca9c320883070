"""Certificates in words: what a person wants to know of each one in a chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from txdicomtls.tls.keys import KeyDescription, key_of
from txdicomtls.tls.names import REMEMBERED, presented_names, printable, subject_of

#: Key usages, as attributes of the extension, with the words of RFC 5280 4.2.1.3.
_KEY_USAGES = {
    "digital_signature": "digital signature",
    "content_commitment": "non-repudiation",
    "key_encipherment": "key encipherment",
    "data_encipherment": "data encipherment",
    "key_agreement": "key agreement",
    "key_cert_sign": "certificate signing",
    "crl_sign": "CRL signing",
}

#: Extended key usages (RFC 5280 4.2.1.12).
_EXTENDED_KEY_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS server",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS client",
    ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "e-mail",
    ExtendedKeyUsageOID.TIME_STAMPING: "time stamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP signing",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDescription:
    """One certificate.

    :param subject: whose it is (RFC 4514).
    :param issuer: who vouches for that.
    :param serial: serial number, hexadecimal.
    :param not_before: the first moment of its validity, in UTC.
    :param not_after: the last one.
    :param names: DNS names, IP addresses and URIs that it is for.
    :param is_ca: whether it may issue others.
    :param purposes: what its key may be used for; empty where it does not say.
    :param key: its public key.
    :param sha256: fingerprint, 64 hexadecimal digits.
    :param sha1: fingerprint by which old systems know it, 40 hexadecimal digits.
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    is_ca: bool
    purposes: tuple[str, ...]
    key: KeyDescription
    sha256: str
    sha1: str


@lru_cache(REMEMBERED)
def describe_certificate(certificate: x509.Certificate) -> CertificateDescription:
    """Take a certificate apart."""
    return CertificateDescription(
        subject=subject_of(certificate),
        issuer=printable(certificate.issuer.rfc4514_string()),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=presented_names(certificate),
        is_ca=_is_ca(certificate),
        purposes=(*_key_usages(certificate), *_extended_key_usages(certificate)),
        key=key_of(certificate),
        sha256=certificate.fingerprint(SHA256()).hex(),
        sha1=certificate.fingerprint(SHA1()).hex(),  # noqa: S303  # a name, not a proof
    )


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _key_usages(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(words for name, words in _KEY_USAGES.items() if getattr(usage, name))


def _extended_key_usages(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(_EXTENDED_KEY_USAGES.get(usage, usage.dotted_string) for usage in usages)
