"""A link in memory behaves as a real one: tests that hold over real TLS hold over it too.

The tests are those of ``tests/net``; here their ends are joined by the public doubles.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Protocol

from tests.net import (
    test_acceptor,
    test_acceptor_end,
    test_factory,
    test_invoke,
    test_protocol,
    test_requestor,
)
from tests.net.pair import NODE, NetCase
from txdicomtls.testing import LinkFacts, MemoryNetwork, MemoryReactor, NetworkLimits, Pair


class _InMemory(NetCase):
    """Joins protocols by links in memory."""

    limits = NetworkLimits()

    def setUp(self) -> None:
        super().setUp()
        self.clock = MemoryReactor()
        self.network = MemoryNetwork(self.clock, limits=self.limits)

    def join(
        self, client: Protocol, server: Protocol, *, flush: bool = True, host: str = NODE
    ) -> Any:
        wire = _PairAsWire(self.network, client, server, host)
        self.wires.append(wire)  # type: ignore[arg-type]  # all that the tests ask of a Wire
        if flush:
            wire.flush()
        return wire


class _PairAsWire:
    """A pair with what the tests ask of a :class:`tests.net.wire.Wire`."""

    def __init__(
        self, network: MemoryNetwork, client: Protocol, server: Protocol, host: str
    ) -> None:
        self.network = network
        self.pair: Pair = network.join(
            client, server, LinkFacts(host=host, client_address="127.0.0.1")
        )
        self.client, self.server = self.pair.client, self.pair.server
        self.cut = self.pair.cut

    @property
    def is_open(self) -> bool:
        return self.pair.is_open

    def flush(self) -> None:
        self.network.flush()


class AcceptorTests(_InMemory, test_acceptor.AssociationTests):
    pass


class OperationTests(_InMemory, test_acceptor.OperationTests):
    pass


class AcceptorEndTests(_InMemory, test_acceptor_end.EndTests):
    pass


class DrainTests(_InMemory, test_factory.DrainTests):
    pass


class InvocationTests(_InMemory, test_invoke.OperationTests):
    pass


class CancellationTests(_InMemory, test_invoke.CancellationTests):
    pass


class EndTests(_InMemory, test_protocol.EndTests):
    pass


class RequestorTests(_InMemory, test_requestor.AssociationTests):
    pass


class RequestorEndTests(_InMemory, test_requestor.EndTests):
    pass


class InvocationInPiecesTests(InvocationTests):
    limits = NetworkLimits(chunk=501)


class OperationInPiecesTests(OperationTests):
    limits = NetworkLimits(chunk=501)
