"""A crowd that never finishes its handshake: a good peer is served, and nothing is left of it."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from typing import Self

from tests.daemon.cases import GOOD_PEER, DaemonTestCase, good_context, in_thread
from tests.daemon.peer import echo_once
from tests.daemon.process import memory, open_files, until
from tests.daemon.tls_hello import OF_TLS_1_3, hello
from tests.daemon.tls_records import HANDSHAKE, record
from tests.running import Node

CROWD = 1000
MANY_FILES = 2 * CROWD + 500

#: As many as may be unproved with the limits of every day, and the good peers of a test.
UNPROVED = 64
GOOD = 10

#: What the memory of a daemon may differ by without anything being kept: the crowd takes five
#: times that.
SLACK = 12 << 20

#: How far a member of the crowd goes: nothing, half a ClientHello, a whole one of each version.
MANNERS = (
    b"",
    record(HANDSHAKE, hello())[:50],
    record(HANDSHAKE, hello()),
    record(HANDSHAKE, hello(*OF_TLS_1_3)),
)


class HalfOpenTests(DaemonTestCase):
    def setUp(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < MANY_FILES:
            most = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    async def test_a_good_peer_is_served_while_the_oldest_of_a_crowd_are_dropped(self) -> None:
        daemon = await self.start()
        files = open_files(daemon)
        with Crowd(daemon.port) as crowd:
            coming = in_thread(crowd.come, CROWD)
            # Until the crowd is there, a good peer may be the oldest, and then it calls again.
            self.assertLess(await in_thread(echo_at_last, daemon), GOOD_PEER)
            await coming
            await self.assert_serves(daemon)
            await in_thread(
                until, lambda: open_files(daemon) <= files + UNPROVED + GOOD, "nobody is dropped"
            )
            dropped = await in_thread(crowd.dropped, CROWD - UNPROVED)
            self.assertGreaterEqual(dropped, CROWD - UNPROVED)
            self.assertLessEqual(dropped, CROWD - UNPROVED + GOOD)
        self.assertIn(
            "dropped: too many connections have not finished their handshake",
            daemon.process.output,
        )
        await self.assert_serves(daemon)

    async def test_a_good_peer_is_served_beside_a_crowd_and_its_memory_comes_back(self) -> None:
        limits = f"[limits]\nunauthenticated = {CROWD + GOOD}\nhandshake = 60.0"
        daemon = await self.start(more=limits)
        await self.assert_serves(daemon)
        files, before = open_files(daemon), memory(daemon)
        with Crowd(daemon.port) as crowd:
            await in_thread(crowd.come, CROWD)
            await in_thread(
                until, lambda: open_files(daemon) >= files + CROWD - GOOD, "they are not let in"
            )
            for _ in range(3):
                await self.assert_serves(daemon)
            self.assertEqual(0, await in_thread(crowd.dropped, 0))
            self.assertGreater(memory(daemon), before + 2 * SLACK)
        await in_thread(until, lambda: open_files(daemon) <= files, "they do not go")
        await in_thread(until, lambda: memory(daemon) < before + SLACK, "their memory is kept")
        await self.assert_serves(daemon)


def echo_at_last(daemon: Node) -> float:
    """One C-ECHO, however often it takes: the seconds that it took."""
    began = time.monotonic()
    while True:
        try:
            echo_once(daemon.port, good_context(daemon))
        except ConnectionError:
            continue
        return time.monotonic() - began


class Crowd:
    """Connections that are not made use of; for ``with`` blocks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._peers: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._peers:
            peer.close()

    def come(self, count: int) -> None:
        """So many connect, as fast as they can."""
        for number in range(count):
            peer = socket.create_connection(("127.0.0.1", self._port))
            self._peers.append(peer)
            with contextlib.suppress(ConnectionError):  # it has been dropped already
                peer.sendall(MANNERS[number % len(MANNERS)])

    def dropped(self, wanted: int) -> int:
        """How many the node has hung up on, as soon as there are so many."""
        end = time.monotonic() + 10
        while True:
            count = sum(map(is_over, self._peers))
            if count >= wanted or time.monotonic() > end:
                return count
            time.sleep(0.1)


def is_over(peer: socket.socket) -> bool:
    """Whether the other side is gone."""
    try:
        while peer.recv(65536, socket.MSG_DONTWAIT):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
