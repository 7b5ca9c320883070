"""Which certificate a node must have shown to be believed its AE title.

PS3.15 leaves open how a certificate and an AE title belong together, so whoever runs
the node says it for each peer: by a subject alternative name (RFC 5280 4.2.1.6), by the
subject, or by the fingerprint.  All comparisons are exact: a wildcard names no single node, so
none is taken here, and one in a certificate matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from txdicomtls.tls.names import is_ip_address, normalized_server_name

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateBinding:
    """What one certificate of a node may be known by; one of all these is enough.

    Make one with :meth:`of`, from texts.
    """

    alternative_names: frozenset[x509.GeneralName] = frozenset()
    subjects: frozenset[x509.Name] = frozenset()
    common_names: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        san: Iterable[str] = (),
        subject: Iterable[str] = (),
        fingerprint: Iterable[str] = (),
    ) -> Self:
        """Read what people write.

        :param san: subject alternative names; see :func:`alternative_name`.
        :param subject: subjects in the words of RFC 4514, as "CN=ct1,O=Hospital"; without any
            "=" it is the common name alone.
        :param fingerprint: SHA-256 of certificates in hexadecimal, with colons or without.
        :raises ValueError: one of them is none.
        """
        subjects = tuple(subject)
        return cls(
            alternative_names=frozenset(map(alternative_name, san)),
            subjects=frozenset(subject_name(each) for each in subjects if "=" in each),
            common_names=frozenset(each for each in subjects if "=" not in each),
            fingerprints=frozenset(map(fingerprint_of, fingerprint)),
        )

    def matches(self, certificate: x509.Certificate | None) -> bool:
        """Whether this certificate, which the link has verified, is one of these."""
        if certificate is None:
            return False
        return (
            certificate.fingerprint(SHA256()).hex() in self.fingerprints
            or certificate.subject in self.subjects
            or _common_name(certificate) in self.common_names
            or not self.alternative_names.isdisjoint(_alternative_names(certificate))
        )


def alternative_name(text: str) -> x509.GeneralName:
    """Read a subject alternative name.

    :param text: an IP address, a URI (it has a colon), an e-mail address (it has an "@"), or a
        DNS name in any script.
    :raises ValueError: it is none of these.
    """
    if is_ip_address(text):
        return x509.IPAddress(ip_address(text))
    if not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is no name in a certificate")
    try:
        if ":" in text:
            return x509.UniformResourceIdentifier(text)
        if "@" in text:
            return _mail(text)
    except ValueError:
        raise ValueError(f"{text!r} has other characters than ASCII") from None
    if "*" in text:
        raise ValueError(f"{text!r} would name many nodes: write the whole name of this one")
    return x509.DNSName(normalized_server_name(text))


def subject_name(text: str) -> x509.Name:
    """Read a subject.

    :param text: as RFC 4514 writes it, the last attribute first.
    :raises ValueError: it is not written so.
    """
    try:
        return x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no subject in the words of RFC 4514: {error}") from None


def fingerprint_of(text: str) -> str:
    """Read the SHA-256 of a certificate.

    :return: 64 hexadecimal digits in lower case.
    :raises ValueError: it is none.
    """
    digits = text.replace(":", "").lower()
    if not _SHA256.fullmatch(digits):
        raise ValueError("the SHA-256 fingerprint of a certificate has 64 hexadecimal digits")
    return digits


def _common_name(certificate: x509.Certificate) -> str | None:
    # With several it is up to whoever reads it which one counts, so none does.
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def _alternative_names(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return set()  # what cannot be read identifies nobody
    return {_comparable(name) for name in names}


def _comparable(name: x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.DNSName):
        return x509.DNSName(name.value.removesuffix(".").lower())
    if isinstance(name, x509.RFC822Name):
        return _mail(name.value)
    return name


def _mail(address: str) -> x509.RFC822Name:
    # Case counts before the "@" only (RFC 5280 7.5).
    mailbox, at, domain = address.rpartition("@")
    return x509.RFC822Name(mailbox + at + domain.lower())
