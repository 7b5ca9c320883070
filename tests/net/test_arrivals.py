"""What one read brings is taken in turns, and comes to the same as if it had come slowly."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock

from tests.net.doubles import Cancellable, Service
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    VERIFICATION_ID,
    NetCase,
    Peer,
    echo_request,
    find_request,
    query_contexts,
    store_request,
)
from txdicomtls.association import (
    AbortIndication,
    DataArrived,
    MessageBegan,
    ReleaseConfirmation,
    Send,
    State,
)
from txdicomtls.dimse import CCancelRQ, Message, command_fragments
from txdicomtls.errors import AssociationAborted
from txdicomtls.net import AcceptorProtocol, Timeouts
from txdicomtls.net.arrivals import LARGE, MOST_OUTPUTS, SMALL
from txdicomtls.pdu import Abort, ReleaseRQ, encode

#: Messages that one turn may take: those that it has room for, and a small piece of the
#: shortest, which has 80 bytes.
MOST_MESSAGES = MOST_OUTPUTS // 2 + SMALL // 80 + 1

#: More messages than that, by far.
MANY = 1000

A_RELEASE = encode(ReleaseRQ())
A_ABORT = encode(Abort(source=0, reason=0))


def one_turn(clock: Clock) -> bool:
    """What is due now, and nothing that it asks for; whether there was anything."""
    due: list[Any] = [call for call in clock.getDelayedCalls() if call.getTime() <= clock.seconds()]
    for call in due:
        if call.active():
            clock.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)
    return bool(due)


class ArrivalCase(NetCase):
    """An acceptor that a peer has called, and reads that are made for it."""

    def octets(self, peer: Peer, context_id: int, message: Message, data: bytes = b"") -> bytes:
        """A message as the peer would send it."""
        outputs = peer.connection.send_message(context_id, message)
        if message.has_data_set:
            outputs += peer.connection.send_data(context_id, data, last=True)
        return b"".join(
            bytes(buffer)
            for output in outputs
            if isinstance(output, Send)
            for buffer in output.buffers
        )

    def echoes(self, peer: Peer, count: int = MANY, first: int = 1) -> bytes:
        """So many requests in one read, with these Message IDs."""
        return b"".join(
            self.octets(peer, VERIFICATION_ID, echo_request(first + number))
            for number in range(count)
        )

    def answered(self, peer: Peer) -> list[int]:
        """The Message IDs that the peer has answers to, in their order."""
        messages: list[Any] = [began.message for began in peer.told(MessageBegan)]
        return [message.message_id_being_responded_to for message in messages]

    def turn(self) -> bool:
        """One turn of the reactor, and what the network does after it."""
        was_due = one_turn(self.clock)
        for wire in self.wires:
            wire.flush()
        return was_due

    def turns(self) -> int:
        """Until nothing is due; how many it took."""
        count = 0
        while self.turn():
            count += 1
        return count


class TurnTests(ArrivalCase):
    def test_so_many_messages_are_taken_in_one_turn_and_the_rest_in_those_that_follow(self) -> None:
        peer, server, wire = self.called()
        server.dataReceived(self.echoes(peer))
        wire.flush()
        counts = [len(self.answered(peer))]
        while self.turn():
            counts.append(len(self.answered(peer)))
        self.assertEqual(list(range(1, MANY + 1)), self.answered(peer))
        steps = [after - before for before, after in zip([0, *counts], counts, strict=False)]
        self.assertLessEqual(max(steps), MOST_MESSAGES)
        self.assertGreaterEqual(min(steps[:-1]), MOST_OUTPUTS // 2)

    def test_a_read_that_one_turn_has_room_for_leaves_nothing_to_the_next(self) -> None:
        peer, server, wire = self.called()
        before = self.clock.getDelayedCalls()
        server.dataReceived(self.echoes(peer, MOST_OUTPUTS // 2))
        wire.flush()
        self.assertEqual(MOST_OUTPUTS // 2, len(self.answered(peer)))
        self.assertEqual(before, self.clock.getDelayedCalls())
        self.assertTrue(wire.server.reading)

    def test_others_are_answered_in_between(self) -> None:
        busy, server, _ = self.called()
        other, _, wire = self.called()
        server.dataReceived(self.echoes(busy))
        self.turn()
        other.send(VERIFICATION_ID, echo_request(7))
        wire.flush()
        self.assertEqual([7], self.answered(other))
        self.assertLess(len(self.answered(busy)), MANY)
        self.turns()
        self.assertEqual(MANY, len(self.answered(busy)))

    def test_nothing_more_is_read_while_something_waits(self) -> None:
        peer, server, wire = self.called()
        server.dataReceived(self.echoes(peer))
        while len(self.answered(peer)) < MANY:
            self.assertFalse(wire.server.reading)
            self.assertTrue(server.is_held)
            self.turn()
        self.assertTrue(wire.server.reading)
        self.assertFalse(server.is_held)

    def test_what_comes_all_the_same_comes_after_what_waits(self) -> None:
        peer, server, _ = self.called()
        server.dataReceived(self.echoes(peer))
        self.turn()
        for first in (MANY + 1, MANY + 11):
            server.dataReceived(self.echoes(peer, 10, first))
        self.turns()
        self.assertEqual(list(range(1, MANY + 21)), self.answered(peer))

    def test_what_comes_from_within_a_turn_comes_after_it(self) -> None:
        service = Service(*(Cancellable() for _ in range(3)))
        peer, server, wire = self.called(self.factory(services=[service]))
        second = self.octets(peer, VERIFICATION_ID, echo_request(2))
        begin = service.begin

        def beginning(request: Any) -> Any:
            if len(service.begun) == 0:
                server.dataReceived(second)
            return begin(request)

        service.begin = beginning  # type: ignore[method-assign]  # for this test
        first = self.octets(peer, VERIFICATION_ID, echo_request(1))
        server.dataReceived(first + self.octets(peer, VERIFICATION_ID, echo_request(3)))
        wire.flush()
        self.assertEqual([1, 3, 2], [request.message.message_id for request in service.begun])

    def test_a_read_within_a_large_data_set_is_taken_in_one_turn_and_in_few_pieces(self) -> None:
        peer, server, _ = self.called()
        data = bytes(range(256)) * 8192
        octets = self.octets(peer, CT_ID, store_request(), data)
        size = 1 << 19
        sizes = []
        for start in range(0, len(octets), size):
            server.dataReceived(octets[start : start + size])
            (sink,) = self.receiver.sinks
            sizes.append(len(sink.data))
            self.assertFalse(server.flow.holds)
        self.assertEqual(data, sink.data)
        self.assertEqual(1, sink.finished)
        # One for each large piece, one more for each PDU, and those of the first read.
        pdus = len(data) // 131_072 + 1
        self.assertLess(sink.pieces, len(octets) // LARGE + 2 * pdus + 5)

    def test_messages_behind_a_large_data_set_are_no_more_than_a_large_piece_in_a_turn(
        self,
    ) -> None:
        peer, server, wire = self.called()
        stored = self.octets(peer, CT_ID, store_request(1), bytes(200_000))
        server.dataReceived(stored + self.echoes(peer, 3000, 2))
        wire.flush()
        self.assertLessEqual(len(self.answered(peer)), LARGE // 80 + MOST_MESSAGES)
        self.turn()
        before = len(self.answered(peer))
        self.turn()
        self.assertLessEqual(len(self.answered(peer)) - before, MOST_MESSAGES)
        self.turns()
        self.assertEqual(list(range(1, 3002)), self.answered(peer))

    def test_pieces_of_which_nothing_comes_have_their_bound_as_well(self) -> None:
        peer, server, _ = self.called()
        fragment = bytes([4, 0, 0, 0, 0, 7, 0, 0, 0, 3, VERIFICATION_ID, 1, 0])
        server.dataReceived(fragment * 40_000)  # more bytes of a command set than may be
        self.assertGreater(self.turns(), 5)
        self.assertEqual([], peer.told(AbortIndication))


class MeanwhileTests(ArrivalCase):
    def test_a_cancel_reaches_its_operation_in_the_turn_in_which_it_is_read(self) -> None:
        operation = Cancellable()
        factory = self.factory(services=[Service(operation)])
        peer, server, _ = self.called(factory, query_contexts())
        server.dataReceived(self.octets(peer, STUDY_ROOT_FIND_ID, find_request(1), b"key!"))
        cancel = CCancelRQ(message_id_being_responded_to=1)
        server.dataReceived(self.octets(peer, STUDY_ROOT_FIND_ID, cancel))
        self.assertEqual(1, operation.cancelled)

    def test_a_cancel_with_many_messages_before_it_does_not_wait_for_who_holds_the_peer(
        self,
    ) -> None:
        operation = Cancellable()
        echoing = [Cancellable() for _ in range(MANY)]
        service = Service(operation, *echoing)
        peer, server, wire = self.called(self.factory(services=[service]), query_contexts())
        find = self.octets(peer, STUDY_ROOT_FIND_ID, find_request(1), b"key!")
        cancel = CCancelRQ(message_id_being_responded_to=1)
        octets = self.octets(peer, STUDY_ROOT_FIND_ID, cancel)
        server.dataReceived(find + self.echoes(peer, MANY, 2) + octets)
        self.assertEqual(0, operation.cancelled)
        self.turns()
        self.assertEqual(1, operation.cancelled)
        self.assertFalse(wire.server.reading, "more is outstanding than was agreed")

    def test_a_release_behind_many_messages_is_answered_after_them(self) -> None:
        peer, server, wire = self.called()
        octets = self.echoes(peer)
        peer.connection.release()
        server.dataReceived(octets + A_RELEASE)
        self.turns()
        self.assertEqual(list(range(1, MANY + 1)), self.answered(peer))
        self.assertEqual(1, len(peer.told(ReleaseConfirmation)))
        self.assertIsInstance(peer.heard[-1], ReleaseConfirmation)
        self.assertFalse(wire.is_open)

    def test_an_abort_of_ours_makes_nothing_of_the_messages_that_wait(self) -> None:
        peer, server, wire = self.called()
        server.dataReceived(self.echoes(peer))
        requests = server.messages.dispatcher.requests
        server.abort("enough")
        wire.flush()
        self.turns()
        self.assertEqual(requests, server.messages.dispatcher.requests)
        self.assertEqual(requests, len(self.answered(peer)))
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_once_it_is_over_what_waits_is_taken_in_one_turn(self) -> None:
        # Because the end may be behind it, which is all that is waited for then.
        peer, server, _ = self.called()
        server.dataReceived(self.echoes(peer) + A_ABORT)
        self.assertIs(State.STA6, server.connection.state)
        server.abort("enough")
        self.assertIs(State.STA13, server.connection.state)
        one_turn(self.clock)
        self.assertIs(State.STA1, server.connection.state)

    def test_an_abort_of_the_peer_is_known_when_all_before_it_is_done(self) -> None:
        peer, server, _ = self.called()
        server.dataReceived(self.echoes(peer) + A_ABORT)
        self.assertIsNone(server.error)
        self.turns()
        self.assertEqual(MANY, server.messages.dispatcher.requests)
        assert isinstance(server.error, AssociationAborted)
        self.assertTrue(server.error.by_peer)

    def test_what_came_before_the_transport_was_lost_is_done_before_that_is_told(self) -> None:
        peer, server, wire = self.called()
        server.dataReceived(self.echoes(peer) + A_ABORT)
        wire.server.lose(ConnectionLost())
        closed = server.when_closed()
        while server.messages.dispatcher.requests < MANY:
            self.assertNoResult(closed)
            before = server.messages.dispatcher.requests
            self.assertTrue(self.turn())
            self.assertLessEqual(server.messages.dispatcher.requests - before, MOST_MESSAGES)
        self.turns()
        self.successResultOf(closed)
        assert isinstance(server.error, AssociationAborted)
        self.assertTrue(server.error.by_peer)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_transport_that_was_lost_is_neither_held_nor_aborted(self) -> None:
        timeouts = Timeouts(pdu=1.0, idle=2.0)
        peer, server, wire = self.called(self.factory(timeouts=timeouts))
        octets = self.echoes(peer)
        server.dataReceived(octets + octets[:20])
        wire.server.lose(ConnectionLost())
        for act in ("pauseProducing", "resumeProducing", "abortConnection", "loseConnection"):
            self.patch(wire.server, act, self.fail)
        self.turns()
        self.assertEqual(MANY, server.messages.dispatcher.requests)
        self.assertIsNotNone(server.error)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_transport_that_is_lost_in_a_turn_leaves_nothing_for_another(self) -> None:
        service = Service(*(Cancellable() for _ in range(MANY)))
        peer, server, wire = self.called(self.factory(services=[service]))
        begin = service.begin

        def beginning(request: Any) -> Any:
            if len(service.begun) == 2:
                wire.cut()
            return begin(request)

        service.begin = beginning  # type: ignore[method-assign]  # for this test
        server.dataReceived(self.echoes(peer))
        self.assertEqual(3, len(service.begun))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_turn_that_fails_is_the_end_of_the_connection(self) -> None:
        peer, server, wire = self.called()
        server.dataReceived(self.echoes(peer))
        requests = server.messages.dispatcher.requests

        def failing(outputs: Any) -> None:
            raise ZeroDivisionError

        perform = server.perform
        server.perform = failing  # type: ignore[method-assign]  # for this test
        self.assertRaises(ZeroDivisionError, one_turn, self.clock)
        server.perform = perform  # type: ignore[method-assign]
        wire.flush()
        self.assertFalse(wire.is_open)
        self.assertEqual(requests, server.messages.dispatcher.requests)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_what_fails_when_the_transport_is_lost_keeps_nobody_from_hearing_of_it(self) -> None:
        for kind in (ZeroDivisionError, GeneratorExit):
            factory = self.factory()
            peer, server, wire = self.called(factory)
            server.dataReceived(self.echoes(peer))

            def failing(*_: object, kind: type[BaseException] = kind) -> None:
                raise kind

            server.messages.began = failing  # type: ignore[assignment, method-assign]  # a test
            wire.server.lose(ConnectionLost())
            self.turns()
            self.assertEqual(1, len(self.flushLoggedErrors(kind)))
            self.assertIsNotNone(server.error)
            self.successResultOf(server.when_closed())
            self.assertEqual(0, factory.connections)
            self.assertEqual([], self.clock.getDelayedCalls())

    def test_turns_give_a_pdu_that_drips_no_more_time(self) -> None:
        timeouts = Timeouts(pdu=30.0, idle=1000.0)
        _, server, _ = self.called(self.factory(timeouts=timeouts))
        server.dataReceived(b"".join(command_fragments(CT_ID, store_request(1), 0)))
        # So many outputs that each chunk needs a second turn.
        values = bytes((0, 0, 0, 4, CT_ID, 0, 1, 2)) * (1 << 14)
        octets = b"\x04\x00" + len(values).to_bytes(4, "big") + values
        chunk = SMALL + 100
        for start in (0, chunk):
            server.dataReceived(octets[start : start + chunk])
            self.assertTrue(self.turn())
            self.turns()
            self.advance(29.0 if start == 0 else 0.9)
            self.assertIsNone(server.error)
        self.advance(0.1)
        self.assertIsNotNone(server.error)

    def test_what_others_hold_stays_held_when_all_is_taken(self) -> None:
        room = self.receiver.will_have_no_room()
        peer, server, wire = self.called()
        stored = self.octets(peer, CT_ID, store_request(1), b"data")
        server.dataReceived(stored + self.echoes(peer, MANY, 2))
        self.turns()
        self.assertEqual(MANY + 1, server.messages.dispatcher.requests)
        self.assertFalse(wire.server.reading)
        room.callback(None)
        self.assertTrue(wire.server.reading)

    def test_a_pdu_has_its_time_from_when_its_beginning_is_taken(self) -> None:
        timeouts = Timeouts(pdu=5.0, idle=1000.0)
        peer, server, _ = self.called(self.factory(timeouts=timeouts))
        server.dataReceived(self.echoes(peer) + b"\x04\x00")
        self.turn()
        self.clock.rightNow += 100.0  # the reactor is late
        self.turns()
        self.assertEqual(MANY, len(self.answered(peer)))
        self.advance(4.9)
        self.assertEqual([], peer.told(AbortIndication))
        self.advance(0.1)
        self.assertEqual(1, len(peer.told(AbortIndication)))


#: What a peer says: a kind, and how much of it.
said = st.one_of(
    st.tuples(st.just("echo"), st.integers(1, 150)),
    st.tuples(st.just("store"), st.sampled_from((0, 10, 1000, 5000, 70_000, 300_000))),
    st.tuples(st.just("cancel"), st.integers(1, 100)),
)


class OrderTests(ArrivalCase):
    """Reads of any size, with turns in between or not, are what single bytes would be."""

    def octets_of(self, peer: Peer, words: list[tuple[str, int]], end: bytes) -> bytes:
        octets = b""
        message_id = 0
        for kind, amount in words:
            message_id += 1
            if kind == "store":
                message = store_request(message_id)
                data = bytes([message_id % 256]) * amount
                octets += self.octets(peer, CT_ID, message, data)
            elif kind == "echo":
                octets += self.echoes(peer, amount, message_id)
                message_id += amount
            else:
                cancel = CCancelRQ(message_id_being_responded_to=amount)
                octets += self.octets(peer, VERIFICATION_ID, cancel)
        return octets + end

    def listen_to(self, server: AcceptorProtocol) -> list[Any]:
        """What is indicated from now on, pieces of one data set joined."""
        heard: list[Any] = []
        indicated = server.indicated

        def listening(indication: Any) -> None:
            if not isinstance(indication, DataArrived):
                heard.append(indication)
            elif heard and isinstance(heard[-1], bytes):
                heard[-1] += bytes(indication.data)
            else:
                heard.append(bytes(indication.data))
            indicated(indication)

        server.indicated = listening  # type: ignore[method-assign]  # for this test
        return heard

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(said, max_size=6),
        st.sampled_from((b"", A_RELEASE, A_ABORT, b"\xff", b"\x04\x00")),
        st.lists(st.tuples(st.integers(1, 1 << 19), st.integers(0, 3)), min_size=1, max_size=8),
    )
    @example([("echo", 150)] * 7, A_ABORT, [(1 << 19, 0)])
    @example([("echo", 150)] * 7, A_RELEASE, [(1 << 12, 0), (1 << 19, 1)])
    @example([("store", 300_000), ("echo", 150)] * 3, b"\xff", [(1 << 19, 1)])
    def test_nothing_is_lost_nor_done_twice_nor_out_of_order(
        self, words: list[tuple[str, int]], end: bytes, reads: list[tuple[int, int]]
    ) -> None:
        peer, server, wire = self.called()
        octets = self.octets_of(peer, words, end)
        heard = self.listen_to(server)
        at = number = 0
        while at < len(octets):
            size, turns = reads[number % len(reads)]
            server.dataReceived(octets[at : at + size])
            at, number = at + size, number + 1
            for _ in range(turns):
                one_turn(self.clock)
        while number % 2 and one_turn(self.clock):
            pass
        wire.server.lose(ConnectionLost())
        while one_turn(self.clock):
            pass
        self.assertEqual([], self.clock.getDelayedCalls())

        other_peer, slow, other_wire = self.called()
        octets = self.octets_of(other_peer, words, end)
        expected = self.listen_to(slow)
        for at in range(0, len(octets), SMALL):
            slow.dataReceived(octets[at : at + SMALL])
            while one_turn(self.clock):
                pass
        other_wire.server.lose(ConnectionLost())
        self.assertEqual(expected, heard)
        self.assertEqual(slow.messages.dispatcher.requests, server.messages.dispatcher.requests)
        self.assertEqual(str(slow.error), str(server.error))
        stored = [bytes(sink.data) for sink in self.receiver.sinks]
        self.assertEqual(stored[: len(stored) // 2], stored[len(stored) // 2 :])
        self.receiver.sinks.clear()
        self.wires.clear()
