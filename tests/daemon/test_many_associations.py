"""Associations by the thousand, one after the other and side by side: nothing of them is left.

How many follow one another is 1,000, which takes some seconds; the environment variable
``TXDICOMTLS_ASSOCIATIONS`` asks for another number, as 10,000.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from twisted.internet.defer import gatherResults

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import Peer, abort, c_echo_rq, status_of
from tests.daemon.process import memory, open_files, until
from tests.running import Node

#: How many call at once, each for one association after the other.
CALLERS = 4
IN_TURN = int(os.environ.get("TXDICOMTLS_ASSOCIATIONS", "1000"))

#: After so many a daemon is as large as it will be: its threads are there, and its caches full.
WARM_UP = 400

AT_ONCE, TIMES = 500, 3
LIMITS = f"""[limits]
associations = {AT_ONCE + 2}
associations_per_certificate = {AT_ONCE + 2}
"""

#: Sessions that may be taken up again are kept on purpose: 7 kB each, for two minutes.
NO_SESSIONS = "resumption = false"

#: What the memory of a daemon may differ by without anything being kept: it grows by some 10 MB in
#: the first 10,000 associations and hardly after that.  Each that is open takes 45 kB, so this is
#: less than 500 of them, or 1,000, would take if they were kept.
SLACK = 16 << 20


class ManyAssociationsTests(DaemonTestCase):
    timeout = 300

    async def test_one_after_the_other_they_leave_nothing(self) -> None:
        daemon = await self.start(tls=NO_SESSIONS)
        files = await self.files_of(daemon)
        await self.call(daemon, WARM_UP)
        before = memory(daemon)
        await self.call(daemon, IN_TURN)
        await in_thread(until, lambda: open_files(daemon) <= files, "connections are left")
        self.assertLess(memory(daemon) - before, SLACK)
        await self.assert_serves(daemon)

    async def test_side_by_side_they_leave_nothing(self) -> None:
        daemon = await self.start(tls=NO_SESSIONS, more=LIMITS)
        files = await self.files_of(daemon)
        for _ in range(TIMES):
            before = memory(daemon)
            with ExitStack() as stack:
                peers = await in_thread(side_by_side, daemon, stack)
                self.assertEqual(files + AT_ONCE, open_files(daemon))
                await in_thread(echo_all, peers)
                await self.assert_serves(daemon)
                await in_thread(end_all, peers)
            await in_thread(until, lambda: open_files(daemon) <= files, "connections are left")
        # The allocator keeps what the first crowds took; the last one finds room there.
        self.assertLess(memory(daemon) - before, SLACK)
        await self.assert_serves(daemon)

    async def files_of(self, daemon: Node) -> int:
        """How many files the daemon has open when it has served somebody and nobody is there."""
        await self.assert_serves(daemon)
        await self.soon(daemon.process.when_says("ended after 1 requests"))
        return open_files(daemon)

    async def call(self, daemon: Node, total: int) -> None:
        """So many associations, by all callers together."""
        await gatherResults(
            [in_thread(in_turn, daemon, total // CALLERS) for _ in range(CALLERS)],
            consumeErrors=True,
        )


def in_turn(daemon: Node, number: int) -> None:
    """So many associations, each for one echo."""
    context = good_context(daemon)
    for index in range(number):
        with Peer(daemon.port, context) as peer:
            peer.associate()
            peer.echo()
            end(peer, index)


def side_by_side(daemon: Node, stack: ExitStack) -> list[Peer]:
    """Associations that are all open; the stack closes their connections."""
    context = good_context(daemon)
    peers = []
    for _ in range(AT_ONCE):
        peer = stack.enter_context(Peer(daemon.port, context))
        peer.associate()
        peers.append(peer)
    return peers


def echo_all(peers: list[Peer]) -> None:
    """All ask before the first is listened to."""
    for peer in peers:
        peer.send(c_echo_rq())
    statuses = {status_of(peer.receive()) for peer in peers}
    if statuses != {0}:
        raise AssertionError(f"C-ECHO was answered with {statuses}")


def end_all(peers: list[Peer]) -> None:
    for index, peer in enumerate(peers):
        end(peer, index)


def end(peer: Peer, index: int) -> None:
    """Every other one is released, the rest aborted."""
    if index % 2:
        peer.release()
    else:
        peer.send(abort(0, 0))
