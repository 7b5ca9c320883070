"""Incoming messages to services and back, without a network."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, VERIFICATION
from tests.net.doubles import Operation, Service
from tests.net.pair import CT_ID, store_request
from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CEchoRQ, Message, Request, Status
from txdicomtls.net import AssociationFacts, IncomingRequest
from txdicomtls.net.dispatch import Dispatcher

CONTEXT = PresentationContext(context_id=CT_ID, abstract_syntax=CT, transfer_syntax=EXPLICIT)
FACTS = cast("AssociationFacts", None)  # the dispatcher only passes them on


class Conversation:
    """Remembers what the dispatcher asked for."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, int, int]] = []
        self.holds = 0
        self.quiets = 0

    def answer(self, context_id: int, message: Message) -> None:
        response: Any = message
        self.answers.append((context_id, response.message_id_being_responded_to, response.status))

    def hold(self) -> None:
        self.holds += 1

    def let_go(self) -> None:
        self.holds -= 1

    def quiet(self) -> None:
        self.quiets += 1


class DispatcherTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.conversation = Conversation()

    def dispatcher(self, *operations: Operation | BaseException | None) -> Dispatcher:
        self.service = Service(*operations)
        return Dispatcher(self.conversation, lambda _: self.service)

    def begin(self, dispatcher: Dispatcher, message: Request) -> None:
        dispatcher.begin(IncomingRequest(message=message, context=CONTEXT, association=FACTS))

    def whole(self, dispatcher: Dispatcher, message: Request, data: bytes = b"data") -> None:
        self.begin(dispatcher, message)
        dispatcher.data(memoryview(data))
        dispatcher.end()

    def answers_in_the_end(self, *operations: Operation | BaseException | None) -> None:
        """One request to these, and one answer that says that processing failed."""
        dispatcher = self.dispatcher(*operations)
        self.whole(dispatcher, store_request(7))
        self.assertEqual([(CT_ID, 7, Status.PROCESSING_FAILURE)], self.conversation.answers)
        self.assertFalse(dispatcher.busy)
        self.assertEqual(1, self.conversation.quiets)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_an_operation_gets_its_data_and_its_answer_goes_back(self) -> None:
        operation = Operation()
        dispatcher = self.dispatcher(operation)
        self.whole(dispatcher, store_request(7), b"abcd")
        self.assertEqual((b"abcd", 1), (bytes(operation.data), operation.finished))
        self.assertTrue(dispatcher.busy)
        self.assertEqual([], self.conversation.answers)
        operation.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual([(CT_ID, 7, Status.SUCCESS)], self.conversation.answers)
        self.assertFalse(dispatcher.busy)
        self.assertEqual((1, 1), (self.conversation.quiets, dispatcher.requests))

    def test_a_service_that_fails_to_begin_is_answered_for(self) -> None:
        self.answers_in_the_end(ZeroDivisionError())

    def test_an_operation_that_raises_while_it_is_written_to_is_answered_for(self) -> None:
        operation = Operation("write")
        self.answers_in_the_end(operation)
        self.assertEqual((0, 1), (operation.finished, operation.abandoned))

    def test_an_operation_that_raises_in_finish_is_answered_for(self) -> None:
        self.answers_in_the_end(Operation("finish"))

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
        dispatcher.abandon()
        self.assertEqual(1, operation.abandoned)
        self.flushLoggedErrors(ZeroDivisionError)

    def test_an_operation_that_fails_to_abandon_harms_nobody(self) -> None:
        dispatcher = self.dispatcher(Operation("abandon"))
        self.begin(dispatcher, store_request())
        dispatcher.abandon()
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_message_id_that_is_outstanding_is_a_duplicate_invocation(self) -> None:
        first = Operation()
        dispatcher = self.dispatcher(first)
        self.whole(dispatcher, store_request(7))
        self.whole(dispatcher, store_request(7))
        self.assertEqual([(CT_ID, 7, Status.DUPLICATE_INVOCATION)], self.conversation.answers)
        self.assertEqual(1, len(self.service.begun))
        self.assertTrue(dispatcher.busy)
        first.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual((CT_ID, 7, Status.SUCCESS), self.conversation.answers[1])
        self.assertFalse(dispatcher.busy)

    def test_a_message_id_may_be_used_again_once_it_is_answered(self) -> None:
        operations = Operation(), Operation()
        dispatcher = self.dispatcher(*operations)
        for operation in operations:
            self.whole(dispatcher, store_request(7))
            operation.answer.callback(store_request(7).response(Status.SUCCESS))
        self.assertEqual([(CT_ID, 7, Status.SUCCESS)] * 2, self.conversation.answers)

    def test_a_sop_class_that_is_not_the_one_of_the_context_is_refused(self) -> None:
        dispatcher = self.dispatcher()
        self.whole(dispatcher, store_request(7, sop_class=VERIFICATION))
        self.assertEqual([(CT_ID, 7, Status.SOP_CLASS_NOT_SUPPORTED)], self.conversation.answers)
        self.assertEqual([], self.service.begun)

    def test_an_operation_that_the_service_does_not_have_is_unrecognized(self) -> None:
        dispatcher = self.dispatcher(None)
        self.whole(dispatcher, CEchoRQ(message_id=7, affected_sop_class_uid=CT), b"")
        self.assertEqual([(CT_ID, 7, Status.UNRECOGNIZED_OPERATION)], self.conversation.answers)

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
        self.assertEqual([3, 1, 2], [answer[1] for answer in self.conversation.answers])
        self.assertEqual(1, self.conversation.quiets)

    def test_reading_is_held_while_an_operation_has_no_room(self) -> None:
        operation = Operation()
        operation.room = Deferred()
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, store_request())
        dispatcher.data(memoryview(b"ab"))
        self.assertEqual(1, self.conversation.holds)
        operation.room.callback(None)
        self.assertEqual(0, self.conversation.holds)

    def test_reading_goes_on_also_where_the_promised_room_fails(self) -> None:
        operation = Operation()
        operation.room = Deferred()
        dispatcher = self.dispatcher(operation)
        self.begin(dispatcher, store_request())
        dispatcher.data(memoryview(b"ab"))
        operation.room.errback(ZeroDivisionError())
        self.assertEqual(0, self.conversation.holds)

    def test_more_than_the_window_is_not_read_until_one_is_answered(self) -> None:
        operations = [Operation() for _ in range(4)]
        dispatcher = self.dispatcher(*operations)
        dispatcher.window = 2
        held = []
        for message_id in range(1, 5):
            self.whole(dispatcher, store_request(message_id))
            held.append(self.conversation.holds)
        self.assertEqual([0, 0, 1, 1], held)
        for message_id, still in ((1, 1), (2, 0), (3, 0), (4, 0)):
            operations[message_id - 1].answer.callback(
                store_request(message_id).response(Status.SUCCESS)
            )
            self.assertEqual(still, self.conversation.holds, message_id)

    def test_what_is_arriving_is_abandoned_and_what_is_being_kept_goes_on_unheard(self) -> None:
        kept, arriving = Operation(), Operation()
        dispatcher = self.dispatcher(kept, arriving)
        dispatcher.window = 2
        self.whole(dispatcher, store_request(1))
        self.begin(dispatcher, store_request(2))
        dispatcher.abandon()
        dispatcher.abandon()
        self.assertEqual((0, 1), (kept.abandoned, arriving.abandoned))
        kept.answer.callback(store_request(1).response(Status.SUCCESS))
        self.assertEqual(([], 0), (self.conversation.answers, self.conversation.quiets))

    def test_what_comes_after_the_end_is_ignored(self) -> None:
        dispatcher = self.dispatcher(Operation())
        self.begin(dispatcher, store_request())
        dispatcher.abandon()
        dispatcher.data(memoryview(b"ab"))
        dispatcher.end()
        self.assertEqual([], self.conversation.answers)
