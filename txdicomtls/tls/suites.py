"""Cipher suites by name: what each part of the name promises.

The two tables below are the whole vocabulary; the grammar around them is

- IANA, up to TLS 1.2: ``TLS_`` key exchange ``_WITH_`` cipher [``_`` hash]
- IANA, TLS 1.3: ``TLS_`` cipher ``_`` hash
- OpenSSL, up to TLS 1.2: [key exchange ``-``] cipher [``-`` hash]; for TLS 1.3 the IANA name.

so that every suite made of known parts is understood, in use here or not: what
a peer or a retired profile names must be readable too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteDescription:
    """A cipher suite, taken apart.

    :param iana_name: as in the IANA registry.
    :param openssl_name: as OpenSSL calls it.
    :param key_exchange: as "ECDHE"; empty for TLS 1.3, where the suite does not say.
    :param authentication: as "RSA"; empty for TLS 1.3.
    :param encryption: algorithm, key length and mode, as "AES-256-GCM"; "NULL" for none.
    :param encryption_bits: strength that the key length gives.
    :param mode: as "GCM"; "stream" for a cipher that has no mode of operation.
    :param integrity: "AEAD", or as "HMAC-SHA1".
    """

    iana_name: str
    openssl_name: str
    key_exchange: str
    authentication: str
    encryption: str
    encryption_bits: int
    mode: str
    integrity: str


class _KeyExchange(NamedTuple):
    iana: str
    openssl: str
    exchange: str
    authentication: str


class _Cipher(NamedTuple):
    iana: str
    openssl: str
    encryption: str
    bits: int
    mode: str


_KEY_EXCHANGES = (
    _KeyExchange("ECDHE_ECDSA", "ECDHE-ECDSA-", "ECDHE", "ECDSA"),
    _KeyExchange("ECDHE_RSA", "ECDHE-RSA-", "ECDHE", "RSA"),
    _KeyExchange("DHE_RSA", "DHE-RSA-", "DHE", "RSA"),
    _KeyExchange("DHE_DSS", "DHE-DSS-", "DHE", "DSS"),
    _KeyExchange("ECDH_ECDSA", "ECDH-ECDSA-", "ECDH", "ECDSA"),
    _KeyExchange("ECDH_RSA", "ECDH-RSA-", "ECDH", "RSA"),
    _KeyExchange("ECDH_anon", "AECDH-", "ECDH", "anon"),
    _KeyExchange("DH_anon", "ADH-", "DH", "anon"),
    _KeyExchange("RSA", "", "RSA", "RSA"),
)

_CIPHERS = (
    _Cipher("AES_128_GCM", "AES128-GCM", "AES-128-GCM", 128, "GCM"),
    _Cipher("AES_256_GCM", "AES256-GCM", "AES-256-GCM", 256, "GCM"),
    _Cipher("AES_128_CCM_8", "AES128-CCM8", "AES-128-CCM-8", 128, "CCM_8"),
    _Cipher("AES_256_CCM_8", "AES256-CCM8", "AES-256-CCM-8", 256, "CCM_8"),
    _Cipher("AES_128_CCM", "AES128-CCM", "AES-128-CCM", 128, "CCM"),
    _Cipher("AES_256_CCM", "AES256-CCM", "AES-256-CCM", 256, "CCM"),
    _Cipher("AES_128_CBC", "AES128", "AES-128-CBC", 128, "CBC"),
    _Cipher("AES_256_CBC", "AES256", "AES-256-CBC", 256, "CBC"),
    _Cipher("CHACHA20_POLY1305", "CHACHA20-POLY1305", "CHACHA20-POLY1305", 256, "POLY1305"),
    _Cipher("CAMELLIA_128_GCM", "CAMELLIA128-GCM", "CAMELLIA-128-GCM", 128, "GCM"),
    _Cipher("CAMELLIA_256_GCM", "CAMELLIA256-GCM", "CAMELLIA-256-GCM", 256, "GCM"),
    _Cipher("CAMELLIA_128_CBC", "CAMELLIA128", "CAMELLIA-128-CBC", 128, "CBC"),
    _Cipher("CAMELLIA_256_CBC", "CAMELLIA256", "CAMELLIA-256-CBC", 256, "CBC"),
    _Cipher("3DES_EDE_CBC", "DES-CBC3", "3DES-EDE-CBC", 112, "CBC"),
    _Cipher("DES_CBC", "DES-CBC", "DES-CBC", 56, "CBC"),
    _Cipher("SEED_CBC", "SEED", "SEED-CBC", 128, "CBC"),
    _Cipher("IDEA_CBC", "IDEA-CBC", "IDEA-CBC", 128, "CBC"),
    _Cipher("RC4_128", "RC4", "RC4", 128, "stream"),
    _Cipher("NULL", "NULL", "NULL", 0, "stream"),
)

_HASHES = ("", "SHA384", "SHA256", "SHA", "MD5")
_AEAD_MODES = ("GCM", "CCM", "CCM_8", "POLY1305")


def _integrity(cipher: _Cipher, hash_name: str) -> str:
    if cipher.mode in _AEAD_MODES:
        return "AEAD"
    return "HMAC-SHA1" if hash_name == "SHA" else f"HMAC-{hash_name}"


def _openssl_hash(cipher: _Cipher, hash_name: str) -> str:
    # OpenSSL leaves the hash out where RFC 7905 defines only one.
    if cipher.mode == "POLY1305" or not hash_name:
        return ""
    return f"-{hash_name}"


def _describe(exchange: _KeyExchange | None, cipher: _Cipher, hash_name: str) -> SuiteDescription:
    suffix = f"_{hash_name}" if hash_name else ""
    if exchange is None:
        iana_name = openssl_name = f"TLS_{cipher.iana}{suffix}"
    else:
        iana_name = f"TLS_{exchange.iana}_WITH_{cipher.iana}{suffix}"
        openssl_name = exchange.openssl + cipher.openssl + _openssl_hash(cipher, hash_name)
    return SuiteDescription(
        iana_name=iana_name,
        openssl_name=openssl_name,
        key_exchange=exchange.exchange if exchange else "",
        authentication=exchange.authentication if exchange else "",
        encryption=cipher.encryption,
        encryption_bits=cipher.bits,
        mode=cipher.mode,
        integrity=_integrity(cipher, hash_name),
    )


def _has_hash(exchange: _KeyExchange | None, cipher: _Cipher, hash_name: str) -> bool:
    """Whether the grammar allows this hash; only CCM in TLS 1.2 has none (RFC 6655, RFC 7251)."""
    if exchange is not None and cipher.mode in ("CCM", "CCM_8"):
        return not hash_name
    if exchange is None or cipher.mode == "GCM":
        return hash_name in ("SHA256", "SHA384")
    if cipher.mode == "POLY1305":
        return hash_name == "SHA256"
    return bool(hash_name)


@cache
def _suites_by_name() -> dict[str, SuiteDescription]:
    """Every sentence of the grammar, by both names."""
    aead = [cipher for cipher in _CIPHERS if cipher.mode in _AEAD_MODES]
    known: dict[str, SuiteDescription] = {}
    for exchange in (None, *_KEY_EXCHANGES):
        for cipher in aead if exchange is None else _CIPHERS:
            for hash_name in _HASHES:
                if _has_hash(exchange, cipher, hash_name):
                    suite = _describe(exchange, cipher, hash_name)
                    known[suite.iana_name] = suite
                    known[suite.openssl_name] = suite
    return known


def describe_suite(name: str) -> SuiteDescription:
    """Take a cipher suite apart.

    :param name: IANA or OpenSSL name.
    :raises ValueError: the name has a part that is not known.
    """
    try:
        return _suites_by_name()[name]
    except KeyError:
        raise ValueError(f"{name!r} is not a cipher suite that is known here") from None
