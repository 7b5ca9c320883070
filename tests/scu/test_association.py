"""An association as its requestor holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from tests.archive.doubles import at_once
from tests.association.pair import CT, EXPLICIT
from tests.datasets import identity
from tests.net.doubles import Gate
from tests.net.pair import NetCase, Peer, secured
from tests.net.wire import Wire
from tests.scu.files import make_file
from txdicomtls.association import AssociateIndication, Role
from txdicomtls.codes import RejectReason
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationRefused,
    AssociationRejected,
    LocalProtocolError,
    NoPresentationContext,
    PeerUnreachable,
)
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import Association, connect, verification_context
from txdicomtls.scu import association as module

STORAGE = (PresentationContextRQ(context_id=1, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,)),)


@implementer(IStreamClientEndpoint)
class Endpoint:
    """Connects to an acceptor of the test, in memory."""

    def __init__(self, case: NetCase, server: Any) -> None:
        self.case = case
        self.server = server

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        protocol: Any = protocolFactory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 2762))
        client = secured(protocol, self.case.clock, is_client=True)
        server = secured(self.server, self.case.clock, is_client=False)
        self.case.wires.append(Wire(client, server))
        return succeed(protocol)


@implementer(IStreamClientEndpoint)
class Nowhere:
    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return fail(PeerUnreachable("pacs.example", 2762, "nobody"))


class ConnectCase(NetCase):
    def setUp(self) -> None:
        super().setUp()
        self.patch(module, "in_thread_of", lambda _: at_once)

    def connecting(
        self, server: Any = None, contexts: Any = None, endpoint: Any = None, **more: Any
    ) -> Deferred[Association]:
        reactor: Any = self.clock
        server = server or self.factory().buildProtocol(None)
        return connect(
            reactor,
            endpoint or Endpoint(self, server),
            called="ACCEPTOR",
            calling="REQUESTOR",
            contexts=verification_context() + tuple(contexts or ()),
            **more,
        )

    def flush(self) -> None:
        for wire in self.wires:
            wire.flush()

    def connected(self, **more: Any) -> Association:
        connecting = self.connecting(**more)
        self.flush()
        return self.successResultOf(connecting)


class ConnectTests(ConnectCase):
    def test_it_fires_with_what_was_agreed(self) -> None:
        association = self.connected(window=4)
        (context,) = association.contexts
        self.assertEqual((1, 4), (context.context_id, association.window))
        self.assertEqual("TLSv1.3", association.link.protocol)

    def test_without_a_window_nothing_is_negotiated(self) -> None:
        peer = Peer(Role.ACCEPTOR)
        self.connecting(peer).addErrback(lambda _: None)
        self.flush()
        (indication,) = peer.told(AssociateIndication)
        self.assertIsNone(indication.request.user_information.window)
        self.assertEqual(
            ("ACCEPTOR", "REQUESTOR"),
            (indication.request.called_ae_title, indication.request.calling_ae_title),
        )

    def test_a_rejection_is_told(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.NO_REASON_GIVEN))
        connecting = self.connecting(self.factory(access=gate).buildProtocol(None))
        self.flush()
        self.failureResultOf(connecting, AssociationRejected)

    def test_a_peer_that_cannot_be_reached_is_told(self) -> None:
        self.failureResultOf(self.connecting(endpoint=Nowhere()), PeerUnreachable)

    def test_what_is_no_ae_title_is_refused_before_anything_is_sent(self) -> None:
        reactor: Any = self.clock
        for title in ("", " ", " PACS", "A" * 17, "BACK\\SLASH", "BÜRO", "TAB\t"):
            for titles in ((title, "OTHER"), ("OTHER", title)):
                self.assertRaises(
                    LocalProtocolError,
                    connect,
                    reactor,
                    Nowhere(),
                    called=titles[0],
                    calling=titles[1],
                    contexts=verification_context(),
                )

    def test_a_request_that_cannot_be_sent_is_refused_before_anything_is_sent(self) -> None:
        reactor: Any = self.clock
        spoiled = (
            PresentationContextRQ(context_id=1, abstract_syntax="x", transfer_syntaxes=("1.2",)),
        )
        for contexts in ((), spoiled):

            async def attempt(contexts: Any = contexts) -> None:
                await connect(
                    reactor,
                    Endpoint(self, self.factory().buildProtocol(None)),
                    called="ACCEPTOR",
                    calling="REQUESTOR",
                    contexts=contexts,
                )

            connecting = Deferred.fromCoroutine(attempt())
            self.flush()
            self.failureResultOf(connecting, LocalProtocolError)

    def test_who_cancels_gives_up_and_leaves_no_connection(self) -> None:
        for flushed in (False, True):
            connecting = self.connecting(Peer(Role.ACCEPTOR))
            if flushed:
                self.flush()
            connecting.cancel()
            self.flush()
            self.failureResultOf(connecting, CancelledError, AssociationAborted)
            self.assertFalse(self.wires[-1].is_open)


class AssociationTests(ConnectCase):
    def test_an_echo_is_answered(self) -> None:
        association = self.connected()
        echoed = association.echo()
        self.flush()
        self.assertEqual(0, self.successResultOf(echoed))

    def test_an_echo_without_its_context_is_told(self) -> None:
        reactor: Any = self.clock
        connecting = connect(
            reactor,
            Endpoint(self, self.factory().buildProtocol(None)),
            called="ACCEPTOR",
            calling="REQUESTOR",
            contexts=STORAGE,
        )
        self.flush()
        association = self.successResultOf(connecting)
        self.failureResultOf(association.echo(), NoPresentationContext)

    def test_files_are_stored(self) -> None:
        contexts = [
            PresentationContextRQ(context_id=3, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,))
        ]
        association = self.connected(contexts=contexts)
        data = identity(CT, "1.2.3", EXPLICIT)
        path = make_file(Path(self.mktemp()), data)

        async def store() -> list[Any]:
            return [sent.status async for sent in association.store([path])]

        storing = Deferred.fromCoroutine(store())
        self.flush()
        self.assertEqual([0], self.successResultOf(storing))
        self.assertEqual(data, bytes(self.receiver.sinks[0].data))

    def test_the_end_of_a_block_releases_it(self) -> None:
        association = self.connected()

        async def work() -> int:
            async with association as same:
                return await same.echo()

        working = Deferred.fromCoroutine(work())
        self.flush()
        self.assertEqual(0, self.successResultOf(working))
        self.successResultOf(association.when_closed())
        self.failureResultOf(association.echo(), AssociationEnded)

    def test_a_block_that_fails_aborts_it(self) -> None:
        association = self.connected()

        async def work() -> None:
            async with association:
                raise ZeroDivisionError

        working = Deferred.fromCoroutine(work())
        self.failureResultOf(working, ZeroDivisionError)
        self.flush()
        self.successResultOf(association.when_closed())
        self.assertFalse(self.failureResultOf(association.echo(), AssociationAborted).value.by_peer)
