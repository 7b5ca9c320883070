"""What comes when it is too late: it begins nothing, and keeps nobody from seeing the end."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.net.blocks import blocks_of
from tests.net.doubles import Gate
from tests.net.pair import (
    STUDY_ROOT_FIND_ID,
    VERIFICATION_ID,
    NetCase,
    Peer,
    echo_request,
    find_request,
    query_contexts,
)
from txdicomtls.association import AbortIndication, Role, State
from txdicomtls.codes import RejectReason
from txdicomtls.dimse import Status
from txdicomtls.errors import AssociationEnded, AssociationRefused
from txdicomtls.interfaces import Grant
from txdicomtls.net.invocation import MOST_UNREAD
from txdicomtls.tls import LinkState


class LateTests(NetCase):
    def test_what_comes_with_what_was_aborted_for_does_not_keep_the_peer_unread(self) -> None:
        peer, _, wire = self.called()
        peer.send(VERIFICATION_ID, echo_request().response(0))  # to nothing that was asked
        peer.alter = lambda data: data.replace(b"\x30\x00", b"\x31\x00")  # no such operation
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_who_stays_after_the_association_is_closed_in_order_where_the_node_stops(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.NO_REASON_GIVEN))
        factory = self.factory(access=gate)
        peer = Peer(Role.REQUESTOR)
        peer.is_deaf = True  # it does not close after the rejection
        wire = self.join(peer, factory.buildProtocol(None))
        self.assertTrue(wire.is_open)
        factory.abort_all("the node stops")
        wire.flush()
        self.assertFalse(wire.is_open)

    def test_a_decision_that_comes_while_the_link_closes_begins_nothing(self) -> None:
        gate = Gate(admission=Deferred())
        factory = self.factory(access=gate)
        server = factory.buildProtocol(None)
        wire = self.join(Peer(Role.REQUESTOR), server)
        wire.client.pauseProducing()
        factory.drain()
        assert isinstance(gate.admission, Deferred)
        gate.admission.callback(None)
        self.assertEqual(
            (State.STA1, LinkState.CLOSING), (server.connection.state, server.link.state)
        )
        self.assertIsNone(wire.server.producer)

    def test_nobody_decides_any_more_on_a_peer_that_has_gone(self) -> None:
        cancelled: list[object] = []
        for gate in (
            Gate(admission=Deferred(cancelled.append)),
            Gate(authorization=Deferred(cancelled.append)),
        ):
            _, _, wire = self.called(self.factory(access=gate))
            wire.cut()
        self.assertEqual(2, len(cancelled))

    def test_a_decision_on_an_association_whose_link_closes_makes_none(self) -> None:
        gate = Gate(authorization=Deferred())
        factory = self.factory(access=gate)
        _, server, wire = self.called(factory)
        wire.client.pauseProducing()
        factory.drain()
        assert isinstance(gate.authorization, Deferred)
        gate.authorization.callback(Grant())
        self.assertIs(State.STA3, server.connection.state)

    def test_what_nobody_has_read_does_not_keep_a_release_from_being_heard(self) -> None:
        client, peer, wire = self.calling(query_contexts())
        finding = client.start(STUDY_ROOT_FIND_ID, find_request, blocks_of(b"key!"))
        wire.flush()
        pending = find_request().response(Status.PENDING)
        for _ in range(2 * MOST_UNREAD):
            peer.send(STUDY_ROOT_FIND_ID, pending, b"match!")
        peer.do(peer.connection.release())
        wire.flush()
        self.assertFalse(wire.is_open)
        self.assertIsInstance(client.error, AssociationEnded)
        self.successResultOf(finding.next())
