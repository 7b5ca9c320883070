"""A crowd that never finishes its handshake: a good peer is served, and nothing is left of it."""

from __future__ import annotations

import contextlib
import resource
import socket
import time

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.process import memory, open_files, until
from tests.daemon.tls_hello import OF_TLS_1_3, hello
from tests.daemon.tls_peer import HANDSHAKE, record

CROWD = 1000
MANY_FILES = CROWD + 500

#: As of all tests that look at the memory: Python keeps some of what it had for the next time.
SLACK = 8 << 20

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

    async def test_with_the_limits_of_every_day_the_oldest_are_dropped(self) -> None:
        daemon = await self.start()
        files = open_files(daemon)
        with Crowd(daemon.port) as crowd:
            for _ in range(2):
                await in_thread(crowd.come, CROWD)
                await self.assert_serves(daemon)
                # 64 may be unproved; each further one takes the place of the oldest.
                await in_thread(until, lambda: open_files(daemon) <= files + 64 + 5, "not dropped")
            self.assertEqual(2 * CROWD - 64, await in_thread(crowd.dropped, 2 * CROWD - 64))
        self.assertIn("dropped: too many connections have not finished", daemon.process.output)
        await self.assert_serves(daemon)

    async def test_when_all_are_let_be_a_good_peer_is_served_and_their_memory_comes_back(
        self,
    ) -> None:
        limits = f"[limits]\nunauthenticated = {CROWD + 10}\nhandshake = 60.0"
        daemon = await self.start(more=limits)
        files = open_files(daemon)
        # What the first crowd needs is kept for the next: the second must not need more.
        peaks = []
        for _ in range(3):
            with Crowd(daemon.port) as crowd:
                await in_thread(crowd.come, CROWD)
                await in_thread(
                    until, lambda: open_files(daemon) >= files + CROWD, "they did not come"
                )
                await self.assert_serves(daemon)
                peaks.append(memory(daemon))
            await in_thread(until, lambda: open_files(daemon) <= files, "they did not go")
            await self.assert_serves(daemon)
        print(peaks, memory(daemon))


class Crowd:
    """Connections that are not made use of; for ``with`` blocks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._peers: list[socket.socket] = []

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._peers:
            peer.close()

    def come(self, count: int) -> None:
        """So many connect."""
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
        while octets := peer.recv(65536, socket.MSG_DONTWAIT):
            del octets
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
