"""A requestor and an acceptor of ours over a network in memory, joined by ``connect``."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from tests.archive.doubles import at_once
from tests.net.pair import NetCase, secured
from tests.net.wire import Wire
from txdicomtls.errors import PeerUnreachable
from txdicomtls.scu import Association, connect, connecting, verification_context


@implementer(IStreamClientEndpoint)
class Endpoint:
    """Connects to acceptors of the test, in memory, one after the other.

    :param servers: what each attempt comes to: an acceptor, or an error.
    """

    def __init__(self, case: NetCase, *servers: Any) -> None:
        self.case = case
        self.servers = list(servers)
        self.attempts = 0

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        self.attempts += 1
        server = self.servers.pop(0)
        if isinstance(server, Exception):
            return fail(server)
        protocol: Any = protocolFactory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 2762))
        client = secured(protocol, self.case.clock, is_client=True)
        self.case.wires.append(Wire(client, secured(server, self.case.clock, is_client=False)))
        return succeed(protocol)


NOBODY = PeerUnreachable("pacs.example", 2762, "nobody")


class ConnectCase(NetCase):
    """Associations made by ``connect``, whose threads are done at once."""

    def setUp(self) -> None:
        super().setUp()
        self.patch(connecting, "in_thread_of", lambda _: at_once)

    def connecting(
        self, server: Any = None, contexts: Any = None, endpoint: Any = None, **more: Any
    ) -> Deferred[Association]:
        """Ask an acceptor, or what an endpoint leads to, for Verification and further contexts."""
        reactor: Any = self.clock
        return connect(
            reactor,
            endpoint or Endpoint(self, server or self.factory().buildProtocol(None)),
            called="ACCEPTOR",
            calling="REQUESTOR",
            contexts=verification_context() + (contexts or ()),
            **more,
        )

    def flush(self) -> None:
        for wire in self.wires:
            wire.flush()

    def connected(self, server: Any = None, contexts: Any = None, **more: Any) -> Association:
        """An association, or the test fails."""
        connecting = self.connecting(server, contexts, **more)
        self.flush()
        return self.successResultOf(connecting)

    def serving(
        self, *services: Any, contexts: Any = None, window: int = 8, **more: Any
    ) -> Association:
        """An association with an acceptor that offers these services."""
        server = self.factory(services=services, window=window).buildProtocol(None)
        return self.connected(server, contexts, **more)
