"""A requestor and an acceptor of ours over a network in memory, joined by ``connect``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeVar

from pydicom.dataset import Dataset
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from tests.archive.doubles import at_once
from tests.association.pair import EXPLICIT
from tests.net.pair import NetCase, Outcome, Peer, Silent, secured, watch
from tests.net.wire import Wire
from txdicomtls.association import (
    Acceptance,
    AcceptancePolicy,
    Accepted,
    AssociateIndication,
    ContextChoice,
    DataArrived,
    MessageBegan,
    Proposal,
    Role,
    negotiate,
)
from txdicomtls.dataset import encode
from txdicomtls.dimse import Message
from txdicomtls.errors import PeerUnreachable
from txdicomtls.scu import Association, connect, connecting, verification_context

T = TypeVar("T")


@implementer(IStreamClientEndpoint)
class Endpoint:
    """Connects to acceptors of the test, in memory, one after the other.

    :param servers: what each attempt comes to: an acceptor, an error, or silence.
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
        if not isinstance(server, Silent):
            server = secured(server, self.case.clock, is_client=False)
        self.case.wires.append(Wire(client, server))
        return succeed(protocol)


def _accept(proposal: Proposal) -> ContextChoice:
    return Accepted(transfer_syntax=proposal.transfer_syntaxes[0], roles=proposal.roles)


#: A peer that accepts whatever is proposed, in the first transfer syntax and the roles asked for.
ANYTHING = AcceptancePolicy(
    choose=_accept,
    maximum_length=16384,
    implementation_class_uid="1.2.3.4",
    implementation_version_name="TEST",
    window=8,
)

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

    def played(self, contexts: Any = None, **more: Any) -> tuple[Association, Peer]:
        """An association with a peer that the test plays, and that accepts what is proposed."""
        peer = Peer(Role.ACCEPTOR)
        connecting = self.connecting(peer, contexts, **more)
        self.flush()
        (indication,) = peer.told(AssociateIndication)
        answer = negotiate(indication.request, ANYTHING)
        assert isinstance(answer, Acceptance)
        peer.do(peer.connection.accept(answer))
        self.flush()
        return self.successResultOf(connecting), peer

    def tell(self, peer: Peer, context_id: int, message: Message, data: bytes = b"") -> None:
        """Have the peer send a message."""
        peer.send(context_id, message, data)
        self.flush()

    def collect(self, iterator: AsyncIterator[T]) -> tuple[list[T], Outcome]:
        """What an iterator has given so far, and how it ended."""
        items: list[T] = []

        async def run() -> None:
            async for item in iterator:
                items.append(item)  # noqa: PERF401  # each is looked at as it comes

        outcome = watch(Deferred.fromCoroutine(run()))
        self.flush()
        return items, outcome


def heard(peer: Peer) -> list[tuple[int, Any, bytes]]:
    """The messages that a peer has got: presentation context ID, command set, data set."""
    messages: list[tuple[int, Any, bytes]] = []
    for each in peer.heard:
        if isinstance(each, MessageBegan):
            messages.append((each.context.context_id, each.message, b""))
        elif isinstance(each, DataArrived):
            context_id, message, data = messages[-1]
            messages[-1] = (context_id, message, data + bytes(each.data))
    return messages


def dataset(**values: Any) -> Dataset:
    """A data set of these elements."""
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def encoded(**values: Any) -> bytes:
    """The same in Explicit VR Little Endian, which every context here is in."""
    return encode(dataset(**values), EXPLICIT)
