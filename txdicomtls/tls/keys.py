"""Keys and signatures of certificates: what they are, and whether a profile takes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from txdicomtls.tls.profiles import Profile


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """A public key in words.

    :param algorithm: what it authenticates with, as "ECDSA".
    :param name: type and curve, as "EC secp256r1" or "RSA".
    :param bits: its length.
    """

    algorithm: str
    name: str
    bits: int


def describe_key(key: CertificatePublicKeyTypes) -> KeyDescription:
    """Say what a public key is."""
    if isinstance(key, rsa.RSAPublicKey):
        return KeyDescription("RSA", "RSA", key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return KeyDescription("ECDSA", f"EC {key.curve.name}", key.key_size)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeyDescription("Ed25519", "Ed25519", 256)
    if isinstance(key, ed448.Ed448PublicKey):
        return KeyDescription("Ed448", "Ed448", 456)
    if isinstance(key, dsa.DSAPublicKey):
        return KeyDescription("DSA", "DSA", key.key_size)
    return KeyDescription(type(key).__name__, type(key).__name__, 0)


@lru_cache(256)
def key_of(certificate: x509.Certificate) -> KeyDescription:
    """Say what the public key of a certificate is; the same peers come again and again."""
    return describe_key(certificate.public_key())


def weakness_of(certificate: x509.Certificate, profile: Profile) -> str:
    """Say why a profile does not take a certificate, whatever its issuer says.

    :return: as "its key is RSA with 1024 bits, and 2048 are needed"; empty where it is good.
    """
    weak = weakness(key_of(certificate), profile)
    if weak:
        return f"its key {weak}"
    used = signature_hash_of(certificate)
    # A self-signed certificate is believed for another reason than its signature, or not at all.
    if used in ("", *profile.signature_hashes) or _is_self_signed(certificate):
        return ""
    return f"its signature is made with {used}, and {_one_of(profile.signature_hashes)} is needed"


@lru_cache(256)
def signature_hash_of(certificate: x509.Certificate) -> str:
    """Say with which hash a certificate is signed.

    :return: as "sha256"; empty where the signature algorithm has none to choose, as Ed25519;
        the object identifier of an algorithm that is not known.
    """
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return certificate.signature_algorithm_oid.dotted_string
    return used.name if used else ""


#: How the object identifiers of signatures with a kind of key begin.
_SIGNATURE_PREFIXES = {"RSA": "1.2.840.113549.1.1.", "ECDSA": "1.2.840.10045.4."}


def _is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether OpenSSL takes a certificate for its own issuer, and so looks for no other.

    Its rule is followed, and nothing is verified: what it takes for self-signed it believes
    only where the certificate itself is listed, and there the signature does not matter.
    """
    if certificate.subject != certificate.issuer:
        return False
    signature = certificate.signature_algorithm_oid.dotted_string
    algorithm = key_of(certificate).algorithm
    for kind, prefix in _SIGNATURE_PREFIXES.items():
        if signature.startswith(prefix) != (algorithm == kind):
            return False
    issuer = _extension(certificate, x509.AuthorityKeyIdentifier)
    if issuer is None:
        return True
    own = _extension(certificate, x509.SubjectKeyIdentifier)
    if issuer.key_identifier and own and own.key_identifier != issuer.key_identifier:
        return False
    return issuer.authority_cert_serial_number in (None, certificate.serial_number)


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _one_of(hashes: frozenset[str]) -> str:
    *others, last = sorted(hashes)
    return f"{', '.join(others)} or {last}" if others else last


def weakness(description: KeyDescription, profile: Profile) -> str:
    """Say why a profile does not take a public key.

    :return: as "is RSA with 1024 bits, and 2048 are needed"; empty where it is good.
    """
    floors = {"RSA": profile.rsa_bits, "ECDSA": profile.ec_bits, "Ed25519": 0, "Ed448": 0}
    floor = floors.get(description.algorithm)
    if floor is None:
        return f"is {description.name}, and only RSA, EC and EdDSA are taken"
    if description.bits < floor:
        return f"is {description.name} with {description.bits} bits, and {floor} are needed"
    return ""
