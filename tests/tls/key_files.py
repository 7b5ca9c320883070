"""Keys and certificates as files of every form, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.tls.certificates import Issued
from txdicomtls.tls.credentials import PrivateKey

RIGHT = b"open sesame"

#: Each form that a private key can have in a file of its own.
FORMS = {
    "PKCS #8 PEM": (Encoding.PEM, PrivateFormat.PKCS8),
    "PKCS #8 DER": (Encoding.DER, PrivateFormat.PKCS8),
    "traditional PEM": (Encoding.PEM, PrivateFormat.TraditionalOpenSSL),
    "traditional DER": (Encoding.DER, PrivateFormat.TraditionalOpenSSL),
}


def encryption(password: bytes | None) -> KeySerializationEncryption:
    return NoEncryption() if password is None else BestAvailableEncryption(password)


def key_bytes(key: PrivateKey, form: str, password: bytes | None = None) -> bytes:
    """A private key in one of the forms."""
    return key.private_bytes(*FORMS[form], encryption(password))


def pkcs12_bytes(
    issued: Issued,
    password: bytes | None = None,
    *,
    chain: Iterable[x509.Certificate] | None = None,
) -> bytes:
    """A key, its certificate and its chain in one."""
    others = list(issued.chain if chain is None else chain)
    return pkcs12.serialize_key_and_certificates(
        b"node", issued.key, issued.certificate, others or None, encryption(password)
    )


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write a file with this mode."""
    path.write_bytes(content)
    path.chmod(mode)
    return path
