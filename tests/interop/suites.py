"""What is to be read back of a link under each suite, written by hand."""

from __future__ import annotations

from typing import NamedTuple

from txdicomtls.tls import SecureLink
from txdicomtls.tls.authority import KeyType


class Parts(NamedTuple):
    """The parts of a link that its suite decides."""

    openssl_cipher: str
    encryption: str
    encryption_bits: int
    integrity: str
    key_exchange: str


def parts_of(link: SecureLink) -> Parts:
    """What a link says of itself."""
    return Parts(
        link.openssl_cipher,
        link.encryption,
        link.encryption_bits,
        link.integrity,
        link.key_exchange,
    )


#: The five of PS3.15 B.13.
TLS_1_3_SUITES = {
    "TLS_AES_128_GCM_SHA256": Parts("TLS_AES_128_GCM_SHA256", "AES-128-GCM", 128, "AEAD", "ECDHE"),
    "TLS_AES_256_GCM_SHA384": Parts("TLS_AES_256_GCM_SHA384", "AES-256-GCM", 256, "AEAD", "ECDHE"),
    "TLS_CHACHA20_POLY1305_SHA256": Parts(
        "TLS_CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", 256, "AEAD", "ECDHE"
    ),
    "TLS_AES_128_CCM_SHA256": Parts("TLS_AES_128_CCM_SHA256", "AES-128-CCM", 128, "AEAD", "ECDHE"),
    "TLS_AES_128_CCM_8_SHA256": Parts(
        "TLS_AES_128_CCM_8_SHA256", "AES-128-CCM-8", 128, "AEAD", "ECDHE"
    ),
}

#: The ten of PS3.15 B.13.
TLS_1_2_SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": Parts(
        "ECDHE-ECDSA-AES128-GCM-SHA256", "AES-128-GCM", 128, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": Parts(
        "ECDHE-ECDSA-AES256-GCM-SHA384", "AES-256-GCM", 256, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": Parts(
        "ECDHE-RSA-AES128-GCM-SHA256", "AES-128-GCM", 128, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": Parts(
        "ECDHE-RSA-AES256-GCM-SHA384", "AES-256-GCM", 256, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": Parts(
        "ECDHE-ECDSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", 256, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": Parts(
        "ECDHE-RSA-CHACHA20-POLY1305", "CHACHA20-POLY1305", 256, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM": Parts(
        "ECDHE-ECDSA-AES128-CCM", "AES-128-CCM", 128, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_ECDSA_WITH_AES_256_CCM": Parts(
        "ECDHE-ECDSA-AES256-CCM", "AES-256-CCM", 256, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8": Parts(
        "ECDHE-ECDSA-AES128-CCM8", "AES-128-CCM-8", 128, "AEAD", "ECDHE"
    ),
    "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8": Parts(
        "ECDHE-ECDSA-AES256-CCM8", "AES-256-CCM-8", 256, "AEAD", "ECDHE"
    ),
}

#: Finite fields, which two profiles demand.
DHE_SUITES = {
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256": Parts(
        "DHE-RSA-AES128-GCM-SHA256", "AES-128-GCM", 128, "AEAD", "DHE"
    ),
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384": Parts(
        "DHE-RSA-AES256-GCM-SHA384", "AES-256-GCM", 256, "AEAD", "DHE"
    ),
}

#: The suites of the retired profiles that OpenSSL has without being told to.
RETIRED_SUITES = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": Parts("AES128-SHA", "AES-128-CBC", 128, "HMAC-SHA1", "RSA"),
    "TLS_RSA_WITH_NULL_SHA": Parts("NULL-SHA", "NULL", 0, "HMAC-SHA1", "RSA"),
}


def key_type_for(name: str) -> KeyType:
    """The kind of key that the server needs for a suite."""
    return KeyType.ECDSA if "_ECDSA_" in name else KeyType.RSA
