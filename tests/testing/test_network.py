"""A network in memory, under one clock."""

from __future__ import annotations

from typing import Any, assert_type

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import request
from txdicomtls.errors import (
    LinkError,
    LinkTimeout,
    PeerNameMismatch,
    PeerUnreachable,
)
from txdicomtls.net import AcceptorProtocol, AssociationFactory, RequestorProtocol
from txdicomtls.scp import Verification
from txdicomtls.testing import (
    LinkFacts,
    MemoryAccess,
    MemoryNetwork,
    NetworkLimits,
    Pair,
    TransportUser,
)


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.access = MemoryAccess()
        self.addCleanup(self.network.close)

    @property
    def factory(self) -> AssociationFactory:
        return AssociationFactory(
            self.network.reactor, services=[Verification()], access=self.access
        )

    def requestor(self) -> RequestorProtocol:
        return RequestorProtocol(self.network.reactor, request())

    def connected(self, **facts: Any) -> RequestorProtocol:
        requestor = self.requestor()
        factory = Factory.forProtocol(lambda: requestor)
        endpoint = self.network.endpoint(self.factory, LinkFacts(**facts))
        self.assertIs(requestor, self.successResultOf(endpoint.connect(factory)))
        return requestor


class LinkTests(Case):
    def test_both_ends_of_an_association_may_be_ours(self) -> None:
        requestor = self.connected()
        self.network.result_of(requestor.when_associated())
        self.network.result_of(requestor.release())
        self.network.flush()
        self.assertFalse(self.network.pairs[0].is_open)

    def test_any_pieces_do_for_an_association(self) -> None:
        self.network = MemoryNetwork(limits=NetworkLimits(chunk=1, capacity=3))
        requestor = self.requestor()
        self.network.join(requestor, self.factory.buildProtocol(None))
        self.network.result_of(requestor.when_associated())
        self.network.result_of(requestor.release())
        self.network.close()

    def test_the_acceptor_is_told_who_calls_from_where(self) -> None:
        self.connected(client_address="192.0.2.99", host="pacs.test")
        self.network.flush()
        ((link, peer),) = self.access.links
        self.assertTrue(peer.startswith("192.0.2.99:"), peer)
        self.assertEqual("pacs.test", link.server_name)
        self.assertEqual("192.0.2.99", self.access.associations[0].address)

    def test_a_link_may_fail_for_the_name_of_the_server(self) -> None:
        requestor = self.connected(error=PeerNameMismatch("pacs.example", ()))
        with self.assertRaises(PeerNameMismatch):
            self.network.result_of(requestor.when_associated())

    def test_a_handshake_that_does_not_end_runs_into_the_deadline(self) -> None:
        requestor = self.connected(handshake=False)
        associated = requestor.when_associated()
        self.assertEqual(10, self.network.failure_of(associated, LinkTimeout, seconds=60).seconds)

    def test_connecting_fails_where_the_test_says_so(self) -> None:
        endpoint = self.network.endpoint(self.factory)
        endpoint.failure = PeerUnreachable("pacs.example", 2762, "nobody is there")
        connecting = endpoint.connect(Factory.forProtocol(self.requestor))
        self.failureResultOf(connecting, PeerUnreachable)

    def test_connecting_fails_where_no_connection_is_taken(self) -> None:
        class Full(Factory[Any]):
            def buildProtocol(self, addr: Any) -> None:
                return None

        connecting = self.network.endpoint(Full()).connect(Factory.forProtocol(self.requestor))
        self.failureResultOf(connecting, PeerUnreachable)
        self.assertEqual([], self.network.pairs)

    def test_a_network_that_fails_ends_both(self) -> None:
        requestor = self.connected()
        self.network.result_of(requestor.when_associated())
        self.network.cut()
        self.assertIsInstance(requestor.error, LinkError)
        self.successResultOf(requestor.when_closed())


