"""Operations that are performed: cancelled, answered in part, ended with their association."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.net.dispatching import DispatchCase
from tests.net.doubles import Cancellable, Operation
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    find_request,
    store_request,
    watch,
)
from txdicomtls.dimse import CFindRSP, Status
from txdicomtls.errors import AssociationAborted, AssociationEnded, LocalProtocolError
from txdicomtls.net import Answer


class CancellationTests(DispatchCase):
    """C-CANCEL, and the end of the association."""

    def test_a_cancel_reaches_its_operation_at_once_and_once(self) -> None:
        operation = Cancellable()
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, find_request(7))
        for _ in range(3):
            dispatcher.cancel(7)
        self.assertEqual(1, operation.cancelled)
        self.assertTrue(dispatcher.busy)
        operation.answer.callback(find_request(7).response(Status.CANCEL))
        self.assertEqual([(STUDY_ROOT_FIND_ID, 7, Status.CANCEL)], self.channel.answers)

    def test_a_cancel_for_what_is_unknown_over_or_not_to_be_cancelled_is_nothing(self) -> None:
        over, plain = Cancellable(), Operation()
        dispatcher = self.dispatcher(over, plain)
        dispatcher.window = 2
        self.whole(dispatcher, find_request(7))
        over.answer.callback(find_request(7).response(Status.SUCCESS))
        self.whole(dispatcher, store_request(8))
        for message_id in (0, 7, 8, 9, 65535):
            dispatcher.cancel(message_id)
        self.assertEqual(0, over.cancelled)
        plain.answer.callback(store_request(8).response(Status.SUCCESS))
        self.assertEqual(
            [(STUDY_ROOT_FIND_ID, 7, Status.SUCCESS), (CT_ID, 8, Status.SUCCESS)],
            self.channel.answers,
        )

    def test_an_operation_that_fails_to_be_cancelled_is_answered_all_the_same(self) -> None:
        operation = Cancellable("cancel")
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, find_request(7))
        dispatcher.cancel(7)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        operation.answer.callback(find_request(7).response(Status.SUCCESS))
        self.assertEqual(1, len(self.channel.answers))

    def test_the_end_of_the_association_cancels_what_runs_once(self) -> None:
        cancelled, running, plain = Cancellable(), Cancellable(), Operation()
        dispatcher = self.dispatcher(cancelled, running, plain)
        dispatcher.window = 3
        for message in (find_request(1), find_request(2), store_request(3)):
            self.whole(dispatcher, message)
        dispatcher.cancel(1)
        self.channel.abort("enough")
        self.end(dispatcher)
        self.assertEqual((1, 1), (cancelled.cancelled, running.cancelled))
        self.assertEqual([0] * 3, [each.abandoned for each in (cancelled, running, plain)])
        running.answer.callback(find_request(2).response(Status.CANCEL))
        self.assertEqual(([], 0), (self.channel.answers, self.channel.quiets))

    def test_what_is_arriving_is_abandoned_and_not_cancelled(self) -> None:
        operation = Cancellable()
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, find_request(7))
        dispatcher.cancel(7)
        self.end(dispatcher)
        self.assertEqual((0, 1), (operation.cancelled, operation.abandoned))


class ExchangeTests(DispatchCase):
    """The way back from a service to the peer."""

    def setUp(self) -> None:
        super().setUp()
        self.operation = Cancellable()
        self.running = self.dispatcher(self.operation)
        self.whole(self.running, find_request(7))

    def pending(self) -> Answer:
        return Answer(find_request(7).response(Status.PENDING), b"match!")

    def test_pending_responses_go_out_in_order_before_the_final_one(self) -> None:
        for _ in range(3):
            self.successResultOf(self.exchange.respond(self.pending()))
        self.operation.answer.callback(find_request(7).response(Status.SUCCESS))
        self.assertEqual(
            [Status.PENDING] * 3 + [Status.SUCCESS], [each[2] for each in self.channel.answers]
        )
        self.assertEqual((b"match!" * 3, 4), (self.channel.data, self.channel.complete))
        self.assertIsInstance(self.channel.messages[0], CFindRSP)

    def test_it_fires_when_there_is_room_for_the_next_one(self) -> None:
        room: Deferred[None] = Deferred()
        self.channel.room = room
        responded = watch(self.exchange.respond(self.pending()))
        self.assertEqual((1, False), (self.channel.complete, responded.is_known))
        room.callback(None)
        self.assertTrue(responded.results)

    def test_after_the_final_response_there_is_none(self) -> None:
        self.operation.answer.callback(find_request(7).response(Status.SUCCESS))
        self.failureResultOf(self.exchange.respond(self.pending()), AssociationEnded)
        self.assertEqual(1, len(self.channel.answers))

    def test_after_the_end_it_fails_with_what_ended_the_association(self) -> None:
        self.channel.abort("enough")
        error = self.failureResultOf(
            self.exchange.respond(self.pending()), AssociationAborted
        ).value
        self.assertIs(self.channel.error, error)

    def test_where_nothing_can_be_sent_it_fails(self) -> None:
        self.channel.connection.transport_closed()
        self.failureResultOf(self.exchange.respond(self.pending()), AssociationEnded)

    def test_one_that_cannot_be_sent_fails_and_harms_nobody(self) -> None:
        odd = Answer(find_request(7).response(Status.PENDING), b"odd")
        self.failureResultOf(self.exchange.respond(odd), LocalProtocolError)
        self.successResultOf(self.exchange.respond(self.pending()))
        self.assertEqual(1, self.channel.complete)
