"""Operations that one side invokes: how they end, and how many there are at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from tests.net.blocks import Source, then_fails
from tests.net.invoking import PENDING, SUCCESS, InvokerCase
from tests.net.pair import (
    echo_request,
    store_request,
    watch,
)
from txdicomtls.dimse import Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationLost,
    LocalProtocolError,
)


class EndTests(InvokerCase):
    """Whatever ends the association ends all operations, with its reason."""

    window = 2

    def test_operations_end_wherever_they_are_with_the_first_reason(self) -> None:
        error = AssociationLost("the cable")
        never: Deferred[bytes] = Deferred()
        answered = self.find()
        self.pend()
        sending = self.store(Source(b"ab", never)())
        for_the_wire_or_a_place = [self.echo() for _ in range(3)]
        waiting = [watch(each.next()) for each in (sending, *for_the_wire_or_a_place)]
        self.assertEqual([1, 2], self.sent())
        self.channel.finish(error)
        self.invoker.end(AssociationEnded("later"))
        self.assertEqual([error] * 4, [self.failure(each) for each in waiting])
        self.assertEqual(PENDING, self.status(answered.next()))
        self.assertIs(error, self.failureResultOf(answered.next()).value)
        self.assertEqual([], self.clock.getDelayedCalls())
        never.callback(b"cd")

    def test_after_the_end_nothing_can_be_invoked(self) -> None:
        error = AssociationEnded("the peer released the association")
        self.invoker.end(error)
        for _ in range(3):
            self.assertIs(error, self.failureResultOf(self.echo().next()).value)
        self.assertEqual([], self.sent())

    def test_one_that_was_early_has_ended_and_one_that_waits_ends_as_well(self) -> None:
        early = watch(self.store(Source(b"ab", Deferred())()).next())
        self.respond(store_request(1).response(Status.OUT_OF_RESOURCES))
        waiting = watch(self.echo().next())
        self.channel.abort("enough")
        self.assertEqual((1, []), (len(early.results), early.failures))
        self.assertIs(self.channel.error, self.failure(waiting))

    def test_a_data_set_that_fails_is_told_to_its_own_and_the_abort_to_the_others(self) -> None:
        other = watch(self.echo().next())
        storing = watch(self.store(then_fails(b"ab", ZeroDivisionError())).next())
        self.assertIsInstance(self.failure(storing), ZeroDivisionError)
        self.assertIsInstance(self.failure(other), AssociationAborted)

    def test_one_that_cannot_be_sent_gives_its_place_back(self) -> None:
        for _ in range(3):
            invocation = self.invoker.start(2, echo_request)  # no context has an even ID
            self.failureResultOf(invocation.next(), LocalProtocolError)
        self.assertEqual((0, False), (self.channel.aborts, self.invoker.busy))
        waiting = [self.echo() for _ in range(3)]
        self.assertEqual(2, len(self.sent()))
        for each in waiting:
            each.forsake()

    def test_any_number_may_wait_when_the_association_ends(self) -> None:
        waiting = [watch(self.echo().next()) for _ in range(2000)]
        error = AssociationEnded("the peer released the association")
        self.invoker.end(error)  # the peer may still be sent to, so nothing is cancelled
        self.assertTrue(all(self.failure(each) is error for each in waiting))
        self.assertEqual([], self.flushLoggedErrors())

    def test_who_was_never_heard_of_leaves_no_error_behind(self) -> None:
        for _ in range(4):
            self.echo()
        self.channel.abort("enough")
        self.assertEqual([], self.flushLoggedErrors())


class WindowTests(InvokerCase):
    @given(st.integers(1, 4), st.lists(st.integers(0, 5), max_size=40))
    def test_no_more_than_the_window_are_ever_outstanding(
        self, window: int, choices: list[int]
    ) -> None:
        self.window = window
        self.begin()
        outstanding: list[int] = []
        waiting = []
        for choice in choices:
            if choice < 3 or not outstanding:
                waiting.append(watch(self.echo().next()))
            else:
                message_id = outstanding.pop(choice % len(outstanding))
                self.respond(echo_request(message_id).response(SUCCESS))
            known = len(outstanding) + sum(each.is_known for each in waiting)
            outstanding += self.sent()[known:]
            self.assertLessEqual(len(outstanding), window)
            unanswered = sum(not each.is_known for each in waiting)
            self.assertEqual(min(window, unanswered), len(outstanding))
        self.channel.finish(AssociationEnded("the test is over"))
        self.assertTrue(all(each.is_known for each in waiting))
