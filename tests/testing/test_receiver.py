"""Where received instances go in a test."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT
from tests.datasets import identity
from txdicomtls.errors import MalformedDataSet, OutOfResources
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IInstanceSink
from txdicomtls.testing import BrokenContract, Gate, MemoryInstance, MemoryReceiver

FACTS = IncomingInstance(sop_class_uid=CT, sop_instance_uid="1.2.3", transfer_syntax_uid=EXPLICIT)
#: JPEG Baseline.
JPEG = "1.2.840.10008.1.2.4.50"
DATA = identity(CT, "1.2.3", EXPLICIT)


class ReceiverTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.receiver = MemoryReceiver()

    def test_it_keeps_what_is_complete_and_nothing_else(self) -> None:
        kept, forgotten = self.receiver.receive(FACTS), self.receiver.receive(FACTS)
        for sink in (kept, forgotten):
            self.assertIsNone(sink.write(memoryview(DATA[:3])))
            self.assertIsNone(sink.write(memoryview(DATA[3:])))
        self.assertEqual(0, len(self.receiver))
        forgotten.discard()
        self.successResultOf(kept.finish())
        (instance,) = self.receiver
        self.assertEqual((FACTS, DATA), (instance.facts, instance.data))
        self.assertEqual((2, True, False), (kept.pieces, kept.is_finished, kept.is_discarded))
        self.assertTrue(forgotten.is_discarded)

    def test_its_parts_are_what_services_ask_for(self) -> None:
        self.assertTrue(verifyObject(IInstanceReceiver, self.receiver))
        self.assertTrue(verifyObject(IInstanceSink, self.receiver.receive(FACTS)))

    def test_bytes_that_are_used_again_by_their_sender_are_kept_as_they_were(self) -> None:
        buffer = bytearray(DATA)
        sink = self.receiver.receive(FACTS)
        sink.write(memoryview(buffer))
        buffer[:] = bytes(len(buffer))
        self.assertEqual(DATA, sink.data)

    def test_an_instance_can_be_read(self) -> None:
        sink = self.receiver.receive(FACTS)
        sink.write(memoryview(DATA))
        self.successResultOf(sink.finish())
        self.assertEqual("1.2.3", self.receiver.instances[0].dataset.SOPInstanceUID)

    def test_an_instance_that_is_no_data_set_cannot(self) -> None:
        sink = self.receiver.receive(FACTS)
        sink.write(memoryview(b"\xff" * 9))
        self.successResultOf(sink.finish())
        with self.assertRaises(MalformedDataSet):
            self.receiver.instances[0].dataset.clear()

    def test_of_a_compressed_instance_all_but_the_pixels_can_be_read(self) -> None:
        facts = replace(FACTS, transfer_syntax_uid=JPEG)
        fragments = b"".join(
            (
                b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff",
                b"\xfe\xff\x00\xe0\0\0\0\0",
                b"\xfe\xff\x00\xe0\4\0\0\0abcd",
                b"\xfe\xff\xdd\xe0\0\0\0\0",
            )
        )
        for data, is_whole in ((DATA + fragments, True), (DATA + fragments[:-1], False)):
            instance = MemoryInstance(facts, data)
            if is_whole:
                self.assertEqual("1.2.3", instance.dataset.SOPInstanceUID)
                self.assertNotIn("PixelData", instance.dataset)
            else:
                self.assertRaises(MalformedDataSet, lambda each=instance: each.dataset)

    def test_it_refuses_what_the_test_does_not_want(self) -> None:
        self.receiver.refusal = OutOfResources("full")
        self.assertRaises(OutOfResources, self.receiver.receive, FACTS)
        self.assertEqual([], self.receiver.sinks)

    def test_it_fails_at_the_end_if_the_test_says_so(self) -> None:
        sink = self.receiver.receive(FACTS)
        self.receiver.failure = OutOfResources("full")
        self.failureResultOf(sink.finish(), OutOfResources)
        self.assertEqual(0, len(self.receiver))

    def test_no_sink_has_room_while_it_is_held_up(self) -> None:
        self.receiver.room.hold()
        sink = self.receiver.receive(FACTS)
        room = sink.write(memoryview(DATA))
        assert room is not None
        self.assertNoResult(room)
        self.receiver.room.let_go()
        self.successResultOf(room)
        self.assertIsNone(sink.write(memoryview(DATA)))

    def test_nothing_is_kept_while_that_is_held_up(self) -> None:
        self.receiver.finishing.hold()
        finished = self.receiver.receive(FACTS).finish()
        self.assertNoResult(finished)
        self.assertEqual(0, len(self.receiver))
        self.receiver.finishing.let_go()
        self.successResultOf(finished)
        self.assertEqual(1, len(self.receiver))

    def test_it_may_take_its_time(self) -> None:
        receiver = MemoryReceiver(self.clock, room_after=2, finish_after=3)
        sink = receiver.receive(FACTS)
        room = sink.write(memoryview(DATA))
        finished = sink.finish()
        assert room is not None
        self.clock.advance(2)
        self.successResultOf(room)
        self.assertNoResult(finished)
        self.clock.advance(1)
        self.successResultOf(finished)

    def test_a_delay_needs_a_clock(self) -> None:
        self.assertRaises(ValueError, MemoryReceiver, finish_after=1)


class ContractTests(SynchronousTestCase):
    def test_nothing_may_follow_the_end_of_a_sink(self) -> None:
        for end in ("finish", "discard"):
            for then in ("write", "finish", "discard"):
                sink = MemoryReceiver().receive(FACTS)
                getattr(sink, end)()
                arguments = [memoryview(b"")] if then == "write" else []
                error = self.assertRaises(BrokenContract, getattr(sink, then), *arguments)
                self.assertEqual(f"{then}() was called after {end}()", str(error))


class GateTests(SynchronousTestCase):
    def test_it_is_open_at_first(self) -> None:
        self.assertIsNone(Gate().passage())

    def test_all_who_wait_pass_when_it_is_let_go(self) -> None:
        gate = Gate()
        gate.hold()
        gate.hold()
        waiting = [gate.passage(), gate.passage()]
        gate.let_go()
        for passage in waiting:
            assert passage is not None
            self.successResultOf(passage)
        self.assertIsNone(gate.passage())

    def test_who_gives_up_is_not_waited_for(self) -> None:
        gate = Gate()
        gate.hold()
        passage = gate.passage()
        assert passage is not None
        passage.addErrback(lambda _: None)
        passage.cancel()
        gate.let_go()
        self.assertIsNone(gate.passage())
