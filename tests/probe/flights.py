"""First flights of real servers, in memory, and of servers that nobody has any more."""

from __future__ import annotations

import contextlib
from base64 import encodebytes
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from twisted.internet.protocol import Protocol

from tests.tls.certificates import CA, Issued
from txdicomtls.probe.hello import ClientHello
from txdicomtls.probe.octets import Octets, number, vector
from txdicomtls.probe.server_flight import FlightReader, ServerFlight

SERVER_NAME = "pacs.example"

#: Oakley group 2 (RFC 2409 6.2), of 1024 bits.
_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


@cache
def issued(kind: str) -> Issued:
    """A server's certificate with a key of a kind."""
    return CA.issue(SERVER_NAME, kind=kind)


def lenient_server(*kinds: str) -> SSL.Context:
    """A server that takes whatever OpenSSL has, with a certificate for each kind of key."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    for kind in kinds:
        context.use_certificate(issued(kind).certificate)
        context.use_privatekey(issued(kind).key)
    with TemporaryDirectory() as directory:
        path = Path(directory, "dh.pem")
        path.write_bytes(_parameters_pem())
        context.load_tmp_dh(str(path).encode())
    return context


def _parameters_pem() -> bytes:
    # cryptography would warn that finite-field Diffie-Hellman has had its day.
    sequence = bytes.fromhex("30 81 87 02 81 81 00") + number(_PRIME, 128) + b"\x02\x01\x02"
    return b"".join(
        (
            b"-----BEGIN DH PARAMETERS-----\n",
            encodebytes(sequence),
            b"-----END DH PARAMETERS-----\n",
        )
    )


def octets_of(context: SSL.Context, hello: ClientHello) -> bytes:
    """What a server answers."""
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    connection.bio_write(hello.encode())
    with contextlib.suppress(SSL.Error):  # it wants more, or refuses
        connection.do_handshake()
    answer = bytearray()
    while True:
        try:
            answer += connection.bio_read(1 << 16)
        except SSL.WantReadError:
            return bytes(answer)


def read(octets: bytes, size: int = 1 << 16) -> ServerFlight:
    """Read a flight that comes in pieces of a size."""
    reader = FlightReader()
    for start in range(0, len(octets), size):
        reader.feed(octets[start : start + size])
    return reader.flight


def answer_of(context: SSL.Context, hello: ClientHello) -> ServerFlight:
    """What a server answers, read."""
    return read(octets_of(context, hello))


def record(kind: int, content: bytes, version: int = 0x0301) -> bytes:
    """One record."""
    return bytes((kind,)) + number(version, 2) + vector(content, 2)


def message(kind: int, content: bytes) -> bytes:
    """One handshake message."""
    return bytes((kind,)) + vector(content, 3)


def server_hello(
    version: int, suite: int, *, compression: int = 0, extensions: bytes = b""
) -> bytes:
    """A ServerHello, without its record."""
    content = number(version, 2) + bytes(32) + b"\0" + number(suite, 2) + bytes((compression,))
    return message(2, content + (vector(extensions, 2) if extensions else b""))


def alert(code: int, level: int = 2) -> bytes:
    """An alert in its record."""
    return record(21, bytes((level, code)))


class OldServer(Protocol):
    """Speaks one version with suites that OpenSSL no longer has, the first of its own preferred."""

    def __init__(self, version: int, suites: tuple[int, ...], *, compression: int = 0) -> None:
        self.version = version
        self.suites = suites
        self.compression = compression

    def dataReceived(self, data: bytes) -> None:
        """Answer a ClientHello."""
        assert self.transport is not None
        if data[0] != 0x16:
            self.transport.loseConnection()
            return
        hello = Octets(data[9:])
        version = hello.number(2)
        hello.take(32)
        hello.vector(1)
        offered = Octets(hello.vector(2))
        suites = []
        while not offered.is_empty:
            suites.append(offered.number(2))
        chosen = [suite for suite in self.suites if suite in suites]
        if version < self.version or not chosen:
            self.transport.write(alert(40))
            self.transport.loseConnection()
            return
        certificate = CA.certificate.public_bytes(Encoding.DER)
        chain = message(11, vector(vector(certificate, 3), 3))
        first = server_hello(self.version, chosen[0], compression=self.compression)
        self.transport.write(record(22, first + chain + message(14, b"")))
