"""A DICOM peer made by hand: real sockets, real TLS, octets after PS3.7 and PS3.8.

It shares no code with what it tests.  It blocks: tests run it in threads.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

VERIFICATION = b"1.2.840.10008.1.1"
CT_IMAGE_STORAGE = b"1.2.840.10008.5.1.4.1.1.2"
IMPLICIT_VR_LITTLE_ENDIAN = b"1.2.840.10008.1.2"
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"

#: Study and Series Instance UID of every data set here.
STUDY, SERIES = b"1.2.3.100", b"1.2.3.101"

#: Presentation context IDs of :func:`associate_rq`.
ECHO_CONTEXT, STORE_CONTEXT = 1, 3

#: Message control header (PS3.8 E.2).
DATA, COMMAND, LAST_DATA, LAST_COMMAND = range(4)

#: More than any answer to what a peer here sends takes.
PATIENCE = 20.0


# -- PDUs (PS3.8 9.3) ----------------------------------------------------------------------


def pdu(pdu_type: int, body: bytes) -> bytes:
    """PDU-type, reserved, PDU-length, and the rest."""
    return struct.pack(">BxL", pdu_type, len(body)) + body


def item(item_type: int, body: bytes) -> bytes:
    """Item-type, reserved, Item-length, and the rest."""
    return struct.pack(">BxH", item_type, len(body)) + body


def associate_rq(
    *,
    called: bytes = b"TXDICOM",
    calling: bytes = b"PEER",
    protocol_version: int = 1,
    further: bytes = b"",
) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2) for C-ECHO and C-STORE of CT images.

    :param further: sub-items of the user information.
    """
    contexts = b"".join(
        item(
            0x20,
            bytes((context_id, 0, 0, 0))
            + item(0x30, abstract_syntax)
            + item(0x40, IMPLICIT_VR_LITTLE_ENDIAN),
        )
        for context_id, abstract_syntax in (
            (ECHO_CONTEXT, VERIFICATION),
            (STORE_CONTEXT, CT_IMAGE_STORAGE),
        )
    )
    user_information = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4") + further
    return pdu(
        0x01,
        struct.pack(">H2x16s16s32x", protocol_version, called.ljust(16), calling.ljust(16))
        + item(0x10, APPLICATION_CONTEXT)
        + contexts
        + item(0x50, user_information),
    )


def p_data(context_id: int, control: int, value: bytes) -> bytes:
    """P-DATA-TF (PS3.8 9.3.5) with one presentation data value."""
    return pdu(0x04, struct.pack(">LBB", len(value) + 2, context_id, control) + value)


RELEASE_RQ = pdu(0x05, bytes(4))
RELEASE_RP = pdu(0x06, bytes(4))


def abort(source: int, reason: int) -> bytes:
    """A-ABORT (PS3.8 9.3.8)."""
    return bytes((0x07, 0, 0, 0, 0, 4, 0, 0, source, reason))


