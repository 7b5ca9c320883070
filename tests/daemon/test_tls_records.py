"""Records that no TLS library sends: answered by the alert that is due, and the link ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.peer import RELEASE_RP, RELEASE_RQ, associate_rq, c_echo_rq, status_of
from tests.daemon.process import open_files, until
from tests.daemon.tls_hello import OF_TLS_1_3, hello
from tests.daemon.tls_peer import OddPeer
from tests.daemon.tls_records import (
    ALERT,
    APPLICATION_DATA,
    CERTIFICATE_REQUEST,
    CHANGE_CIPHER_SPEC,
    END_OF_EARLY_DATA,
    FINISHED,
    HANDSHAKE,
    HEARTBEAT,
    HELLO_REQUEST,
    KEY_UPDATE,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    TLS_1_2,
    TLS_1_3,
    Sealing,
    certificate_message,
    handshake,
    record,
)
from tests.running import Node

VERSIONS = (TLS_1_2, TLS_1_3)

Make = Callable[[Sealing], bytes]


def sealed(content_type: int, content: bytes) -> Make:
    return lambda sealing: sealing.seal(content_type, content)


def with_version(version: bytes) -> Make:
    return lambda sealing: b"\x17" + version + sealing.seal(APPLICATION_DATA, c_echo_rq())[3:]


#: What is sent on an association, and the alert for it, in TLS 1.2 and in TLS 1.3.  "gone" is what
#: TLS 1.3 has for an alert (RFC 8446 6.2): all but two are fatal, and a fatal one is not answered.
RECORDS: dict[str, tuple[Make, str, str]] = {
    "a false integrity check": (
        lambda sealing: sealing.seal(APPLICATION_DATA, c_echo_rq(), damage=True),
        "bad record mac",
        "bad record mac",
    ),
    "one byte too much": (
        sealed(APPLICATION_DATA, bytes(2**14 + 1)),
        "record overflow",
        "record overflow",
    ),
    "a length that is too much": (
        lambda _: b"\x17\x03\x03\xff\xff",
        "record overflow",
        "record overflow",
    ),
    "a record in the clear": (
        lambda _: record(APPLICATION_DATA, c_echo_rq()),
        "bad record mac",
        "bad record mac",
    ),
    "an empty record in the clear": (
        lambda _: record(APPLICATION_DATA, b""),
        "bad record mac",
        "bad record mac",
    ),
    "an alert in the clear": (
        lambda _: record(ALERT, b"\x02\x28"),
        "bad record mac",
        "unexpected message",
    ),
    "a content type that there is not": (
        sealed(99, b"x"),
        "unexpected message",
        "unexpected message",
    ),
    "version 0.0": (with_version(b"\0\0"), "protocol version", "decode error"),
    "version 2.0": (with_version(b"\x02\0"), "protocol version", "decode error"),
    "a record of SSL 2.0": (
        lambda _: b"\x80\x2e\x01\x03\x01" + bytes(60),
        "protocol version",
        "unexpected message",
    ),
    "a ChangeCipherSpec in the clear": (
        lambda _: record(CHANGE_CIPHER_SPEC, b"\x01"),
        "bad record mac",
        "unexpected message",
    ),
    "a ChangeCipherSpec": (
        sealed(CHANGE_CIPHER_SPEC, b"\x01"),
        "unexpected message",
        "unexpected message",
    ),
    "half an alert": (sealed(ALERT, b"\x02"), "unexpected message", "unexpected message"),
    "two alerts": (sealed(ALERT, b"\x02\x28" * 2), "unexpected message", "unexpected message"),
    "an alert of a level that there is not": (sealed(ALERT, b"\x09\x28"), "illegal parameter", ""),
    "a fatal alert": (sealed(ALERT, b"\x02\x28"), "", ""),
    # RFC 6520, which nobody has needed since Heartbleed: more is said to be there than there is.
    "a heartbeat": (
        sealed(HEARTBEAT, b"\x01\xff\xff"),
        "unexpected message",
        "unexpected message",
    ),
}

#: Messages of a handshake when there is none, and what only a server may send: in TLS 1.3 the
#: request of a certificate after the handshake, in TLS 1.2 the HelloRequest.
MESSAGES = {
    "HelloRequest": handshake(HELLO_REQUEST),
    "ServerHello": handshake(SERVER_HELLO, bytes(40)),
    "NewSessionTicket": handshake(NEW_SESSION_TICKET, bytes(20)),
    "EndOfEarlyData": handshake(END_OF_EARLY_DATA),
    "CertificateRequest": handshake(CERTIFICATE_REQUEST, b"\0\0\0"),
    "Finished": handshake(FINISHED, bytes(48)),
    "a message that there is not": handshake(77),
    "two messages about keys in one record": handshake(KEY_UPDATE, b"\0") * 2,
}


class RecordTests(DaemonTestCase):
    async def test_what_is_no_good_record_is_answered_by_its_alert(self) -> None:
        daemon = await self.start()
        for what, (make, *alerts) in RECORDS.items():
            for version, alert in zip(VERSIONS, alerts, strict=True):
                said = await in_thread(answer_to, daemon, version, make)
                self.assertEqual(alert or "gone", said, f"{what}, {version:x}")
        await self.assert_serves(daemon)

    async def test_a_message_that_nobody_asked_for_is_unexpected(self) -> None:
        daemon = await self.start()
        for what, message in MESSAGES.items():
            for version in VERSIONS:
                said = await in_thread(answer_to, daemon, version, sealed(HANDSHAKE, message))
                self.assertEqual("unexpected message", said, f"{what}, {version:x}")
        for version in VERSIONS:
            message = certificate_message([], version)
            said = await in_thread(answer_to, daemon, version, sealed(HANDSHAKE, message))
            self.assertEqual("unexpected message", said, f"Certificate, {version:x}")
        await self.assert_serves(daemon)

    async def test_a_key_update_must_say_what_it_wants(self) -> None:
        daemon = await self.start()
        for body in (b"\x02", b"\xff", b"\0\0"):
            message = handshake(KEY_UPDATE, body)
            said = await in_thread(answer_to, daemon, TLS_1_3, sealed(HANDSHAKE, message))
            self.assertEqual("illegal parameter", said, body.hex())
        await self.assert_serves(daemon)

    async def test_another_client_hello_does_not_begin_anew_in_tls_1_3(self) -> None:
        daemon = await self.start()
        for message in (hello(), hello(*OF_TLS_1_3)):
            said = await in_thread(answer_to, daemon, TLS_1_3, sealed(HANDSHAKE, message))
            self.assertEqual("unexpected message", said)
        await self.assert_serves(daemon)

    async def test_records_without_data_are_no_data(self) -> None:
        daemon = await self.start()

        def echo(version: int) -> int:
            with OddPeer(daemon, version) as peer:
                peer.associate()
                sealing = peer.sealing(1)
                request = c_echo_rq()
                # One byte a record, and an empty one after each.
                for octet in request:
                    peer.send(sealing.seal(APPLICATION_DATA, bytes((octet,))))
                    peer.send(sealing.seal(APPLICATION_DATA, b""))
                return status_of(peer.receive())

        for version in VERSIONS:
            self.assertEqual(0, await in_thread(echo, version))


class EndTests(DaemonTestCase):
    async def test_who_is_gone_without_close_notify_is_gone_from_the_node_too(self) -> None:
        daemon = await self.start()
        files = open_files(daemon)
        for version in VERSIONS:
            for stage, begin in STAGES.items():
                for end in (OddPeer.reset, lambda peer: peer.socket.close()):
                    peer = await in_thread(OddPeer, daemon, version)
                    await in_thread(begin, peer)
                    end(peer)
                    await self.soon(daemon.process.when_says(rf":{peer.port}\b.*\n"))
                    what = f"{stage}, {version:x}"
                    await in_thread(until, lambda: open_files(daemon) <= files, f"{what}: stays")
        await self.assert_serves(daemon)

    async def test_after_the_release_nobody_cares_how_the_link_ends(self) -> None:
        daemon = await self.start()
        peer = await in_thread(OddPeer, daemon)
        await in_thread(peer.associate)
        self.assertEqual(RELEASE_RP, await in_thread(peer.ask, RELEASE_RQ))
        peer.socket.close()
        await self.soon(daemon.process.when_says(rf":{peer.port} ended after 0 requests"))
        lines = [line for line in daemon.process.output.splitlines() if f":{peer.port}" in line]
        self.assertEqual([], [line for line in lines if "#info" not in line])

    async def test_after_close_notify_nothing_is_heard(self) -> None:
        daemon = await self.start()
        for version in VERSIONS:
            said = await in_thread(
                answer_to,
                daemon,
                version,
                lambda sealing: (
                    sealing.seal(ALERT, b"\x01\0") + sealing.seal(APPLICATION_DATA, c_echo_rq())
                ),
            )
            self.assertEqual("close notify", said)
        await self.assert_serves(daemon)

    async def test_who_goes_on_after_our_close_notify_is_cut_off_after_the_deadline(self) -> None:
        daemon = await self.start(more="[limits]\nartim = 1.0\nclosing = 1.0")

        def go_on() -> float:
            with OddPeer(daemon) as peer:
                peer.shake_hands()
                rejected = peer.ask(associate_rq(called=b"SOMEBODY"))
                assert rejected[0] == 0x03, rejected.hex(" ")
                began = time.monotonic()
                sealing = peer.sealing(1)
                with contextlib.suppress(ConnectionError):
                    while time.monotonic() - began < 10:
                        peer.send(sealing.seal(APPLICATION_DATA, c_echo_rq()))
                        time.sleep(0.01)
                return time.monotonic() - began

        self.assertLess(await in_thread(go_on), 8)
        await self.assert_serves(daemon)


def answer_to(daemon: Node, version: int, make: Make) -> str:
    """What a node says of a record on an association."""
    with OddPeer(daemon, version) as peer:
        peer.associate()
        peer.send(make(peer.sealing(1)))
        return peer.said()


def half_a_request(peer: OddPeer) -> None:
    peer.shake_hands()
    peer.tell(associate_rq()[:20])


def half_a_record(peer: OddPeer) -> None:
    peer.associate()
    peer.send(peer.sealing(1).seal(APPLICATION_DATA, c_echo_rq())[:20])


#: How far a peer gets.
STAGES: dict[str, Callable[[OddPeer], None]] = {
    "before a byte": lambda peer: None,
    "in its ClientHello": lambda peer: peer.send(record(HANDSHAKE, hello())[:20]),
    "after its ClientHello": lambda peer: peer.send(record(HANDSHAKE, hello())),
    "in the association request": half_a_request,
    "after the association request": OddPeer.associate,
    "in a record": half_a_record,
}
