"""Incoming messages to services and back, without a network."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, STUDY_ROOT_FIND, VERIFICATION
from tests.net.channel import MemoryChannel
from tests.net.doubles import Cancellable, Operation, Service
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    find_request,
    query_contexts,
    store_request,
    watch,
)
from txdicomtls.association import PresentationContext, Role
from txdicomtls.dimse import CEchoRQ, CFindRSP, Message, Request, Status
from txdicomtls.errors import AssociationAborted, AssociationEnded, LocalProtocolError
from txdicomtls.interfaces import IService
from txdicomtls.net import Answer, AssociationFacts, Exchange, Invoker
from txdicomtls.net.dispatch import Dispatcher
from txdicomtls.net.wire import Wire

FACTS = cast("AssociationFacts", None)  # the dispatcher only passes them on


class DispatchCase(SynchronousTestCase):
    """An acceptor that dispatches, and a requestor that hears its answers."""

    def setUp(self) -> None:
        self.channel = MemoryChannel(Role.ACCEPTOR, query_contexts())
        self.wire = Wire(self.channel)
        self.may_go_on = True

    def dispatcher(self, *operations: Operation | BaseException | None) -> Dispatcher:
        self.service = Service(*operations)
        invoker = Invoker(self.channel, self.wire, Clock(), response_seconds=60, most_data=1 << 20)
        dispatcher = Dispatcher(
            self.channel,
            self.wire,
            invoker,
            service_for=self.service_for,
            may_go_on=lambda: self.may_go_on,
        )

        def end(error: object) -> None:
            dispatcher.stop()
            dispatcher.abandon()

        self.channel.on_end = end
        return dispatcher

    def service_for(self, message: Message, context: PresentationContext) -> IService | None:
        return self.service

    def begin(self, dispatcher: Dispatcher, message: Request) -> None:
        context_id = CT_ID if message.sop_class_uid != STUDY_ROOT_FIND else STUDY_ROOT_FIND_ID
        dispatcher.begin(message, self.channel.connection.contexts[context_id], FACTS, "user")

    def whole(self, dispatcher: Dispatcher, message: Request, data: bytes = b"data") -> None:
        self.begin(dispatcher, message)
        dispatcher.data(memoryview(data))
        dispatcher.end()

    @property
    def exchange(self) -> Exchange:
        """That of the last request."""
        exchange: Exchange = self.service.begun[-1].exchange
        return exchange

    def end(self, dispatcher: Dispatcher) -> None:
        """The association is over."""
        dispatcher.stop()
        dispatcher.abandon()


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
