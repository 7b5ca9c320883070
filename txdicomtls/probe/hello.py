"""A ClientHello made by hand (RFC 8446 4.1.2, RFC 5246 7.4.1.2, RFC 6101 5.6.1.2).

A ClientHello needs no cryptography, and a server says by its answer what it
takes: so what OpenSSL has given up long ago can be asked for as well.  In TLS
1.3 no key share is sent; a server then names the suite and the group that it
wants in a HelloRetryRequest, in the clear (RFC 8446 4.2.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from txdicomtls.probe.octets import number, numbers, vector


class ProtocolVersion(IntEnum):
    """Versions as they are on the wire."""

    SSL_3_0 = 0x0300
    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304

    @property
    def label(self) -> str:
        """As people write it: "TLS 1.2"."""
        family, major, minor = self.name.split("_")
        return f"{family} {major}.{minor}"


class Extension(IntEnum):
    """Extensions that are sent or read (IANA: TLS ExtensionType Values)."""

    SERVER_NAME = 0
    STATUS_REQUEST = 5
    SUPPORTED_GROUPS = 10
    EC_POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    ALPN = 16
    EXTENDED_MASTER_SECRET = 23
    SESSION_TICKET = 35
    SUPPORTED_VERSIONS = 43
    PSK_KEY_EXCHANGE_MODES = 45
    KEY_SHARE = 51
    RENEGOTIATION_INFO = 0xFF01


@dataclass(frozen=True, slots=True)
class Group:
    """A group for the key exchange.

    :param name: as OpenSSL calls it.
    :param bits: length of the prime or the order of the curve; the classical part of a hybrid.
    """

    name: str
    bits: int


#: IANA: TLS Supported Groups.
GROUPS = {
    0x11EC: Group("X25519MLKEM768", 256),
    0x11EB: Group("SecP256r1MLKEM768", 256),
    0x11ED: Group("SecP384r1MLKEM1024", 384),
    0x0200: Group("MLKEM512", 256),
    0x0201: Group("MLKEM768", 384),
    0x0202: Group("MLKEM1024", 512),
    0x001D: Group("X25519", 256),
    0x0017: Group("secp256r1", 256),
    0x001E: Group("X448", 448),
    0x0018: Group("secp384r1", 384),
    0x0019: Group("secp521r1", 521),
    0x001A: Group("brainpoolP256r1", 256),
    0x001B: Group("brainpoolP384r1", 384),
    0x001C: Group("brainpoolP512r1", 512),
    0x001F: Group("brainpoolP256r1tls13", 256),
    0x0020: Group("brainpoolP384r1tls13", 384),
    0x0021: Group("brainpoolP512r1tls13", 512),
    0x0029: Group("curveSM2", 256),
    0x0016: Group("secp256k1", 256),
    0x0015: Group("secp224r1", 224),
    0x0014: Group("secp224k1", 224),
    0x0013: Group("secp192r1", 192),
    0x0012: Group("secp192k1", 192),
    0x0011: Group("secp160r2", 160),
    0x0010: Group("secp160r1", 160),
    0x000F: Group("secp160k1", 160),
    0x000E: Group("sect571r1", 571),
    0x000D: Group("sect571k1", 571),
    0x000C: Group("sect409r1", 409),
    0x000B: Group("sect409k1", 409),
    0x000A: Group("sect283r1", 283),
    0x0009: Group("sect283k1", 283),
    0x0008: Group("sect239k1", 239),
    0x0007: Group("sect233r1", 233),
    0x0006: Group("sect233k1", 233),
    0x0005: Group("sect193r2", 193),
    0x0004: Group("sect193r1", 193),
    0x0003: Group("sect163r2", 163),
    0x0002: Group("sect163r1", 163),
    0x0001: Group("sect163k1", 163),
    0x0100: Group("ffdhe2048", 2048),
    0x0101: Group("ffdhe3072", 3072),
    0x0102: Group("ffdhe4096", 4096),
    0x0103: Group("ffdhe6144", 6144),
    0x0104: Group("ffdhe8192", 8192),
}

#: What we say that we could verify, the strong first: all there is, so that no server is left
#: out (IANA: TLS SignatureScheme; before TLS 1.3 hash and signature, RFC 5246 7.4.1.4.1).
SIGNATURE_ALGORITHMS = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906),
    *(0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601),
    *(0x0303, 0x0301, 0x0402, 0x0502, 0x0602, 0x0302, 0x0203, 0x0201, 0x0202, 0x0101),
)

#: Says in the place of a suite what renegotiation_info says (RFC 5746 3.3); for SSL 3.0.
RENEGOTIATION_SCSV = 0x00FF

NULL_COMPRESSION = 0
DEFLATE = 1

_HANDSHAKE_RECORD = 0x16
_CLIENT_HELLO = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """What a client offers.

    :param versions: of TLS; 1.3 beside others, or one alone.
    :param suites: cipher suites, the preferred first.
    :param groups: for the key exchange, the preferred first.
    :param compressions: methods, the preferred first.
    :param server_name: for server name indication, in A-labels; empty for none.
    :param alpn: application protocols; empty for none.
    :param random: 32 bytes that nobody knows before.
    """

    versions: tuple[ProtocolVersion, ...]
    suites: tuple[int, ...]
    random: bytes
    groups: tuple[int, ...] = tuple(GROUPS)
    compressions: tuple[int, ...] = (NULL_COMPRESSION,)
    server_name: str = ""
    alpn: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """The bytes to send, in one record."""
        newest = max(self.versions)
        suites = self.suites
        if newest is ProtocolVersion.SSL_3_0:
            suites = (*suites, RENEGOTIATION_SCSV)
        # RFC 8446 D.4: with a session ID boxes in the middle take TLS 1.3 for TLS 1.2.
        session = self.random[::-1] if newest is ProtocolVersion.TLS_1_3 else b""
        body = b"".join(
            (
                number(min(newest, ProtocolVersion.TLS_1_2), 2),
                self.random,
                vector(session, 1),
                vector(numbers(suites, 2), 2),
                vector(bytes(self.compressions), 1),
                b"" if newest is ProtocolVersion.SSL_3_0 else vector(self._extensions(), 2),
            )
        )
        message = bytes((_CLIENT_HELLO,)) + vector(body, 3)
        record_version = min(newest, ProtocolVersion.TLS_1_0)
        return bytes((_HANDSHAKE_RECORD,)) + number(record_version, 2) + vector(message, 2)

    def _extensions(self) -> bytes:
        newest = max(self.versions)
        oldest = min(self.versions)
        parts = []
        if self.server_name:
            name = b"\0" + vector(self.server_name.encode("ascii"), 2)
            parts.append(_extension(Extension.SERVER_NAME, vector(name, 2)))
        # An OCSP response, from any responder (RFC 6066 8).
        parts.append(_extension(Extension.STATUS_REQUEST, b"\x01\0\0\0\0"))
        if self.groups:
            groups = vector(numbers(self.groups, 2), 2)
            parts.append(_extension(Extension.SUPPORTED_GROUPS, groups))
            parts.append(_extension(Extension.EC_POINT_FORMATS, vector(b"\0", 1)))
        if newest >= ProtocolVersion.TLS_1_2:
            algorithms = vector(numbers(SIGNATURE_ALGORITHMS, 2), 2)
            parts.append(_extension(Extension.SIGNATURE_ALGORITHMS, algorithms))
        if self.alpn:
            protocols = b"".join(vector(protocol, 1) for protocol in self.alpn)
            parts.append(_extension(Extension.ALPN, vector(protocols, 2)))
        if oldest < ProtocolVersion.TLS_1_3:
            parts.append(_extension(Extension.EXTENDED_MASTER_SECRET, b""))
            parts.append(_extension(Extension.SESSION_TICKET, b""))
        if newest is ProtocolVersion.TLS_1_3:
            versions = vector(numbers(sorted(self.versions, reverse=True), 2), 1)
            parts.append(_extension(Extension.SUPPORTED_VERSIONS, versions))
            parts.append(_extension(Extension.PSK_KEY_EXCHANGE_MODES, b"\x01\x01"))
            parts.append(_extension(Extension.KEY_SHARE, vector(b"", 2)))
        if oldest < ProtocolVersion.TLS_1_3:
            parts.append(_extension(Extension.RENEGOTIATION_INFO, b"\0"))
        return b"".join(parts)


def _extension(kind: Extension, content: bytes) -> bytes:
    return number(kind, 2) + vector(content, 2)
