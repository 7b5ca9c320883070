"""From the transport connection to a link that may be used, and back to its end."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionAborted

from tests.net.doubles import Gate
from tests.net.pair import (
    CT_ID,
    VERIFICATION_ID,
    NetCase,
    Peer,
    Silent,
    echo_request,
    store_request,
    watch,
)
from txdicomtls.association import AbortIndication, MessageBegan, Role, State
from txdicomtls.codes import AbortSource
from txdicomtls.errors import (
    AssociationLost,
    HandshakeFailed,
    LinkError,
    LinkRefused,
    LinkTimeout,
    PeerNameMismatch,
    PeerNotTLS,
)
from txdicomtls.net import Timeouts
from txdicomtls.tls import LinkDeadlines, LinkState

FIRST_PIECE = b"\x08\x00\x05\x00CS\x00\x00"


class SecureLinkTests(NetCase):
    def test_both_sides_learn_what_was_negotiated_before_the_association_begins(self) -> None:
        client, server = self.requestor(), self.factory().buildProtocol(None)
        seen: list[State] = []
        client.when_secure_link_ready().addCallback(lambda _: seen.append(client.connection.state))
        self.join(client, server)
        self.assertEqual([State.STA1], seen)
        ours = self.successResultOf(client.when_secure_link_ready())
        theirs = self.successResultOf(server.when_secure_link_ready())
        self.assertEqual(("TLSv1.3", "dicom"), (ours.protocol, ours.alpn))
        self.assertIn("pacs.example", ours.peer_names)
        self.assertIn("CN=client", theirs.peer_subject)

    def test_small_pdus_are_not_held_back_by_the_transport(self) -> None:
        _, _, wire = self.associated()
        self.assertTrue(wire.client.no_delay)
        self.assertTrue(wire.server.no_delay)

    def test_nothing_of_dicom_begins_before_the_handshake(self) -> None:
        server = self.factory().buildProtocol(None)
        self.join(Silent(), server)
        self.assertIs(LinkState.HANDSHAKING, server.link.state)
        self.assertIs(State.STA1, server.connection.state)
        self.advance(9.9)
        self.assertIs(LinkState.HANDSHAKING, server.link.state)

    def test_a_peer_that_does_not_shake_hands_is_dropped(self) -> None:
        silent, server = Silent(), self.factory().buildProtocol(None)
        self.join(silent, server)
        ready = watch(server.when_secure_link_ready())
        self.advance(10)
        self.assertTrue(silent.is_lost)
        (error,) = ready.failures
        assert isinstance(error, LinkTimeout)
        self.assertEqual(("handshaking", 10), (error.state, error.seconds))

    def test_a_peer_that_speaks_plain_dicom_is_told_apart(self) -> None:
        silent, server = Silent(), self.factory().buildProtocol(None)
        wire = self.join(silent, server)
        ready = watch(server.when_secure_link_ready())
        wire.client.write(b"\x01\x00\x00\x00\x00\xcd\x00\x01")
        wire.flush()
        (error,) = ready.failures
        assert isinstance(error, PeerNotTLS)
        self.assertEqual("plain DICOM", error.protocol)
        self.assertTrue(silent.is_lost)

    def test_the_address_of_the_peer_is_known(self) -> None:
        client, server, _ = self.associated()
        self.assertEqual("127.0.0.1:2762", client.peer)
        self.assertEqual("127.0.0.1:50000", server.peer)


class RequestorLinkTests(NetCase):
    """What a requestor is told where no link comes to be."""

    def test_a_handshake_that_takes_too_long_is_a_link_timeout_for_whoever_waits(self) -> None:
        client = self.requestor(deadlines=LinkDeadlines(handshake=4))
        wire = self.join(client, Silent(), flush=False)
        ready, associated = watch(client.when_secure_link_ready()), watch(client.when_associated())
        self.clock.advance(4)
        wire.flush()
        self.assertIsInstance(ready.failures[0], LinkTimeout)
        self.assertIsInstance(associated.failures[0], LinkTimeout)

    def test_a_peer_of_another_name_is_refused_before_a_byte_of_dicom(self) -> None:
        client, peer = self.requestor(), Peer(Role.ACCEPTOR)
        ready, associated = watch(client.when_secure_link_ready()), watch(client.when_associated())
        self.join(client, peer, host="other.example")
        for outcome in (ready, associated):
            (error,) = outcome.failures
            assert isinstance(error, PeerNameMismatch), error
            self.assertEqual("other.example", error.expected)
        self.assertEqual(b"", bytes(peer.received))
        self.assertTrue(peer.is_lost)

    def test_a_link_that_is_lost_during_the_handshake_is_a_failed_handshake(self) -> None:
        client = self.requestor()
        wire = self.join(client, Peer(Role.ACCEPTOR), flush=False)
        associated = watch(client.when_associated())
        wire.cut()
        self.assertIsInstance(associated.failures[0], HandshakeFailed)

    def test_asking_once_more_gives_the_same_error(self) -> None:
        client = self.requestor()
        self.join(client, Peer(Role.ACCEPTOR), flush=False).cut()
        first, second = watch(client.when_associated()), watch(client.when_associated())
        self.assertIs(first.failures[0], second.failures[0])
        self.assertIsInstance(watch(client.when_secure_link_ready()).failures[0], LinkError)
        self.successResultOf(client.when_closed())


class AdmissionTests(NetCase):
    def test_the_policy_sees_the_verified_link_and_the_address(self) -> None:
        gate = Gate()
        self.associated(access=gate)
        ((link, peer),) = gate.asked
        self.assertIn("CN=client", link.peer_subject)
        self.assertEqual("127.0.0.1:50000", peer)

    def test_the_link_is_not_ready_before_the_decision_and_what_comes_meanwhile_is_kept(
        self,
    ) -> None:
        gate = Gate(admission=Deferred())
        peer, server, wire = self.called(self.factory(access=gate))
        ready = watch(server.when_secure_link_ready())
        self.assertIs(State.STA1, server.connection.state)
        self.assertIs(State.STA5, peer.connection.state)
        self.assertFalse(ready.is_known)
        assert gate.admission is not None
        assert isinstance(gate.admission, Deferred)
        gate.admission.callback(None)
        wire.flush()
        self.assertEqual(1, len(ready.results))
        self.assertIs(State.STA6, peer.connection.state)

    def test_no_more_is_read_before_the_decision_than_has_been_read_already(self) -> None:
        gate = Gate(admission=Deferred())
        _, server, wire = self.called(self.factory(access=gate))
        self.assertFalse(wire.server.reading)
        assert isinstance(gate.admission, Deferred)
        gate.admission.callback(None)
        wire.flush()
        self.assertTrue(wire.server.reading)
        self.assertIs(LinkState.ASSOCIATED, server.link.state)

    def test_no_more_is_read_either_where_the_decision_waits_in_a_chain(self) -> None:
        later: Deferred[None] = Deferred()
        chained: Deferred[None] = succeed(None)
        chained.addCallback(lambda _: later)
        _, server, wire = self.called(self.factory(access=Gate(admission=chained)))
        self.assertFalse(wire.server.reading)
        later.callback(None)
        wire.flush()
        self.assertIs(LinkState.ASSOCIATED, server.link.state)

    def assert_refused(self, gate: Gate) -> LinkError:
        factory = self.factory(access=gate)
        peer, server, wire = self.called(factory)
        ready = watch(server.when_secure_link_ready())
        if isinstance(gate.admission, Deferred):
            gate.admission.errback(LinkRefused("not you"))
            wire.flush()
        (error,) = ready.failures
        assert isinstance(error, LinkError)
        self.assertEqual(b"", bytes(peer.received))
        self.assertFalse(wire.is_open, "the peer's own close must be seen at once")
        self.assertEqual(0, factory.connections)
        return error

    def test_a_refusal_closes_the_link_in_order_without_a_byte_of_dicom(self) -> None:
        self.assertIsInstance(
            self.assert_refused(Gate(admission=LinkRefused("not you"))), LinkRefused
        )

    def test_a_refusal_may_come_late(self) -> None:
        self.assertIsInstance(self.assert_refused(Gate(admission=Deferred())), LinkRefused)

    def test_a_policy_that_fails_refuses_and_is_logged(self) -> None:
        error = self.assert_refused(Gate(admission=ZeroDivisionError()))
        self.assertNotIsInstance(error, LinkRefused)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_a_decision_that_takes_too_long_is_a_refusal(self) -> None:
        gate = Gate(admission=Deferred())
        factory = self.factory(access=gate)
        peer, server, _ = self.called(factory)
        ready = watch(server.when_secure_link_ready())
        self.advance(10)
        self.assertIsInstance(ready.failures[0], LinkTimeout)
        self.assertTrue(peer.is_lost)
        assert isinstance(gate.admission, Deferred)
        gate.admission.callback(None)
        self.assertIs(LinkState.CLOSED, server.link.state)
        self.assertIs(State.STA1, server.connection.state)

    def test_a_decision_after_the_peer_has_gone_does_nothing(self) -> None:
        gate = Gate(admission=Deferred())
        _, server, wire = self.called(self.factory(access=gate))
        wire.cut()
        assert isinstance(gate.admission, Deferred)
        gate.admission.callback(None)
        self.assertIs(LinkState.CLOSED, server.link.state)


class FlowTests(NetCase):
    """Neither side makes the other one hold more than it can."""

    def test_a_sink_without_room_holds_the_peer_until_it_has_some(self) -> None:
        room = self.receiver.will_have_no_room()
        peer, _, wire = self.called()
        data = bytes(range(256)) * 4096
        peer.send(CT_ID, store_request(), data)
        wire.flush()
        self.assertFalse(wire.server.reading)
        (sink,) = self.receiver.sinks
        self.assertLess(len(sink.data), wire.server.bufferSize)
        self.advance(25)
        room.callback(None)
        wire.flush()
        self.assertTrue(wire.server.reading)
        self.assertTrue(data == sink.data)
        self.assertEqual(1, sink.finished)
        self.assertIs(State.STA6, peer.connection.state)

    def test_the_deadline_of_a_pdu_stands_still_while_we_do_not_read(self) -> None:
        room = self.receiver.will_have_no_room()
        peer, server, wire = self.called(self.factory(timeouts=Timeouts(pdu=5, idle=1000)))
        peer.send(CT_ID, store_request(), bytes(1 << 20))
        wire.flush()
        self.advance(500)
        room.callback(None)
        wire.flush()
        self.assertEqual(1 << 20, len(self.receiver.sinks[0].data))
        self.assertIs(State.STA6, server.connection.state)

    def test_a_pdu_that_drips_is_aborted_however_steadily(self) -> None:
        peer, server, wire = self.called(self.factory(timeouts=Timeouts(pdu=5)))
        for octet in b"\x04\x00\x00\x00\x10\x00\x00\x00":
            peer.write(bytes([octet]))
            wire.flush()
            self.advance(1)
        (abort,) = peer.told(AbortIndication)
        self.assertTrue(abort.by_peer)
        self.assertTrue(peer.is_lost)
        self.assertIs(LinkState.CLOSED, server.link.state)

    def test_a_stream_of_pdus_is_not_mistaken_for_one_that_drips(self) -> None:
        peer, server, wire = self.called(self.factory(timeouts=Timeouts(pdu=5)))
        peer.write(b"\x04\x00")
        # The rest of one PDU, and the beginning of the next one.
        peer.alter = lambda pdu: pdu[2:] + b"\x04\x00"
        wire.flush()
        for message_id in range(1, 20):
            peer.send(VERIFICATION_ID, echo_request(message_id))
            wire.flush()
            self.advance(4)
        self.assertIs(State.STA6, server.connection.state)

    def test_a_peer_that_does_not_read_our_answers_is_dropped(self) -> None:
        factory = self.factory(timeouts=Timeouts(stall=7, idle=1000))
        peer, _, wire = self.called(factory)
        wire.client.pauseProducing()
        # Each echo is answered with more than a hundred bytes, and none of them is read.
        for round_ in range(300):
            for message_id in range(round_ * 20 + 1, round_ * 20 + 21):
                peer.send(VERIFICATION_ID, echo_request(message_id))
            wire.flush()
            if not wire.server.reading:
                break
        self.assertFalse(wire.server.reading, "who does not read is not read from either")
        self.advance(6.9)
        self.assertIsNone(wire.server.lost)
        self.advance(0.1)
        self.assertIsInstance(wire.server.lost, ConnectionAborted)
        self.assertEqual(0, factory.connections)

    def test_a_peer_that_reads_in_time_is_answered_to_the_last(self) -> None:
        peer, server, wire = self.called(self.factory(timeouts=Timeouts(stall=7, idle=1000)))
        wire.client.pauseProducing()
        sent = 0
        while wire.server.reading:
            for _ in range(20):
                sent += 1
                peer.send(VERIFICATION_ID, echo_request(sent % 65536))
            wire.flush()
        self.advance(6)
        wire.client.resumeProducing()
        wire.flush()
        self.advance(6)
        self.assertIs(State.STA6, server.connection.state)
        self.assertEqual(sent, len(peer.told(MessageBegan)))


class EndTests(NetCase):
    def test_a_peer_that_does_not_close_is_cut_off_after_the_deadline(self) -> None:
        client, _, wire = self.calling(deadlines=LinkDeadlines(closing=3))
        closed = watch(client.when_closed())
        wire.server.pauseProducing()
        client.abort("enough")
        wire.flush()
        self.advance(2.9)
        self.assertFalse(closed.is_known)
        self.advance(0.1)
        self.assertTrue(closed.is_known)
        self.assertIsInstance(wire.client.lost, ConnectionAborted)

    def test_a_link_that_is_cut_ends_everything_with_one_error(self) -> None:
        client, _, wire = self.calling()
        outcomes = [
            watch(client.invoke(VERIFICATION_ID, echo_request)),
            watch(client.invoke(VERIFICATION_ID, echo_request)),
        ]
        released = watch(client.release())
        wire.cut()
        self.assertIsInstance(outcomes[0].failures[0], (AssociationLost, LinkError))
        self.assertIs(outcomes[0].failures[0], outcomes[1].failures[0])
        self.assertTrue(released.results)
        self.successResultOf(client.when_closed())

    def test_what_arrives_after_the_association_has_ended_is_not_kept(self) -> None:
        peer, server, wire = self.called()
        wire.client.pauseProducing()
        server.abort("enough")
        for _ in range(100):
            peer.write(bytes(10000))
            wire.flush()
        self.assertIs(LinkState.CLOSING, server.link.state)
        self.assertEqual(0, len(server._early))

    def test_a_peer_that_has_aborted_is_not_waited_for(self) -> None:
        peer, server, wire = self.called()
        peer.do(peer.connection.abort())
        wire.client.pauseProducing()  # it reads nothing more, so it does not answer close_notify
        wire.flush()
        self.assertIs(LinkState.CLOSED, server.link.state)

    def test_an_abort_before_the_link_is_ready_just_closes(self) -> None:
        client = self.requestor()
        associated = watch(client.when_associated())
        wire = self.join(client, Peer(Role.ACCEPTOR), flush=False)
        client.abort()
        wire.flush()
        self.assertIsInstance(associated.failures[0], (AssociationLost, LinkError))
        self.assertFalse(wire.is_open)

    def test_an_abort_of_ours_reaches_the_peer_as_one_of_the_service_user(self) -> None:
        client, peer, wire = self.calling()
        client.abort("enough")
        wire.flush()
        (abort,) = peer.told(AbortIndication)
        self.assertEqual((AbortSource.SERVICE_USER, True), (abort.source, abort.by_peer))
        self.assertFalse(wire.is_open)

    def test_the_answer_to_an_operation_that_outlives_its_association_is_not_sent(self) -> None:
        kept = self.receiver.will_wait()
        peer, server, wire = self.called()
        peer.send(CT_ID, store_request(), FIRST_PIECE)
        wire.flush()
        wire.cut()
        kept.callback(None)
        (sink,) = self.receiver.sinks
        self.assertEqual((1, 0), (sink.finished, sink.discarded))
        self.assertIs(LinkState.CLOSED, server.link.state)
