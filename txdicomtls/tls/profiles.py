"""The secure transport connection profiles of PS3.15 Annex B, as data.

A profile says what may be negotiated and nothing else; whether a client must
show a certificate, and whom to trust, is for the site to decide.  Another
profile is one more literal in :data:`PROFILES`.

Finite-field Diffie-Hellman is in none but those that demand it, whatever they
permit (RFC 10015).  Where a profile needs OpenSSL's security level 0, OpenSSL no
longer refuses short keys and weak hashes: the floors of the profile are then
held by :mod:`txdicomtls.tls.keys` and by the lists of groups and signature
algorithms alone.
"""

from __future__ import annotations

from txdicomtls.tls.profile import STRONG_SIGNATURES, Preference, Profile, TLSVersion

__all__ = [
    "DEFAULT_PROFILE",
    "PROFILES",
    "Preference",
    "Profile",
    "TLSVersion",
    "profile_named",
]

# In these the field of each curve has 255 bits or more.
_GROUPS = ("X25519", "secp256r1", "secp384r1", "secp521r1")

# Since 4.0 OpenSSL needs those of RFC 7919 for finite-field Diffie-Hellman in TLS 1.2 too.
_GROUPS_WITH_DHE = (*_GROUPS, "ffdhe2048", "ffdhe3072")

# OpenSSL 3.0 knows the first of the two under no other name.
_SHA1_SIGNATURES = (*STRONG_SIGNATURES, "ECDSA+SHA1", "RSA+SHA1")
_SHA1_HASHES = frozenset(("sha1", "sha224", "sha256", "sha384", "sha512"))

_AES_GCM_OF_RSA = (
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
)

_TLS13 = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
)

#: RFC 9325 4.2 recommends the four AES-GCM suites; the two of RFC 7905 are as
#: strong and faster where the processor does not help with AES.  Finite-field
#: Diffie-Hellman and CBC are left out on purpose (RFC 9325 4.1, RFC 10015).
BCP195_RFC9325 = Profile(
    name="bcp195-rfc9325",
    section="PS3.15 B.12",
    title="BCP 195 RFC 8996, 9325 TLS",
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
    tls13_cipher_suites=_TLS13,
    groups=("X25519MLKEM768", *_GROUPS),
)

#: Five suites of TLS 1.3 and ten of TLS 1.2 are required, and nothing else is permitted.
#: OpenSSL takes the CCM_8 ones, whose tags have 64 bits, at level 0 only; they come last.
BCP195_RFC9325_MODIFIED = Profile(
    name="bcp195-rfc9325-modified",
    section="PS3.15 B.13",
    title="Modified BCP 195 RFC 8996, 9325 TLS",
    minimum_version=TLSVersion.TLS_1_2,
    maximum_version=TLSVersion.TLS_1_3,
    cipher_suites=(
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
    ),
    tls13_cipher_suites=(
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    ),
    groups=_GROUPS,
    optional=frozenset(
        (
            "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
        )
    ),
    security_level=0,
    exclusive=True,
)

#: What BCP 195 was when RFC 7525 was it, with the way down to the AES profile: TLS 1.0 and
#: its suite.  OpenSSL speaks TLS 1.0 and 1.1 at level 0 only.
BCP195 = Profile(
    name="bcp195",
    section="PS3.15 B.9",
    title="BCP 195 TLS",
    minimum_version=TLSVersion.TLS_1_0,
    maximum_version=TLSVersion.TLS_1_3,
    cipher_suites=(
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
    ),
    tls13_cipher_suites=_TLS13,
    groups=_GROUPS,
    security_level=0,
    retired=True,
    added_key_exchanges=frozenset(("ECDHE", "RSA")),
    added_integrities=frozenset(("AEAD", "HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA384")),
)

BCP195_NON_DOWNGRADING = Profile(
    name="bcp195-non-downgrading",
    section="PS3.15 B.10",
    title="Non-Downgrading BCP 195 TLS",
    minimum_version=TLSVersion.TLS_1_2,
    maximum_version=TLSVersion.TLS_1_3,
    cipher_suites=_AES_GCM_OF_RSA,
    tls13_cipher_suites=_TLS13,
    groups=_GROUPS_WITH_DHE,
    dh_bits=2048,
    retired=True,
    added_key_exchanges=frozenset(("ECDHE", "DHE")),
    added_integrities=frozenset(("AEAD",)),
)

#: The four suites of B.10, eight more that should be there, and nothing else: no TLS 1.3.
BCP195_EXTENDED = Profile(
    name="bcp195-extended",
    section="PS3.15 B.11",
    title="Extended BCP 195 TLS",
    minimum_version=TLSVersion.TLS_1_2,
    maximum_version=TLSVersion.TLS_1_2,
    cipher_suites=(
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
    ),
    tls13_cipher_suites=(),
    groups=_GROUPS_WITH_DHE,
    dh_bits=2048,
    optional=frozenset(
        (
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
            "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
            "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
        )
    ),
    retired=True,
    exclusive=True,
)


def _of_old(name: str, section: str, title: str, *suites: str, optional: str = "") -> Profile:
    """Make a profile of the time of TLS 1.0, when keys of 1024 bits and SHA-1 were good."""
    return Profile(
        name=name,
        section=section,
        title=title,
        minimum_version=TLSVersion.TLS_1_0,
        maximum_version=TLSVersion.TLS_1_2,
        cipher_suites=suites,
        tls13_cipher_suites=(),
        groups=_GROUPS_WITH_DHE,
        rsa_bits=1024,
        optional=frozenset((optional,)) if optional else frozenset(),
        signature_algorithms=_SHA1_SIGNATURES,
        signature_hashes=_SHA1_HASHES,
        security_level=0,
        retired=True,
        added_bits=112,
        added_key_exchanges=frozenset(("DHE", "ECDHE", "RSA")),
        added_integrities=frozenset(("AEAD", "HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA384")),
    )


AES = _of_old(
    "aes",
    "PS3.15 B.3",
    "AES TLS",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    optional="TLS_RSA_WITH_3DES_EDE_CBC_SHA",
)

BASIC = _of_old("basic", "PS3.15 B.1", "Basic TLS", "TLS_RSA_WITH_3DES_EDE_CBC_SHA")

#: Certificates and integrity without encryption, for networks that are private anyway.
ATNA_UNENCRYPTED = _of_old(
    "atna-unencrypted", "IHE ITI-19", "IHE ATNA, unencrypted", "TLS_RSA_WITH_NULL_SHA"
)

DEFAULT_PROFILE = BCP195_RFC9325

PROFILES = {
    profile.name: profile
    for profile in (
        BCP195_RFC9325,
        BCP195_RFC9325_MODIFIED,
        BCP195,
        BCP195_NON_DOWNGRADING,
        BCP195_EXTENDED,
        AES,
        BASIC,
        ATNA_UNENCRYPTED,
    )
}


def profile_named(name: str) -> Profile:
    """Find a profile by its name.

    :raises ValueError: there is none of this name; the text lists those that there are.
    """
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(sorted(PROFILES))
        raise ValueError(f"there is no security profile {name!r}; known are: {known}") from None
