"""Public keys in certificates: what they are, and whether a profile takes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
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
    return f"its key {weak}" if weak else ""


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
