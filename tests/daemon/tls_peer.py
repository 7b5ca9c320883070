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
from collections.abc import Callable
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA384
from OpenSSL import SSL

from tests.daemon.peer import PATIENCE, associate_rq
from tests.daemon.tls_records import (
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    TLS_1_2,
    TLS_1_3,
    Sealing,
    messages,
    parts,
    pseudo_random,
    record,
    records,
)
from tests.running import Node


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
        server, client = self.tls.server_random(), self.tls.client_random()
        secret = self.tls.master_key()
        assert server is not None
        assert client is not None
        assert secret is not None
        return pseudo_random(secret, b"key expansion" + server + client, 72, SHA384())

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


def alert_in(error: SSL.Error) -> str:
    """The alert that an error of OpenSSL says was received."""
    reasons = [entry[2] for entry in error.args[0]] if error.args else []
    for reason in reasons:
        _, found, alert = reason.partition("alert ")
        if found:
            return str(alert)
    raise AssertionError(f"no alert: {error!r}")
