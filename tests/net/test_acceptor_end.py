"""How an association ends for its acceptor, and what becomes of what was under way."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.net.doubles import Gate, Sink
from tests.net.pair import (
    CT_ID,
    KEPT,
    VERIFICATION_ID,
    NetCase,
    Peer,
    echo_request,
    store_request,
)
from tests.net.test_acceptor import PIECE, statuses
from txdicomtls.association import (
    AbortIndication,
    ReleaseConfirmation,
    Role,
)
from txdicomtls.codes import AbortSource, RejectReason
from txdicomtls.errors import AssociationRefused
from txdicomtls.net import AcceptorProtocol, Timeouts
from txdicomtls.tls import LinkDeadlines


class EndTests(NetCase):
    def storing(self) -> tuple[Peer, AcceptorProtocol, Any, Sink]:
        """In the midst of a data set."""
        peer, server, wire = self.called()
        peer.send(CT_ID, store_request(), PIECE, last=False)
        wire.flush()
        (sink,) = self.receiver.sinks
        self.assertEqual((len(PIECE), 0), (len(sink.data), sink.finished))
        return peer, server, wire, sink

    def assert_discarded_once(self, sink: Sink) -> None:
        self.assertEqual((0, 1), (sink.finished, sink.discarded))

    def test_an_abort_in_the_midst_of_a_data_set_discards_it_once(self) -> None:
        peer, _, wire, sink = self.storing()
        peer.do(peer.connection.abort())
        wire.flush()
        self.assertFalse(wire.is_open)
        self.assert_discarded_once(sink)

    def test_a_loss_in_the_midst_of_a_data_set_discards_it_once(self) -> None:
        _, _, wire, sink = self.storing()
        wire.cut()
        self.assert_discarded_once(sink)

    def test_an_abort_of_ours_in_the_midst_of_a_data_set_discards_it_once(self) -> None:
        _, server, wire, sink = self.storing()
        server.abort("enough")
        wire.flush()
        self.assert_discarded_once(sink)

    def test_garbage_in_the_midst_of_a_data_set_discards_it_once(self) -> None:
        peer, _, wire, sink = self.storing()
        peer.write(b"\xff" * 10)
        wire.flush()
        (abort,) = peer.told(AbortIndication)
        self.assertEqual((AbortSource.SERVICE_PROVIDER, 1), (abort.source, abort.reason))
        self.assert_discarded_once(sink)

    def test_a_release_in_the_midst_of_a_data_set_is_aborted_and_discards_it_once(self) -> None:
        peer, _, wire, sink = self.storing()
        peer.do(peer.connection.release())
        wire.flush()
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assert_discarded_once(sink)

    def test_a_loss_while_the_sink_has_no_room_discards_it_once(self) -> None:
        room = self.receiver.will_have_no_room()
        peer, _, wire = self.called()
        peer.send(CT_ID, store_request(), bytes(1 << 20))
        wire.flush()
        wire.cut()
        room.callback(None)
        self.assert_discarded_once(self.receiver.sinks[0])

    def test_an_abort_that_waits_behind_a_sink_without_room_is_heard_in_the_end(self) -> None:
        room = self.receiver.will_have_no_room()
        peer, _, wire = self.called()
        peer.send(CT_ID, store_request(), bytes(1 << 20), last=False)
        peer.do(peer.connection.abort())
        wire.flush()
        (sink,) = self.receiver.sinks
        self.assertEqual(0, sink.discarded)
        room.callback(None)
        wire.flush()
        self.assertFalse(wire.is_open)
        self.assert_discarded_once(sink)

    def test_a_release_waits_for_outstanding_operations(self) -> None:
        kept = self.receiver.will_wait()
        peer, _, wire = self.called()
        peer.send(CT_ID, store_request(4), PIECE)
        peer.do(peer.connection.release())
        wire.flush()
        self.assertEqual([], peer.told(ReleaseConfirmation))
        kept.callback(None)
        wire.flush()
        self.assertEqual({4: KEPT}, statuses(peer))
        self.assertEqual(1, len(peer.told(ReleaseConfirmation)))
        self.assertFalse(wire.is_open)

    def test_a_peer_that_never_asks_for_an_association_is_closed_after_artim(self) -> None:
        server = self.factory(
            timeouts=Timeouts(artim=12), deadlines=LinkDeadlines(association=None)
        ).buildProtocol(None)
        peer = Peer(Role.ACCEPTOR)  # which never speaks first
        self.join(peer, server)
        self.advance(11.9)
        self.assertFalse(peer.is_lost)
        self.advance(0.1)
        self.assertTrue(peer.is_lost)
        self.assertEqual(b"", bytes(peer.received))

    def test_a_peer_that_stays_after_a_rejection_is_closed_after_artim(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.NO_REASON_GIVEN))
        timeouts, deadlines = Timeouts(artim=12), LinkDeadlines(association=None)
        peer = Peer(Role.REQUESTOR)
        peer.is_deaf = True
        factory = self.factory(access=gate, timeouts=timeouts, deadlines=deadlines)
        self.join(peer, factory.buildProtocol(None))
        self.assertEqual(b"\x03", bytes(peer.received)[:1])
        self.advance(11.9)
        self.assertFalse(peer.is_lost)
        self.advance(0.1)
        self.assertTrue(peer.is_lost)

    def test_a_peer_that_says_nothing_is_closed_in_order_by_default(self) -> None:
        peer = Peer(Role.ACCEPTOR)  # which never speaks first
        server = self.factory().buildProtocol(None)
        self.join(peer, server)
        self.advance(30)
        self.assertTrue(peer.is_lost)
        self.assertIsNone(server.link.error)

    def test_a_policy_that_never_decides_does_not_keep_the_connection(self) -> None:
        gate = Gate(authorization=Deferred())
        factory = self.factory(access=gate)
        peer, _, _ = self.called(factory)
        for _ in range(12):
            self.advance(10)
        self.assertTrue(peer.is_lost)
        self.assertEqual(0, factory.connections)

    def test_an_idle_association_is_aborted(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=Timeouts(idle=20)))
        self.advance(19)
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.advance(19.9)
        self.assertEqual([], peer.told(AbortIndication))
        self.advance(0.1)
        (abort,) = peer.told(AbortIndication)
        self.assertEqual(AbortSource.SERVICE_USER, abort.source)

    def test_an_association_that_waits_for_us_is_not_idle(self) -> None:
        kept = self.receiver.will_wait()
        peer, _, wire = self.called(self.factory(timeouts=Timeouts(idle=20)))
        peer.send(CT_ID, store_request(), PIECE)
        wire.flush()
        self.advance(1000)
        kept.callback(None)
        wire.flush()
        self.assertEqual({1: KEPT}, statuses(peer))
        self.advance(20)
        self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_a_peer_that_stops_in_the_midst_of_a_data_set_is_aborted_as_well(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=Timeouts(idle=20, pdu=20)))
        peer.send(CT_ID, store_request(), PIECE, last=False)
        wire.flush()
        self.advance(20)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assert_discarded_once(self.receiver.sinks[0])

    def test_a_peer_that_waits_for_our_sink_is_not_aborted_for_that(self) -> None:
        room = self.receiver.will_have_no_room()
        peer, _, wire = self.called(self.factory(timeouts=Timeouts(idle=20, pdu=20)))
        peer.send(CT_ID, store_request(), bytes(1 << 20))
        wire.flush()
        for _ in range(5):
            self.advance(15)
        room.callback(None)
        wire.flush()
        self.assertEqual({1: KEPT}, statuses(peer))

    def test_a_data_set_that_keeps_coming_is_not_idle_however_long_it_takes(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=Timeouts(idle=20, pdu=20)))
        peer.send(CT_ID, store_request(), PIECE, last=False)
        for _ in range(10):
            wire.flush()
            self.advance(15)
            peer.do(peer.connection.send_data(CT_ID, PIECE, last=False))
        peer.do(peer.connection.send_data(CT_ID, PIECE, last=True))
        wire.flush()
        self.assertEqual({1: KEPT}, statuses(peer))
