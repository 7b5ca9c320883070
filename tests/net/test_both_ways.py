"""Both sides invoke and perform: queries, cancellation, events, and what each may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import succeed

from tests.association.pair import (
    CT,
    STUDY_ROOT_FIND,
    VERIFICATION,
)
from tests.net.doubles import Cancellable, Classes, Gate, Operation
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
from tests.net.wire import Wire
from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    MessageBegan,
    State,
)
from txdicomtls.dimse import CCancelRQ, NEventReportRQ, Response, Status
from txdicomtls.errors import (
    AssociationError,
)
from txdicomtls.interfaces import Grant
from txdicomtls.net import (
    AcceptorProtocol,
    Answer,
    AssociationFactory,
    Services,
    Timeouts,
)
from txdicomtls.pdu import (
    AsynchronousOperationsWindow,
    ExtendedNegotiation,
    UserIdentityAC,
    UserIdentityRQ,
)


class BothWaysCase(NetCase):
    def node(self, *services: Any, **more: Any) -> AssociationFactory:
        """An acceptor with these services."""
        return self.factory(services=services, **more)

    def statuses(self, peer: Peer) -> list[tuple[int, int]]:
        """The responses that a peer got: Message ID and status."""
        return [
            (message.message_id_being_responded_to, message.status)
            for each in peer.told(MessageBegan)
            if isinstance(message := each.message, Response)
        ]


class QueryTests(BothWaysCase):
    """C-FIND as it is performed (PS3.7 9.3.2)."""

    def setUp(self) -> None:
        super().setUp()
        self.query = Cancellable()
        self.service = Classes("find", self.query, performs=(STUDY_ROOT_FIND,))

    def querying(self, **more: Any) -> tuple[Peer, AcceptorProtocol, Wire]:
        peer, server, wire = self.called(self.node(self.service, **more), query_contexts())
        peer.send(STUDY_ROOT_FIND_ID, find_request(9), b"key!")
        return peer, server, wire

    def pending(self, data: bytes = b"match!") -> Answer:
        return Answer(find_request(9).response(Status.PENDING), data)

    def test_a_cancel_that_comes_with_its_request_counts(self) -> None:
        peer, _, wire = self.querying()
        peer.send(STUDY_ROOT_FIND_ID, CCancelRQ(message_id_being_responded_to=9))
        wire.flush()
        self.assertEqual((1, b"key!"), (self.query.cancelled, bytes(self.query.data)))
        self.query.answer.callback(find_request(9).response(Status.CANCEL))
        wire.flush()
        self.assertEqual([(9, Status.CANCEL)], self.statuses(peer))

    def test_a_cancel_for_what_is_unknown_or_over_is_ignored(self) -> None:
        peer, server, wire = self.querying()
        self.query.answer.callback(find_request(9).response(Status.SUCCESS))
        for message_id in (9, 0, 7):
            peer.send(STUDY_ROOT_FIND_ID, CCancelRQ(message_id_being_responded_to=message_id))
        wire.flush()
        self.assertEqual((0, [(9, Status.SUCCESS)]), (self.query.cancelled, self.statuses(peer)))
        self.assertIs(State.STA6, server.connection.state)

    def test_a_peer_that_only_cancels_is_idle_in_the_end(self) -> None:
        peer, _, wire = self.called(self.factory(timeouts=Timeouts(idle=20)))
        peer.send(VERIFICATION_ID, CCancelRQ(message_id_being_responded_to=1))
        wire.flush()
        self.advance(20)
        self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_no_more_matches_are_asked_for_than_the_peer_reads(self) -> None:
        peer, _, wire = self.querying(timeouts=Timeouts(stall=1000, idle=1000))
        wire.flush()
        wire.client.pauseProducing()
        exchange = self.service.begun[0].exchange
        sent = 0
        responded = Outcome(results=[None])
        while responded.is_known and sent < 1000:
            responded = watch(exchange.respond(self.pending(bytes(10_000))))
            wire.flush()
            sent += 1
        self.assertLess(sent, 100)
        wire.client.resumeProducing()
        wire.flush()
        self.assertTrue(responded.results)
        self.query.answer.callback(find_request(9).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual([(9, Status.PENDING)] * sent + [(9, 0)], self.statuses(peer))

    def test_a_peer_that_reads_no_match_is_dropped_and_its_query_cancelled(self) -> None:
        _, _, wire = self.querying(timeouts=Timeouts(stall=7, idle=1000))
        wire.flush()
        wire.client.pauseProducing()
        responded = watch(self.service.begun[0].exchange.respond(self.pending(bytes(1 << 20))))
        wire.flush()
        self.advance(7)
        self.assertIsNotNone(wire.server.lost)
        self.assertTrue(responded.is_known)
        self.assertEqual(1, self.query.cancelled)

    def test_a_query_is_not_idle_however_long_it_takes(self) -> None:
        peer, _, wire = self.querying(timeouts=Timeouts(idle=20))
        wire.flush()
        self.advance(1000)
        self.query.answer.callback(find_request(9).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual([(9, Status.SUCCESS)], self.statuses(peer))
        self.advance(20)
        self.assertEqual(1, len(peer.told(AbortIndication)))

    def test_an_abort_in_the_midst_of_pending_responses_cancels_at_once(self) -> None:
        peer, _, wire = self.querying()
        wire.flush()
        exchange = self.service.begun[0].exchange
        self.successResultOf(exchange.respond(self.pending()))
        peer.do(peer.connection.abort())
        wire.flush()
        self.assertEqual(1, self.query.cancelled)
        self.failureResultOf(exchange.respond(self.pending()), AssociationError)


class GrantTests(BothWaysCase):
    """What a peer may do, and until when."""

    def test_after_a_grant_has_expired_requests_are_not_authorized(self) -> None:
        gate = Gate(authorization=succeed(Grant(valid_for=30.0)))
        peer, server, wire = self.called(self.factory(access=gate, timeouts=Timeouts(idle=1000)))
        for message_id, seconds in ((1, 29.0), (2, 1.0), (3, 100.0)):
            self.advance(seconds)
            peer.send(VERIFICATION_ID, echo_request(message_id))
            wire.flush()
        self.assertEqual(
            [(1, Status.SUCCESS), (2, Status.NOT_AUTHORIZED), (3, Status.NOT_AUTHORIZED)],
            self.statuses(peer),
        )
        self.assertIs(State.STA6, server.connection.state)

    def test_who_is_granted_one_service_gets_no_context_for_another(self) -> None:
        gate = Gate(authorization=succeed(Grant(frozenset({"echo"}))))
        peer, _, _ = self.called(self.factory(access=gate))
        (confirmation,) = peer.told(AssociateConfirmation)
        self.assertEqual(
            [(1, 0), (3, 1), (5, 1)],
            [
                (each.context_id, each.result)
                for each in confirmation.acceptance.presentation_contexts
            ],
        )

    def test_the_user_reaches_the_service_and_the_response_who_asked_for_it(self) -> None:
        gate = Gate(authorization=succeed(Grant(user="alice", identity_response=b"ticket")))
        service = Classes("echo", Operation(), performs=(VERIFICATION,))
        identity = UserIdentityRQ(
            identity_type=1, primary=b"alice", positive_response_requested=True
        )
        wanted = ask_for()
        information = replace(wanted.user_information, user_identity=identity)
        peer, _, wire = self.called(
            self.node(service, access=gate), replace(wanted, user_information=information)
        )
        (confirmation,) = peer.told(AssociateConfirmation)
        self.assertEqual(
            UserIdentityAC(response=b"ticket"),
            confirmation.acceptance.user_information.user_identity_response,
        )
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.assertEqual("alice", service.begun[0].user)
        self.assertEqual(identity, gate.associations[0].user_identity)

    def test_the_answer_to_extended_negotiation_reaches_both_sides(self) -> None:
        service = Classes("find", Operation(), performs=(STUDY_ROOT_FIND,), answers={b"?": b"!"})
        wanted = query_contexts()
        item = ExtendedNegotiation(sop_class_uid=STUDY_ROOT_FIND, information=b"?")
        information = replace(wanted.user_information, extended=(item,))
        peer, _, wire = self.called(
            self.node(service), replace(wanted, user_information=information)
        )
        self.assertEqual({STUDY_ROOT_FIND: b"!"}, peer.connection.extended)
        peer.send(STUDY_ROOT_FIND_ID, find_request(), b"key!")
        wire.flush()
        self.assertEqual(b"!", service.begun[0].extended)

    def test_a_service_that_fails_to_negotiate_rejects_for_the_time_being(self) -> None:
        service = Classes("store", performs=(CT,))
        self.patch(service, "choose", lambda *_: 1 // 0)
        factory = self.node(service)
        peer, _, _ = self.called(factory)
        self.assertEqual(bytes.fromhex("03000000000400020201"), bytes(peer.received))
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual(0, factory.connections)


class RoleTests(BothWaysCase):
    """Who may invoke what on whom (PS3.7 D.3.3.4)."""

    def event(self, message_id: int = 1) -> NEventReportRQ:
        return NEventReportRQ(
            has_data_set=True,
            affected_sop_class_uid=CT,
            affected_sop_instance_uid="1.2.3",
            message_id=message_id,
            event_type_id=1,
        )

    def test_an_event_goes_to_who_uses_the_peer_and_is_answered(self) -> None:
        operation = Operation()
        using = Classes("commit", operation, uses=(CT,))
        _, peer, wire = self.calling(services=Services([using]))
        peer.send(CT_ID, self.event(5), b"information!")
        wire.flush()
        self.assertEqual(b"information!", bytes(operation.data))
        self.assertEqual("ACCEPTOR", using.begun[0].association.peer_ae_title)
        operation.answer.callback(self.event(5).response(Status.SUCCESS))
        wire.flush()
        self.assertEqual([(5, Status.SUCCESS)], self.statuses(peer))

    def test_an_acceptor_takes_events_where_the_requestor_is_scp(self) -> None:
        operations = Operation(), Operation()
        using = Classes("commit", *operations, performs=(CT,), uses=(CT,))
        for wanted, begun in ((query_contexts(), 1), (ask_for(), 0)):
            using.begun.clear()
            peer, _, wire = self.called(self.node(using), wanted)
            peer.send(CT_ID, self.event(5), b"information!")
            wire.flush()
            self.assertEqual(begun, len(using.begun))
            if not begun:
                self.assertEqual([(5, Status.SOP_CLASS_NOT_SUPPORTED)], self.statuses(peer))

    def test_a_request_in_a_role_that_was_not_agreed_is_refused(self) -> None:
        storing = Classes("store", Operation(), performs=(CT,))
        client, peer, wire = self.calling(services=Services([storing]))
        peer.send(CT_ID, store_request(5), bytes(100_000))
        wire.flush()
        self.assertEqual([(5, Status.SOP_CLASS_NOT_SUPPORTED)], self.statuses(peer))
        self.assertEqual([], storing.begun)
        self.assertIs(State.STA6, client.connection.state)

    def test_what_a_requestor_performs_is_undone_when_the_association_ends(self) -> None:
        arriving, running = Cancellable(), Cancellable()
        storing = Classes("store", running, arriving, performs=(CT,))
        wanted = query_contexts(window=AsynchronousOperationsWindow(invoked=1, performed=2))
        client, peer, wire = self.calling(wanted, services=Services([storing]))
        peer.send(CT_ID, store_request(1), b"data")
        peer.send(CT_ID, store_request(2), b"data", last=False)
        wire.flush()
        client.abort("enough")
        self.assertEqual((0, 1), (running.abandoned, running.cancelled))
        self.assertEqual((1, 0), (arriving.abandoned, arriving.cancelled))

    def test_nothing_is_performed_of_what_comes_with_the_reason_for_an_abort(self) -> None:
        storing = Classes("store", Operation(), performs=(CT,))
        _, peer, wire = self.calling(query_contexts(), services=Services([storing]))
        unknown = echo_request(99).response(Status.SUCCESS)
        outputs = peer.connection.send_message(VERIFICATION_ID, unknown)
        outputs += peer.connection.send_message(CT_ID, store_request(1))
        peer.do(outputs)
        wire.flush()
        self.assertEqual(([], 1), (storing.begun, len(peer.told(AbortIndication))))
