"""The asynchronous operations window pays (PS3.7 D.3.3.3): in both directions, measured on a clock.

The peer answers each object 5 ms after it has all of it, and nothing else takes time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.net.many_objects import (
    ANSWERS_AFTER,
    CT_ID,
    GET_ID,
    OBJECTS,
    Sender,
    get,
    store,
    wanted,
)
from txdicomtls.net import AssociationFactory, RequestorProtocol, Services
from txdicomtls.pdu import AssociateRQ
from txdicomtls.scp import Storage
from txdicomtls.testing import MemoryAccess, MemoryNetwork, MemoryReceiver


class WindowTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.receiver = MemoryReceiver(self.network.reactor, finish_after=ANSWERS_AFTER)
        self.addCleanup(self.network.close)

    def seconds_of(
        self, request: AssociateRQ, work: Callable[[RequestorProtocol], Deferred[Any]]
    ) -> float:
        """How long something takes on an association, on the clock."""
        reactor = self.network.reactor
        storage = Storage(self.receiver)
        factory = AssociationFactory(
            reactor, services=[Sender(), storage], access=MemoryAccess(), window=8
        )
        requestor = RequestorProtocol(reactor, request, services=Services([storage]))
        self.network.join(requestor, factory.buildProtocol(None))
        self.network.result_of(requestor.when_associated())
        self.assertEqual({GET_ID, CT_ID}, set(requestor.connection.contexts))
        began = reactor.seconds()
        self.network.result_of(work(requestor), seconds=60)
        took = reactor.seconds() - began
        self.network.cut()
        return took

    def assert_it_pays(self, one: float, eight: float) -> None:
        self.assertEqual(2 * OBJECTS, len(self.receiver))
        self.assertAlmostEqual(OBJECTS * ANSWERS_AFTER, one)
        self.assertLess(eight, one / 5)
        self.assertAlmostEqual(OBJECTS * ANSWERS_AFTER / 8, eight)

    def test_a_requestor_with_a_window_of_8_stores_in_less_than_a_fifth_of_the_time(self) -> None:
        self.assert_it_pays(
            self.seconds_of(wanted(invoked=1), store), self.seconds_of(wanted(invoked=8), store)
        )

    def test_an_acceptor_with_a_window_of_8_sends_in_less_than_a_fifth_of_the_time(self) -> None:
        self.assert_it_pays(
            self.seconds_of(wanted(performed=1), get), self.seconds_of(wanted(performed=8), get)
        )
