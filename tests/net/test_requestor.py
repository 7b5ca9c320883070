"""The requestor's side of an association: asking for it, ending it, and every way not to."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from tests.net.blocks import Source, blocks_of
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    VERIFICATION_ID,
    NetCase,
    Outcome,
    Peer,
    ask_for,
    echo_request,
    find_request,
    query_contexts,
    store_request,
    watch,
)
from txdicomtls.association import (
    AbortIndication,
    MessageEnded,
    Rejection,
    ReleaseIndication,
    Role,
    State,
)
from txdicomtls.codes import AbortReason, AbortSource, RejectReason, RejectResult
from txdicomtls.dimse import Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationLost,
    AssociationRejected,
    AssociationTimeout,
    LinkError,
    LocalProtocolError,
)
from txdicomtls.net import Timeouts
from txdicomtls.net.invocation import MOST_UNREAD
from txdicomtls.pdu import Abort, encode
from txdicomtls.tls import LinkState


class AssociationTests(NetCase):
    def test_it_is_associated_when_the_peer_has_accepted(self) -> None:
        client, peer, wire = self.calling(accept=False)
        associated = watch(client.when_associated())
        self.assertFalse(associated.is_known)
        peer.accept()
        wire.flush()
        self.assertTrue(associated.results)
        self.assertIs(LinkState.ASSOCIATED, client.link.state)
        self.successResultOf(client.when_associated())
        self.assertEqual({1, 3, 5}, set(client.connection.contexts))

    def test_each_rejection_is_told_with_its_fields(self) -> None:
        for reason in RejectReason:
            for result in RejectResult:
                client, peer, wire = self.calling(accept=False)
                peer.do(peer.connection.reject(Rejection(reason=reason, result=result)))
                wire.flush()
                error = self.failureResultOf(client.when_associated(), AssociationRejected).value
                self.assertEqual(
                    (result, reason, result is RejectResult.TRANSIENT),
                    (error.result, error.meaning, error.transient),
                )
                self.assertFalse(wire.is_open)

    def test_a_rejection_that_the_standard_does_not_have_is_told_as_it_came(self) -> None:
        for result, source, reason in ((1, 1, 200), (2, 3, 0), (7, 9, 9), (0, 0, 0), (255, 2, 3)):
            client, peer, wire = self.calling(accept=False)
            peer.write(bytes([3, 0, 0, 0, 0, 4, 0, result, source, reason]))
            wire.flush()
            error = self.failureResultOf(client.when_associated(), AssociationRejected).value
            self.assertEqual(
                (result, source, reason, None),
                (error.result, error.source, error.reason, error.meaning),
            )
            self.assertEqual(result == RejectResult.TRANSIENT, error.transient)
            self.assertIn("undefined reason", str(error))

    def test_a_rejection_of_another_length_is_aborted(self) -> None:
        for length in (0, 3, 5, 0xFFFFFFFF):
            client, peer, wire = self.calling(accept=False)
            peer.write(bytes([3, 0]) + length.to_bytes(4, "big") + bytes(min(length, 8)))
            wire.flush()
            error = self.failureResultOf(client.when_associated(), AssociationAborted).value
            self.assertFalse(error.by_peer)
            self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_an_abort_instead_of_an_answer_is_told_with_its_fields(self) -> None:
        client, peer, wire = self.calling(accept=False)
        peer.write(encode(Abort(source=AbortSource.SERVICE_PROVIDER, reason=2)))
        wire.flush()
        error = self.failureResultOf(client.when_associated(), AssociationAborted).value
        self.assertEqual(
            (AbortSource.SERVICE_PROVIDER, AbortReason.UNEXPECTED_PDU, True),
            (error.source, error.reason, error.by_peer),
        )
        self.assertFalse(wire.is_open)

    def test_garbage_instead_of_an_answer_is_aborted_and_told(self) -> None:
        client, peer, wire = self.calling(accept=False)
        peer.write(b"\xff" * 10)
        wire.flush()
        error = self.failureResultOf(client.when_associated(), AssociationAborted).value
        self.assertFalse(error.by_peer)
        self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_a_link_that_is_lost_instead_of_an_answer_is_told(self) -> None:
        client, _, wire = self.calling(accept=False)
        wire.cut()
        self.assertIsInstance(
            watch(client.when_associated()).failures[0], (AssociationLost, LinkError)
        )

    def test_a_peer_that_closes_instead_of_an_answer_is_told(self) -> None:
        client, peer, wire = self.calling(accept=False)
        assert peer.transport is not None
        peer.transport.loseConnection()
        wire.flush()
        self.failureResultOf(client.when_associated(), AssociationLost)

    def test_no_answer_in_time_is_a_timeout_and_aborts(self) -> None:
        client, peer, wire = self.calling(accept=False, timeouts=Timeouts(association=8))
        self.advance(7.9)
        associated = watch(client.when_associated())
        self.advance(0.1)
        (error,) = associated.failures
        assert isinstance(error, AssociationTimeout)
        self.assertEqual(
            ("answer to the association request", 8), (error.waited_for, error.seconds)
        )
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_a_patient_requestor_is_not_cut_off_by_the_link(self) -> None:
        client, peer, wire = self.calling(accept=False, timeouts=Timeouts(association=100))
        self.advance(90)
        peer.accept()
        wire.flush()
        self.successResultOf(client.when_associated())

    def test_who_cancels_the_waiting_aborts_the_association(self) -> None:
        client, peer, wire = self.calling(accept=False)
        waiting = client.when_associated()
        waiting.cancel()
        wire.flush()
        self.failureResultOf(waiting, AssociationAborted, CancelledError)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_who_cancels_does_not_end_it_for_others_who_wait(self) -> None:
        client, peer, wire = self.calling(accept=False)
        given_up, waiting = client.when_associated(), watch(client.when_associated())
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        peer.accept()
        wire.flush()
        self.assertEqual([None], waiting.results)

    def test_who_is_told_of_the_end_may_cancel_for_all(self) -> None:
        client, _, wire = self.calling(accept=False)
        first, second = client.when_associated(), client.when_associated()
        first.addErrback(lambda _: second.cancel())
        wire.cut()
        self.failureResultOf(second, CancelledError)

    def test_who_cancels_during_the_handshake_closes_the_link(self) -> None:
        client, peer = self.requestor(), Peer(Role.ACCEPTOR)
        waiting = client.when_associated()
        wire = self.join(client, peer, flush=False)
        waiting.cancel()
        wire.flush()
        self.failureResultOf(waiting, CancelledError)
        self.assertFalse(wire.is_open)
        self.assertEqual(b"", bytes(peer.received))

    def test_a_request_that_cannot_be_sent_is_told_to_who_waits(self) -> None:
        client = self.requestor(ask_for(called="MORE THAN SIXTEEN"))
        associated = watch(client.when_associated())
        self.join(client, Peer(Role.ACCEPTOR))
        self.advance(0)
        self.assertEqual([LocalProtocolError], [type(error) for error in associated.failures])


class EndTests(NetCase):
    def test_a_release_is_done_when_the_peer_agrees_and_closes_the_link(self) -> None:
        client, peer, wire = self.calling()
        released = watch(client.release())
        wire.flush()
        self.assertEqual(1, len(peer.told(ReleaseIndication)))
        self.assertFalse(released.is_known)
        peer.do(peer.connection.respond_to_release())
        wire.flush()
        self.assertTrue(released.results)
        self.assertFalse(wire.is_open)
        self.failureResultOf(client.invoke(VERIFICATION_ID, echo_request), AssociationEnded)
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_releasing_again_is_without_effect(self) -> None:
        client, _, wire = self.associated()
        outcomes = [watch(client.release()), watch(client.release())]
        wire.flush()
        outcomes.append(watch(client.release()))
        self.assertTrue(all(outcome.results for outcome in outcomes))

    def test_a_release_that_is_not_answered_is_aborted_and_done(self) -> None:
        client, peer, wire = self.calling(timeouts=Timeouts(release=4))
        released = watch(client.release())
        wire.flush()
        self.advance(3.9)
        self.assertFalse(released.is_known)
        self.advance(0.1)
        self.assertTrue(released.results)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_a_release_before_the_association_closes_the_link(self) -> None:
        client = self.requestor()
        associated = watch(client.when_associated())
        wire = self.join(client, Peer(Role.ACCEPTOR), flush=False)
        released = watch(client.release())
        wire.flush()
        self.assertTrue(released.results)
        self.assertTrue(associated.failures)
        self.assertFalse(wire.is_open)

    def test_answers_still_count_while_the_release_is_under_way(self) -> None:
        client, peer, wire = self.calling()
        echoed = client.invoke(VERIFICATION_ID, echo_request)
        wire.flush()
        released = watch(client.release())
        wire.flush()
        peer.send(VERIFICATION_ID, echo_request(1).response(Status.SUCCESS))
        wire.flush()
        self.successResultOf(echoed)
        peer.do(peer.connection.respond_to_release())
        wire.flush()
        self.assertTrue(released.results)

    def test_what_nobody_reads_does_not_keep_a_release_from_being_agreed_to(self) -> None:
        pending = find_request().response(Status.PENDING)
        for first, then, cancels in ((MOST_UNREAD, MOST_UNREAD, 1), (1, 2 * MOST_UNREAD, 0)):
            client, peer, wire = self.calling(query_contexts())
            finding = client.start(STUDY_ROOT_FIND_ID, find_request, blocks_of(b"key!"))
            wire.flush()
            for _ in range(first):
                peer.send(STUDY_ROOT_FIND_ID, pending, b"match!")
            wire.flush()
            released = watch(client.release())
            wire.flush()
            self.assertEqual(1 + cancels, len(peer.told(MessageEnded)))
            for _ in range(then):
                peer.send(STUDY_ROOT_FIND_ID, pending, b"match!")
            wire.flush()
            peer.do(peer.connection.respond_to_release())
            wire.flush()
            self.assertEqual([None], released.results)
            self.failureResultOf(finding.next(), AssociationEnded)

    def test_a_peer_that_releases_gets_its_answer_and_ends_all_operations(self) -> None:
        client, peer, wire = self.calling()
        echoed = watch(client.invoke(VERIFICATION_ID, echo_request))
        wire.flush()
        peer.do(peer.connection.release())
        wire.flush()
        self.assertIsInstance(echoed.failures[0], AssociationEnded)
        self.assertEqual(bytes.fromhex("06000000000400000000"), bytes(peer.received)[-10:])
        self.assertFalse(wire.is_open)

    def test_an_abort_that_follows_the_answer_at_once_ends_what_was_begun(self) -> None:
        client, peer, wire = self.calling(accept=False)
        echoed: list[Outcome] = []
        associated = client.when_associated()
        associated.addCallback(
            lambda _: echoed.append(watch(client.invoke(VERIFICATION_ID, echo_request)))
        )
        peer.accept()
        peer.do(peer.connection.abort())
        wire.flush()
        self.successResultOf(associated)
        self.assertIsInstance(echoed[0].failures[0], (AssociationAborted, AssociationEnded))
        self.assertFalse(wire.is_open)

    def test_a_release_in_the_midst_of_our_data_set_ends_the_operation(self) -> None:
        client, peer, wire = self.calling()
        late: Deferred[bytes] = Deferred()
        source = Source(b"ab", late)
        stored = watch(client.invoke(CT_ID, store_request, source()))
        wire.flush()
        peer.do(peer.connection.release())
        wire.flush()
        self.assertIsInstance(stored.failures[0], AssociationEnded)
        self.assertFalse(wire.is_open)
        late.callback(b"cd")
        self.assertEqual(1, source.closed)

    def test_who_aborts_when_the_peer_releases_is_not_asked_for_an_answer(self) -> None:
        client, peer, wire = self.calling()
        echoed = client.invoke(VERIFICATION_ID, echo_request)
        echoed.addErrback(lambda _: client.abort("then not"))
        wire.flush()
        peer.do(peer.connection.release())
        wire.flush()
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_a_release_collision_is_released_by_both(self) -> None:
        client, peer, wire = self.calling()
        released = watch(client.release())
        peer.do(peer.connection.release())
        wire.flush()
        self.assertIs(State.STA12, peer.connection.state)
        peer.do(peer.connection.respond_to_release())
        wire.flush()
        self.assertTrue(released.results)
        self.assertFalse(wire.is_open)

    def test_who_aborts_is_told_that_it_was_this_node(self) -> None:
        client, peer, wire = self.calling()
        echoed = watch(client.invoke(VERIFICATION_ID, echo_request))
        client.abort("the user pressed a key")
        wire.flush()
        (error,) = echoed.failures
        assert isinstance(error, AssociationAborted)
        self.assertEqual((False, "the user pressed a key"), (error.by_peer, error.why))
        self.assertEqual(1, len(peer.told(AbortIndication)))
