"""A TLS client that does what no library would do for it.

Theory of operation.  The handshake is made by an honest client, OpenSSL over memory, that
gives its secrets away as ``SSLKEYLOGFILE`` does.  With them, records are sealed here by
hand (RFC 8446 5.2, RFC 5246 6.2.3.3): of any type, any length, with any damage, and the
records that the honest client made are opened and altered before they are sent.  What the
node answers goes to the honest client, which says what alert it was.

What comes before any secret is made by hand from the start: see ``tls_hello.py``.
It blocks: tests run it in threads.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from OpenSSL import SSL

from tests.daemon.peer import PATIENCE, associate_rq
from tests.running import Node

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


class OddPeer:
    """A client that is honest until its test wants something else; for ``with`` blocks.

    :param daemon: what it calls.
    :param version: the only one of TLS that it speaks.
    :param name: of the files of its certificate; None for none.
    :param alter: gets each of its own handshake messages, and gives what is sent in its place.
    """

    def __init__(
        self,
        daemon: Node,
        version: int = TLS_1_3,
        *,
        name: str | None = "client",
        alter: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.version = version
        self.alter = alter
        self._secrets: dict[str, bytes] = {}
        self._handshake: tuple[Sealing, Sealing] | None = None
        self._is_sealed = False
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        #: Our own port, by which the node's log names us.
        self.port: int = self.socket.getsockname()[1]
        self.tls = SSL.Connection(self._context(daemon, name), None)
        self.tls.set_tlsext_host_name(b"localhost")
        self.tls.set_connect_state()

    def _context(self, daemon: Node, name: str | None) -> SSL.Context:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(self.version)
        context.set_max_proto_version(self.version)
        context.set_cipher_list(b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384")
        context.set_tls13_ciphersuites(b"TLS_AES_256_GCM_SHA384")
        if name is not None:
            context.use_certificate_chain_file(str(daemon.certificates.certificate(name)))
            context.use_privatekey_file(str(daemon.certificates.key(name)))
        context.set_keylog_callback(self._logged)
        return context

    def _logged(self, _connection: SSL.Connection, line: bytes) -> None:
        what, _, secret = line.split()
        self._secrets[what.decode()] = bytes.fromhex(secret.decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    # -- the honest part ---------------------------------------------------------------------

    def shake_hands(self, *, drip: bool = False) -> None:
        """Go through the handshake.

        :param drip: sends the first flight in records of one byte.
        :raises SSL.Error: the node refused us.
        """
        is_first = True
        while True:
            try:
                self.tls.do_handshake()
            except SSL.WantReadError:
                self._flush(drip=drip and is_first)
                is_first = False
                self._take()
            else:
                self._flush()
                self.alter = None
                return

    def associate(self) -> None:
        """Be on an association."""
        self.shake_hands()
        accepted = self.ask(associate_rq())
        if accepted[0] != 0x02:
            raise AssertionError(f"not accepted: {accepted.hex(' ')}")

    def ask(self, octets: bytes) -> bytes:
        """Send application data as it should be, and wait for a PDU."""
        self.tell(octets)
        return self.receive()

    def tell(self, octets: bytes) -> None:
        """Send application data as it should be."""
        self.tls.send(octets)
        self._flush()

    def close(self) -> None:
        """Send close_notify."""
        self.tls.shutdown()
        self._flush()

    def receive(self) -> bytes:
        """A PDU."""
        received = b""
        while len(received) < 6 or len(received) < 6 + int.from_bytes(received[2:6]):
            try:
                received += self.tls.recv(65536)
            except SSL.WantReadError:
                self._take()
        return received

    def said(self, seconds: float = PATIENCE) -> str:
        """Hear the node out until it is gone: the alert that it sent, or how else it went.

        :return: name of the alert in lower case, "close notify" or "gone".
        :raises AssertionError: it stayed, or said something else.
        """
        until = time.monotonic() + seconds
        while True:
            try:
                self.socket.settimeout(max(0.01, until - time.monotonic()))
                octets = self.socket.recv(65536)
            except TimeoutError:
                raise AssertionError("the node stays") from None
            except ConnectionError:
                return "gone"
            if not octets:
                return "gone"
            self.tls.bio_write(octets)
            try:
                while True:
                    data = self.tls.recv(65536)
                    raise AssertionError(f"the node says {data.hex(' ')}")
            except SSL.WantReadError:
                continue
            except SSL.ZeroReturnError:
                return "close notify"
            except SSL.Error as error:
                return alert_in(error)

    def _flush(self, *, drip: bool = False) -> None:
        while True:
            try:
                octets = self.tls.bio_read(1 << 20)
            except SSL.WantReadError:
                return
            if drip:
                octets = b"".join(
                    record(each[0], bytes((octet,)), int.from_bytes(each[1:3]))
                    for each in records(octets)
                    for octet in each[5:]
                )
            elif self.alter is not None:
                octets = b"".join(self._altered(each) for each in records(octets))
            self.send(octets)

    def _take(self) -> None:
        octets = self.socket.recv(65536)
        if not octets:
            raise ConnectionError("the node closed")
        self.tls.bio_write(octets)

    # -- the other part ----------------------------------------------------------------------

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self.socket.sendall(octets)

    def reset(self) -> None:
        """Be gone with a TCP RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def sealing(self, sequence: int = 0) -> Sealing:
        """How we seal what we send, now that the handshake is done.

        :param sequence: how many records of application data we have sent already.
        """
        if self.version == TLS_1_3:
            secret = self._secrets["CLIENT_TRAFFIC_SECRET_0"]
            return Sealing(TLS_1_3, SHA384(), secret, sequence)
        # The Finished was the first record of this key.
        block = self._key_block()
        return Sealing(TLS_1_2, SHA384(), block[:32] + block[64:68], sequence + 1)

    def opening(self, sequence: int = 0) -> Sealing:
        """How what the node sends can be opened; of TLS 1.2."""
        block = self._key_block()
        return Sealing(TLS_1_2, SHA384(), block[32:64] + block[68:72], sequence + 1)

    def _key_block(self) -> bytes:
        seed = b"key expansion" + self.tls.server_random() + self.tls.client_random()
        return pseudo_random(self.tls.master_key(), seed, 72, SHA384())

    def _altered(self, each: bytes) -> bytes:
        """A record of our handshake, with other messages in it."""
        assert self.alter is not None
        if self.version == TLS_1_3 and each[0] == APPLICATION_DATA:
            if self._handshake is None:
                secret = self._secrets["CLIENT_HANDSHAKE_TRAFFIC_SECRET"]
                ours, theirs = (Sealing(TLS_1_3, SHA384(), secret) for _ in range(2))
                self._handshake = ours, theirs
            opening, sealing = self._handshake
            content_type, content = opening.open(each)
            altered = b"".join(map(self.alter, messages(content)))
            return b"".join(sealing.seal(content_type, part) for part in parts(altered))
        self._is_sealed |= each[0] == CHANGE_CIPHER_SPEC and self.version == TLS_1_2
        if each[0] == HANDSHAKE and not self._is_sealed:
            altered = b"".join(map(self.alter, messages(each[5:])))
            return b"".join(record(HANDSHAKE, part) for part in parts(altered))
        return each


def parts(octets: bytes, size: int = 16384) -> list[bytes]:
    """Cut to what a record may have."""
    return [octets[at : at + size] for at in range(0, len(octets), size)]


def alert_in(error: SSL.Error) -> str:
    """The alert that an error of OpenSSL says was received."""
    reasons = [entry[2] for entry in error.args[0]] if error.args else []
    for reason in reasons:
        _, found, alert = reason.partition("alert ")
        if found:
            return str(alert)
    raise AssertionError(f"no alert: {error!r}")
