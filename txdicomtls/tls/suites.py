"""Cipher suites by name and by code point: what each part of the name promises.

Which suites there are is in two tables of data, :mod:`txdicomtls.tls.openssl_suites`
and :mod:`txdicomtls.tls.other_suites`: the whole IANA registry, in use here or not,
because what a peer or a retired profile names must be readable too.  What a suite
gives is read from its IANA name, with the two tables below for a vocabulary and

- up to TLS 1.2: ``TLS_`` key exchange [``_EXPORT``] ``_WITH_`` cipher [``_`` hash]
- TLS 1.3: ``TLS_`` cipher ``_`` hash

for a grammar.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from txdicomtls.tls.openssl_suites import OPENSSL_SUITES
from txdicomtls.tls.other_suites import OTHER_NAMES, OTHER_SUITES, UNREGISTERED_SUITES


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteDescription:
    """A cipher suite, taken apart.

    :param code: the code point that stands for it in the handshake, 16 bits.
    :param iana_name: as in the IANA registry.
    :param openssl_name: as OpenSSL calls it; empty where it never had it.
    :param key_exchange: as "ECDHE"; empty for TLS 1.3, where the suite does not say.
    :param authentication: as "RSA"; "anon" for none; empty for TLS 1.3.
    :param encryption: algorithm, key length and mode, as "AES-256-GCM"; "NULL" for none.
    :param encryption_bits: strength that the key length gives.
    :param mode: as "GCM"; "stream" for a stream cipher or none, "AEAD" for a cipher that is one.
    :param integrity: "AEAD", or as "HMAC-SHA1"; "NULL" for none.
    """

    code: int
    iana_name: str
    openssl_name: str
    key_exchange: str
    authentication: str
    encryption: str
    encryption_bits: int
    mode: str
    integrity: str

    @property
    def is_tls13(self) -> bool:
        """Whether it is a suite of TLS 1.3, and of no other version."""
        return not self.key_exchange


class _Cipher(NamedTuple):
    encryption: str
    bits: int
    mode: str
    integrity: str = ""  # empty: the hash of the suite says


#: Key exchange and authentication, by the part of the IANA name that says both.
_KEY_EXCHANGES = {
    "NULL": ("NULL", "NULL"),
    "RSA": ("RSA", "RSA"),
    "DH_DSS": ("DH", "DSS"),
    "DH_RSA": ("DH", "RSA"),
    "DH_anon": ("DH", "anon"),
    "DHE_DSS": ("DHE", "DSS"),
    "DHE_RSA": ("DHE", "RSA"),
    "ECDH_ECDSA": ("ECDH", "ECDSA"),
    "ECDH_RSA": ("ECDH", "RSA"),
    "ECDH_anon": ("ECDH", "anon"),
    "ECDHE_ECDSA": ("ECDHE", "ECDSA"),
    "ECDHE_RSA": ("ECDHE", "RSA"),
    "PSK": ("PSK", "PSK"),
    "RSA_PSK": ("RSA", "RSA+PSK"),  # the server has a certificate as well (RFC 4279)
    "DHE_PSK": ("DHE", "PSK"),
    "PSK_DHE": ("DHE", "PSK"),  # RFC 6655 turned it round
    "ECDHE_PSK": ("ECDHE", "PSK"),
    "SRP_SHA": ("SRP", "SRP"),
    "SRP_SHA_RSA": ("SRP", "SRP+RSA"),
    "SRP_SHA_DSS": ("SRP", "SRP+DSS"),
    "KRB5": ("KRB5", "KRB5"),
    "ECCPWD": ("ECCPWD", "ECCPWD"),
    "GOSTR341094": ("GOST", "GOST"),
    "GOSTR341001": ("GOST", "GOST"),
    "GOSTR341112_256": ("GOST", "GOST"),
}

_CIPHERS = {
    "NULL": _Cipher("NULL", 0, "stream"),
    "AES_128_CBC": _Cipher("AES-128-CBC", 128, "CBC"),
    "AES_256_CBC": _Cipher("AES-256-CBC", 256, "CBC"),
    "AES_128_GCM": _Cipher("AES-128-GCM", 128, "GCM", "AEAD"),
    "AES_256_GCM": _Cipher("AES-256-GCM", 256, "GCM", "AEAD"),
    "AES_128_CCM": _Cipher("AES-128-CCM", 128, "CCM", "AEAD"),
    "AES_256_CCM": _Cipher("AES-256-CCM", 256, "CCM", "AEAD"),
    "AES_128_CCM_8": _Cipher("AES-128-CCM-8", 128, "CCM_8", "AEAD"),
    "AES_256_CCM_8": _Cipher("AES-256-CCM-8", 256, "CCM_8", "AEAD"),
    "CHACHA20_POLY1305": _Cipher("CHACHA20-POLY1305", 256, "POLY1305", "AEAD"),
    "CAMELLIA_128_CBC": _Cipher("CAMELLIA-128-CBC", 128, "CBC"),
    "CAMELLIA_256_CBC": _Cipher("CAMELLIA-256-CBC", 256, "CBC"),
    "CAMELLIA_128_GCM": _Cipher("CAMELLIA-128-GCM", 128, "GCM", "AEAD"),
    "CAMELLIA_256_GCM": _Cipher("CAMELLIA-256-GCM", 256, "GCM", "AEAD"),
    "ARIA_128_CBC": _Cipher("ARIA-128-CBC", 128, "CBC"),
    "ARIA_256_CBC": _Cipher("ARIA-256-CBC", 256, "CBC"),
    "ARIA_128_GCM": _Cipher("ARIA-128-GCM", 128, "GCM", "AEAD"),
    "ARIA_256_GCM": _Cipher("ARIA-256-GCM", 256, "GCM", "AEAD"),
    "SM4_GCM": _Cipher("SM4-GCM", 128, "GCM", "AEAD"),
    "SM4_CCM": _Cipher("SM4-CCM", 128, "CCM", "AEAD"),
    "AEGIS_128L": _Cipher("AEGIS-128L", 128, "AEAD", "AEAD"),
    "AEGIS_256": _Cipher("AEGIS-256", 256, "AEAD", "AEAD"),
    "ASCONAEAD128": _Cipher("ASCON-AEAD128", 128, "AEAD", "AEAD"),
    "3DES_EDE_CBC": _Cipher("3DES-EDE-CBC", 112, "CBC"),
    "DES_CBC": _Cipher("DES-CBC", 56, "CBC"),
    "DES40_CBC": _Cipher("DES40-CBC", 40, "CBC"),
    "DES_CBC_40": _Cipher("DES40-CBC", 40, "CBC"),  # RFC 2712 turned it round
    "RC2_CBC_40": _Cipher("RC2-40-CBC", 40, "CBC"),
    "RC2_CBC_56": _Cipher("RC2-56-CBC", 56, "CBC"),
    "IDEA_CBC": _Cipher("IDEA-CBC", 128, "CBC"),
    "SEED_CBC": _Cipher("SEED-CBC", 128, "CBC"),
    "RC4_40": _Cipher("RC4-40", 40, "stream"),
    "RC4_56": _Cipher("RC4-56", 56, "stream"),
    "RC4_128": _Cipher("RC4", 128, "stream"),
    "28147_CNT_IMIT": _Cipher("GOST28147-CNT", 256, "CNT", "IMIT"),
    "KUZNYECHIK_CTR_OMAC": _Cipher("KUZNYECHIK-CTR", 256, "CTR", "OMAC"),
    "MAGMA_CTR_OMAC": _Cipher("MAGMA-CTR", 256, "CTR", "OMAC"),
    "KUZNYECHIK_MGM_L": _Cipher("KUZNYECHIK-MGM-L", 256, "MGM_L", "AEAD"),
    "KUZNYECHIK_MGM_S": _Cipher("KUZNYECHIK-MGM-S", 256, "MGM_S", "AEAD"),
    "MAGMA_MGM_L": _Cipher("MAGMA-MGM-L", 256, "MGM_L", "AEAD"),
    "MAGMA_MGM_S": _Cipher("MAGMA-MGM-S", 256, "MGM_S", "AEAD"),
    # RFC 9150 protects the integrity only, and names the hash twice.
    "SHA256": _Cipher("NULL", 0, "stream"),
    "SHA384": _Cipher("NULL", 0, "stream"),
}

_INTEGRITIES = {"": "AEAD", "NULL": "NULL", "SHA": "HMAC-SHA1"}

#: RFC 9367 names its suites of TLS 1.3 in the manner of TLS 1.2.
_TLS13_MODES = ("MGM_L", "MGM_S")

#: What a client may say in its list of suites that is no suite, and what it means.
_SIGNALS = {
    "TLS_EMPTY_RENEGOTIATION_INFO_SCSV": "that renegotiation is secure (RFC 5746)",
    "TLS_FALLBACK_SCSV": "that it tried a later version before (RFC 7507)",
}


def _describe(code: int, iana_name: str, openssl_name: str) -> SuiteDescription:
    exchange, _, rest = iana_name.removeprefix("TLS_").rpartition("_WITH_")
    name, hash_name = rest, ""
    if name not in _CIPHERS:
        name, _, hash_name = rest.rpartition("_")
    cipher = _CIPHERS[name]
    key_exchange = authentication = ""
    if exchange and cipher.mode not in _TLS13_MODES:
        plain = exchange.removesuffix("1024").removesuffix("_EXPORT")
        key_exchange, authentication = _KEY_EXCHANGES[plain]
    return SuiteDescription(
        code=code,
        iana_name=iana_name,
        openssl_name=openssl_name,
        key_exchange=key_exchange,
        authentication=authentication,
        encryption=cipher.encryption,
        encryption_bits=cipher.bits,
        mode=cipher.mode,
        integrity=cipher.integrity or _INTEGRITIES.get(hash_name, f"HMAC-{hash_name}"),
    )


@cache
def _suites_by_code() -> dict[int, SuiteDescription]:
    rows = (
        *OPENSSL_SUITES,
        *((code, name, "") for code, name in OTHER_SUITES),
        *UNREGISTERED_SUITES,
    )
    return {row[0]: _describe(*row) for row in rows}


@cache
def _suites_by_name() -> dict[str, SuiteDescription]:
    suites = _suites_by_code().values()
    known = {suite.iana_name: suite for suite in suites}
    known |= {suite.openssl_name: suite for suite in suites if suite.openssl_name}
    return known | {other: known[name] for other, name in OTHER_NAMES.items()}


def describe_suite(name: str) -> SuiteDescription:
    """Take a cipher suite apart.

    :param name: IANA or OpenSSL name.
    :raises ValueError: there is no such suite.
    """
    suite = _suites_by_name().get(name)
    if suite is not None:
        return suite
    if name in _SIGNALS:
        raise ValueError(
            f"{name!r} is not a cipher suite but a signal, with which a client says "
            f"{_SIGNALS[name]}: leave it out"
        )
    raise ValueError(f"{name!r} is not a cipher suite that is known here")


def suite_of_code(code: int) -> SuiteDescription | None:
    """Take apart the cipher suite that has a code point.

    :param code: 16 bits, as in the handshake.
    :return: None where the code point stands for no suite that is known, or for a signal.
    """
    return _suites_by_code().get(code)


def registered_suites() -> tuple[SuiteDescription, ...]:
    """All the suites of the IANA registry, in the order of their code points."""
    unregistered = {row[0] for row in UNREGISTERED_SUITES}
    suites = _suites_by_code()
    return tuple(suites[code] for code in sorted(suites) if code not in unregistered)
