"""One operation and its responses: in order, in time, cancelled, or wanted by nobody any more."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from tests.net.blocks import Source, blocks_of
from tests.net.invoking import CANCELLED, MOST_DATA, PENDING, SECONDS, SUCCESS, InvokerCase
from tests.net.pair import (
    echo_request,
    find_request,
    store_request,
    watch,
)
from txdicomtls.dimse import Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationLost,
    AssociationTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from txdicomtls.instance import Blocks
from txdicomtls.net.invocation import MOST_UNREAD


class ResponseTests(InvokerCase):
    def test_pending_responses_come_in_order_with_their_data_and_then_the_final_one(self) -> None:
        finding = self.find()
        waiting = finding.next()
        self.assertNoResult(waiting)
        for data in (b"first!", b"second", b"third!"):
            self.pend(data=data)
        self.finish()
        answers = [waiting, *(finding.next() for _ in range(3))]
        self.assertEqual(
            [(PENDING, b"first!"), (PENDING, b"second"), (PENDING, b"third!"), (SUCCESS, b"")],
            [(each.response.status, each.data) for each in map(self.successResultOf, answers)],
        )
        self.assertTrue(finding.is_done)
        self.failureResultOf(finding.next(), LocalProtocolError)

    def test_a_data_set_may_come_in_pieces(self) -> None:
        finding = self.find()
        self.invoker.began(find_request(1).response(PENDING))
        for piece in (b"ab", b"", b"cd"):
            self.invoker.data(memoryview(piece))
        self.assertNoResult(finding.next())
        self.invoker.ended()
        self.finish()

    def test_nobody_waits_for_two_responses_at_once(self) -> None:
        finding = self.find()
        waiting = finding.next()
        self.failureResultOf(finding.next(), LocalProtocolError)
        self.finish()
        self.assertEqual(SUCCESS, self.status(waiting))

    def test_only_queries_and_retrievals_have_pending_responses(self) -> None:
        for status in (PENDING, SUCCESS, Status.OUT_OF_RESOURCES, 0x1234):
            storing = self.store(blocks_of(b"data"))
            (message_id,) = self.sent()[-1:]
            self.respond(store_request(message_id).response(status))
            self.assertEqual(status, self.status(storing.next()))
            self.assertTrue(storing.is_done)

    def test_a_peer_is_not_read_while_too_many_responses_are_unread(self) -> None:
        finding = self.find()
        holds = []
        for _ in range(MOST_UNREAD + 2):
            self.pend()
            holds.append(self.channel.holds)
        self.assertEqual([0] * (MOST_UNREAD - 1) + [1] * 3, holds)
        self.clock.advance(100 * SECONDS)
        for left in range(MOST_UNREAD + 1, -1, -1):
            self.assertEqual(PENDING, self.status(finding.next()))
            self.assertEqual(int(left > 0), self.channel.holds)
        self.clock.advance(SECONDS - 1)
        self.assertEqual(0, self.channel.aborts)
        self.clock.advance(1)
        self.assertEqual(1, self.channel.aborts)

    def test_no_other_response_is_overdue_while_nothing_is_read(self) -> None:
        self.window = 2
        self.begin()
        finding, echo = self.find(), watch(self.echo().next())
        for _ in range(MOST_UNREAD):
            self.pend()
        self.clock.pump([SECONDS / 2] * 20)
        self.assertFalse(echo.is_known)
        for _ in range(MOST_UNREAD):
            self.successResultOf(finding.next())
        self.clock.advance(SECONDS)
        self.assertIsInstance(self.failure(echo), AssociationTimeout)

    def test_a_failure_before_the_data_set_is_sent_ends_the_sending_and_nothing_else(self) -> None:
        for status in (Status.OUT_OF_RESOURCES, 0x1234, CANCELLED, PENDING):
            self.begin()
            source = Source(b"ab", Deferred(), b"ef")
            waiting = self.store(source()).next()
            following = watch(self.echo().next())
            self.assertEqual(([1], 0), (self.sent(), self.channel.complete))
            self.respond(store_request(1).response(status))
            self.assertEqual(status, self.status(waiting))
            self.assertEqual((2, 1), (source.asked, source.closed))
            self.assertEqual(([1, 2], b"ab"), (self.sent(), self.channel.data))
            self.respond(echo_request(2).response(SUCCESS))
            self.assertTrue(following.results)
            self.assertEqual((2, 0), (self.channel.complete, self.channel.aborts))

    def test_it_is_told_when_the_data_set_is_closed(self) -> None:
        closed: Deferred[None] = Deferred()
        storing = self.store(slowly_closed(closed))
        waiting = storing.next()
        self.respond(store_request(1).response(Status.OUT_OF_RESOURCES))
        self.assertNoResult(waiting)
        self.assertFalse(self.invoker.busy)
        closed.callback(None)
        self.assertEqual(Status.OUT_OF_RESOURCES, self.status(waiting))
        self.assertEqual(1, self.channel.complete)

    def test_it_counts_also_where_the_association_ends_before_it_can_be_told(self) -> None:
        closed: Deferred[None] = Deferred()
        waiting = self.store(slowly_closed(closed)).next()
        self.respond(store_request(1).response(Status.OUT_OF_RESOURCES))
        self.channel.finish(AssociationLost("the cable"))
        self.assertEqual(Status.OUT_OF_RESOURCES, self.status(waiting))
        closed.callback(None)
        self.assertEqual(0, self.channel.complete)

    def test_a_data_set_that_does_not_come_to_an_end_has_its_time(self) -> None:
        closed: Deferred[None] = Deferred()
        storing = watch(self.store(slowly_closed(closed)).next())
        self.clock.advance(100 * SECONDS)
        self.respond(store_request(1).response(Status.OUT_OF_RESOURCES))
        self.assertEqual([], storing.results)
        self.clock.advance(SECONDS)
        self.assertEqual(Status.OUT_OF_RESOURCES, storing.results[0].response.status)
        self.assertEqual((0, 1), (self.channel.complete, self.channel.aborts))
        closed.callback(None)

    def test_no_success_is_believed_before_the_data_set_is_sent(self) -> None:
        warning = Status.COERCION_OF_DATA_ELEMENTS
        for status in (SUCCESS, warning, 0xBFFF, Status.ATTRIBUTE_LIST_ERROR):
            self.begin()
            storing = watch(self.store(Source(b"ab", Deferred())()).next())
            response = store_request(1).response(status)
            error = self.assertRaises(RemoteProtocolError, self.respond, response)
            self.assertIn(f"{status:04X}H came before the data set was sent", str(error))
            self.channel.abort(str(error))
            self.assertIsInstance(self.failure(storing), AssociationAborted)
            self.assertEqual(0, self.channel.complete)

    def test_a_success_that_finds_no_room_for_what_follows_the_last_byte_is_one(self) -> None:
        room: Deferred[None] = Deferred()
        waiting = self.store(self.without_room(room, b"ab", b"cd")).next()
        self.respond(store_request(1).response(SUCCESS))
        self.assertNoResult(waiting)
        room.callback(None)
        self.assertEqual((SUCCESS, b"abcd"), (self.status(waiting), self.channel.data))

    def test_a_second_final_response_is_refused_also_before_the_data_set_is_sent(self) -> None:
        response = store_request(1).response(Status.OUT_OF_RESOURCES)
        waiting = self.store(Source(b"ab", Deferred())()).next()
        self.respond(response)
        self.assertRaises(RemoteProtocolError, self.respond, response)
        self.assertEqual(Status.OUT_OF_RESOURCES, self.status(waiting))

    async def without_room(self, room: Deferred[None], *blocks: bytes) -> Blocks:
        """After the last of these blocks there is no room."""
        for block in blocks[:-1]:
            yield block, False
        self.channel.room = room
        yield blocks[-1], True

    def test_what_nobody_waits_for_is_refused(self) -> None:
        self.find()
        for response in (
            find_request(2).response(SUCCESS),
            find_request(0).response(PENDING),
            echo_request(1).response(SUCCESS),  # of another kind than the request
            store_request(1).response(SUCCESS),
        ):
            self.assertRaises(RemoteProtocolError, self.invoker.began, response)
        self.finish()
        self.assertRaises(RemoteProtocolError, self.finish)

    def test_a_data_set_over_the_limit_is_refused_before_it_is_kept(self) -> None:
        finding = self.find()
        self.pend(data=bytes(MOST_DATA))
        self.assertEqual(MOST_DATA, len(self.successResultOf(finding.next()).data))
        self.invoker.began(find_request(1).response(PENDING))
        self.invoker.data(memoryview(bytes(MOST_DATA - 1)))
        self.assertRaises(RemoteProtocolError, self.invoker.data, memoryview(b"ab"))


async def slowly_closed(closed: Deferred[None]) -> Blocks:
    """A first block, none after it, and a close that takes its time."""
    try:
        yield b"ab", False
        await Deferred()
    finally:
        await closed


class TimeTests(InvokerCase):
    def test_each_pending_response_starts_the_time_anew(self) -> None:
        finding = self.find()
        for _ in range(5):
            self.clock.advance(SECONDS - 1)
            self.pend()
            self.successResultOf(finding.next())
        waiting = watch(finding.next())
        self.clock.advance(SECONDS - 1)
        self.assertFalse(waiting.is_known)
        self.clock.advance(1)
        error = self.failure(waiting)
        assert isinstance(error, AssociationTimeout)
        self.assertEqual(("response", SECONDS), (error.waited_for, error.seconds))
        self.assertEqual(1, self.channel.aborts)

    def test_the_time_counts_from_the_last_byte_of_the_request(self) -> None:
        late: Deferred[bytes] = Deferred()
        finding = self.find(Source(b"ab", late)())
        self.clock.advance(10 * SECONDS)
        self.pend()
        self.clock.advance(10 * SECONDS)
        self.assertEqual((0, PENDING), (self.channel.aborts, self.status(finding.next())))
        late.callback(b"cd")
        self.clock.advance(SECONDS - 1)
        self.assertEqual(0, self.channel.aborts)
        self.finish()

    def test_work_that_is_noticed_puts_the_end_off_and_rest_has_none(self) -> None:
        finding = self.find()
        for _ in range(5):
            self.clock.advance(SECONDS - 1)
            finding.noticed()
        finding.rest()
        self.clock.advance(100 * SECONDS)
        self.assertEqual(0, self.channel.aborts)
        finding.noticed()
        self.clock.advance(SECONDS)
        self.assertEqual(1, self.channel.aborts)
        finding.noticed()

    def test_it_is_the_time_that_everybody_is_told_of(self) -> None:
        waiting = [watch(self.echo().next()) for _ in range(3)]
        self.clock.advance(SECONDS)
        errors = [self.failure(each) for each in waiting]
        self.assertIsInstance(errors[0], AssociationTimeout)
        self.assertEqual([errors[0]] * 3, errors)
        self.assertIs(self.channel.error, errors[0])


class CancelTests(InvokerCase):
    """Whoever asks for an end, and still waits for it."""

    def test_a_cancel_is_sent_and_the_final_response_is_still_waited_for(self) -> None:
        finding = self.find()
        finding.cancel()
        self.assertEqual([1], self.cancelled)
        self.pend()
        self.finish(status=CANCELLED)
        self.assertEqual(
            [PENDING, CANCELLED], [self.status(finding.next()), self.status(finding.next())]
        )

    def test_a_cancel_while_the_request_is_sent_follows_it(self) -> None:
        late: Deferred[bytes] = Deferred()
        finding = self.find(Source(b"ab", late)())
        finding.cancel()
        self.assertEqual(([1], []), (self.sent(), self.cancelled))
        late.callback(b"cd")
        self.assertEqual(([1], [1], 2), (self.sent(), self.cancelled, self.channel.complete))
        self.finish(status=CANCELLED)
        self.assertEqual(CANCELLED, self.status(finding.next()))

    def test_a_cancel_of_what_was_not_sent_takes_it_back(self) -> None:
        first, second, third = self.find(), self.find(), self.find()
        waiting = watch(second.next())
        second.cancel()
        self.assertIsInstance(self.failure(waiting), CancelledError)
        self.finish(1)
        self.finish(2)
        self.assertEqual([SUCCESS] * 2, [self.status(each.next()) for each in (first, third)])
        self.assertEqual(([1, 2], []), (self.sent(), self.cancelled))

    def test_a_cancel_of_what_is_over_is_without_effect(self) -> None:
        finding = self.find()
        self.finish()
        finding.cancel()
        finding.forsake()
        self.assertEqual(([], SUCCESS), (self.cancelled, self.status(finding.next())))

    def test_a_peer_that_does_not_come_to_an_end_is_aborted_however_much_it_sends(self) -> None:
        finding = self.find()
        self.clock.advance(SECONDS / 2)
        finding.cancel()
        for _ in range(9):
            self.clock.advance(SECONDS / 10)
            self.pend()
            self.assertEqual(PENDING, self.status(finding.next()))
        self.assertEqual(0, self.channel.aborts)
        self.clock.advance(SECONDS / 10)
        self.assertEqual(1, self.channel.aborts)

    def test_what_cannot_be_cancelled_says_so(self) -> None:
        echo = self.echo()
        self.assertRaises(LocalProtocolError, echo.cancel)
        self.respond(echo_request(1).response(SUCCESS))
        self.assertEqual(SUCCESS, self.status(echo.next()))


class ForsakeTests(InvokerCase):
    """Whoever wants no response any more."""

    def test_a_query_that_is_forsaken_is_cancelled_and_read_past(self) -> None:
        finding = self.find()
        self.pend()
        finding.forsake()
        finding.forsake()
        self.assertEqual([1], self.cancelled)
        following = self.echo()
        for _ in range(3 * MOST_UNREAD):
            self.pend()
        self.assertEqual((0, [1]), (self.channel.holds, self.sent()))
        self.finish(status=CANCELLED)
        self.assertEqual([1, 2], self.sent())
        self.respond(echo_request(2).response(SUCCESS))
        self.assertEqual(SUCCESS, self.status(following.next()))
        self.assertEqual(0, self.channel.aborts)

    def test_who_cancels_the_waiting_forsakes_the_query(self) -> None:
        finding = self.find()
        waiting = finding.next()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(([1], 0), (self.cancelled, self.channel.aborts))
        self.finish(status=CANCELLED)
        self.assertFalse(self.invoker.busy)

    def test_who_still_waits_for_a_forsaken_query_is_told(self) -> None:
        finding = self.find()
        waiting = watch(finding.next())
        finding.forsake()
        self.assertIsInstance(self.failure(waiting), CancelledError)
        self.assertEqual([1], self.cancelled)
        self.finish(status=CANCELLED)

    def test_a_forsaken_query_lets_the_peer_be_read_again(self) -> None:
        finding = self.find()
        for _ in range(MOST_UNREAD):
            self.pend()
        self.assertEqual(1, self.channel.holds)
        finding.forsake()
        self.assertEqual(0, self.channel.holds)
        self.finish()

    def test_a_peer_that_does_not_come_to_an_end_is_aborted_however_much_it_sends(self) -> None:
        self.find().forsake()
        for _ in range(9):
            self.clock.advance(SECONDS / 10)
            self.pend()
        self.assertEqual(0, self.channel.aborts)
        self.clock.advance(SECONDS / 10)
        self.assertEqual(1, self.channel.aborts)

    def test_a_query_that_is_forsaken_while_it_is_sent_is_cancelled_after_it(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.find(Source(b"ab", late)()).forsake()
        late.callback(b"cd")
        self.assertEqual(([1], [1]), (self.sent(), self.cancelled))
        self.clock.advance(SECONDS)
        self.assertEqual(1, self.channel.aborts)

    def test_any_other_operation_that_was_sent_takes_the_association_with_it(self) -> None:
        echo = self.echo()
        waiting = watch(echo.next())
        echo.forsake()
        self.assertEqual(1, self.channel.aborts)
        self.assertIsInstance(self.failure(waiting), AssociationAborted)

    def test_one_that_was_not_sent_harms_nobody(self) -> None:
        first, second = self.find(), self.echo()
        waiting = second.next()
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.finish()
        self.assertEqual((SUCCESS, 0), (self.status(first.next()), self.channel.aborts))
        self.assertEqual([1], self.sent())
