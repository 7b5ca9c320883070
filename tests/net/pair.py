"""Requestors and acceptors joined by real TLS over a network in memory, under one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.association.pair import (
    CT,
    EXPLICIT,
    IMPLICIT,
    POLICY,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    VERIFICATION,
    request,
)
from tests.net.doubles import Receiver
from tests.net.wire import Wire
from txdicomtls.access import AnyPeer
from txdicomtls.association import (
    Acceptance,
    AssociateIndication,
    CloseTransport,
    Connection,
    Output,
    Role,
    Send,
    negotiate,
)
from txdicomtls.dimse import CEchoRQ, CFindRQ, CGetRQ, CStoreRQ, Message, Status
from txdicomtls.net import AcceptorProtocol, AssociationFactory, RequestorProtocol
from txdicomtls.pdu import AssociateRQ, AsynchronousOperationsWindow, RoleSelection
from txdicomtls.scp import Storage, Verification
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    Credentials,
    Security,
    TLSTransport,
    TLSTransportFactory,
    Trust,
)
from txdicomtls.tls.authority import Authority, CertifiedKey, create_authority

T = TypeVar("T")

NODE = "pacs.example"

#: The status of data sets that are kept, but are noise and do not say what they are.
KEPT = Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING

#: The contexts of every request here: 1 for Verification, 3 for CT, 5 for CT in Implicit VR.
VERIFICATION_ID, CT_ID, CT_IMPLICIT_ID = 1, 3, 5

#: And those of :func:`query_contexts` besides.
STUDY_ROOT_FIND_ID, STUDY_ROOT_GET_ID = 7, 9


def ask_for(**more: Any) -> AssociateRQ:
    """An association request for the contexts above."""
    return request((VERIFICATION, (IMPLICIT,)), (CT, (EXPLICIT,)), (CT, (IMPLICIT,)), **more)


def windowed(invoked: int, performed: int = 1) -> AssociateRQ:
    """The same, with an asynchronous operations window."""
    return ask_for(window=AsynchronousOperationsWindow(invoked=invoked, performed=performed))


def query_contexts(*, window: AsynchronousOperationsWindow | None = None) -> AssociateRQ:
    """The contexts above and those of queries, with C-STORE sub-operations of the acceptor."""
    wanted = request(
        (VERIFICATION, (IMPLICIT,)),
        (CT, (EXPLICIT,)),
        (CT, (IMPLICIT,)),
        (STUDY_ROOT_FIND, (EXPLICIT,)),
        (STUDY_ROOT_GET, (EXPLICIT,)),
        window=window,
    )
    roles = (RoleSelection(sop_class_uid=CT, scu=True, scp=True),)
    return replace(wanted, user_information=replace(wanted.user_information, roles=roles))


def echo_request(message_id: int = 1, sop_class: str = VERIFICATION) -> CEchoRQ:
    return CEchoRQ(message_id=message_id, affected_sop_class_uid=sop_class)


def store_request(message_id: int = 1, sop_class: str = CT) -> CStoreRQ:
    return CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=sop_class,
        affected_sop_instance_uid=f"1.2.3.{message_id}",
    )


def find_request(message_id: int = 1) -> CFindRQ:
    return CFindRQ(message_id=message_id, affected_sop_class_uid=STUDY_ROOT_FIND)


def get_request(message_id: int = 1) -> CGetRQ:
    return CGetRQ(message_id=message_id, affected_sop_class_uid=STUDY_ROOT_GET)


@cache
def _authority() -> Authority:
    return create_authority(now=datetime.now(UTC), days=1)


def security_of(key: CertifiedKey) -> Security:
    """Shows this certificate, and trusts the one authority."""
    return Security(
        profile=DEFAULT_PROFILE,
        trust=Trust((_authority().key.certificate,)),
        credentials=Credentials(certificate=key.certificate, chain=(), private_key=key.private_key),
    )


@cache
def node_security() -> Security:
    return security_of(_authority().issue_node([NODE], now=datetime.now(UTC), days=1))


@cache
def client_security() -> Security:
    return security_of(_authority().issue_client("client", now=datetime.now(UTC), days=1))


def secured(protocol: Protocol, clock: Clock, *, is_client: bool, host: str = NODE) -> TLSTransport:
    """TLS under a protocol."""
    creator: Any
    if is_client:
        creator = client_security().client_creator(host)
    else:
        creator = node_security().server_creator()
    factory = TLSTransportFactory(creator, is_client, Factory(), clock)
    return TLSTransport(factory, protocol)


class Silent(Protocol):
    """Connects, and says nothing, not even in TLS."""

    is_lost = False

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_lost = True


@implementer(IHandshakeListener)
class Peer(Protocol):
    """The other side as the test plays it: says what it is told to, and remembers what it hears.

    :param role: which side it is.
    :param wanted: what a requestor asks for as soon as TLS is there.
    :ivar alter: what is done to each thing that it sends.
    :ivar is_deaf: it receives, and minds nothing of it.
    """

    def __init__(self, role: Role, wanted: AssociateRQ | None = None) -> None:
        self.connection = Connection(role)
        self.heard: list[Output] = []
        self.received = bytearray()
        self.wanted = wanted or ask_for()
        self.alter: Callable[[bytes], bytes] = bytes
        self.is_deaf = False
        self.is_lost = False

    def handshakeCompleted(self) -> None:
        if self.connection.role is Role.REQUESTOR:
            self.do(self.connection.associate(self.wanted))
        self.do(self.connection.transport_open())

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if not self.is_deaf:
            self.do(self.connection.receive_data(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_lost = True
        self.do(self.connection.transport_closed())

    def do(self, outputs: Iterable[Output]) -> None:
        """Carry out what the connection asks for."""
        assert self.transport is not None
        for output in outputs:
            if isinstance(output, Send):
                self.write(self.alter(b"".join(map(bytes, output.buffers))))
            elif isinstance(output, CloseTransport):
                self.transport.loseConnection()
            else:
                self.heard.append(output)

    def write(self, data: bytes) -> None:
        """Send any bytes."""
        assert self.transport is not None
        self.transport.write(data)

    def send(
        self, context_id: int, message: Message, data: bytes = b"", *, last: bool = True
    ) -> None:
        """Send a message, or its beginning."""
        self.do(self.connection.send_message(context_id, message))
        if message.has_data_set:
            self.do(self.connection.send_data(context_id, data, last=last))

    def accept(self) -> None:
        """Accept the association that was asked for."""
        (indication,) = self.told(AssociateIndication)
        answer = negotiate(indication.request, POLICY)
        assert isinstance(answer, Acceptance)
        self.do(self.connection.accept(answer))

    def told(self, kind: type[T]) -> list[T]:
        """Everything of one kind that it heard."""
        return [output for output in self.heard if isinstance(output, kind)]


@dataclass
class Outcome:
    """What a Deferred came to."""

    results: list[Any] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        return bool(self.results or self.failures)


def watch(deferred: Deferred[Any]) -> Outcome:
    """Keep what a Deferred comes to, so that it can be asked more than once."""
    outcome = Outcome()
    deferred.addCallbacks(
        outcome.results.append,
        lambda failure: outcome.failures.append(failure.value),
    )
    return outcome


class NetCase(SynchronousTestCase):
    """Associations in memory.  Once their wires are cut, no delayed call may be left of any."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.receiver = Receiver()
        self.wires: list[Wire] = []
        self.addCleanup(self._nothing_is_left)

    def _nothing_is_left(self) -> None:
        for wire in self.wires:
            wire.cut()
        self.assertEqual([], self.clock.getDelayedCalls())

    # -- both sides --------------------------------------------------------------------------

    def factory(self, **more: Any) -> AssociationFactory:
        """An acceptor that echoes and stores, unless told otherwise."""
        more.setdefault("services", [Verification(), Storage(self.receiver)])
        more.setdefault("access", AnyPeer())
        return AssociationFactory(self.clock, **more)

    def requestor(self, wanted: AssociateRQ | None = None, **more: Any) -> RequestorProtocol:
        """A requestor that has not been connected."""
        return RequestorProtocol(self.clock, wanted or ask_for(), **more)

    def join(
        self, client: Protocol, server: Protocol, *, flush: bool = True, host: str = NODE
    ) -> Wire:
        """Connect two protocols over TLS and let them speak; a Silent client is left without."""
        bare: Any = client
        if not isinstance(client, Silent):
            bare = secured(client, self.clock, is_client=True, host=host)
        wire = Wire(bare, secured(server, self.clock, is_client=False))
        self.wires.append(wire)
        if flush:
            wire.flush()
        return wire

    def advance(self, seconds: float) -> None:
        """Let time pass, and the wires do what comes of it."""
        self.clock.advance(seconds)
        for wire in self.wires:
            wire.flush()

    # -- one of them played by the test ------------------------------------------------------

    def associated(
        self, wanted: AssociateRQ | None = None, **more: Any
    ) -> tuple[RequestorProtocol, AcceptorProtocol, Wire]:
        """Both ours, in association."""
        client, server = self.requestor(wanted), self.factory(**more).buildProtocol(None)
        wire = self.join(client, server)
        self.successResultOf(client.when_associated())
        return client, server, wire

    def called(
        self, factory: AssociationFactory | None = None, wanted: AssociateRQ | None = None
    ) -> tuple[Peer, AcceptorProtocol, Wire]:
        """An acceptor of ours that a peer has called."""
        peer = Peer(Role.REQUESTOR, wanted)
        server = (factory or self.factory()).buildProtocol(None)
        return peer, server, self.join(peer, server)

    def calling(
        self, wanted: AssociateRQ | None = None, *, accept: bool = True, **more: Any
    ) -> tuple[RequestorProtocol, Peer, Wire]:
        """A requestor of ours that has called a peer, which has accepted unless told not to."""
        client, peer = self.requestor(wanted, **more), Peer(Role.ACCEPTOR)
        wire = self.join(client, peer)
        if accept:
            peer.accept()
            wire.flush()
            self.successResultOf(client.when_associated())
        return client, peer, wire
