"""One message at a time on the way out."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.net.blocks import Source
from tests.net.channel import MemoryChannel
from tests.net.pair import CT_ID, VERIFICATION_ID, ask_for, echo_request, store_request, watch
from txdicomtls.association import Role
from txdicomtls.dimse import Message
from txdicomtls.errors import AssociationAborted, AssociationEnded, LocalProtocolError
from txdicomtls.instance import Blocks
from txdicomtls.net.wire import Progress, Wire


class WireCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.channel = MemoryChannel(Role.REQUESTOR, ask_for())
        self.wire = Wire(self.channel)
        self.broken: list[BaseException] = []

    def send(
        self, message: Message, blocks: Blocks | None = None, progress: Progress | None = None
    ) -> Deferred[None]:
        context_id = CT_ID if message.has_data_set else VERIFICATION_ID
        return Deferred.fromCoroutine(
            self.wire.send(context_id, lambda: message, blocks, self.broken.append, progress)
        )

    def sent(self) -> list[int]:
        """The Message IDs that arrived."""
        return [message.message_id for message in self.channel.messages]


class PostTests(WireCase):
    def test_on_a_free_wire_a_message_goes_out_at_once(self) -> None:
        self.successResultOf(self.wire.post(VERIFICATION_ID, echo_request(1)))
        self.successResultOf(self.wire.post(CT_ID, store_request(2), b"data"))
        self.assertEqual(([1, 2], b"data"), (self.sent(), self.channel.data))

    def test_a_data_set_may_be_empty(self) -> None:
        self.successResultOf(self.wire.post(CT_ID, store_request(1)))
        self.assertEqual((b"", 1), (self.channel.data, self.channel.complete))

    def test_messages_wait_for_a_data_set_on_its_way_and_go_out_in_order(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.send(store_request(1), Source(b"ab", late)())
        posted = [watch(self.wire.post(VERIFICATION_ID, echo_request(n))) for n in (2, 3)]
        further = self.send(echo_request(4))
        self.assertEqual(([1], 0), (self.sent(), self.channel.complete))
        self.assertFalse(any(each.is_known for each in posted))
        late.callback(b"cd")
        self.successResultOf(further)
        self.assertEqual(([1, 2, 3, 4], b"abcd"), (self.sent(), self.channel.data))
        self.assertTrue(all(each.results for each in posted))
        self.assertEqual(4, self.channel.complete)

    def test_any_number_may_wait_for_the_wire(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.send(store_request(1), Source(b"ab", late)())
        posted = [watch(self.wire.post(VERIFICATION_ID, echo_request(n))) for n in range(2, 2000)]
        late.callback(b"cd")
        self.assertEqual(list(range(1, 2000)), self.sent())
        self.assertTrue(all(each.results for each in posted))

    def test_one_that_cannot_be_sent_says_so_and_nothing_of_it_is_sent(self) -> None:
        self.failureResultOf(
            self.wire.post(VERIFICATION_ID, echo_request(70_000)), LocalProtocolError
        )
        self.failureResultOf(self.wire.post(CT_ID, store_request(1), b"odd"), LocalProtocolError)
        self.successResultOf(self.wire.post(VERIFICATION_ID, echo_request(2)))
        self.assertEqual([2], self.sent())

    def test_without_an_association_nothing_is_sent(self) -> None:
        self.channel.abort()
        self.successResultOf(self.wire.post(VERIFICATION_ID, echo_request(1)))
        self.assertEqual([], self.sent())

    def test_what_waits_when_the_association_ends_is_not_sent(self) -> None:
        late: Deferred[bytes] = Deferred()
        sending = watch(self.send(store_request(1), Source(b"ab", late)()))
        posted = watch(self.wire.post(VERIFICATION_ID, echo_request(2)))
        self.channel.abort()
        late.callback(b"cd")
        self.assertEqual([None], posted.results)
        self.assertIsInstance(sending.failures[0], AssociationAborted)
        self.assertEqual([1], self.sent())

    def test_one_that_waits_can_be_taken_back(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.send(store_request(1), Source(b"ab", late)())
        posted = self.wire.post(VERIFICATION_ID, echo_request(2))
        posted.cancel()
        self.failureResultOf(posted, CancelledError)
        late.callback(b"cd")
        self.wire.post(VERIFICATION_ID, echo_request(3))
        self.assertEqual([1, 3], self.sent())


class SendTests(WireCase):
    def test_no_block_is_asked_for_before_there_is_room(self) -> None:
        source = Source(b"ab", b"cd")
        room: Deferred[None] = Deferred()
        self.channel.room = room
        sending = watch(self.send(store_request(1), source()))
        self.assertEqual(([], 0), (self.sent(), source.asked))
        further: Deferred[None] = Deferred()
        self.channel.room = further
        room.callback(None)
        self.assertEqual(([1], 1), (self.sent(), source.asked))
        self.channel.room = None
        further.callback(None)
        self.assertTrue(sending.results)
        self.assertEqual((2, b"abcd"), (source.asked, self.channel.data))

    def test_a_message_is_made_only_when_the_wire_is_free(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.send(store_request(1), Source(b"ab", late)())
        made: list[int] = []

        def make() -> Message:
            made.append(self.channel.complete)
            return echo_request(2)

        Deferred.fromCoroutine(self.wire.send(VERIFICATION_ID, make, None, self.broken.append))
        self.assertEqual([], made)
        late.callback(b"cd")
        self.assertEqual([1], made)

    def test_one_that_cannot_be_made_or_sent_harms_nobody(self) -> None:
        def cannot() -> Message:
            raise ZeroDivisionError

        sending = Deferred.fromCoroutine(
            self.wire.send(VERIFICATION_ID, cannot, None, self.broken.append)
        )
        self.failureResultOf(sending, ZeroDivisionError)
        self.failureResultOf(self.send(echo_request(70_000)), LocalProtocolError)
        self.assertEqual(([], 0), (self.broken, self.channel.aborts))
        self.successResultOf(self.send(echo_request(2)))
        self.assertEqual([2], self.sent())

    def assert_aborted_first(self, spoil: Any, late: Deferred[bytes], expected: Any) -> None:
        """Whatever spoils half a message, the association is aborted before the next may go."""
        source = Source(b"ab", late)
        sending = watch(self.send(store_request(1), source()))
        posted = watch(self.wire.post(VERIFICATION_ID, echo_request(2)))
        waiting = watch(self.send(echo_request(3)))
        spoil(sending)
        (error,) = sending.failures
        self.assertIsInstance(error, expected)
        self.assertEqual(([error], 1), (self.broken, self.channel.aborts))
        self.assertEqual(([1], 0, 1), (self.sent(), self.channel.complete, source.closed))
        self.assertEqual([None], posted.results)
        self.assertIsInstance(waiting.failures[0], AssociationAborted)

    def test_a_data_set_that_fails_aborts_before_the_next_message(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.assert_aborted_first(
            lambda _: late.errback(ZeroDivisionError()), late, ZeroDivisionError
        )

    def test_a_block_that_cannot_be_sent_aborts_before_the_next_message(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.assert_aborted_first(lambda _: late.callback(b"odd"), late, LocalProtocolError)

    def test_who_gives_up_in_the_midst_of_a_message_aborts_before_the_next_one(self) -> None:
        late: Deferred[bytes] = Deferred()
        source = Source(b"ab", late)
        sending = self.send(store_request(1), source())
        self.wire.post(VERIFICATION_ID, echo_request(2))
        sending.cancel()
        self.failureResultOf(sending, CancelledError)
        self.assertEqual((1, 1), (self.channel.aborts, source.closed))
        self.assertEqual([1], self.sent())

    def test_who_gives_up_before_the_message_harms_nobody(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.send(store_request(1), Source(b"ab", late)())
        waiting = self.send(echo_request(2))
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        late.callback(b"cd")
        self.successResultOf(self.send(echo_request(3)))
        self.assertEqual(([1, 3], 0), (self.sent(), self.channel.aborts))

    def test_who_gives_up_while_there_is_no_room_harms_nobody(self) -> None:
        self.channel.room = Deferred()
        waiting = self.send(echo_request(2))
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.channel.room = None
        self.successResultOf(self.send(echo_request(3)))
        self.assertEqual(([3], 0), (self.sent(), self.channel.aborts))

    def test_without_an_association_it_fails_with_what_ended_it(self) -> None:
        self.channel.abort("enough")
        error = self.failureResultOf(self.send(echo_request(1)), AssociationAborted).value
        self.assertIs(self.channel.error, error)

    def test_where_nothing_can_be_sent_it_fails(self) -> None:
        self.channel.perform(self.channel.connection.release())
        self.failureResultOf(self.send(echo_request(1)), AssociationEnded)


class CutTests(WireCase):
    """A data set that nobody wants the rest of ends where it is."""

    def setUp(self) -> None:
        super().setUp()
        self.progress = Progress()

    def cut(self, sending: Deferred[None]) -> None:
        self.progress.is_cut = True
        sending.cancel()

    def assert_cut(self, sending: Deferred[None], data: bytes) -> None:
        """It was ended with an empty last fragment, and the next message can go."""
        self.successResultOf(sending)
        self.successResultOf(self.send(echo_request(2)))
        self.assertEqual(([1, 2], data), (self.sent(), self.channel.data))
        self.assertEqual((2, 0, []), (self.channel.complete, self.channel.aborts, self.broken))

    def test_it_is_whole_once_its_last_block_is_on_its_way(self) -> None:
        late: Deferred[bytes] = Deferred()
        self.send(store_request(1), Source(b"ab", late)(), self.progress)
        self.assertFalse(self.progress.is_whole)
        late.callback(b"cd")
        self.assertTrue(self.progress.is_whole)

    def test_one_without_a_data_set_is_whole_when_it_begins(self) -> None:
        self.channel.room = Deferred()
        self.send(echo_request(1), None, self.progress)
        self.assertFalse(self.progress.is_whole)
        self.channel.room.callback(None)
        self.assertTrue(self.progress.is_whole)

    def test_no_block_is_waited_for(self) -> None:
        source = Source(b"ab", Deferred(), b"ef")
        sending = self.send(store_request(1), source(), self.progress)
        self.cut(sending)
        self.assertEqual((2, 1), (source.asked, source.closed))
        self.assert_cut(sending, b"ab")

    def test_no_room_is_waited_for(self) -> None:
        room: Deferred[None] = Deferred()
        self.channel.room = room
        source = Source(b"ab", b"cd")
        sending = self.send(store_request(1), source(), self.progress)
        self.channel.room = Deferred()
        room.callback(None)
        self.cut(sending)
        self.channel.room = None
        self.assertEqual((1, 1), (source.asked, source.closed))
        self.assert_cut(sending, b"ab")

    def test_a_block_that_comes_all_the_same_is_not_sent(self) -> None:
        late: Deferred[bytes] = Deferred()
        sending = self.send(store_request(1), Source(b"ab", late)(), self.progress)
        self.progress.is_cut = True
        late.callback(b"cd")
        self.assert_cut(sending, b"ab")

    def test_it_does_not_matter_that_its_source_fails(self) -> None:
        async def fails_when_closed() -> Blocks:
            try:
                yield b"ab", False
                await Deferred()
            finally:
                raise ZeroDivisionError

        sending = self.send(store_request(1), fails_when_closed(), self.progress)
        self.cut(sending)
        self.assert_cut(sending, b"ab")

    def test_one_that_is_not_cut_is_never_passed_off_as_whole(self) -> None:
        async def without_a_last_block() -> Blocks:
            yield b"ab", False

        self.send(store_request(1), without_a_last_block(), self.progress)
        self.assertFalse(self.progress.is_whole)
        self.assertEqual((b"ab", 0), (self.channel.data, self.channel.complete))

    def test_where_the_association_has_ended_nothing_is_sent(self) -> None:
        closed: Deferred[None] = Deferred()

        async def slowly_closed() -> Blocks:
            try:
                yield b"ab", False
                await Deferred()
            finally:
                await closed

        sending = self.send(store_request(1), slowly_closed(), self.progress)
        self.cut(sending)
        self.channel.abort("enough")
        closed.callback(None)
        self.failureResultOf(sending, AssociationAborted)
        self.assertEqual((b"ab", 0), (self.channel.data, self.channel.complete))