class TimeTests(Case):
    def test_a_result_comes_as_soon_as_it_can(self) -> None:
        reactor = self.network.reactor
        result = assert_type(
            self.network.result_of(deferLater(reactor, 2, lambda: "x"), seconds=10), str
        )
        self.assertEqual(("x", 2), (result, reactor.seconds()))

    def test_a_coroutine_has_a_result_too(self) -> None:
        async def add() -> int:
            return 1 + await deferLater(self.network.reactor, 1, lambda: 2)

        self.assertEqual(3, assert_type(self.network.result_of(add(), seconds=1), int))

    def test_a_result_that_is_late_is_an_error(self) -> None:
        late = deferLater(self.network.reactor, 2, lambda: None)
        error = self.assertRaises(AssertionError, self.network.result_of, late, seconds=1)
        self.assertIn("after 1 s", str(error))
        self.network.advance(2)

    def test_a_failure_is_raised(self) -> None:
        failing: Deferred[None] = Deferred()
        self.network.reactor.callLater(1, failing.errback, KeyError("x"))
        with self.assertRaises(KeyError):
            self.network.result_of(failing, seconds=1)

    def test_a_failure_that_is_expected_is_returned(self) -> None:
        error = KeyError("x")
        failing: Deferred[None] = fail(error)
        failure = assert_type(self.network.failure_of(failing, LookupError), LookupError)
        self.assertIs(error, failure)

    def test_another_failure_than_the_expected_one_is_raised(self) -> None:
        with self.assertRaises(KeyError):
            self.network.failure_of(fail(KeyError("x")), ValueError)

    def test_no_failure_where_one_is_expected_is_an_error(self) -> None:
        error = self.assertRaises(AssertionError, self.network.failure_of, succeed(5), ValueError)
        self.assertIn("has the result 5", str(error))

    def test_time_passes_until_something_is_so_and_no_further(self) -> None:
        called: list[int] = []
        for seconds in (1, 2, 3):
            self.network.reactor.callLater(seconds, called.append, seconds)
        self.assertTrue(self.network.wait_for(lambda: 2 in called, seconds=10))
        self.assertEqual((2, [1, 2]), (self.network.reactor.seconds(), called))
        self.assertFalse(self.network.wait_for(lambda: 4 in called, seconds=10))
        self.assertEqual(3, self.network.reactor.seconds())

    def test_what_comes_of_one_call_happens_before_the_next(self) -> None:
        requestor = self.requestor()
        pair = self.network.join(requestor, self.factory.buildProtocol(None))
        order: list[str] = []
        requestor.when_associated().addCallback(lambda _: order.append("associated"))
        for seconds in (1, 2):
            self.network.reactor.callLater(seconds, order.append, f"{seconds} s")
        self.access.authorization.hold()
        self.network.flush()
        self.network.reactor.callLater(1.5, self.access.authorization.let_go)
        self.network.advance(5)
        self.assertEqual(["1 s", "associated", "2 s"], order)
        self.assertTrue(pair.is_open)

    def test_as_much_time_passes_as_was_said(self) -> None:
        for seconds in (0.1, 0.2, 0.3):
            self.network.advance(seconds)
        self.assertAlmostEqual(0.6, self.network.reactor.seconds())

    def test_the_deadlines_of_a_link_pass(self) -> None:
        self.access.admission.hold()
        requestor = self.connected()
        acceptor = self.network.pairs[0].server.user
        self.network.advance(10)
        assert isinstance(acceptor, AcceptorProtocol)
        self.assertIsInstance(acceptor.link.error, LinkTimeout)
        self.assertIsNotNone(requestor.error)
        self.access.admission.let_go()

    def test_a_flush_within_a_flush_does_nothing(self) -> None:
        requestor = self.connected()
        flushed: list[float] = []

        def flush(_: None) -> None:
            self.network.flush()
            flushed.append(self.network.reactor.seconds())

        requestor.when_associated().addCallback(flush)
        self.network.flush()
        self.assertEqual([0], flushed)


class CloseTests(SynchronousTestCase):
    def test_a_delayed_call_that_survives_is_an_error(self) -> None:
        network = MemoryNetwork()
        network.reactor.callLater(5, len, "x")
        error = self.assertRaises(AssertionError, network.close)
        self.assertIn("len", str(error))

    def test_what_is_closed_leaves_nothing(self) -> None:
        network = MemoryNetwork()
        requestor = RequestorProtocol(network.reactor, request())
        access = MemoryAccess()
        factory = AssociationFactory(network.reactor, services=[], access=access)
        user: TransportUser = factory.buildProtocol(None)
        pair: Pair = network.join(requestor, user)
        network.flush()
        self.assertTrue(network.reactor.getDelayedCalls())
        network.close()
        self.assertEqual((False, []), (pair.is_open, network.pairs))
