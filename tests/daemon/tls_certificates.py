"""Certificates that no CA would issue and no library would make, put together octet by octet.

All that is in a certificate (RFC 5280 4.1) is an argument; the signature is a true one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)

SEQUENCE, SET, INTEGER, BIT_STRING, OCTET_STRING, OID, BOOLEAN = 48, 49, 2, 3, 4, 6, 1
UTF8_STRING, UTC_TIME, GENERALIZED_TIME = 12, 23, 24

#: The first year that a date may have (RFC 5280 4.1.2.5), and the last.
IN_1950, IN_9999 = b"\x17\x0d500101000000Z", b"\x18\x0f99991231235959Z"


def der(tag: int, *contents: bytes) -> bytes:
    """One element of DER."""
    content = b"".join(contents)
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 128 | len(octets))) + octets + content


def oid(dotted: str) -> bytes:
    """An object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray((first * 40 + second,))
    for number in rest:
        groups = [number & 127]
        while number := number >> 7:
            groups.append(128 | number & 127)
        octets += bytes(reversed(groups))
    return der(OID, bytes(octets))


def name(common_name: bytes) -> bytes:
    """A Name with one common name, of any octets."""
    attribute = der(SEQUENCE, oid("2.5.4.3"), der(UTF8_STRING, common_name))
    return der(SEQUENCE, der(SET, attribute))


def utc_time(moment: datetime) -> bytes:
    """A time."""
    return der(UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode())


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """An extension."""
    flag = der(BOOLEAN, b"\xff") if critical else b""
    return der(SEQUENCE, oid(dotted), flag, der(OCTET_STRING, value))


def basic_constraints(*, is_ca: bool, path_length: int | None = None) -> bytes:
    """BasicConstraints (RFC 5280 4.2.1.9)."""
    flag = der(BOOLEAN, b"\xff") if is_ca else b""
    length = der(INTEGER, bytes((path_length,))) if path_length is not None else b""
    return extension("2.5.29.19", der(SEQUENCE, flag, length), critical=True)


def key_usage(bits: int) -> bytes:
    """KeyUsage (RFC 5280 4.2.1.3): 80H for digitalSignature, 04H for keyCertSign."""
    return extension("2.5.29.15", der(BIT_STRING, bytes((0, bits))), critical=True)


def extended_key_usage(*purposes: str) -> bytes:
    """ExtendedKeyUsage (RFC 5280 4.2.1.12)."""
    return extension("2.5.29.37", der(SEQUENCE, *map(oid, purposes)))


def alternative_names(*dns_names: bytes) -> bytes:
    """SubjectAlternativeName of DNS names (RFC 5280 4.2.1.6)."""
    return extension("2.5.29.17", der(SEQUENCE, *(der(0x82, each) for each in dns_names)))


SERVER_AUTH, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
LEAF = (basic_constraints(is_ca=False), extended_key_usage(CLIENT_AUTH))
AUTHORITY = (basic_constraints(is_ca=True), key_usage(0x06))

#: Object identifiers of ECDSA and of RSA with a hash.
_SIGNATURES = {
    ("ec", "sha1"): "1.2.840.10045.4.1",
    ("ec", "sha256"): "1.2.840.10045.4.3.2",
    ("rsa", "md5"): "1.2.840.113549.1.1.4",
    ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "sha256"): "1.2.840.113549.1.1.11",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303  # that is the point
    "sha1": hashes.SHA1(),  # noqa: S303  # likewise
    "sha256": hashes.SHA256(),
}


@cache
def private_key(kind: str, number: int = 0) -> PrivateKey:
    """A key of a kind; the same one for the same number."""
    del number
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    curves = {"p192": ec.SECP192R1(), "p224": ec.SECP224R1(), "p256": ec.SECP256R1()}
    return ec.generate_private_key(curves[kind])


def key_pem(key: PrivateKey) -> bytes:
    """A private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_octets(key: PrivateKey | dsa.DSAPrivateKey) -> bytes:
    """SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def dsa_octets() -> bytes:
    """SubjectPublicKeyInfo of a key for DSA."""
    return public_octets(dsa.generate_private_key(2048))


def rsa_octets(key: PrivateKey, exponent: int) -> bytes:
    """SubjectPublicKeyInfo of a key for RSA with another exponent."""
    assert isinstance(key, rsa.RSAPrivateKey)
    modulus = b"\0" + key.public_key().public_numbers().n.to_bytes(key.key_size // 8)
    numbers = der(SEQUENCE, der(INTEGER, modulus), der(INTEGER, bytes((exponent,))))
    algorithm = der(SEQUENCE, oid("1.2.840.113549.1.1.1"), b"\x05\0")
    return der(SEQUENCE, algorithm, der(BIT_STRING, b"\0", numbers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who issues: its subject in DER, and its key.

    :param chain: its own certificate and those above, without the root.
    :param own: its own certificate, of a root.
    """

    subject: bytes
    key: PrivateKey
    chain: tuple[bytes, ...] = ()
    own: bytes = b""

    def issue(
        self,
        public: bytes,
        *,
        subject: bytes = name(b"impostor"),  # never changed
        version: int = 3,
        begin: bytes = utc_time(NOW - DAY),  # likewise
        end: bytes = utc_time(NOW + DAY),  # likewise
        extensions: Sequence[bytes] = LEAF,
        digest: str = "sha256",
    ) -> list[bytes]:
        """A certificate, and what is above it."""
        kind = "ec" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "rsa"
        algorithm = der(SEQUENCE, oid(_SIGNATURES[kind, digest]), b"\x05\0" * (kind == "rsa"))
        tbs = der(
            SEQUENCE,
            der(0xA0, der(INTEGER, b"\x02")) if version == 3 else b"",
            der(INTEGER, b"\x01" + _next_number().to_bytes(4)),
            algorithm,
            self.subject,
            der(SEQUENCE, begin, end),
            subject,
            public,
            der(0xA3, der(SEQUENCE, *extensions)) if extensions else b"",
        )
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            signature = self.key.sign(tbs, ec.ECDSA(_HASHES[digest]))
        else:
            signature = self.key.sign(tbs, padding.PKCS1v15(), _HASHES[digest])
        return [der(SEQUENCE, tbs, algorithm, der(BIT_STRING, b"\0", signature)), *self.chain]

    def below(
        self,
        common_name: bytes = b"below",
        kind: str = "p256",
        *,
        extensions: Sequence[bytes] = AUTHORITY,
        version: int = 3,
        digest: str = "sha256",
    ) -> Issuer:
        """Another issuer, certified by this one."""
        key = private_key(kind, _next_number())
        subject = name(common_name)
        chain = self.issue(
            public_octets(key),
            subject=subject,
            extensions=extensions,
            version=version,
            digest=digest,
        )
        return Issuer(subject=subject, key=key, chain=tuple(chain))


def root(common_name: bytes = b"root", kind: str = "p256") -> Issuer:
    """One that is certified by itself; its certificate is :attr:`Issuer.own`."""
    subject, key = name(common_name), private_key(kind, _next_number())
    issuer = Issuer(subject=subject, key=key)
    (own,) = issuer.issue(public_octets(key), subject=subject, extensions=AUTHORITY)
    return Issuer(subject=subject, key=key, own=own)


_numbers = count(1)


def _next_number() -> int:
    return next(_numbers)
