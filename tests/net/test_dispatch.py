"""Incoming messages to services and back, without a network."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.association.pair import CT, STUDY_ROOT_FIND, VERIFICATION
from tests.net.channel import MemoryChannel
from tests.net.dispatching import FACTS, DispatchCase
from tests.net.doubles import Operation
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    find_request,
    query_contexts,
    store_request,
)
from txdicomtls.association import Role
from txdicomtls.dimse import CEchoRQ, Status
from txdicomtls.net import Answer
from txdicomtls.net.dispatch import MOST_BEYOND
from txdicomtls.net.wire import Wire


class OperationTests(DispatchCase):
    def answers_in_the_end(self, *operations: Operation | BaseException | None) -> None:
        """One request to these, and one answer that says that processing failed."""
        dispatcher = self.dispatcher(*operations)
        self.whole(dispatcher, store_request(7))
        self.assertEqual([(CT_ID, 7, Status.PROCESSING_FAILURE)], self.channel.answers)
        self.assertFalse(dispatcher.busy)
        self.assertEqual(1, self.channel.quiets)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_an_operation_gets_its_data_and_its_answer_goes_back(self) -> None:
        operation = Operation()
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, store_request(7), b"abcd")
        self.assertEqual((b"abcd", 1), (bytes(operation.data), operation.finished))
        self.assertTrue(dispatcher.busy)
        self.assertEqual([], self.channel.answers)
        operation.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual([(CT_ID, 7, Status.SUCCESS)], self.channel.answers)
        self.assertFalse(dispatcher.busy)
        self.assertEqual((1, 1), (self.channel.quiets, dispatcher.requests))

    def test_a_service_that_fails_to_begin_is_answered_for(self) -> None:
        self.answers_in_the_end(ZeroDivisionError())

    def test_a_service_that_cannot_say_what_it_takes_is_answered_for(self) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        self.patch(self, "service_for", fail)
        self.answers_in_the_end()

    def test_an_operation_that_raises_while_it_is_written_to_is_answered_for(self) -> None:
        operation = Operation("write")
        self.answers_in_the_end(operation)
        self.assertEqual((0, 1), (operation.finished, operation.abandoned))

    def test_an_operation_that_raises_in_finish_is_answered_for(self) -> None:
        self.answers_in_the_end(Operation("finish"))

    def test_an_operation_that_answers_with_no_deferred_is_answered_for(self) -> None:
        operation = Operation()
        self.patch(operation, "finish", lambda: None)
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, store_request(7))
        self.assertEqual([(CT_ID, 7, Status.PROCESSING_FAILURE)], self.channel.answers)
        self.assertEqual(1, len(self.flushLoggedErrors()))

    def test_an_operation_whose_answer_fails_is_answered_for(self) -> None:
        operation = Operation()
        operation.answer.errback(ZeroDivisionError())
        self.answers_in_the_end(operation)

    def test_an_operation_that_is_broken_gets_no_more_data(self) -> None:
        operation = Operation("write")
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, store_request())
        for _ in range(3):
            dispatcher.data(memoryview(b"ab"))
        dispatcher.end()
        self.assertEqual(1, operation.abandoned)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_a_broken_operation_is_not_abandoned_a_second_time(self) -> None:
        operation = Operation("write")
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, store_request())
        dispatcher.data(memoryview(b"ab"))
        self.end(dispatcher)
        self.assertEqual(1, operation.abandoned)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_an_operation_that_fails_to_abandon_harms_nobody(self) -> None:
        dispatcher = self.dispatcher(Operation("abandon"))
        self.begin(dispatcher, store_request())
        self.end(dispatcher)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_message_id_that_is_outstanding_is_a_duplicate_invocation(self) -> None:
        first = Operation()
        dispatcher = self.dispatcher(first)
        self.whole(dispatcher, store_request(7))
        self.whole(dispatcher, store_request(7))
        self.assertEqual([(CT_ID, 7, Status.DUPLICATE_INVOCATION)], self.channel.answers)
        self.assertEqual(1, len(self.service.begun))
        self.assertTrue(dispatcher.busy)
        first.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual((CT_ID, 7, Status.SUCCESS), self.channel.answers[1])
        self.assertFalse(dispatcher.busy)

    def test_a_message_id_may_be_used_again_once_it_is_answered(self) -> None:
        operations = Operation(), Operation()
        dispatcher = self.dispatcher(*operations)
        for operation in operations:
            self.whole(dispatcher, store_request(7))
            operation.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual([(CT_ID, 7, Status.SUCCESS)] * 2, self.channel.answers)

    def test_a_sop_class_that_is_not_the_one_of_the_context_is_refused(self) -> None:
        dispatcher = self.dispatcher()
        self.whole(dispatcher, store_request(7, sop_class=VERIFICATION))
        self.assertEqual([(CT_ID, 7, Status.SOP_CLASS_NOT_SUPPORTED)], self.channel.answers)
        self.assertEqual([], self.service.begun)

    def test_an_operation_that_the_service_does_not_have_is_unrecognized(self) -> None:
        dispatcher = self.dispatcher(None)
        self.whole(dispatcher, CEchoRQ(message_id=7, affected_sop_class_uid=CT), b"")
        self.assertEqual([(CT_ID, 7, Status.UNRECOGNIZED_OPERATION)], self.channel.answers)

    def test_answers_go_out_in_the_order_in_which_operations_are_done(self) -> None:
        operations = [Operation() for _ in range(3)]
        dispatcher = self.dispatcher(*operations)
        dispatcher.window = 3
        for message_id in (1, 2, 3):
            self.whole(dispatcher, store_request(message_id))
        for message_id in (3, 1, 2):
            operations[message_id - 1].answer.callback(
                store_request(message_id).response(Status.SUCCESS)
            )
        self.assertEqual([3, 1, 2], [answer[1] for answer in self.channel.answers])
        self.assertEqual(1, self.channel.quiets)

    def test_reading_is_held_while_an_operation_has_no_room(self) -> None:
        operation = Operation()
        operation.room = Deferred()
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, store_request())
        dispatcher.data(memoryview(b"ab"))
        self.assertEqual(1, self.channel.holds)
        operation.room.callback(None)
        self.assertEqual(0, self.channel.holds)

    def test_reading_goes_on_also_where_the_promised_room_fails(self) -> None:
        operation = Operation()
        operation.room = Deferred()
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, store_request())
        dispatcher.data(memoryview(b"ab"))
        operation.room.errback(ZeroDivisionError())
        self.assertEqual(0, self.channel.holds)

    def test_more_than_the_window_is_not_read_until_one_is_answered(self) -> None:
        operations = [Operation() for _ in range(4)]
        dispatcher = self.dispatcher(*operations)
        dispatcher.window = 2
        held = []
        for message_id in range(1, 5):
            self.whole(dispatcher, store_request(message_id))
            held.append(self.channel.holds)
        self.assertEqual([0, 0, 1, 1], held)
        for message_id, still in ((1, 1), (2, 0), (3, 0), (4, 0)):
            operations[message_id - 1].answer.callback(
                store_request(message_id).response(Status.SUCCESS)
            )
            self.assertEqual(still, self.channel.holds, message_id)

    def test_far_beyond_the_window_no_service_is_asked_any_more(self) -> None:
        dispatcher = self.dispatcher(*(Operation() for _ in range(2 + MOST_BEYOND)))
        dispatcher.window = 2
        for message_id in range(1, 10 + MOST_BEYOND):
            self.whole(dispatcher, store_request(message_id))
        self.assertEqual(2 + MOST_BEYOND, len(self.service.begun))
        refused = [(CT_ID, 3 + MOST_BEYOND + n, Status.RESOURCE_LIMITATION) for n in range(7)]
        self.assertEqual(refused, self.channel.answers)
        self.assertTrue(dispatcher.is_overrun)

    def test_what_is_arriving_is_abandoned_and_what_is_being_kept_goes_on_unheard(self) -> None:
        kept, arriving = Operation(), Operation()
        dispatcher = self.dispatcher(kept, arriving)
        dispatcher.window = 2
        self.whole(dispatcher, store_request(1))
        self.begin(dispatcher, store_request(2))
        self.end(dispatcher)
        self.end(dispatcher)
        self.assertEqual((0, 1), (kept.abandoned, arriving.abandoned))
        kept.answer.callback(store_request(1).response(Status.SUCCESS))
        self.assertEqual(([], 0), (self.channel.answers, self.channel.quiets))

    def test_what_comes_after_the_end_is_ignored(self) -> None:
        dispatcher = self.dispatcher(Operation())
        self.begin(dispatcher, store_request())
        self.end(dispatcher)
        dispatcher.data(memoryview(b"ab"))
        dispatcher.end()
        self.assertEqual([], self.channel.answers)

    def test_an_answer_that_cannot_be_sent_becomes_a_failure(self) -> None:
        for answer in (
            None,
            "text",
            store_request(7).response(Status.SUCCESS | 0x10000),
            Answer(find_request(7).response(Status.PENDING), b"odd"),
        ):
            operation = Operation()
            self.channel = MemoryChannel(Role.ACCEPTOR, query_contexts())
            self.wire = Wire(self.channel)
            dispatcher = self.dispatcher(operation)
            self.whole(dispatcher, store_request(7))
            operation.answer.callback(answer)
            self.assertEqual([(CT_ID, 7, Status.PROCESSING_FAILURE)], self.channel.answers)
            self.assertEqual((False, 1), (dispatcher.busy, self.channel.complete))
            self.assertEqual(1, len(self.flushLoggedErrors()))

    def test_an_operation_that_cannot_be_answered_at_all_ends_the_association(self) -> None:
        operation = Operation()
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, store_request(7))
        self.patch(self.wire, "_post", self._cannot)
        operation.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual(1, self.channel.aborts)
        self.assertEqual(2, len(self.flushLoggedErrors(ZeroDivisionError)))

    def _cannot(self, *_: object) -> None:
        raise ZeroDivisionError

    def test_a_response_may_have_a_data_set(self) -> None:
        operation = Operation()
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, find_request(7))
        operation.answer.callback(Answer(find_request(7).response(Status.SUCCESS)))
        self.assertEqual([(STUDY_ROOT_FIND_ID, 7, Status.SUCCESS)], self.channel.answers)

    def test_a_service_is_told_all_that_is_known(self) -> None:
        self.whole(self.dispatcher(Operation()), find_request(7))
        (request,) = self.service.begun
        self.assertEqual(
            (find_request(7), STUDY_ROOT_FIND, FACTS, "user", None),
            (
                request.message,
                request.context.abstract_syntax,
                request.association,
                request.user,
                request.extended,
            ),
        )
        self.assertEqual({1, 3, 5, 7, 9}, {each.context_id for each in self.exchange.contexts})
        self.assertEqual(1, self.exchange.window)

    def test_what_is_not_granted_any_more_is_refused(self) -> None:
        dispatcher = self.dispatcher()
        self.may_go_on = False
        self.whole(dispatcher, store_request(7))
        self.assertEqual([(CT_ID, 7, Status.NOT_AUTHORIZED)], self.channel.answers)
        self.assertEqual([], self.service.begun)

    def test_what_nobody_serves_is_read_past_and_refused(self) -> None:
        self.patch(self, "service_for", lambda *_: None)
        dispatcher = self.dispatcher()
        self.whole(dispatcher, store_request(7), bytes(100_000))
        self.assertEqual([(CT_ID, 7, Status.SOP_CLASS_NOT_SUPPORTED)], self.channel.answers)
        self.assertFalse(dispatcher.busy)

    def test_a_service_that_ends_the_association_as_it_begins_harms_nobody(self) -> None:
        operation = Operation()
        dispatcher = self.dispatcher(operation)
        begin = self.service.begin

        def end_and_begin(request: Any) -> Operation | None:
            self.channel.abort("the service has had enough")
            return begin(request)

        self.patch(self.service, "begin", end_and_begin)
        self.whole(dispatcher, store_request(7))
        self.assertEqual((1, 0, 1), (operation.abandoned, operation.finished, self.channel.aborts))
        self.assertFalse(dispatcher.busy)

    def test_nothing_is_begun_after_the_end(self) -> None:
        dispatcher = self.dispatcher()
        self.end(dispatcher)
        self.whole(dispatcher, store_request(7))
        self.assertEqual(([], []), (self.service.begun, self.channel.answers))
