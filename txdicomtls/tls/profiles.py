"""The secure transport connection profiles of PS3.15 Annex B, as data.

A profile says what may be negotiated and nothing else; whether a client must
show a certificate, and whom to trust, is for the site to decide.  Another
profile is one more literal in :data:`PROFILES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from txdicomtls.tls.suites import describe_suite


class TLSVersion(Enum):
    """Versions of TLS that a profile may name."""

    TLS_1_0 = "TLSv1"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


class Preference(Enum):
    """Whose order of cipher suites decides."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What may be negotiated on a link.

    :param name: by which configurations ask for it.
    :param section: where the standard describes it.
    :param minimum_version: lowest version of TLS.
    :param maximum_version: highest version of TLS.
    :param cipher_suites: suites of TLS 1.2, IANA names, the preferred first.
    :param tls13_cipher_suites: suites of TLS 1.3, IANA names, the preferred first.
    :param groups: groups for the key exchange, OpenSSL names, the preferred first.
    :param rsa_bits: shortest RSA key in a certificate, in bits.
    :param ec_bits: shortest elliptic curve key in a certificate, in bits.
    :param optional: those of the suites that the OpenSSL in use may lack.
    :param preference: whose order decides where we are the server.
    :param signature_algorithms: for signatures in the handshake, OpenSSL names, the preferred
        first; empty for what OpenSSL takes at this security level.
    :param signature_hashes: hashes that signatures of certificates may use.
    :param security_level: OpenSSL's; below 2 only where a suite of the profile needs it.
    :param retired: the standard has given it up; it is used only where it is asked for by name.
    """

    name: str
    section: str
    minimum_version: TLSVersion
    maximum_version: TLSVersion
    cipher_suites: tuple[str, ...]
    tls13_cipher_suites: tuple[str, ...]
    groups: tuple[str, ...]
    rsa_bits: int = 2048
    ec_bits: int = 256
    optional: frozenset[str] = frozenset()
    preference: Preference = Preference.SERVER
    signature_algorithms: tuple[str, ...] = ()
    signature_hashes: frozenset[str] = frozenset(("sha256", "sha384", "sha512"))
    security_level: int = 2
    retired: bool = False

    @property
    def openssl_ciphers(self) -> tuple[str, ...]:
        """The TLS 1.2 suites by the names that OpenSSL gives them."""
        return tuple(describe_suite(name).openssl_name for name in self.cipher_suites)


#: RFC 9325 4.2 recommends the four AES-GCM suites; the two of RFC 7905 are as
#: strong and faster where the processor does not help with AES.  Finite-field
#: Diffie-Hellman and CBC are left out on purpose (RFC 9325 4.1, RFC 10015).
BCP195_RFC9325 = Profile(
    name="bcp195-rfc9325",
    section="PS3.15 B.12",
    minimum_version=TLSVersion.TLS_1_2,
    maximum_version=TLSVersion.TLS_1_3,
    cipher_suites=(
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ),
    tls13_cipher_suites=(
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
    ),
    groups=("X25519MLKEM768", "X25519", "secp256r1", "secp384r1", "secp521r1"),
)

DEFAULT_PROFILE = BCP195_RFC9325

PROFILES = {profile.name: profile for profile in (BCP195_RFC9325,)}


def profile_named(name: str) -> Profile:
    """Find a profile by its name.

    :raises ValueError: there is none of this name; the text lists those that there are.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(sorted(PROFILES))
        raise ValueError(f"there is no security profile {name!r}; known are: {known}") from None