def associate_rj(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    return bytes((0x03, 0, 0, 0, 0, 4, 0, result, source, reason))


# -- command sets (PS3.7 6.3.1, Annex E) ---------------------------------------------------


def command(*elements: tuple[int, bytes]) -> bytes:
    """A command set of elements of group 0000, by number."""
    body = b"".join(
        struct.pack("<HHL", 0, number, len(value)) + value for number, value in elements
    )
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def short(value: int) -> bytes:
    """A value of US."""
    return struct.pack("<H", value)


def uid(value: bytes) -> bytes:
    """A value of UI, whether it is a UID or not."""
    return value + b"\0" * (len(value) % 2)


def c_echo_rq(message_id: int = 1) -> bytes:
    """C-ECHO-RQ (PS3.7 9.3.5.1) in its PDU."""
    return p_data(
        ECHO_CONTEXT,
        LAST_COMMAND,
        command(
            (0x0002, uid(VERIFICATION)),
            (0x0100, short(0x0030)),
            (0x0110, short(message_id)),
            (0x0800, short(0x0101)),
        ),
    )


def c_store_rq(instance: bytes, message_id: int = 1) -> bytes:
    """C-STORE-RQ (PS3.7 9.3.1.1) in its PDU; the data set is to follow."""
    return p_data(
        STORE_CONTEXT,
        LAST_COMMAND,
        command(
            (0x0002, uid(CT_IMAGE_STORAGE)),
            (0x0100, short(0x0001)),
            (0x0110, short(message_id)),
            (0x0700, short(0x0000)),
            (0x0800, short(0x0001)),
            (0x1000, uid(instance)),
        ),
    )


def status_of(response: bytes) -> int:
    """Status (0000,0900) of a response in one P-DATA-TF."""
    elements, at = {}, 12
    while at < len(response):
        _, number, length = struct.unpack_from("<HHL", response, at)
        elements[number] = response[at + 8 : at + 8 + length]
        at += 8 + length
    return int.from_bytes(elements[0x0900], "little")


def data_set(size: int, instance: bytes = b"1.2.3", sop_class: bytes = CT_IMAGE_STORAGE) -> bytes:
    """A data set, implicit VR little endian: what and whose it is, and so many bytes of pixels."""
    return b"".join(
        struct.pack("<HHL", group, number, len(value)) + value
        for group, number, value in (
            (0x0008, 0x0016, uid(sop_class)),
            (0x0008, 0x0018, uid(instance)),
            (0x0020, 0x000D, uid(STUDY)),
            (0x0020, 0x000E, uid(SERIES)),
            (0x7FE0, 0x0010, bytes(size)),
        )
    )


# -- the peer ------------------------------------------------------------------------------


def tls_context(
    *,
    certificate: Path | None = None,
    private_key: Path | None = None,
    version: ssl.TLSVersion | None = None,
    ciphers: str = "",
) -> ssl.SSLContext:
    """The client's side of TLS; it believes every server, because not that is the question here.

    :param version: the only version of TLS that it speaks.
    :param ciphers: suites of TLS 1.2 and earlier.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate, private_key)
    if version is not None:
        # An older version than what was set last as the newest, or the reverse, is refused.
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


class Peer:
    """One connection to a node, as it is used in a ``with`` block.

    :param port: where the node listens.
    :param tls: None for a plain connection.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        #: Our own port, by which the node's log names us.
        self.port: int = plain.getsockname()[1]
        self.socket = plain
        if tls is not None:
            try:
                self.socket = tls.wrap_socket(plain, server_hostname="localhost")
            except BaseException:
                plain.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def receive(self) -> bytes:
        """The next PDU, whole."""
        head = self._exactly(6)
        return head + self._exactly(int.from_bytes(head[2:6], "big"))

    def rest(self) -> bytes:
        """All that comes until the node is gone."""
        received = b""
        try:
            while octets := self.socket.recv(65536):
                received += octets
        except (ConnectionError, ssl.SSLEOFError):
            pass  # gone without a word, which is a way to go as well
        return received

    def associate(self, calling: bytes = b"PEER") -> None:
        """Ask for the association of :func:`associate_rq`, and get it."""
        self.send(associate_rq(calling=calling))
        answer = self.receive()
        if answer[0] != 0x02:
            raise AssertionError(f"not accepted: {answer.hex(' ')}")

    def echo(self) -> None:
        """C-ECHO, answered with success."""
        self.send(c_echo_rq())
        status = status_of(self.receive())
        if status:
            raise AssertionError(f"C-ECHO was answered with {status:04X}H")

    def store(self, instance: bytes, octets: bytes) -> int:
        """C-STORE; gives the status."""
        self.send(c_store_rq(instance))
        for fragment in fragments(octets):
            self.send(fragment)
        return status_of(self.receive())

    def release(self) -> None:
        """A-RELEASE, agreed to."""
        self.send(RELEASE_RQ)
        if self.receive() != RELEASE_RP:
            raise AssertionError("the release was not agreed to")

    def reset(self) -> None:
        """Be gone with a TCP RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.close(self.socket)

    def _exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            octets = self.socket.recv(count - len(received))
            if not octets:
                raise AssertionError(f"the node closed after {received.hex(' ')!r}")
            received += octets
        return received


def fragments(octets: bytes, size: int = 65536) -> Iterable[bytes]:
    """A data set in its PDUs."""
    for at in range(0, max(1, len(octets)), size):
        last = at + size >= len(octets)
        yield p_data(STORE_CONTEXT, LAST_DATA if last else DATA, octets[at : at + size])


def echo_once(port: int, tls: ssl.SSLContext) -> float:
    """A whole association for one C-ECHO: the seconds that it took."""
    began = time.monotonic()
    with Peer(port, tls) as peer:
        peer.associate()
        peer.echo()
        peer.release()
    return time.monotonic() - began
