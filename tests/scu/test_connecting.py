"""How an association comes to be, or does not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from tests.net.doubles import Gate
from tests.net.pair import Peer
from tests.scu.cases import NOBODY, ConnectCase, Endpoint
from txdicomtls.association import AssociateIndication, Role
from txdicomtls.codes import RejectReason
from txdicomtls.errors import (
    AssociationAborted,
    AssociationRefused,
    AssociationRejected,
    LocalProtocolError,
    PeerUnreachable,
)
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import connect, verification_context


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
        self.failureResultOf(self.connecting(endpoint=Endpoint(self, NOBODY)), PeerUnreachable)

    def test_what_is_no_ae_title_is_refused_before_anything_is_sent(self) -> None:
        reactor: Any = self.clock
        for title in ("", " ", " PACS", "A" * 17, "BACK\\SLASH", "BÜRO", "TAB\t"):
            for titles in ((title, "OTHER"), ("OTHER", title)):
                self.assertRaises(
                    LocalProtocolError,
                    connect,
                    reactor,
                    Endpoint(self, NOBODY),
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
