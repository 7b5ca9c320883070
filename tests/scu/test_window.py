"""What the asynchronous operations window is worth, in both directions (PS3.7 D.3.3.3).

The receiver of each object needs 5 ms before it acknowledges it, as one that waits for its disk;
time is that of a clock, so the result is the same on every machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from zope.interface import implementer

from tests.association.pair import CT, EXPLICIT
from tests.datasets import identity
from tests.net.doubles import Receiver, Sink
from tests.net.pair import watch
from tests.scu.cases import ConnectCase, dataset
from tests.scu.files import make_file
from txdicomtls import uids
from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CGetRQ, CStoreRQ, Response, Status, Suboperations
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IOperation, IService, IUsingService
from txdicomtls.net import IncomingRequest
from txdicomtls.scp import Storage
from txdicomtls.scu import get_contexts, storage_contexts
from txdicomtls.scu.invoking import whole

OBJECTS = 1000
SECONDS = 0.005


@implementer(IInstanceReceiver)
class SlowReceiver(Receiver):
    """Keeps each object 5 ms after it is complete."""

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.clock = clock

    def receive(self, instance: IncomingInstance) -> Sink:
        sink = super().receive(instance)
        sink.finish = self._kept_later  # type: ignore[method-assign]  # a double
        return sink

    def _kept_later(self) -> Deferred[None]:
        kept: Deferred[None] = Deferred()
        self.clock.callLater(SECONDS, kept.callback, None)
        return kept


@implementer(IUsingService)
class Sender:
    """Serves C-GET with as many objects as there are, as many at once as the window allows."""

    name = "get"

    def __init__(self, data: bytes) -> None:
        self.data = data

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == uids.STUDY_ROOT_GET

    def uses(self, abstract_syntax: str) -> bool:
        return abstract_syntax == CT

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        return EXPLICIT

    def begin(self, request: IncomingRequest) -> IOperation | None:
        return _Sending(request, self.data)


@implementer(IOperation)
class _Sending:
    def __init__(self, request: IncomingRequest, data: bytes) -> None:
        self.request = request
        self.data = data

    def write(self, data: memoryview) -> None:
        """The identifier says nothing new."""

    def finish(self) -> Deferred[Response]:
        exchange = self.request.exchange
        (context,) = [each for each in exchange.contexts if each.abstract_syntax == CT]
        room = DeferredSemaphore(exchange.window)
        sent = [room.run(self._send, context, number) for number in range(OBJECTS)]
        return DeferredList(sent).addCallback(self._answer)

    def abandon(self) -> None:
        """The test failed."""

    def _send(self, context: PresentationContext, number: int) -> Deferred[Any]:
        def store(message_id: int) -> CStoreRQ:
            return CStoreRQ(
                message_id=message_id,
                affected_sop_class_uid=CT,
                affected_sop_instance_uid=f"1.2.3.{number}",
            )

        return self.request.exchange.start(context.context_id, store, whole(self.data)).next()

    def _answer(self, results: list[tuple[bool, Any]]) -> Response:
        assert isinstance(self.request.message, CGetRQ)
        succeeded = sum(answer.response.status == KEPT for _, answer in results)
        counts = Suboperations(completed=succeeded, failed=OBJECTS - succeeded, warning=0)
        return self.request.message.response(Status.SUCCESS, suboperations=counts)


#: The objects are noise and do not say what they are, so they are kept with a warning.
KEPT = Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING


class WindowTests(ConnectCase):
    def elapsed(self, done: Any) -> float:
        """Seconds until something is done."""
        begun = self.clock.seconds()
        while not done.is_known:
            self.flush()
            self.clock.advance(SECONDS / 5)
            self.flush()
        self.assertEqual([], done.failures)
        return self.clock.seconds() - begun

    def storing(self, window: int, path: Path) -> float:
        receiver = SlowReceiver(self.clock)
        server = self.factory(services=[Storage(receiver)], window=8).buildProtocol(None)
        association = self.connected(server, storage_contexts([CT]), window=window)

        async def store() -> None:
            async for sent in association.store([path] * OBJECTS):
                assert sent.succeeded, sent.outcome

        seconds = self.elapsed(watch(Deferred.fromCoroutine(store())))
        self.assertEqual(OBJECTS, len(receiver.sinks))
        return seconds

    def getting(self, window: int, data: bytes) -> float:
        receiver = SlowReceiver(self.clock)
        services: list[IService] = [Sender(data)]
        server = self.factory(services=services, window=8).buildProtocol(None)
        association = self.connected(server, get_contexts([CT]), window=window)
        patient = dataset(QueryRetrieveLevel="PATIENT", PatientID="P")
        seconds = self.elapsed(watch(association.get(patient, receiver).finished()))
        self.assertEqual(OBJECTS, len(receiver.sinks))
        return seconds

    def test_eight_at_once_store_in_a_fifth_of_the_time(self) -> None:
        path = make_file(Path(self.mktemp()), identity(CT, "1.2.3", EXPLICIT) + bytes(1000))
        self.assertLess(self.storing(8, path), self.storing(1, path) / 5)

    def test_eight_at_once_are_got_in_a_fifth_of_the_time(self) -> None:
        data = bytes(1000)
        self.assertLess(self.getting(8, data), self.getting(1, data) / 5)
