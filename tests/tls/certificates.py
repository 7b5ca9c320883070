"""Certificates for tests, good and bad, and the keys that they need, made once each."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from txdicomtls.tls import Credentials, Trust
from txdicomtls.tls.credentials import PrivateKey

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
BOTH_PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@cache
def private_key(kind: str, number: int = 0) -> PrivateKey:
    """A key of a kind; the same one for the same number."""
    del number
    match kind:
        case "rsa2048":
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case "rsa1024":
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
        case "p224":
            return ec.generate_private_key(ec.SECP224R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def general_name(text: str) -> x509.GeneralName:
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@dataclass(frozen=True)
class Issued:
    """A certificate, its key, and the chain above it up to, but without, the root."""

    certificate: x509.Certificate
    key: PrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def credentials(self) -> Credentials:
        return Credentials(certificate=self.certificate, chain=self.chain, private_key=self.key)

    @property
    def trust(self) -> Trust:
        return Trust((self.certificate,))

    @property
    def certificate_pem(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain))

    def key_pem(
        self, password: bytes | None = None, encoding: PrivateFormat = PrivateFormat.PKCS8
    ) -> bytes:
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, encoding, encryption)

    def issue(
        self,
        *names: str,
        subject: str = "node",
        kind: str = "p256",
        begin: datetime = NOW - DAY,
        end: datetime = NOW + DAY,
        purposes: Sequence[x509.ObjectIdentifier] = BOTH_PURPOSES,
        is_ca: bool = False,
    ) -> Issued:
        """Issue a certificate below this one."""
        key = private_key(kind, 1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if purposes and not is_ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if names:
            alternatives = x509.SubjectAlternativeName([general_name(text) for text in names])
            builder = builder.add_extension(alternatives, critical=False)
        is_root = self.certificate.subject == self.certificate.issuer
        chain = () if is_root else (self.certificate, *self.chain)
        return Issued(builder.sign(self.key, signature_hash(self.key)), key, chain)


def signature_hash(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def authority(subject: str = "Test CA", kind: str = "p256") -> Issued:
    """A root."""
    key = private_key(kind)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, signature_hash(key))
    )
    return Issued(certificate, key)


#: The CA that the tests trust, and one that they do not.
CA = authority()
OTHER_CA = authority("Other CA", kind="p384")
