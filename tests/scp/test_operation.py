"""Operations of any kind: gathering, being cancelled while they run, limits of time."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyClass

from tests.association.pair import EXPLICIT
from tests.scp.asking import at_once
from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CFindRQ, Status
from txdicomtls.errors import AssociationEnded
from txdicomtls.interfaces import ICancellableOperation, IOperation
from txdicomtls.net import Answer, AssociationFacts, Exchange, IncomingRequest
from txdicomtls.scp import Means, OperationLimits
from txdicomtls.scp.operation import CancellableOperation, Operation
from txdicomtls.scp.statuses import Kind, Refusal
from txdicomtls.threads import InThread

MESSAGE = CFindRQ(affected_sop_class_uid="1.2.3", message_id=7)


class Facts:
    """As much of AssociationFacts as a log line needs."""

    peer = "192.0.2.1:104"


class Working(CancellableOperation):
    """An operation that does what the test says."""

    kind = Kind.QUERY

    def __init__(self, clock: Clock, work: Callable[[Working, bytes], Awaitable[Any]]) -> None:
        request = IncomingRequest(
            message=MESSAGE,
            context=PresentationContext(
                context_id=1, abstract_syntax="1.2.3", transfer_syntax=EXPLICIT
            ),
            association=cast("AssociationFacts", Facts()),
            exchange=cast("Exchange", None),
        )
        super().__init__(request, means(clock, data=10, patience=30.0))
        self._work_to_do = work

    async def perform(self, data: bytes) -> Answer:
        await self._work_to_do(self, data)
        return Answer(MESSAGE.response(Status.SUCCESS))

    def refused(self, refusal: Refusal) -> Answer:
        return Answer(MESSAGE.response(refusal.status, error_comment=refusal.comment))

    def cancelled(self) -> Answer:
        return Answer(MESSAGE.response(Status.CANCEL))


def means(clock: Clock, **limits: Any) -> Means:
    """Without threads."""
    in_thread: InThread = at_once
    return Means(
        clock=clock, in_thread=in_thread, limits=OperationLimits(**limits), new_id=lambda: "7"
    )


class OperationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.addCleanup(lambda: self.assertEqual([], self.clock.getDelayedCalls()))

    def status_of(self, finished: Deferred[Any]) -> int:
        status: int = self.successResultOf(finished).response.status
        return status

    def working(self, work: Callable[[Working, bytes], Awaitable[Any]]) -> Working:
        return Working(self.clock, work)

    def test_it_is_an_operation_that_can_be_cancelled(self) -> None:
        verifyClass(IOperation, Operation)
        verifyClass(ICancellableOperation, CancellableOperation)

    def test_the_pieces_of_its_data_set_are_put_together(self) -> None:
        got: list[bytes] = []

        async def work(_: Working, data: bytes) -> None:
            got.append(data)

        operation = self.working(work)
        for piece in (b"abcd", b"", b"efghij"):
            operation.write(memoryview(piece))
        self.assertEqual(0, self.status_of(operation.finish()))
        self.assertEqual([b"abcdefghij"], got)

    def test_one_byte_more_than_the_limit_is_refused_without_any_work(self) -> None:
        async def work(_: Working, data: bytes) -> None:
            self.fail("it was performed")

        operation = self.working(work)
        for piece in (b"abcdef", b"ghijk", b"much more"):
            operation.write(memoryview(piece))
        self.assertEqual(0xA700, self.status_of(operation.finish()))

    def test_what_was_gathered_is_let_go_with_the_association(self) -> None:
        operation = self.working(cast("Any", None))
        operation.write(memoryview(b"abcd"))
        operation.abandon()
        self.assertEqual(b"", bytes(operation._data))

    def test_one_that_is_cancelled_by_what_it_calls_sees_it_where_it_next_waits(self) -> None:
        seen: list[str] = []

        async def work(operation: Working, _: bytes) -> None:
            operation.cancel()
            seen.append("runs on")
            try:
                await Deferred()
            except CancelledError:
                seen.append("cancelled")
                raise

        with capturedLogs() as events:
            finished = self.working(work).finish()
        self.assertEqual(0xFE00, self.status_of(finished))
        self.assertEqual((["runs on", "cancelled"], []), (seen, list(events)))

    def test_one_that_is_cancelled_in_its_last_step_is_what_it_came_to(self) -> None:
        async def work(operation: Working, _: bytes) -> None:
            operation.cancel()

        self.assertEqual(0, self.status_of(self.working(work).finish()))

    def test_one_that_is_cancelled_may_come_to_its_end_all_the_same(self) -> None:
        async def work(_: Working, __: bytes) -> None:
            with contextlib.suppress(CancelledError):
                await Deferred()

        operation = self.working(work)
        finished = operation.finish()
        operation.cancel()
        self.assertEqual(0, self.status_of(finished))

    def test_what_it_is_told_while_it_ends_does_not_reach_the_log(self) -> None:
        late: Deferred[None] = Deferred()

        async def work(_: Working, __: bytes) -> None:
            try:
                await Deferred()
            except CancelledError:
                await late

        for error, lines in ((AssociationEnded("over"), 0), (ZeroDivisionError("Doe"), 1)):
            late = Deferred()
            operation = self.working(work)
            finished = operation.finish()
            operation.cancel()
            self.clock.advance(1)
            self.assertEqual(0xFE00, self.status_of(finished))
            with capturedLogs() as events:
                late.errback(error)
            texts = [formatEvent(event) for event in events]
            self.assertEqual(lines, len(texts))
            self.assertNotIn("Doe", "".join(texts))

    def test_a_provider_that_takes_too_long_is_cancelled(self) -> None:
        seen: list[Any] = []

        async def work(operation: Working, _: bytes) -> None:
            operation.patience.start()
            await Deferred(seen.append)

        finished = self.working(work).finish()
        self.clock.advance(29)
        self.assertNoResult(finished)
        self.clock.advance(1)
        self.assertEqual((0xA700, 1), (self.status_of(finished), len(seen)))

    def test_one_whose_answer_cannot_be_made_fails(self) -> None:
        async def work(_: Working, __: bytes) -> None:
            raise ZeroDivisionError

        operation = self.working(work)
        self.patch(operation, "refused", lambda _: 1 / 0)
        with capturedLogs():
            self.failureResultOf(operation.finish(), ZeroDivisionError)

    def test_once_it_is_done_its_patience_has_no_end(self) -> None:
        async def work(operation: Working, _: bytes) -> None:
            operation.patience.start()

        self.assertEqual(0, self.status_of(self.working(work).finish()))
