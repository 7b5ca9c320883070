"""Odd association requests against the daemon; and requests in pieces, or by the hundred."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable

from twisted.internet.defer import gatherResults

from tests.daemon.cases import GOOD_PEER, DaemonTestCase, good_context, in_thread
from tests.daemon.odd_requests import CASES, NO_CALLED, summary
from tests.daemon.peer import (
    RELEASE_RP,
    RELEASE_RQ,
    Peer,
    abort,
    associate_rq,
    c_echo_rq,
    pdu,
    status_of,
)
from tests.daemon.process import memory, open_files, until
from tests.running import Node

#: How many ask by a wrong title, and how many of them at once.
WRONG, CALLERS = 1000, 4


class RequestTests(DaemonTestCase):
    async def test_each_odd_request_gets_its_answer_at_once(self) -> None:
        daemon = await self.start()
        wrong = []
        for what, (octets, expected) in CASES.items():
            began = time.monotonic()
            answer = summary(await in_thread(first_answer, daemon, octets))
            self.assertLess(time.monotonic() - began, GOOD_PEER, what)
            if answer != expected and answer.split(" ", 1)[0] not in expected.split(" or "):
                wrong.append(f"{what}: {answer}, not {expected}")
        self.assertEqual([], wrong)
        await self.assert_serves(daemon)
        for secret in ("secret", "\x1b[2J", "\r"):
            self.assertNotIn(secret, daemon.process.output)

    async def test_a_request_may_come_in_records_of_one_octet_or_with_all_that_follows(
        self,
    ) -> None:
        daemon = await self.start()
        for size in (1, 7, 1 << 16):
            await in_thread(talk_in_pieces, daemon, size)

    async def test_rejections_by_the_thousand_keep_no_place(self) -> None:
        daemon = await self.start(more="[limits]\nassociations = 1")
        answers = await gatherResults(
            [in_thread(rejections, daemon, WRONG // CALLERS) for _ in range(CALLERS)],
            consumeErrors=True,
        )
        self.assertEqual({NO_CALLED: WRONG}, sum(answers, Counter()))
        await self.assert_serves(daemon)

    async def test_who_says_no_more_after_a_request_is_answered_all_the_same(self) -> None:
        daemon = await self.start()
        await self.assert_serves(daemon)
        files = open_files(daemon)
        for close in (half_close, close_notify):
            for octets in (b"", RELEASE_RQ):
                await in_thread(ask_and_close, daemon, octets, close)
                await in_thread(until, lambda: open_files(daemon) <= files, "it is left open")
        await self.assert_serves(daemon)

    async def test_hundreds_of_associations_leave_nothing(self) -> None:
        daemon = await self.start()
        for _ in range(2):
            await self.assert_serves(daemon)
        files, before = open_files(daemon), memory(daemon)
        for _ in range(20):
            await in_thread(many, daemon, 20)
        await in_thread(until, lambda: open_files(daemon) <= files, "connections are left")
        self.assertLess(memory(daemon) - before, 24 << 20)
        await self.assert_serves(daemon)


def rejections(daemon: Node, count: int) -> Counter[str]:
    """Call so often by a title that nobody has: each answer, and how often it came."""
    context, wrong_title = good_context(daemon), associate_rq(called=b"SOMEBODY")
    answers: Counter[str] = Counter()
    for _ in range(count):
        with Peer(daemon.port, context) as peer:
            peer.send(wrong_title)
            answers[summary(peer.receive())] += 1
    return answers


def first_answer(daemon: Node, octets: bytes) -> bytes:
    """Send a request, and take one PDU."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.send(octets)
        return peer.receive()


def talk_in_pieces(daemon: Node, size: int) -> None:
    """A request, echoes, a release: cut into records of some octets, whatever PDU they are of."""
    octets = b"".join((c_echo_rq(1), packed(c_echo_rq(2), c_echo_rq(3)), RELEASE_RQ))
    with Peer(daemon.port, good_context(daemon)) as peer:
        for part in (associate_rq(), octets):
            for at in range(0, len(part), size):
                peer.send(part[at : at + size])
            if part is not octets:
                peer.receive()
        if [status_of(peer.receive()) for _ in range(3)] != [0, 0, 0]:
            raise AssertionError("an echo was not answered with success")
        if peer.receive() != RELEASE_RP:
            raise AssertionError("the release was not agreed to")


def packed(*p_data: bytes) -> bytes:
    """The presentation data values of several P-DATA-TF in one."""
    return pdu(0x04, b"".join(each[6:] for each in p_data))


def half_close(peer: Peer) -> None:
    """FIN below TLS, without close_notify."""
    socket.socket.shutdown(peer.socket, socket.SHUT_WR)


def close_notify(peer: Peer) -> None:
    """Say in TLS that nothing more comes; the answer to that is not waited for."""
    assert isinstance(peer.socket, ssl.SSLSocket)
    peer.socket.settimeout(0.2)
    with contextlib.suppress(OSError, ValueError):
        peer.socket.unwrap()


def ask_and_close(daemon: Node, octets: bytes, close: Callable[[Peer], None]) -> None:
    """An association, more octets on it if any, and at once the end of what we have to say."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        if octets:
            peer.associate()
        peer.send(octets or associate_rq())
        close(peer)
        peer.socket.settimeout(GOOD_PEER)
        if close is half_close:
            peer.rest()


def many(daemon: Node, count: int) -> None:
    """Several associations at once, each with one echo; half of them aborted."""
    peers = [Peer(daemon.port, good_context(daemon)) for _ in range(count)]
    for peer in peers:
        peer.send(associate_rq())
    for number, peer in enumerate(peers):
        peer.receive()
        peer.echo()
        if number % 2:
            peer.release()
        else:
            peer.send(abort(0, 0))
        peer.socket.close()
