"""What cryptography has gained since version 38, as far as txdicomtls uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.bindings._rust import x509 as rust_x509
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
    types,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

# New names of types, which had their old ones up to version 39.
_TYPES = {
    "PublicKeyTypes": "PUBLIC_KEY_TYPES",
    "PrivateKeyTypes": "PRIVATE_KEY_TYPES",
    "CertificateIssuerPrivateKeyTypes": "CERTIFICATE_PRIVATE_KEY_TYPES",
    "CertificateIssuerPublicKeyTypes": "CERTIFICATE_ISSUER_PUBLIC_KEY_TYPES",
    "CertificatePublicKeyTypes": "CERTIFICATE_PUBLIC_KEY_TYPES",
}

# This class has no name that could be imported.
_OCSPResponse = type(ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER))
_STATUS_TIMES = ("this_update", "next_update", "revocation_time")

# Times that from version 42 on come with their zone as well, under a name with "_utc".
_TIMES: dict[type, tuple[str, ...]] = {
    rust_x509.Certificate: ("not_valid_before", "not_valid_after"),
    rust_x509.CertificateRevocationList: ("last_update", "next_update"),
    rust_x509.RevokedCertificate: ("revocation_date",),
    _OCSPResponse: ("produced_at", *_STATUS_TIMES),
}

# Public keys that could not be compared before version 40.
_KEYS = (
    rsa.RSAPublicKey,
    dsa.DSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)

_PEM = re.compile(rb"-----BEGIN ((?:X509 )?CERTIFICATE)-----.*?-----END \1-----", re.DOTALL)


def _load_pem_x509_certificates(data: bytes) -> list[x509.Certificate]:
    found = [match[0] for match in _PEM.finditer(data)]
    if not found:
        raise ValueError("Unable to load PEM file")
    return [x509.load_pem_x509_certificate(pem) for pem in found]


def _verify_directly_issued_by(certificate: Any, issuer: x509.Certificate) -> None:  # noqa: ANN401  # of Rust
    if certificate.issuer != issuer.subject:
        raise ValueError("Issuer certificate subject does not match certificate issuer")
    key: Any = issuer.public_key()
    signed = (certificate.signature, certificate.tbs_certificate_bytes)
    hash_algorithm = certificate.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(*signed, padding.PKCS1v15(), hash_algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(*signed, ec.ECDSA(hash_algorithm))
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        key.verify(*signed)
    else:
        raise TypeError("the key of the issuer cannot sign certificates")


def _name_from_bytes(data: bytes) -> x509.Name:
    # Only as a part of something can a name be read: here of a signing request, of Ed25519
    # (RFC 8410) as the shortest, whose signature nobody looks at.
    algorithm = _sequence(bytes.fromhex("06032b6570"))
    key = _sequence(algorithm, b"\x03\x21\x00", bytes(32))
    request = _sequence(b"\x02\x01\x00", data, key, b"\xa0\x00")
    return x509.load_der_x509_csr(_sequence(request, algorithm, b"\x03\x01\x00")).subject


def _sequence(*parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return b"\x30" + bytes((size,)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"\x30" + bytes((0x80 | len(length),)) + length + content


def _same_key(one: Any, other: object) -> bool:  # noqa: ANN401  # each key has its own type
    return type(one) is type(other) and _der(one) == _der(other)


def _der(key: Any) -> bytes:  # noqa: ANN401  # likewise
    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def _with_zone(name: str) -> property:
    def get(self: object) -> datetime | None:
        time: datetime | None = getattr(self, name)
        return None if time is None else time.replace(tzinfo=UTC)

    return property(get)


def _add_times(kind: type, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(kind, f"{name}_utc", _with_zone(name))


def _responses_of(old: Any) -> property:  # noqa: ANN401  # a descriptor of Rust's
    def get(self: object) -> Iterator[object]:
        for response in old.__get__(self):
            # Their class is not to be had before there is one of them.
            _add_times(type(response), _STATUS_TIMES)
            yield response

    return property(get)


def install() -> None:
    """Give the cryptography of this process what it lacks."""
    additions: tuple[tuple[object, str, object], ...] = (
        (x509, "load_pem_x509_certificates", _load_pem_x509_certificates),
        (x509.Name, "from_bytes", staticmethod(_name_from_bytes)),
        (rust_x509.Certificate, "verify_directly_issued_by", _verify_directly_issued_by),
        (_OCSPResponse, "responses", _responses_of(vars(_OCSPResponse)["responses"])),
        *((types, new, getattr(types, old)) for new, old in _TYPES.items()),
        *((kind, "__eq__", _same_key) for kind in _KEYS),
    )
    for owner, name, value in additions:
        setattr(owner, name, value)
    for kind, names in _TIMES.items():
        _add_times(kind, names)
