"""Peers that connect and do not go on: gone after their deadline, and nobody waits for them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import (
    PATIENCE,
    Peer,
    abort,
    associate_rq,
    c_store_rq,
    p_data,
    tls_context,
)
from tests.running import Node

#: The deadlines of the daemon, in seconds, and how much later than that is too late: the
#: machines that tests run on are busy.
LIMITS = "[limits]\nhandshake = 1.0\nartim = 1.0\nidle = 1.0\nclosing = 1.0"
DEADLINE = 1.0
LATE = 8.0


class HandshakeTests(DaemonTestCase):
    async def test_who_does_not_finish_the_handshake_is_gone_after_its_deadline(self) -> None:
        daemon = await self.start(more=LIMITS)
        hello = client_hello()
        half = hello[: len(hello) // 2]
        # What is sent at once, and what in drops.
        manners = ((b"", b""), (half, b""), (b"", hello))
        crowd = in_thread(lose_patience, daemon.port, manners * 10)
        await self.assert_serves(daemon)
        for peer in await crowd:
            self.assertGreater(peer.seconds, DEADLINE / 2)
            self.assertLess(peer.seconds, DEADLINE + LATE)
            self.assertEqual(b"", peer.answer)
            line = await self.log_of(daemon, peer.port)
            self.assertIn("the link was still handshaking after 1 s", line)
        await self.assert_serves(daemon)


class AssociationTests(DaemonTestCase):
    async def test_who_does_not_go_on_is_gone_after_its_deadline(self) -> None:
        daemon = await self.start(more=LIMITS)
        request = associate_rq()
        silent: dict[str, tuple[Callable[[Peer], None], bytes]] = {
            # ARTIM: closed without a word (AA-2).
            "before its association request": (lambda peer: None, b""),
            "in its association request": (lambda peer: peer.send(request[:50]), b""),
            "in the header of a PDU": (lambda peer: peer.send(request[:3]), b""),
            # The user of the service gives up (AA-1).
            "on its association": (Peer.associate, abort(0, 0)),
            "after an echo": (echoed, abort(0, 0)),
            "in a PDU": (in_pdu, abort(0, 0)),
        }
        waiting = [in_thread(left_alone, daemon, begin) for begin, _ in silent.values()]
        for (what, (_, expected)), outcome in zip(silent.items(), waiting, strict=True):
            peer = await outcome
            self.assertEqual(expected.hex(" "), peer.answer.hex(" "), what)
            self.assertGreater(peer.seconds, DEADLINE / 2, what)
            self.assertLess(peer.seconds, DEADLINE + LATE, what)
            if not expected:
                line = await self.log_of(daemon, peer.port)
                self.assertIn("no association request", line, what)
        await self.assert_serves(daemon)

    async def test_who_does_not_go_on_with_a_message_is_gone_after_the_idle_deadline(self) -> None:
        daemon = await self.start(more=LIMITS)
        silent: dict[str, Callable[[Peer], None]] = {
            "before the data set": before_data_set,
            "in the data set": in_data_set,
        }
        waiting = [in_thread(left_alone, daemon, begin) for begin in silent.values()]
        for what, outcome in zip(silent, waiting, strict=True):
            peer = await outcome
            self.assertEqual(abort(0, 0).hex(" "), peer.answer.hex(" "), what)
            self.assertLess(peer.seconds, DEADLINE + LATE, what)
        await self.assert_serves(daemon)

    async def test_who_does_not_close_is_closed(self) -> None:
        daemon = await self.start(more=LIMITS)
        for called, expected in ((b"TXDICOM", abort(2, 2)), (b"SOMEBODY", b"")):
            seconds = await in_thread(deaf, daemon, called, expected)
            self.assertLess(seconds, 2 * DEADLINE + LATE)
        await self.assert_serves(daemon)


def before_data_set(peer: Peer) -> None:
    peer.associate()
    peer.send(c_store_rq(b"1.2.3"))


def in_data_set(peer: Peer) -> None:
    before_data_set(peer)
    peer.send(p_data(3, 0, bytes(1000)))


def echoed(peer: Peer) -> None:
    peer.associate()
    peer.echo()


def in_pdu(peer: Peer) -> None:
    peer.associate()
    peer.send(p_data(3, 1, bytes(100))[:40])


@dataclass(frozen=True)
class Outcome:
    """How a peer fared: its own port, how long it was suffered, and what it was told."""

    port: int
    seconds: float
    answer: bytes


def left_alone(daemon: Node, begin: Callable[[Peer], None]) -> Outcome:
    """Begin something, say nothing more, and see what comes."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        began = time.monotonic()
        begin(peer)
        answer = peer.rest()
        return Outcome(peer.port, time.monotonic() - began, answer)


def deaf(daemon: Node, called: bytes, after: bytes) -> float:
    """Have the node close its side, take no notice, and wait for the transport to be gone."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.send(associate_rq(called=called))
        peer.receive()
        if after:
            peer.send(associate_rq())
            if peer.receive() != after:
                raise AssertionError("not aborted")
        # Below TLS, so that nothing answers the node's close_notify.
        below = peer.socket.detach()
        began = time.monotonic()
        with socket.socket(fileno=below) as plain:
            plain.settimeout(PATIENCE)
            try:
                while plain.recv(65536):
                    pass
            except ConnectionError:
                pass
        return time.monotonic() - began


def lose_patience(port: int, manners: tuple[tuple[bytes, bytes], ...]) -> list[Outcome]:
    """Many at once that never finish their handshake.

    :param manners: what each sends at once, and what a byte at a time from then on.
    """
    began = time.monotonic()
    waiting = []
    for at_once, drops in manners:
        peer = Peer(port)
        peer.send(at_once)
        waiting.append((peer, drops))
    outcomes = []
    for at in count():
        time.sleep(0.2)
        elapsed = time.monotonic() - began
        for each in list(waiting):
            peer, drops = each
            if over(peer, drops[at : at + 1]) or elapsed > DEADLINE + LATE:
                waiting.remove(each)
                outcomes.append(Outcome(peer.port, elapsed, peer.rest()))
                peer.socket.close()
        if not waiting:
            break
    return outcomes


def over(peer: Peer, drop: bytes) -> bool:
    """Send the next drop; whether the node is gone."""
    try:
        peer.send(drop)
        peer.socket.settimeout(0)
        return peer.socket.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        peer.socket.settimeout(PATIENCE)


def client_hello() -> bytes:
    """The first flight of a handshake."""
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        tls_context().wrap_bio(
            ssl.MemoryBIO(), outgoing, server_hostname="localhost"
        ).do_handshake()
    return outgoing.read()
