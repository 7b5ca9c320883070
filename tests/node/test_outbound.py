"""What a node sends by itself: begun at its start, with what was left of the last time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher

from tests.archive.doubles import at_once
from tests.node.cases import SMALLEST, ConfigurationCase
from tests.node.doubles import PlayedDestinations, PlayedNode
from txdicomtls.archive.payloads import forward_task
from txdicomtls.errors import UnknownInstance
from txdicomtls.index import TaskKind, open_index
from txdicomtls.node.outbound import ALONE, Outbound, utc_now

HOUR = timedelta(hours=1)


class OutboundTests(ConfigurationCase):
    def setUp(self) -> None:
        super().setUp()
        self.index = open_index(Path(self.mktemp()))
        self.addCleanup(self.index.close)
        self.queue = self.index.tasks
        self.lines: list[str] = []
        observer: Any = lambda event: self.lines.append(formatEvent(event))  # noqa: E731  # short
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.asked_for: list[str] = []

    async def find(self, uid: str) -> Any:
        self.asked_for.append(uid)
        raise UnknownInstance("it is not kept any more")

    def start(self) -> None:
        keeping: Any = SimpleNamespace(index=self.index, find=self.find)
        destinations: Any = PlayedDestinations(PlayedNode())
        destinations.known("THERE").send = _send
        reactor: Any = Clock()
        outbound = Outbound(
            self.load(SMALLEST), keeping, destinations, reactor=reactor, in_thread=at_once
        )
        self.successResultOf(Deferred.fromCoroutine(outbound.start()))
        self.addCleanup(lambda: Deferred.fromCoroutine(outbound.stop()))

    def test_what_was_under_way_when_the_node_died_is_done_at_its_start(self) -> None:
        now = utc_now()
        self.queue.put(forward_task("THERE", "1.1"), now=now)
        self.queue.due(TaskKind.FORWARD, now=now, owner=ALONE, lease=HOUR)
        self.start()
        self.assertEqual(["1.1"], self.asked_for)
        self.assertTrue(any("'THERE': 1 wait, 0 were given up" in line for line in self.lines))

    def test_what_a_clock_that_was_ahead_has_put_off_is_due_at_the_start(self) -> None:
        now = utc_now()
        self.queue.put(forward_task("THERE", "1.1"), now=now + timedelta(days=3650))
        self.start()
        self.assertEqual(["1.1"], self.asked_for)
        self.assertTrue(any("a clock that was ahead" in line for line in self.lines))

    def test_what_was_put_off_for_a_reason_waits(self) -> None:
        now = utc_now()
        self.queue.put(forward_task("THERE", "1.1"), now=now)
        self.queue.postpone(TaskKind.FORWARD, "THERE", until=now + timedelta(minutes=30))
        self.start()
        self.assertEqual([], self.asked_for)


async def _send(instances: Any) -> Any:
    """A destination that takes instances, and gets none."""
    async for each in instances:
        yield each
