"""The parts of a node begin and end in order."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from txdicomtls.errors import IndexUnavailable
from txdicomtls.node.assembly import Assembly


class Parts:
    """All of them, played by one that notes in which order they are called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.drained: Deferred[None] = Deferred()
        self.stopped: Deferred[None] = Deferred()


class _Part:
    def __init__(self, parts: Parts, name: str) -> None:
        self._parts = parts
        self._name = name

    def _note(self, what: str) -> None:
        self._parts.calls.append(f"{self._name} {what}")


class Outbound(_Part):
    async def start(self) -> None:
        self._note("start")

    async def stop(self) -> None:
        self._note("stop")
        await self._parts.stopped
        self._note("stopped")


class Others(_Part):
    def start(self) -> None:
        self._note("start")

    def stop(self) -> None:
        self._note("stop")

    def close(self) -> None:
        self._note("close")


class Factory(_Part):
    def drain(self) -> Deferred[None]:
        self._note("drain")
        return self._parts.drained

    def abort_all(self, why: str) -> None:
        self._note(f"abort: {why}")
        self._parts.drained.callback(None)


class AssemblyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.parts = Parts()
        parts: dict[str, Any] = {
            "keeping": Others(self.parts, "keeping"),
            "outbound": Outbound(self.parts, "outbound"),
            "commitments": Others(self.parts, "commitments"),
            "factory": Factory(self.parts, "factory"),
            "reactor": self.clock,
        }
        self.assembly = Assembly(**parts, in_thread=at_once)

    def test_everything_begins_to_work(self) -> None:
        self.successResultOf(Deferred.fromCoroutine(self.assembly.start()))
        self.assertEqual(["outbound start", "commitments start", "keeping start"], self.parts.calls)

    def test_each_ends_before_what_it_needs(self) -> None:
        stopping = Deferred.fromCoroutine(self.assembly.stop(30))
        self.assertEqual(["keeping stop", "outbound stop"], self.parts.calls)
        self.parts.stopped.callback(None)
        self.assertEqual(["outbound stopped", "factory drain"], self.parts.calls[2:])
        self.clock.advance(29)
        self.assertNoResult(stopping)
        self.parts.drained.callback(None)
        self.successResultOf(stopping)
        self.assertEqual(["commitments stop", "keeping close"], self.parts.calls[4:])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_associations_that_take_too_long_are_aborted(self) -> None:
        self.parts.stopped.callback(None)
        stopping = Deferred.fromCoroutine(self.assembly.stop(30))
        self.clock.advance(30)
        self.successResultOf(stopping)
        self.assertIn("factory abort: the node stops", self.parts.calls)
        self.assertEqual("keeping close", self.parts.calls[-1])

    def test_a_queue_that_cannot_be_used_does_not_keep_it_from_ending(self) -> None:
        self.parts.stopped.errback(IndexUnavailable("the index", "it is away"))
        self.parts.drained.callback(None)
        self.successResultOf(Deferred.fromCoroutine(self.assembly.stop(30)))
        self.assertEqual("keeping close", self.parts.calls[-1])
