"""A reactor without sockets, threads and time of its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import ClientFactory, ProcessProtocol, ServerFactory
from twisted.internet.threads import deferToThreadPool
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txdicomtls.interfaces import IReactor
from txdicomtls.testing import MemoryReactor, OutOfMemoryNetwork
from txdicomtls.threads import in_thread_of


class ReactorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactor()

    def test_it_is_all_that_this_package_needs(self) -> None:
        self.assertTrue(verifyObject(IReactor, self.reactor))

    def test_what_is_sent_to_a_thread_is_done_at_once(self) -> None:
        in_thread = in_thread_of(self.reactor)
        self.assertEqual(3, self.successResultOf(in_thread(len, "abc")))

    def test_what_is_raised_in_a_thread_is_a_failure(self) -> None:
        in_thread = in_thread_of(self.reactor)
        self.failureResultOf(in_thread(int, "abc"), ValueError)

    def test_what_nobody_waits_for_is_done_and_raises_where_it_was_sent(self) -> None:
        done: list[int] = []
        self.reactor.callInThread(done.append, 1)
        self.reactor.callFromThread(done.append, 2)
        self.reactor.getThreadPool().callInThread(done.append, 3)
        self.reactor.suggestThreadPoolSize(7)
        self.assertEqual([1, 2, 3], done)
        with self.assertRaises(ValueError):
            self.reactor.getThreadPool().callInThread(int, "abc")

    def test_the_pool_serves_twisted_itself(self) -> None:
        pool = self.reactor.getThreadPool()
        self.assertEqual(7, self.successResultOf(deferToThreadPool(self.reactor, pool, abs, -7)))

    def test_it_has_no_sockets_and_no_processes(self) -> None:
        attempts: list[Any] = [
            lambda: self.reactor.listenTCP(0, ServerFactory()),
            lambda: self.reactor.connectTCP("localhost", 104, ClientFactory()),
            lambda: self.reactor.spawnProcess(ProcessProtocol(), "/bin/true", []),
        ]
        names = [self.assertRaises(OutOfMemoryNetwork, each).wanted for each in attempts]
        self.assertEqual(["listenTCP", "connectTCP", "spawnProcess"], names)


class TimeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactor()

    def test_the_next_call_is_the_earliest(self) -> None:
        self.assertIsNone(self.reactor.next_call)
        for seconds in (3, 1, 2):
            self.reactor.callLater(seconds, lambda: None)
        self.assertEqual(1, self.reactor.next_call)

    def test_time_passes_to_a_moment_exactly(self) -> None:
        called: list[float] = []
        self.reactor.advance_to(0.1)
        self.reactor.callLater(0.2, lambda: called.append(self.reactor.seconds()))
        due = self.reactor.next_call
        assert due is not None
        self.reactor.advance_to(due)
        self.assertEqual([due], called)

    def test_time_never_goes_back(self) -> None:
        self.reactor.advance_to(5)
        self.reactor.advance_to(3)
        self.assertEqual(5, self.reactor.seconds())
