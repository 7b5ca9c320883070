"""Records and messages of TLS by hand, and how they are sealed (RFC 8446 5, RFC 5246 6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from OpenSSL import SSL

# Content types of records (RFC 8446 5.1, RFC 6520 for the last).
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24

#: Types of handshake messages (RFC 8446 4, RFC 5246 7.4).
HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO = 0, 1, 2
NEW_SESSION_TICKET, END_OF_EARLY_DATA, CERTIFICATE, CERTIFICATE_REQUEST = 4, 5, 11, 13
SERVER_HELLO_DONE, FINISHED, KEY_UPDATE = 14, 20, 24

TLS_1_2, TLS_1_3 = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION

#: Names of alerts by their codes (RFC 8446 6).
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    80: "internal_error",
    86: "inappropriate_fallback",
    100: "no_renegotiation",
    109: "missing_extension",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}


def record(content_type: int, fragment: bytes, version: int = 0x0303) -> bytes:
    """A record that nothing protects."""
    return bytes((content_type,)) + version.to_bytes(2) + len(fragment).to_bytes(2) + fragment


def handshake(message_type: int, body: bytes = b"") -> bytes:
    """A handshake message."""
    return bytes((message_type,)) + len(body).to_bytes(3) + body


def certificate_message(chain: list[bytes], version: int) -> bytes:
    """A Certificate message of these certificates, whatever they are (RFC 8446 4.4.2)."""
    extensions = b"\0\0" if version == TLS_1_3 else b""
    entries = b"".join(len(each).to_bytes(3) + each + extensions for each in chain)
    context = b"\0" if version == TLS_1_3 else b""
    return handshake(CERTIFICATE, context + len(entries).to_bytes(3) + entries)


def records(octets: bytes) -> Iterator[bytes]:
    """The records that are there whole, one at a time."""
    while len(octets) >= 5 and len(octets) >= (end := 5 + int.from_bytes(octets[3:5])):
        yield octets[:end]
        octets = octets[end:]


def messages(fragments: bytes) -> Iterator[bytes]:
    """Whole handshake messages, one at a time."""
    while fragments:
        end = 4 + int.from_bytes(fragments[1:4])
        yield fragments[:end]
        fragments = fragments[end:]


@dataclass
class Sealing:
    """One direction of a protected link.

    :param version: of TLS.
    :param algorithm: the hash of the suite; both suites that are used here have AES-GCM.
    :param secret: of TLS 1.3; of TLS 1.2 the write key and the implicit nonce.
    :param sequence: number of the next record.
    """

    version: int
    algorithm: HashAlgorithm
    secret: bytes
    sequence: int = 0

    def seal(self, content_type: int, content: bytes, *, damage: bool = False) -> bytes:
        """A record, as long as it may be or longer.

        :param damage: makes the integrity check fail.
        """
        if self.version == TLS_1_3:
            inner = content + bytes((content_type,))
            head = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2)
            sealed = self._cipher.encrypt(self._nonce(), inner, head)
        else:
            number = self.sequence.to_bytes(8)
            kind = bytes((content_type, 3, 3))
            additional = number + kind + len(content).to_bytes(2)
            nonce = self.secret[-4:] + number
            sealed = number + self._cipher.encrypt(nonce, content, additional)
            head = kind + len(sealed).to_bytes(2)
        self.sequence += 1
        if damage:
            sealed = sealed[:-1] + bytes((sealed[-1] ^ 1,))
        return head + sealed

    def open(self, sealed: bytes) -> tuple[int, bytes]:
        """What is in a record: its true type, and its content."""
        if self.version == TLS_1_3:
            inner = self._cipher.decrypt(self._nonce(), sealed[5:], sealed[:5]).rstrip(b"\0")
            content_type, content = inner[-1], inner[:-1]
        else:
            explicit, body = sealed[5:13], sealed[13:]
            length = (len(body) - 16).to_bytes(2)
            additional = self.sequence.to_bytes(8) + sealed[:3] + length
            content = self._cipher.decrypt(self.secret[-4:] + explicit, body, additional)
            content_type = sealed[0]
        self.sequence += 1
        return content_type, content

    def update(self) -> None:
        """Go on with the next key, as after a KeyUpdate (RFC 8446 7.2)."""
        self.secret = self._expand(b"traffic upd", self.algorithm.digest_size)
        self.sequence = 0

    @property
    def _cipher(self) -> AESGCM:
        if self.version == TLS_1_3:
            return AESGCM(self._expand(b"key", 32 if self.algorithm.digest_size == 48 else 16))
        return AESGCM(self.secret[:-4])

    def _nonce(self) -> bytes:
        mask = int.from_bytes(self._expand(b"iv", 12))
        return (mask ^ self.sequence).to_bytes(12)

    def _expand(self, label: bytes, length: int) -> bytes:
        """HKDF-Expand-Label (RFC 8446 7.1) without a context."""
        label = b"tls13 " + label
        info = length.to_bytes(2) + bytes((len(label),)) + label + b"\0"
        return HKDFExpand(self.algorithm, length, info).derive(self.secret)


def pseudo_random(secret: bytes, seed: bytes, length: int, algorithm: HashAlgorithm) -> bytes:
    """P_hash of TLS 1.2 (RFC 5246 5)."""

    def digest(data: bytes) -> bytes:
        keyed = HMAC(secret, algorithm)
        keyed.update(data)
        return keyed.finalize()

    found, at = b"", seed
    while len(found) < length:
        at = digest(at)
        found += digest(at + seed)
    return found[:length]


def parts(octets: bytes, size: int = 16384) -> list[bytes]:
    """Cut to what a record may have."""
    return [octets[at : at + size] for at in range(0, len(octets), size)]
