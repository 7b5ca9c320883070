"""What tests of invocations share: a requestor that invokes, and a peer that the test plays."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.net.blocks import blocks_of
from tests.net.channel import MemoryChannel
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    VERIFICATION_ID,
    Outcome,
    echo_request,
    find_request,
    query_contexts,
    store_request,
)
from txdicomtls.association import Role
from txdicomtls.dimse import CCancelRQ, Request, Response, Status
from txdicomtls.errors import (
    AssociationEnded,
)
from txdicomtls.instance import Blocks
from txdicomtls.net import Answer, Invocation, Invoker
from txdicomtls.net.wire import Wire

SECONDS = 60.0
MOST_DATA = 100

PENDING, SUCCESS, CANCELLED = Status.PENDING, Status.SUCCESS, Status.CANCEL


class InvokerCase(SynchronousTestCase):
    """A requestor that invokes.  At the end of a test nothing may be left on the clock."""

    window = 1

    def setUp(self) -> None:
        self.clock = Clock()
        self.begin()
        self.addCleanup(self.nothing_is_left)

    def begin(self) -> None:
        """With a new association."""
        self.channel = MemoryChannel(Role.REQUESTOR, query_contexts())
        self.invoker = Invoker(
            self.channel,
            Wire(self.channel),
            self.clock,
            response_seconds=SECONDS,
            most_data=MOST_DATA,
        )
        self.invoker.associated(self.window)
        self.channel.on_end = self.invoker.end

    def nothing_is_left(self) -> None:
        self.channel.finish(AssociationEnded("the test is over"))
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual((False, 0), (self.invoker.busy, self.channel.holds))

    def echo(self) -> Invocation:
        return self.invoker.start(VERIFICATION_ID, echo_request)

    def store(self, blocks: Blocks) -> Invocation:
        return self.invoker.start(CT_ID, store_request, blocks)

    def find(self, blocks: Blocks | None = None) -> Invocation:
        return self.invoker.start(
            STUDY_ROOT_FIND_ID, find_request, blocks_of(b"key!") if blocks is None else blocks
        )

    def respond(self, response: Response, data: bytes = b"") -> None:
        """The peer responds."""
        self.invoker.began(response)
        if data:
            self.invoker.data(memoryview(data))
        self.invoker.ended()

    def pend(self, message_id: int = 1, data: bytes = b"match!") -> None:
        self.respond(find_request(message_id).response(PENDING), data)

    def finish(self, message_id: int = 1, status: int = SUCCESS) -> None:
        self.respond(find_request(message_id).response(status))

    def sent(self, kind: type[Any] = Request) -> list[int]:
        """The Message IDs of the requests that arrived."""
        return [each.message_id for each in self.channel.messages if isinstance(each, kind)]

    @property
    def cancelled(self) -> list[int]:
        """The Message IDs of the C-CANCELs that arrived."""
        return [
            each.message_id_being_responded_to
            for each in self.channel.messages
            if isinstance(each, CCancelRQ)
        ]

    def status(self, waiting: Deferred[Answer]) -> int:
        return self.successResultOf(waiting).response.status

    def failure(self, outcome: Outcome) -> BaseException:
        (error,) = outcome.failures
        return error
