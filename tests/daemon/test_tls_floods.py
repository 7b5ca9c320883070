"""Peers that are let in and then say nothing of DICOM, very fast: nobody waits for them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.peer import c_echo_rq, status_of
from tests.daemon.process import memory, processor_time
from tests.daemon.tls_hello import Answer, hello
from tests.daemon.tls_peer import OddPeer
from tests.daemon.tls_records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    HEARTBEAT,
    KEY_UPDATE,
    TLS_1_2,
    TLS_1_3,
    Sealing,
    handshake,
    record,
    records,
)
from tests.running import Node

#: Seconds without a message of DICOM after which the daemon gives up.
IDLE = 2.0
LIMITS = f"[limits]\nidle = {IDLE}\nclosing = 1.0"
LATE = 8.0

#: Records of each flood, and what the daemon may spend on one: OpenSSL stops at 32 or less.
MANY = 20000
PROCESSOR_TIME = 0.3

#: What the memory of a daemon may differ by without anything being kept.
SLACK = 8 << 20

#: An alert that says nothing, as a warning (RFC 8446 6.1: user_canceled).
WARNING = b"\x01\x5a"

Make = Callable[[Sealing], bytes]

FLOODS: dict[str, Make] = {
    "empty records": lambda sealing: sealing.seal(APPLICATION_DATA, b""),
    "empty handshake records": lambda sealing: sealing.seal(HANDSHAKE, b""),
    "warnings": lambda sealing: sealing.seal(ALERT, WARNING),
    "ChangeCipherSpec": lambda sealing: record(CHANGE_CIPHER_SPEC, b"\x01"),
    "heartbeats": lambda sealing: sealing.seal(HEARTBEAT, b"\x01\0\x01x" + bytes(16)),
}

#: What ends a flood; OpenSSL decides which of them.
ENDS = ("unexpected message", "bad record mac", "gone")
BEFORE_THE_HANDSHAKE = ("unexpected_message", "protocol_version", "gone")


@dataclass(frozen=True)
class Outcome:
    """How a flood went: how it ended, after how many seconds, after how many octets."""

    end: str
    seconds: float
    octets: int


class FloodTests(DaemonTestCase):
    async def test_a_flood_of_records_that_say_nothing_ends_the_link_at_once(self) -> None:
        daemon = await self.start()
        before = memory(daemon)
        for what, make in FLOODS.items():
            for version in (TLS_1_2, TLS_1_3):
                used = processor_time(daemon)
                outcome = await in_thread(flood, daemon, version, many(make))
                self.assertIn(outcome.end, ENDS, f"{what}, {version:x}")
                self.assertLess(processor_time(daemon) - used, PROCESSOR_TIME, what)
        self.assertLess(memory(daemon) - before, SLACK)
        await self.assert_serves(daemon)

    async def test_a_flood_before_the_handshake_ends_the_link_at_once(self) -> None:
        daemon = await self.start()
        floods = {
            "warnings": record(ALERT, WARNING),
            "ChangeCipherSpec": record(CHANGE_CIPHER_SPEC, b"\x01"),
            "empty records": record(HANDSHAKE, b""),
            "heartbeats": record(HEARTBEAT, b"\x01\0\x01x" + bytes(16)),
        }
        for what, each in floods.items():
            used = processor_time(daemon)
            outcome = await in_thread(flood_at_once, daemon, each * MANY)
            self.assertIn(outcome.end, BEFORE_THE_HANDSHAKE, what)
            self.assertLess(outcome.seconds, 5, what)
            self.assertLess(processor_time(daemon) - used, PROCESSOR_TIME, what)
        await self.assert_serves(daemon)

    async def test_key_updates_keep_nobody_waiting_and_end_with_the_idle_deadline(self) -> None:
        daemon = await self.start(more=LIMITS)
        before = memory(daemon)
        for requested in (b"\0", b"\x01"):
            flooding = in_thread(flood, daemon, TLS_1_3, key_updates(requested))
            # Nobody reads the answers, of which there is one to each that is requested.
            await self.assert_serves(daemon)
            outcome = await flooding
            self.assertEqual("gone", outcome.end)
            self.assertGreater(outcome.octets, 27 * 1000)
            self.assertGreater(outcome.seconds, IDLE / 2)
            self.assertLess(outcome.seconds, IDLE + LATE)
            self.assertLess(memory(daemon) - before, SLACK)
        await self.assert_serves(daemon)

    async def test_a_good_peer_may_have_new_keys(self) -> None:
        daemon = await self.start()

        def echo() -> bytes:
            with OddPeer(daemon) as peer:
                peer.associate()
                sealing = peer.sealing(1)
                for requested in (b"\0", b"\x01"):
                    peer.send(key_update(sealing, requested))
                peer.send(sealing.seal(APPLICATION_DATA, c_echo_rq()))
                return peer.receive()

        self.assertEqual(0, status_of(await in_thread(echo)))


class DeafPeerTests(DaemonTestCase):
    async def test_who_asks_and_never_reads_is_not_listened_to_for_ever(self) -> None:
        daemon = await self.start()
        before = memory(daemon)
        with await in_thread(OddPeer, daemon) as peer:
            await in_thread(peer.associate)
            # Where nobody reads, TCP makes the sender wait.
            self.assertLess(await in_thread(until_blocked, peer), 64 << 20)
            self.assertLess(memory(daemon) - before, 16 << 20)
            await self.assert_serves(daemon)
        await self.assert_serves(daemon)


class RenegotiationTests(DaemonTestCase):
    async def test_nothing_is_renegotiated_however_often_it_is_asked_for(self) -> None:
        daemon = await self.start()
        used = processor_time(daemon)
        # With renegotiation_info, as it should be, and without, as before RFC 5746.
        for asked_for in (hello(RENEGOTIATION_INFO), hello()):
            answers = await in_thread(renegotiate, daemon, asked_for, 1000)
            self.assertEqual([(ALERT, NO_RENEGOTIATION)] * 1000, answers[:-1])
            self.assertEqual((APPLICATION_DATA, 0), (answers[-1][0], status_of(answers[-1][1])))
        self.assertLess(processor_time(daemon) - used, 1.0)
        await self.assert_serves(daemon)


#: With the verify_data of nobody (RFC 5746 3.5).
RENEGOTIATION_INFO = b"\xff\x01\x00\x0d\x0c" + bytes(12)

#: A warning (RFC 5246 7.2.2).
NO_RENEGOTIATION = b"\x01\x64"


def flood(daemon: Node, version: int, octets: Callable[[Sealing], Iterator[bytes]]) -> Outcome:
    """Be on an association, and send until the node has enough; nothing is read before."""
    with OddPeer(daemon, version) as peer:
        peer.associate()
        began, sent = time.monotonic(), 0
        try:
            for each in octets(peer.sealing(1)):
                peer.send(each)
                sent += len(each)
        except ConnectionError:
            end = "gone"
        else:
            end = peer.said()
        return Outcome(end, time.monotonic() - began, sent)


def flood_at_once(daemon: Node, octets: bytes) -> Outcome:
    """Send octets in place of a handshake."""
    began = time.monotonic()
    answer = Answer(daemon.port, octets)
    return Outcome(answer.alert or "gone", time.monotonic() - began, len(octets))


def until_blocked(peer: OddPeer) -> int:
    """Ask for echoes until nothing more can be sent for a second: octets that were sent."""
    sealing = peer.sealing(1)
    peer.socket.settimeout(1.0)
    sent = 0
    requests = c_echo_rq() * 200
    with contextlib.suppress(TimeoutError):
        while sent < 128 << 20:
            peer.send(sealing.seal(APPLICATION_DATA, requests))
            sent += len(requests)
    return sent


def many(make: Make) -> Callable[[Sealing], Iterator[bytes]]:
    """So many records that say nothing."""
    return lambda sealing: iter([b"".join(make(sealing) for _ in range(MANY))])


def key_update(sealing: Sealing, requested: bytes) -> bytes:
    """A KeyUpdate; what follows is sealed with the new key."""
    sealed = sealing.seal(HANDSHAKE, handshake(KEY_UPDATE, requested))
    sealing.update()
    return sealed


def key_updates(requested: bytes) -> Callable[[Sealing], Iterator[bytes]]:
    """One after the other, without end."""

    def without_end(sealing: Sealing) -> Iterator[bytes]:
        while True:
            yield b"".join(key_update(sealing, requested) for _ in range(100))

    return without_end


def renegotiate(daemon: Node, asked_for: bytes, times: int) -> list[tuple[int, bytes]]:
    """Ask for another handshake so many times, and for an echo: types and contents of answers."""
    with OddPeer(daemon, TLS_1_2) as peer:
        peer.associate()
        sealing, opening = peer.sealing(1), peer.opening(1)
        peer.send(b"".join(sealing.seal(HANDSHAKE, asked_for) for _ in range(times)))
        peer.send(sealing.seal(APPLICATION_DATA, c_echo_rq()))
        received = b""
        answers: list[tuple[int, bytes]] = []
        while len(answers) <= times:
            received += peer.socket.recv(65536)
            whole = list(records(received))
            received = received[sum(map(len, whole)) :]
            answers += map(opening.open, whole)
        return answers
