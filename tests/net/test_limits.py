"""Each deadline and each limit, one by one: what happens just before it, and at it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tests.association.pair import request
from tests.net.blocks import blocks_of
from tests.net.doubles import Gate
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    VERIFICATION_ID,
    NetCase,
    Peer,
    echo_request,
    find_request,
    query_contexts,
    store_request,
    watch,
)
from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    ConnectionLimits,
    MessageBegan,
    Role,
    State,
)
from txdicomtls.codes import AbortReason, AbortSource, RejectReason
from txdicomtls.dimse import Status
from txdicomtls.errors import AssociationAborted, AssociationRefused, AssociationTimeout
from txdicomtls.net import Timeouts
from txdicomtls.pdu import encode
from txdicomtls.tls import LinkDeadlines

#: Long enough that nothing else happens first.
PATIENT = 10_000.0
SECONDS = 7.0
ALMOST = 0.1


def only(**one: float) -> Timeouts:
    """Patient but in one respect."""
    return Timeouts(**(dict.fromkeys((each.name for each in fields(Timeouts)), PATIENT) | one))


NO_LINK_DEADLINES = LinkDeadlines(association=None)


class TimeoutTests(NetCase):
    """One for each field of :class:`Timeouts`."""

    def test_there_is_one_for_each(self) -> None:
        for field in fields(Timeouts):
            named = f"test_{field.name}_"
            self.assertTrue(any(name.startswith(named) for name in dir(self)), field.name)

    def assert_aborted_in_time(self, peer: Peer) -> None:
        """Not just before the time, but then; and the connection is closed."""
        self.advance(SECONDS - ALMOST)
        self.assertEqual([], peer.told(AbortIndication))
        self.advance(ALMOST)
        (abort,) = peer.told(AbortIndication)
        self.assertEqual((AbortSource.SERVICE_USER, True), (abort.source, abort.by_peer))
        self.assertTrue(peer.is_lost)

    def test_artim_waits_for_an_association_request(self) -> None:
        factory = self.factory(timeouts=only(artim=SECONDS), deadlines=NO_LINK_DEADLINES)
        for begun in (b"", b"\x01", encode(request())[:50]):
            peer = Peer(Role.ACCEPTOR)  # which does not ask by itself
            wire = self.join(peer, factory.buildProtocol(None))
            peer.write(begun)
            wire.flush()
            self.advance(SECONDS - ALMOST)
            self.assertFalse(peer.is_lost)
            self.advance(ALMOST)
            self.assertTrue(peer.is_lost)
            self.assertEqual(b"", bytes(peer.received))

    def test_artim_waits_for_the_peer_to_close_after_a_rejection(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.NO_REASON_GIVEN))
        factory = self.factory(access=gate, timeouts=only(artim=SECONDS))
        peer = Peer(Role.REQUESTOR)
        peer.is_deaf = True
        self.join(peer, factory.buildProtocol(None))
        self.advance(SECONDS - ALMOST)
        self.assertFalse(peer.is_lost)
        self.advance(ALMOST)
        self.assertTrue(peer.is_lost)

    def test_association_waits_for_the_answer_to_the_request(self) -> None:
        client, peer, _ = self.calling(accept=False, timeouts=only(association=SECONDS))
        associated = watch(client.when_associated())
        self.assert_aborted_in_time(peer)
        self.assertIsInstance(associated.failures[0], AssociationTimeout)

    def test_pdu_is_for_one_pdu_however_steadily_it_comes(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=only(pdu=SECONDS)))
        for octet in b"\x04\x00\x00\x00\x10\x00":
            peer.write(bytes([octet]))
            wire.flush()
            self.advance(1)
        self.advance(SECONDS - 6 - ALMOST)
        self.assertEqual([], peer.told(AbortIndication))
        self.advance(ALMOST)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertTrue(peer.is_lost)

    def test_pdu_is_for_one_that_a_requestor_receives_as_well(self) -> None:
        _, peer, wire = self.calling(timeouts=only(pdu=SECONDS))
        peer.write(b"\x04")
        wire.flush()
        self.assert_aborted_in_time(peer)

    def test_response_is_for_each_response(self) -> None:
        client, peer, wire = self.calling(timeouts=only(response=SECONDS))
        echoed = watch(client.invoke(VERIFICATION_ID, echo_request))
        wire.flush()
        self.assert_aborted_in_time(peer)
        self.assertIsInstance(echoed.failures[0], AssociationTimeout)

    def test_idle_is_without_any_pdu_and_any_operation(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=only(idle=SECONDS)))
        self.advance(SECONDS - ALMOST)
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.assert_aborted_in_time(peer)

    def test_idle_is_not_who_sends_requests_that_have_to_be_refused(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=only(idle=SECONDS)))
        field = b"\x00\x00\x00\x01\x02\x00\x00\x00"
        peer.alter = lambda data: data.replace(field + b"\x30\x00", field + b"\x50\x01")
        for _ in range(5):
            self.advance(SECONDS - ALMOST)
            peer.send(VERIFICATION_ID, echo_request())
            wire.flush()
        self.assert_aborted_in_time(peer)

    def test_release_waits_for_the_answer_to_a_release(self) -> None:
        client, peer, wire = self.calling(timeouts=only(release=SECONDS))
        released = watch(client.release())
        wire.flush()
        self.assert_aborted_in_time(peer)
        self.assertTrue(released.results)

    def test_release_waits_for_the_answer_after_a_collision_as_well(self) -> None:
        # Sta9 to Sta11: the peer asks as well, gets its answer, and never gives its own.
        client, peer, wire = self.calling(timeouts=only(release=SECONDS))
        released = watch(client.release())
        peer.do(peer.connection.release())
        wire.flush()
        self.assertIs(State.STA11, client.connection.state)
        self.assertIs(State.STA12, peer.connection.state)
        self.assertTrue(released.results)
        self.assert_aborted_in_time(peer)

    def test_release_ends_in_order_after_a_collision_that_both_answer(self) -> None:
        client, peer, wire = self.calling(timeouts=only(release=SECONDS))
        client.release()
        peer.do(peer.connection.release())
        wire.flush()
        peer.do(peer.connection.respond_to_release())
        wire.flush()
        self.assertFalse(wire.is_open)
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual([], peer.told(AbortIndication))

    def test_stall_is_while_the_peer_does_not_read(self) -> None:
        client, _, wire = self.calling(timeouts=only(stall=SECONDS))
        wire.server.pauseProducing()
        stored = watch(client.invoke(CT_ID, store_request, blocks_of(*[bytes(300_000)] * 10)))
        wire.flush()
        self.advance(SECONDS - ALMOST)
        self.assertIsNone(wire.client.lost)
        self.advance(ALMOST)
        self.assertIsNotNone(wire.client.lost)
        self.assertTrue(stored.failures)

    def test_two_deadlines_of_one_moment_are_one_abort(self) -> None:
        timeouts = only(idle=SECONDS, pdu=SECONDS, artim=SECONDS, response=SECONDS)
        peer, _, wire = self.called(self.factory(timeouts=timeouts))
        peer.write(b"\x04")
        wire.flush()
        self.assert_aborted_in_time(peer)
        client, other, wire = self.calling(timeouts=timeouts)
        waiting = [watch(client.invoke(VERIFICATION_ID, echo_request)) for _ in range(2)]
        other.write(b"\x04")
        wire.flush()
        self.assert_aborted_in_time(other)
        self.assertTrue(all(each.failures for each in waiting))

    def test_nothing_comes_of_a_deadline_after_the_end(self) -> None:
        client, peer, wire = self.calling(timeouts=only(response=SECONDS, pdu=SECONDS))
        watch(client.invoke(VERIFICATION_ID, echo_request))
        peer.write(b"\x04")
        wire.flush()
        wire.cut()
        self.assertEqual([], self.clock.getDelayedCalls())


class LimitTests(NetCase):
    """One for each field of :class:`ConnectionLimits`."""

    def test_there_is_one_for_each(self) -> None:
        for field in fields(ConnectionLimits):
            named = f"test_{field.name}_"
            self.assertTrue(any(name.startswith(named) for name in dir(self)), field.name)

    def limited(self, **more: Any) -> tuple[Peer, Any]:
        """An association with an acceptor that has these limits."""
        peer, _, wire = self.called(self.factory(limits=ConnectionLimits(**more)))
        return peer, wire

    def assert_aborted(self, peer: Peer, source: int, reason: int) -> None:
        (abort,) = peer.told(AbortIndication)
        self.assertEqual((source, reason), (abort.source, abort.reason))
        self.assertTrue(peer.is_lost)

    def test_associate_is_for_the_request(self) -> None:
        length = len(encode(Peer(Role.REQUESTOR).wanted)) - 6
        peer, _ = self.limited(associate=length)
        self.assertEqual(1, len(peer.told(AssociateConfirmation)))
        peer, _ = self.limited(associate=length - 1)
        self.assert_aborted(peer, AbortSource.SERVICE_USER, 0)

    def test_associate_is_for_the_answer_as_well(self) -> None:
        client, peer, wire = self.calling(accept=False, limits=ConnectionLimits(associate=50))
        associated = watch(client.when_associated())
        peer.accept()
        wire.flush()
        self.assertIsInstance(associated.failures[0], AssociationAborted)
        self.assert_aborted(
            peer, AbortSource.SERVICE_PROVIDER, AbortReason.INVALID_PDU_PARAMETER_VALUE
        )

    def test_maximum_length_is_announced_and_no_more_is_taken(self) -> None:
        for length, taken in ((5000, True), (5001, False)):
            peer, wire = self.limited(maximum_length=5000)
            self.assertEqual(5000, peer.connection.peer_maximum_length)
            peer.write(bytes([4, 0]) + length.to_bytes(4, "big"))
            wire.flush()
            self.assertEqual(taken, not peer.told(AbortIndication))

    def test_command_is_for_one_command_set(self) -> None:
        peer, wire = self.limited(command=100)
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.assertEqual(1, len(peer.told(MessageBegan)))
        fragment = bytes([0, 0, 0, 103, VERIFICATION_ID, 1]) + bytes(101)
        peer.write(bytes([4, 0, 0, 0, 0, len(fragment)]) + fragment)
        wire.flush()
        self.assert_aborted(peer, AbortSource.SERVICE_USER, 0)

    def test_identifier_is_for_the_data_set_of_a_response(self) -> None:
        for length, taken in ((100, True), (102, False)):
            client, peer, wire = self.calling(
                query_contexts(), limits=ConnectionLimits(identifier=100)
            )
            finding = client.start(STUDY_ROOT_FIND_ID, find_request, blocks_of(b"key!"))
            found = watch(finding.next())
            wire.flush()
            response = find_request(1).response(Status.PENDING)
            peer.send(STUDY_ROOT_FIND_ID, response, bytes(length))
            wire.flush()
            self.assertEqual(taken, bool(found.results))
            self.assertEqual(not taken, bool(peer.told(AbortIndication)))

    def test_association_is_for_all_that_comes_on_one(self) -> None:
        peer, wire = self.limited(association=2000)
        answered = 0
        for message_id in range(1, 100):
            peer.send(VERIFICATION_ID, echo_request(message_id))
            wire.flush()
            if peer.told(AbortIndication):
                break
            answered += 1
        self.assertGreater(answered, 5)
        self.assertLess(answered, 30)
        self.assertEqual(answered, len(peer.told(MessageBegan)))
        self.assert_aborted(peer, AbortSource.SERVICE_USER, 0)

    def test_association_is_unlimited_by_default(self) -> None:
        peer, wire = self.limited()
        peer.send(CT_ID, store_request(), bytes(10_000_000))
        wire.flush()
        self.assertEqual(1, len(peer.told(MessageBegan)))
