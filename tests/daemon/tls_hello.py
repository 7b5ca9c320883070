"""A ClientHello made by hand (RFC 8446 4.1.2), as right or as wrong as a test wants it."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from tests.daemon.peer import PATIENCE
from tests.daemon.tls_records import ALERT, ALERTS, CLIENT_HELLO, HANDSHAKE, SERVER_HELLO, handshake

SERVER_NAME, ALPN, SUPPORTED_VERSIONS = 0, 16, 43

#: Suites that the node takes with a key of either kind, of TLS 1.3 and of TLS 1.2.
GOOD_SUITES = (0x1302, 0x1301, 0xC02C, 0xC030)


def vector(octets: bytes, length_of_length: int) -> bytes:
    """Octets after their number."""
    return len(octets).to_bytes(length_of_length) + octets


def extension(kind: int, content: bytes = b"") -> bytes:
    """An extension."""
    return kind.to_bytes(2) + vector(content, 2)


def server_name(*names: bytes, name_type: int = 0) -> bytes:
    """Server name indication (RFC 6066 3), of any names."""
    listed = b"".join(bytes((name_type,)) + vector(name, 2) for name in names)
    return extension(SERVER_NAME, vector(listed, 2))


def alpn(*protocols: bytes) -> bytes:
    """Application-layer protocol negotiation (RFC 7301 3.1)."""
    return extension(ALPN, vector(b"".join(vector(each, 1) for each in protocols), 2))


#: supported_groups, ec_point_formats and signature_algorithms that the node takes.
USUAL = (
    extension(10, vector(b"\x00\x1d\x00\x17\x00\x18", 2)),
    extension(11, vector(b"\0", 1)),
    extension(13, vector(b"\x04\x03\x05\x03\x08\x04\x08\x05\x08\x06", 2)),
)

#: What a client of TLS 1.3 has besides: one version, one key share of X25519.
OF_TLS_1_3 = (
    extension(SUPPORTED_VERSIONS, vector(b"\x03\x04", 1)),
    extension(51, vector(b"\x00\x1d" + vector(bytes(range(1, 33)), 2), 2)),
)


def hello(
    *extensions: bytes,
    suites: Sequence[int] = GOOD_SUITES,
    version: int = 0x0303,
    session: bytes = b"",
    compressions: bytes = b"\0",
    usual: Sequence[bytes] = USUAL,
) -> bytes:
    """A ClientHello as a handshake message.

    :param extensions: besides the usual ones.
    """
    body = (
        version.to_bytes(2)
        + bytes(range(32))
        + vector(session, 1)
        + vector(b"".join(suite.to_bytes(2) for suite in suites), 2)
        + vector(compressions, 1)
        + vector(b"".join((*usual, *extensions)), 2)
    )
    return handshake(CLIENT_HELLO, body)


class Answer:
    """What a node does when it is sent octets that need no secret.

    :ivar port: our own port, by which the node's log names us.
    :ivar octets: all that it answered: at first or, where it hangs up, until then.
    """

    def __init__(self, node_port: int, *octets: bytes) -> None:
        with socket.create_connection(("127.0.0.1", node_port), timeout=PATIENCE) as peer:
            self.port: int = peer.getsockname()[1]
            self.octets = b""
            try:
                for each in octets:
                    peer.sendall(each)
                self.octets = peer.recv(65536)
                while self.alert and (more := peer.recv(65536)):
                    self.octets += more
            except ConnectionError:
                pass

    @property
    def is_server_hello(self) -> bool:
        """Whether it goes on with the handshake."""
        return self.octets[:1] == bytes((HANDSHAKE,)) and self.octets[5] == SERVER_HELLO

    @property
    def alert(self) -> str:
        """Name of the alert that it begins with; empty for none."""
        if self.octets[:1] != bytes((ALERT,)):
            return ""
        return ALERTS.get(self.octets[6], str(self.octets[6]))
