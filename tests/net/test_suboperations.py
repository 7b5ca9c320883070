"""C-STORE sub-operations of an acceptor within the C-GET of a requestor, and how they end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.association.pair import (
    CT,
    EXPLICIT,
    STUDY_ROOT_GET,
    request,
)
from tests.net.blocks import Source, blocks_of
from tests.net.doubles import Classes, Operation
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_GET_ID,
    NetCase,
    Peer,
    get_request,
    query_contexts,
    store_request,
    watch,
)
from tests.net.wire import Wire
from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    MessageBegan,
    ReleaseConfirmation,
)
from txdicomtls.dimse import Request, Response, Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationTimeout,
)
from txdicomtls.interfaces import ICancellableOperation
from txdicomtls.net import (
    AcceptorProtocol,
    Answer,
    AssociationFactory,
    Invocation,
    RequestorProtocol,
    Services,
    Timeouts,
)
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
)

WINDOW = AsynchronousOperationsWindow(invoked=4, performed=3)


@implementer(ICancellableOperation)
class Retrieval:
    """A C-GET that stores as many instances as it is told to on whoever asked for them.

    :param exchange: the way back.
    :param message: the request.
    :param instances: how many.
    :ivar suboperations: those that were begun, and what they came to.
    """

    def __init__(self, exchange: Any, message: Any, instances: int) -> None:
        self.exchange = exchange
        self.message = message
        self.instances = instances
        self.suboperations: list[Invocation] = []
        self.outcomes: list[int | BaseException] = []
        self.cancelled = 0
        self.done: Deferred[Any] = Deferred()

    def write(self, data: memoryview) -> None:
        pass

    def abandon(self) -> None:
        pass

    def cancel(self) -> None:
        self.cancelled += 1

    def finish(self) -> Deferred[Any]:
        for _ in range(self.instances):
            each = self.exchange.start(CT_ID, store_request, blocks_of(b"data"))
            self.suboperations.append(each)
            each.next().addCallbacks(self._stored, self._failed)
        return self.done

    def _stored(self, answer: Answer) -> None:
        self._outcome(answer.response.status)

    def _failed(self, failure: Failure) -> None:
        assert failure.value is not None
        self._outcome(failure.value)

    def _outcome(self, outcome: int | BaseException) -> None:
        self.outcomes.append(outcome)
        if len(self.outcomes) == self.instances:
            self.done.callback(self.message.response(Status.SUCCESS))


class Retrieving(Classes):
    """Performs C-GET by :class:`Retrieval`; uses whoever stores."""

    def __init__(self, instances: int) -> None:
        super().__init__("get", performs=(STUDY_ROOT_GET,), uses=(CT,))
        self.instances = instances
        self.retrievals: list[Retrieval] = []

    def begin(self, request: Any) -> Any:
        self.retrievals.append(Retrieval(request.exchange, request.message, self.instances))
        return self.retrievals[-1]


class RetrievalCase(NetCase):
    def node(self, *services: Any, **more: Any) -> AssociationFactory:
        """An acceptor with these services."""
        return self.factory(services=services, **more)

    def both(
        self, wanted: AssociateRQ, ours: Any, *theirs: Any, **more: Any
    ) -> tuple[RequestorProtocol, AcceptorProtocol, Wire]:
        """A requestor of ours with these services, and an acceptor with those."""
        client = self.requestor(wanted, services=Services(ours))
        server = self.node(*theirs, **more).buildProtocol(None)
        wire = self.join(client, server)
        self.successResultOf(client.when_associated())
        return client, server, wire

    def requests(self, peer: Peer) -> list[Any]:
        return [
            each.message for each in peer.told(MessageBegan) if isinstance(each.message, Request)
        ]

    def statuses(self, peer: Peer) -> list[tuple[int, int]]:
        """The responses that a peer got: Message ID and status."""
        return [
            (message.message_id_being_responded_to, message.status)
            for each in peer.told(MessageBegan)
            if isinstance(message := each.message, Response)
        ]


class SuboperationTests(RetrievalCase):
    """C-STORE of the acceptor within the C-GET of the requestor (PS3.4 C.4.3)."""

    def retrieving(
        self, instances: int, **more: Any
    ) -> tuple[Retrieving, Peer, AcceptorProtocol, Wire]:
        """A peer that has sent a C-GET."""
        service = Retrieving(instances)
        storing = Classes("store", performs=(CT,))
        peer, server, wire = self.called(
            self.node(service, storing, **more), query_contexts(window=WINDOW)
        )
        peer.send(STUDY_ROOT_GET_ID, get_request(9), b"key!")
        wire.flush()
        return service, peer, server, wire

    def stored(self, peer: Peer, message_id: int) -> None:
        peer.send(CT_ID, store_request(message_id).response(Status.SUCCESS))

    def test_no_more_are_outstanding_than_the_requestor_performs(self) -> None:
        service, peer, _, wire = self.retrieving(7)
        self.assertEqual([1, 2, 3], [each.message_id for each in self.requests(peer)])
        self.assertEqual(3, service.retrievals[0].exchange.window)
        for message_id in (2, 3, 1, 4, 5, 6, 7):
            self.stored(peer, message_id)
            wire.flush()
            self.assertLessEqual(len(self.requests(peer)) - len(service.retrievals[0].outcomes), 3)
        self.assertEqual([(9, Status.SUCCESS)], self.statuses(peer))
        self.assertEqual([0] * 7, service.retrievals[0].outcomes)

    def test_ours_and_ours_understand_each_other(self) -> None:
        performed = [Operation() for _ in range(20)]
        receiving = Classes("store", *performed, performs=(CT,))
        client, _, wire = self.both(
            query_contexts(window=WINDOW),
            [receiving],
            Retrieving(20),
            Classes("store", performs=(CT,)),
        )
        got = watch(client.start(STUDY_ROOT_GET_ID, get_request, blocks_of(b"key!")).next())
        for number, operation in enumerate(performed):
            wire.flush()
            self.assertEqual(min(20, number + 3), len(receiving.begun))
            self.assertEqual(b"data", bytes(operation.data))
            operation.answer.callback(store_request(number + 1).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual(Status.SUCCESS, got.results[0].response.status)

    def test_a_release_while_they_are_outstanding_ends_them_and_is_answered_in_the_end(
        self,
    ) -> None:
        service, peer, _, wire = self.retrieving(5)
        peer.do(peer.connection.release())
        wire.flush()
        outcomes = service.retrievals[0].outcomes
        self.assertEqual([AssociationEnded] * 5, [type(each) for each in outcomes])
        self.assertEqual(3, len(self.requests(peer)))
        self.assertEqual([(9, Status.SUCCESS)], self.statuses(peer))
        self.assertEqual(1, len(peer.told(ReleaseConfirmation)))
        self.assertFalse(wire.is_open)

    def test_a_release_waits_for_the_last_byte_of_an_answer(self) -> None:
        late: Deferred[bytes] = Deferred()
        service, peer, _, wire = self.retrieving(0)
        retrieval = service.retrievals[0]
        retrieval.exchange.start(CT_ID, store_request, Source(b"ab", late)())
        peer.do(peer.connection.release())
        retrieval.done.callback(get_request(9).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual(([], []), (self.statuses(peer), peer.told(ReleaseConfirmation)))
        late.callback(b"cd")
        wire.flush()
        self.assertEqual([(9, Status.SUCCESS)], self.statuses(peer))
        self.assertEqual(1, len(peer.told(ReleaseConfirmation)))

    def test_a_loss_while_a_release_waits_harms_nobody(self) -> None:
        service, peer, _, wire = self.retrieving(0)
        peer.do(peer.connection.release())
        wire.flush()
        wire.cut()
        retrieval = service.retrievals[0]
        self.assertEqual(1, retrieval.cancelled)
        retrieval.done.callback(get_request(9).response(Status.SUCCESS))

    def test_data_after_the_release_request_harms_nobody(self) -> None:
        service, peer, _, wire = self.retrieving(0)
        peer.do(peer.connection.release())
        peer.write(bytes.fromhex("04000000000800000004010300000000")[:14])
        wire.flush()
        service.retrievals[0].done.callback(get_request(9).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertEqual([], self.statuses(peer))

    def test_an_abort_ends_them_at_once_with_its_reason(self) -> None:
        for end, expected, by_peer in (
            (lambda peer, _: peer.do(peer.connection.abort()), AssociationAborted, True),
            (lambda _, server: server.abort("enough"), AssociationAborted, False),
        ):
            service, peer, server, wire = self.retrieving(5)
            wire.client.pauseProducing()  # it does not even answer close_notify
            end(peer, server)
            wire.flush()
            retrieval = service.retrievals[0]
            self.assertEqual([expected] * 5, [type(each) for each in retrieval.outcomes])
            for each in retrieval.outcomes:
                self.assertEqual(by_peer, getattr(each, "by_peer", None))
            answer = Answer(get_request(9).response(Status.SUCCESS))
            self.failureResultOf(retrieval.exchange.respond(answer), expected)
            wire.cut()

    def test_a_loss_ends_them(self) -> None:
        service, _, _, wire = self.retrieving(5)
        wire.cut()
        (first, *others) = service.retrievals[0].outcomes
        self.assertNotIsInstance(first, (int, AssociationAborted))
        self.assertEqual([first] * 4, others)

    def test_a_response_that_never_comes_is_a_timeout(self) -> None:
        service, peer, _, _ = self.retrieving(2, timeouts=Timeouts(response=5, idle=1000))
        self.advance(5)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        outcomes = service.retrievals[0].outcomes
        self.assertEqual([outcomes[0]] * 2, outcomes)
        self.assertIn("response", str(outcomes[0]))

    def test_a_peer_that_cannot_be_heard_because_it_asked_too_much_is_overdue_all_the_same(
        self,
    ) -> None:
        service, peer, server, wire = self.retrieving(1, timeouts=Timeouts(response=5, idle=1000))
        for message_id in range(10, 20):  # beyond the window: their C-STOREs are answered in vain
            peer.send(STUDY_ROOT_GET_ID, get_request(message_id), b"key!")
        wire.flush()
        self.stored(peer, 1)
        wire.flush()
        self.assertFalse(wire.server.reading)
        self.assertFalse(server.is_held)
        self.advance(5)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertIsInstance(service.retrievals[0].outcomes[0], AssociationTimeout)

    def test_a_peer_that_is_asked_something_is_not_idle(self) -> None:
        service, peer, _, wire = self.retrieving(0, timeouts=Timeouts(response=1000, idle=20))
        retrieval = service.retrievals[0]
        asked = watch(retrieval.exchange.start(CT_ID, store_request, blocks_of(b"data")).next())
        retrieval.done.callback(get_request(9).response(Status.SUCCESS))
        wire.flush()
        self.advance(60)
        self.stored(peer, 1)
        wire.flush()
        self.assertEqual(Status.SUCCESS, asked.results[0].response.status)
        self.advance(19)
        self.assertEqual([], peer.told(AbortIndication))
        self.advance(1)
        self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_a_response_to_what_was_not_invoked_aborts(self) -> None:
        _, peer, _, wire = self.retrieving(1)
        self.stored(peer, 77)
        wire.flush()
        self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_a_peer_that_is_no_scp_is_not_asked_to_be_one(self) -> None:
        service = Retrieving(1)
        wanted = request((STUDY_ROOT_GET, (EXPLICIT,)), (CT, (EXPLICIT,)))
        peer, server, _ = self.called(self.node(service), wanted)
        self.assertEqual({1}, set(server.connection.contexts))
        self.assertEqual(1, len(peer.told(AssociateConfirmation)))
