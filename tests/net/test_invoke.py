"""Operations that a requestor invokes: their data sets, their window, and how they fail."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from tests.net.blocks import Source, blocks_of, then_fails
from tests.net.pair import (
    CT_ID,
    KEPT,
    VERIFICATION_ID,
    NetCase,
    Peer,
    echo_request,
    store_request,
    watch,
    windowed,
)
from txdicomtls.association import (
    AbortIndication,
    DataArrived,
    MessageBegan,
    MessageEnded,
    State,
)
from txdicomtls.dimse import CEchoRQ, Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationError,
    AssociationTimeout,
    LinkError,
    LocalProtocolError,
)
from txdicomtls.net import Timeouts


def requests(peer: Peer) -> list[int]:
    """The message IDs that came, in order."""
    return [
        began.message.message_id  # type: ignore[attr-defined]  # requests
        for began in peer.told(MessageBegan)
    ]


class OperationTests(NetCase):
    def test_an_operation_fires_with_its_response(self) -> None:
        client, peer, wire = self.calling()
        echoed = client.invoke(VERIFICATION_ID, echo_request)
        wire.flush()
        (began,) = peer.told(MessageBegan)
        self.assertIsInstance(began.message, CEchoRQ)
        peer.send(VERIFICATION_ID, echo_request(1).response(Status.PROCESSING_FAILURE))
        wire.flush()
        self.assertEqual(Status.PROCESSING_FAILURE, self.successResultOf(echoed).status)
        self.assertIs(State.STA6, client.connection.state)

    def test_a_data_set_is_sent_in_order_and_asked_for_as_there_is_room(self) -> None:
        client, peer, wire = self.calling()
        source = Source(*(bytes([n]) * 500_000 for n in range(10)))
        stored = client.invoke(CT_ID, store_request, source())
        self.assertLess(source.asked, 4)
        wire.flush()
        self.assertEqual((10, 1), (source.asked, source.closed))
        self.assertEqual([5_000_000], [ended.length for ended in peer.told(MessageEnded)])
        arrived = b"".join(bytes(each.data) for each in peer.told(DataArrived))
        self.assertTrue(arrived == b"".join(bytes([n]) * 500_000 for n in range(10)))
        self.assertNoResult(stored)
        peer.send(CT_ID, store_request(1).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual(Status.SUCCESS, self.successResultOf(stored).status)

    def test_without_a_window_the_next_one_waits_for_the_response(self) -> None:
        client, peer, wire = self.calling()
        first, second = (client.invoke(VERIFICATION_ID, echo_request) for _ in range(2))
        wire.flush()
        self.assertEqual([1], requests(peer))
        peer.send(VERIFICATION_ID, echo_request(1).response(Status.SUCCESS))
        wire.flush()
        self.successResultOf(first)
        self.assertEqual([1, 2], requests(peer))
        peer.send(VERIFICATION_ID, echo_request(2).response(Status.SUCCESS))
        wire.flush()
        self.successResultOf(second)

    def test_with_a_window_several_are_outstanding_and_answered_in_any_order(self) -> None:
        client, peer, wire = self.calling(windowed(3))
        echoed = [client.invoke(VERIFICATION_ID, echo_request) for _ in range(5)]
        wire.flush()
        self.assertEqual([1, 2, 3], requests(peer))
        for message_id in (3, 1, 2):
            peer.send(VERIFICATION_ID, echo_request(message_id).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual([1, 2, 3, 4, 5], requests(peer))
        for index in range(3):
            answer = self.successResultOf(echoed[index])
            self.assertEqual(index + 1, answer.message_id_being_responded_to)
        for index in (3, 4):
            self.assertNoResult(echoed[index])
            echoed[index].addErrback(lambda _: None)

    def test_data_sets_do_not_interleave(self) -> None:
        client, peer, wire = self.calling(windowed(2))
        late: Deferred[bytes] = Deferred()
        outcomes = [
            watch(client.invoke(CT_ID, store_request, Source(b"first half, ", late)())),
            watch(client.invoke(CT_ID, store_request, Source(b"whole.")())),
        ]
        wire.flush()
        self.assertEqual([1], requests(peer))
        late.callback(b"second half.  ")
        wire.flush()
        self.assertEqual([1, 2], requests(peer))
        self.assertEqual(
            b"first half, second half.  whole.",
            b"".join(bytes(each.data) for each in peer.told(DataArrived)),
        )
        for message_id in (2, 1):
            peer.send(CT_ID, store_request(message_id).response(Status.SUCCESS))
        wire.flush()
        self.assertTrue(all(outcome.results for outcome in outcomes))

    def test_ours_and_ours_understand_each_other(self) -> None:
        client, _, wire = self.associated(windowed(4))
        stored = [
            client.invoke(CT_ID, store_request, blocks_of(bytes(200_000), bytes(n)))
            for n in range(0, 40, 2)
        ]
        wire.flush()
        for each in stored:
            self.assertEqual(KEPT, self.successResultOf(each).status)
        self.assertEqual(
            [200_000 + n for n in range(0, 40, 2)],
            [len(sink.data) for sink in self.receiver.sinks],
        )

    def test_no_response_in_time_is_a_timeout_for_all_and_aborts(self) -> None:
        client, peer, wire = self.calling(windowed(2), timeouts=Timeouts(response=9))
        outcomes = [watch(client.invoke(VERIFICATION_ID, echo_request)) for _ in range(3)]
        wire.flush()
        self.advance(8.9)
        self.assertFalse(any(outcome.is_known for outcome in outcomes))
        self.advance(0.1)
        errors = [outcome.failures[0] for outcome in outcomes]
        assert isinstance(errors[0], AssociationTimeout)
        self.assertEqual(("response", 9), (errors[0].waited_for, errors[0].seconds))
        self.assertEqual([errors[0]] * 3, errors)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_the_time_for_a_response_counts_from_the_last_byte_of_the_request(self) -> None:
        client, peer, wire = self.calling(timeouts=Timeouts(response=9))
        late: Deferred[bytes] = Deferred()
        stored = watch(client.invoke(CT_ID, store_request, Source(b"ab", late)()))
        wire.flush()
        self.advance(100)
        late.callback(b"cd")
        wire.flush()
        self.advance(8)
        self.assertFalse(stored.is_known)
        peer.send(CT_ID, store_request(1).response(Status.SUCCESS))
        wire.flush()
        self.assertTrue(stored.results)

    def test_a_peer_that_does_not_read_a_data_set_is_dropped(self) -> None:
        client, _, wire = self.calling(timeouts=Timeouts(stall=6, response=1000))
        wire.server.pauseProducing()
        source = Source(*[bytes(300_000)] * 10)
        stored = watch(client.invoke(CT_ID, store_request, source()))
        wire.flush()
        self.assertLess(source.asked, 4)
        self.advance(6)
        self.assertIsInstance(stored.failures[0], (AssociationError, LinkError))
        self.assertIsNotNone(wire.client.lost)
        self.assertEqual(1, source.closed)

    def test_an_answer_before_the_data_set_is_complete_counts(self) -> None:
        client, peer, wire = self.calling()
        stored = client.invoke(CT_ID, store_request, Source(b"ab", Deferred())())
        wire.flush()
        self.assertEqual([], peer.told(MessageEnded))
        peer.send(CT_ID, store_request(1).response(Status.OUT_OF_RESOURCES))
        wire.flush()
        self.assertEqual(Status.OUT_OF_RESOURCES, self.successResultOf(stored).status)
        self.assertEqual(1, len(peer.told(MessageEnded)))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_peer_that_answers_and_does_not_read_is_not_waited_for(self) -> None:
        client, peer, wire = self.calling()
        wire.server.pauseProducing()
        source = Source(*[bytes(300_000)] * 10)
        stored = client.invoke(CT_ID, store_request, source())
        wire.flush()
        peer.send(CT_ID, store_request(1).response(Status.OUT_OF_RESOURCES))
        wire.flush()
        self.assertEqual(Status.OUT_OF_RESOURCES, self.successResultOf(stored).status)
        self.assertLess(source.asked, 10)
        self.assertEqual(1, source.closed)
        echoed = client.invoke(VERIFICATION_ID, echo_request)
        wire.server.resumeProducing()
        wire.flush()
        self.assertEqual([1, 2], requests(peer))
        peer.send(VERIFICATION_ID, echo_request(2).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual(Status.SUCCESS, self.successResultOf(echoed).status)

    def test_a_success_before_the_data_set_is_complete_aborts(self) -> None:
        client, peer, wire = self.calling()
        stored = watch(client.invoke(CT_ID, store_request, Source(b"ab", Deferred())()))
        wire.flush()
        peer.send(CT_ID, store_request(1).response(Status.SUCCESS))
        wire.flush()
        (error,) = stored.failures
        assert isinstance(error, AssociationAborted)
        self.assertEqual(
            (False, "status 0000H came before the data set was sent"), (error.by_peer, error.why)
        )
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertEqual([], peer.told(MessageEnded))

    def assert_aborts(self, provoke: Any) -> None:
        """After one request, this makes the requestor abort with a cause of its own."""
        client, peer, wire = self.calling()
        echoed = watch(client.invoke(VERIFICATION_ID, echo_request))
        wire.flush()
        provoke(peer)
        wire.flush()
        (error,) = echoed.failures
        assert isinstance(error, AssociationAborted)
        self.assertFalse(error.by_peer)
        self.assertTrue(error.why)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_a_response_to_what_was_not_asked_aborts(self) -> None:
        self.assert_aborts(
            lambda peer: peer.send(VERIFICATION_ID, echo_request(99).response(Status.SUCCESS))
        )

    def test_data_that_belongs_to_no_response_aborts(self) -> None:
        self.assert_aborts(
            lambda peer: peer.do(peer.connection.send_data(VERIFICATION_ID, b"ab", last=True))
        )

    def test_a_request_of_a_peer_that_may_not_invoke_any_is_answered_and_harms_nothing(
        self,
    ) -> None:
        client, peer, wire = self.calling()
        echoed = watch(client.invoke(VERIFICATION_ID, echo_request))
        wire.flush()
        peer.send(VERIFICATION_ID, echo_request(9))
        peer.send(VERIFICATION_ID, echo_request(1).response(Status.SUCCESS))
        wire.flush()
        response: Any = peer.told(MessageBegan)[-1].message
        self.assertEqual(
            (9, Status.SOP_CLASS_NOT_SUPPORTED),
            (response.message_id_being_responded_to, response.status),
        )
        self.assertTrue(echoed.results)

    def test_a_malformed_request_of_the_peer_is_answered_by_its_status(self) -> None:
        _, peer, wire = self.calling()
        field = b"\x00\x00\x00\x01\x02\x00\x00\x00"
        peer.alter = lambda data: data.replace(field + b"\x30\x00", field + b"\x50\x01")
        peer.received.clear()
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        response: Any = peer.told(MessageBegan)[-1].message
        self.assertEqual(Status.MISTYPED_ARGUMENT, response.status)

    def test_an_operation_cannot_be_invoked_before_the_association(self) -> None:
        client, _, _ = self.calling(accept=False)
        self.failureResultOf(client.invoke(VERIFICATION_ID, echo_request), AssociationEnded)

    def test_a_message_that_cannot_be_encoded_is_not_sent(self) -> None:
        client, peer, wire = self.calling()
        even = client.invoke(2, echo_request)
        self.failureResultOf(even, LocalProtocolError)
        wire.flush()
        self.assertEqual([], requests(peer))

    def test_after_the_end_every_operation_fails_with_what_ended_it(self) -> None:
        client, peer, wire = self.calling()
        peer.do(peer.connection.abort())
        wire.flush()
        for _ in range(3):
            error = self.failureResultOf(
                client.invoke(VERIFICATION_ID, echo_request), AssociationAborted
            ).value
            self.assertTrue(error.by_peer)

    def test_a_data_set_that_cannot_be_read_to_its_end_takes_the_association_with_it(self) -> None:
        client, peer, wire = self.calling(windowed(2))
        other = watch(client.invoke(VERIFICATION_ID, echo_request))
        stored = client.invoke(CT_ID, store_request, then_fails(b"ab", ZeroDivisionError()))
        wire.flush()
        self.failureResultOf(stored, ZeroDivisionError)
        self.assertIsInstance(other.failures[0], AssociationAborted)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertEqual([0], [ended.length for ended in peer.told(MessageEnded)])

    def test_a_message_that_cannot_be_made_does_not_keep_the_next_one_waiting(self) -> None:
        client, peer, wire = self.calling()

        def cannot(message_id: int) -> CEchoRQ:
            raise ZeroDivisionError

        self.failureResultOf(client.invoke(VERIFICATION_ID, cannot), ZeroDivisionError)
        echoed = watch(client.invoke(VERIFICATION_ID, echo_request))
        wire.flush()
        for message_id in requests(peer):
            peer.send(VERIFICATION_ID, echo_request(message_id).response(Status.SUCCESS))
        wire.flush()
        self.assertTrue(echoed.is_known)

    def test_the_blocks_of_an_operation_that_fails_are_closed(self) -> None:
        client, peer, wire = self.calling()
        source = Source(b"ab", Deferred())
        stored = watch(client.invoke(CT_ID, store_request, source()))
        wire.flush()
        peer.do(peer.connection.abort())
        wire.flush()
        source.blocks[1].callback(b"cd")  # type: ignore[union-attr]  # the Deferred
        self.assertIsInstance(stored.failures[0], AssociationAborted)
        self.assertEqual(1, source.closed)


class CancellationTests(NetCase):
    def cancelled(self, operation: Deferred[Any]) -> None:
        operation.cancel()
        self.failureResultOf(operation, CancelledError, AssociationAborted)

    def test_an_operation_that_was_sent_takes_the_association_with_it(self) -> None:
        client, peer, wire = self.calling(windowed(2))
        first, other = (client.invoke(VERIFICATION_ID, echo_request) for _ in range(2))
        wire.flush()
        self.cancelled(first)
        wire.flush()
        self.failureResultOf(other, AssociationAborted)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_one_that_waits_for_a_place_is_forgotten_and_harms_nobody(self) -> None:
        client, peer, wire = self.calling()
        first, second, third = (client.invoke(VERIFICATION_ID, echo_request) for _ in range(3))
        self.cancelled(second)
        wire.flush()
        peer.send(VERIFICATION_ID, echo_request(1).response(Status.SUCCESS))
        wire.flush()
        self.successResultOf(first)
        self.assertEqual([1, 2], requests(peer))
        peer.send(VERIFICATION_ID, echo_request(2).response(Status.SUCCESS))
        wire.flush()
        self.successResultOf(third)

    def test_one_that_waits_for_the_wire_is_forgotten_and_gives_its_place_back(self) -> None:
        client, peer, wire = self.calling(windowed(2))
        late: Deferred[bytes] = Deferred()
        storing = client.invoke(CT_ID, store_request, Source(b"ab", late)())
        waiting = client.invoke(VERIFICATION_ID, echo_request)
        wire.flush()
        self.cancelled(waiting)
        late.callback(b"cd")
        further = client.invoke(VERIFICATION_ID, echo_request)
        wire.flush()
        self.assertEqual([1, 2], requests(peer))
        for context_id, request in ((VERIFICATION_ID, echo_request(2)), (CT_ID, store_request(1))):
            peer.send(context_id, request.response(Status.SUCCESS))
        wire.flush()
        self.successResultOf(storing)
        self.successResultOf(further)

    def test_one_whose_data_set_is_on_its_way_takes_the_association_with_it(self) -> None:
        client, peer, wire = self.calling()
        storing = client.invoke(CT_ID, store_request, Source(b"ab", Deferred())())
        wire.flush()
        self.cancelled(storing)
        wire.flush()
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertEqual([], peer.told(MessageEnded))

    def test_one_that_waits_for_the_peer_to_read_takes_the_association_with_it(self) -> None:
        client, _, wire = self.calling()
        wire.server.pauseProducing()
        storing = client.invoke(CT_ID, store_request, Source(*[bytes(300_000)] * 10)())
        wire.flush()
        self.cancelled(storing)
        wire.server.resumeProducing()
        wire.flush()
        self.assertFalse(wire.is_open)
