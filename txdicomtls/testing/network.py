"""A network in memory: both ends of any number of secure links, under one clock.

Nothing moves by itself.  The test lets bytes move (:meth:`MemoryNetwork.flush`), lets time pass
(:meth:`MemoryNetwork.advance`), or does both until something has come to its end
(:meth:`MemoryNetwork.result_of`).  So every run is the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeVar

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.errors import PeerUnreachable
from txdicomtls.net.endpoints import DICOM_TLS_PORT
from txdicomtls.testing.link import LinkFacts
from txdicomtls.testing.reactor import MemoryReactor
from txdicomtls.testing.transport import MemoryTransport, NetworkLimits, TransportUser

T = TypeVar("T")


class Pair:
    """Two ends of one link, and the network between them.

    :param client: the end that connects.
    :param server: the end that was connected to.
    """

    def __init__(self, client: MemoryTransport, server: MemoryTransport) -> None:
        self.client = client
        self.server = server
        client.other, server.other = server, client
        server.user.makeConnection(server)
        client.user.makeConnection(client)

    @property
    def is_open(self) -> bool:
        """Whether an end is left that has not lost its connection."""
        return self.client.lost is None or self.server.lost is None

    def turn(self) -> bool:
        """Let each end do one thing; whether there was any."""
        client_did, server_did = self.client.turn(), self.server.turn()
        return client_did or server_did

    def cut(self, *, clean: bool = False) -> None:
        """The connection is gone, for both ends at once.

        :param clean: as if each had closed in order; else the network has failed.
        """
        for end in (self.client, self.server):
            end.lose(ConnectionDone() if clean else ConnectionLost())


class MemoryNetwork:
    """Makes links in memory, and lets time pass on them.

    :param reactor: whose time it is; one of its own if None.
    :param limits: how much each link carries, and in which pieces.
    """

    def __init__(
        self,
        reactor: MemoryReactor | None = None,
        *,
        limits: NetworkLimits | None = None,
    ) -> None:
        self.reactor = reactor or MemoryReactor()
        self.pairs: list[Pair] = []
        self._limits = limits or NetworkLimits()
        self._ports = count(50000)
        self._flushing = False

    # -- links -------------------------------------------------------------------------------

    def join(
        self, client: TransportUser, server: TransportUser, facts: LinkFacts | None = None
    ) -> Pair:
        """Connect two protocols; nothing has moved yet.

        :param client: the protocol that connects, as a
            :class:`~txdicomtls.net.RequestorProtocol`.
        :param server: the protocol that is connected to, as an
            :class:`~txdicomtls.net.AcceptorProtocol`.
        :param facts: who they are; the defaults of :class:`LinkFacts` if None.
        """
        facts = facts or LinkFacts()
        pair = Pair(
            MemoryTransport(
                client,
                facts.link_of_client,
                IPv4Address("TCP", facts.client_address, next(self._ports)),
                is_client=True,
                limits=self._limits,
            ),
            MemoryTransport(
                server,
                facts.link_of_server,
                IPv4Address("TCP", facts.address, DICOM_TLS_PORT),
                is_client=False,
                limits=self._limits,
            ),
        )
        self.pairs.append(pair)
        return pair

    def endpoint(self, factory: IProtocolFactory, facts: LinkFacts | None = None) -> MemoryEndpoint:
        """An endpoint that connects whoever uses it to a factory in memory.

        :param factory: makes the protocol of the other end for each connection, as an
            :class:`~txdicomtls.net.AssociationFactory`.
        :param facts: who the two are; the defaults of :class:`LinkFacts` if None.
        """
        return MemoryEndpoint(self, factory, facts or LinkFacts())

    # -- time --------------------------------------------------------------------------------

    def flush(self) -> None:
        """Let everything happen that can happen without time passing.

        What a protocol raises is raised here.  Called from within itself it does nothing.
        """
        if self._flushing:
            return
        self._flushing = True
        try:
            busy = True
            while busy:
                busy = False
                self.reactor.advance(0)
                for pair in self.pairs[:]:
                    busy |= pair.turn()
        finally:
            self._flushing = False

    def advance(self, seconds: float) -> None:
        """Let time pass, from one delayed call to the next, and happen what comes of each."""
        until = self.reactor.seconds() + seconds
        self.flush()
        while self._advance_to_next(until):
            pass
        self.reactor.advance_to(until)
        self.flush()

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Let bytes move and time pass until something is so; no more passes than it takes.

        :param condition: asked again after each delayed call.
        :param seconds: how long it may take, of the time on the clock.
        :return: whether it is so.
        """
        until = self.reactor.seconds() + seconds
        self.flush()
        while not condition() and self._advance_to_next(until):
            pass
        return condition()

    def result_of(
        self, awaited: Deferred[T] | Coroutine[Deferred[Any], Any, T], seconds: float = 0.0
    ) -> T:
        """Let bytes move and time pass until something has come to its end.

        :param awaited: a Deferred, or a coroutine that awaits them.
        :param seconds: how long it may take, of the time on the clock; no more passes than it
            takes.
        :return: its result; what it fails with is raised.
        :raises AssertionError: it is not at its end then.
        """
        result = self._outcome_of(awaited, seconds)
        if isinstance(result, Failure):
            result.raiseException()
        return result

    def failure_of(
        self,
        awaited: Deferred[Any] | Coroutine[Deferred[Any], Any, Any],
        kind: type[T],
        seconds: float = 0.0,
    ) -> T:
        """Let bytes move and time pass until something has failed; see :meth:`result_of`.

        :param kind: what it is to fail with; anything else that it fails with is raised.
        :return: the exception.
        :raises AssertionError: it has not failed, or is not at its end then.
        """
        result = self._outcome_of(awaited, seconds)
        if isinstance(result, Failure):
            if isinstance(result.value, kind):
                return result.value
            result.raiseException()
        raise AssertionError(f"it did not fail, and has the result {result!r}")

    # -- the end -----------------------------------------------------------------------------

    def cut(self, *, clean: bool = False) -> None:
        """All connections are gone, for both ends of each at once; see :meth:`Pair.cut`."""
        for pair in self.pairs:
            pair.cut(clean=clean)
        self.pairs.clear()

    def close(self) -> None:
        """Cut what is left, and make sure that no delayed call of anybody survives: for cleanup.

        :raises AssertionError: one does.
        """
        self.cut()
        left = self.reactor.getDelayedCalls()
        if left:
            calls = "\n".join(str(call) for call in left)
            raise AssertionError(f"these delayed calls are left:\n{calls}")

    # -- within ------------------------------------------------------------------------------

    def _outcome_of(
        self, awaited: Deferred[T] | Coroutine[Deferred[Any], Any, T], seconds: float
    ) -> T | Failure:
        deferred = awaited if isinstance(awaited, Deferred) else Deferred.fromCoroutine(awaited)
        results: list[T | Failure] = []
        deferred.addBoth(results.append)
        if not self.wait_for(lambda: bool(results), seconds):
            raise AssertionError(f"after {seconds:g} s there is no result")
        return results[0]

    def _advance_to_next(self, until: float) -> bool:
        """Let time pass to the next delayed call; whether there was one by then."""
        due = self.reactor.next_call
        if due is None or due > until:
            return False
        self.reactor.advance_to(due)
        self.flush()
        return True


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """Connects to a factory in memory.  Made by :meth:`MemoryNetwork.endpoint`.

    :param network: whose links these are.
    :param factory: makes the protocol of the other end.
    :param facts: who the two are.
    :ivar failure: what connecting fails with; None to connect.
    """

    def __init__(self, network: MemoryNetwork, factory: IProtocolFactory, facts: LinkFacts) -> None:
        self._network = network
        self._factory = factory
        self._facts = facts
        self.failure: Exception | None = None

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # Twisted's name
        """Connect; fires at once, before the link is ready, as an endpoint of TLS does.

        :raises txdicomtls.errors.PeerUnreachable: the factory takes no connection.
        """
        if self.failure is not None:
            return fail(self.failure)
        facts = self._facts
        server = self._factory.buildProtocol(IPv4Address("TCP", facts.client_address, 0))
        client = protocolFactory.buildProtocol(IPv4Address("TCP", facts.address, DICOM_TLS_PORT))
        if server is None or client is None:
            return fail(PeerUnreachable(facts.host, DICOM_TLS_PORT, "no connection is taken"))
        self._network.join(client, server, facts)
        return succeed(client)
