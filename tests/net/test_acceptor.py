"""The acceptor's side of an association: whom it accepts, and what it answers."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from tests.association.pair import CT, IMPLICIT, VERIFICATION, request
from tests.net.doubles import Gate, Operation, Service
from tests.net.pair import (
    CT_ID,
    CT_IMPLICIT_ID,
    KEPT,
    VERIFICATION_ID,
    NetCase,
    Peer,
    ask_for,
    echo_request,
    store_request,
    windowed,
)
from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    AssociateRejection,
    MessageBegan,
    Role,
    State,
)
from txdicomtls.codes import AbortSource, RejectReason, RejectResult
from txdicomtls.dimse import CEchoRSP, Status
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant
from txdicomtls.net.factory import AssociationFactory
from txdicomtls.pdu import ContextResult, encode
from txdicomtls.tls import LinkState

PIECE = b"\x08\x00\x05\x00CS\x00\x00"


def statuses(peer: Peer) -> dict[int, int]:
    """What each operation was answered with."""
    return {
        began.message.message_id_being_responded_to: began.message.status  # type: ignore[attr-defined]  # responses
        for began in peer.told(MessageBegan)
    }


class AssociationTests(NetCase):
    def test_an_accepted_association_says_what_is_offered(self) -> None:
        peer, server, _ = self.called(
            wanted=request((VERIFICATION, (IMPLICIT,)), (CT, ("1.2.3",)), ("1.2.4", (IMPLICIT,)))
        )
        (confirmation,) = peer.told(AssociateConfirmation)
        self.assertEqual(
            [
                ContextResult.ACCEPTANCE,
                ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED,
                ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED,
            ],
            [answer.result for answer in confirmation.acceptance.presentation_contexts],
        )
        assert server.facts is not None
        self.assertEqual(
            ("REQUESTOR", "ACCEPTOR", "127.0.0.1:50000"),
            (server.facts.calling_ae_title, server.facts.called_ae_title, server.facts.peer),
        )
        self.assertIs(server.link.secure_link, server.facts.link)

    def test_a_refused_context_whose_transfer_syntax_is_no_uid_spoils_nothing(self) -> None:
        peer = Peer(Role.REQUESTOR, request((VERIFICATION, (IMPLICIT,)), (CT, ("9.9.9.9",))))
        peer.alter = lambda data: data.replace(b"9.9.9.9", b"9.x.9.9")
        self.join(peer, self.factory().buildProtocol(None))
        (confirmation,) = peer.told(AssociateConfirmation)
        self.assertEqual({VERIFICATION_ID}, set(confirmation.contexts))

    def reject(
        self, access: Gate, wanted: Any = None, factory: AssociationFactory | None = None
    ) -> tuple[int, int, int]:
        factory = factory or self.factory(access=access)
        peer, server, wire = self.called(factory, wanted)
        if isinstance(access.authorization, Deferred) and not access.authorization.called:
            self.assertEqual([], peer.told(AssociateRejection))
            access.authorization.errback(AssociationRefused(RejectReason.NO_REASON_GIVEN))
            wire.flush()
        (rejection,) = peer.told(AssociateRejection)
        self.assertFalse(wire.is_open)
        self.assertEqual(0, factory.connections)
        self.assertIs(LinkState.CLOSED, server.link.state)
        return rejection.result, rejection.source, rejection.reason

    def test_each_reason_of_a_policy_reaches_the_requestor(self) -> None:
        for reason in RejectReason:
            for result in RejectResult:
                access = Gate(authorization=AssociationRefused(reason, result))
                self.assertEqual((result, reason.source, reason.code), self.reject(access))

    def test_a_policy_may_refuse_late(self) -> None:
        for refusal in (
            Deferred(),
            fail(AssociationRefused(RejectReason.NO_REASON_GIVEN)),
        ):
            self.assertEqual((1, 1, 1), self.reject(Gate(authorization=refusal)))

    def test_a_policy_that_fails_rejects_for_the_time_being_and_is_logged(self) -> None:
        reason = RejectReason.ACSE_NO_REASON_GIVEN
        self.assertEqual(
            (RejectResult.TRANSIENT, reason.source, reason.code),
            self.reject(Gate(authorization=ZeroDivisionError())),
        )
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_what_negotiation_rejects_is_rejected_whatever_the_policy_says(self) -> None:
        self.assertEqual((1, 1, 1), self.reject(Gate(), ask_for(maximum_length=7)))

    def test_an_unknown_version_of_the_protocol_is_rejected_without_asking_anybody(self) -> None:
        gate = Gate()
        peer = Peer(Role.REQUESTOR)
        peer.alter = lambda data: data[:6] + b"\x00\x02" + data[8:]
        self.join(peer, self.factory(access=gate).buildProtocol(None))
        (rejection,) = peer.told(AssociateRejection)
        self.assertEqual((1, 2, 2), (rejection.result, rejection.source, rejection.reason))
        self.assertEqual([], gate.associations)

    def test_an_answer_of_the_policy_after_the_peer_has_gone_does_nothing(self) -> None:
        decisions: list[Deferred[Grant]] = [Deferred(), Deferred()]
        for decision in decisions:
            factory = self.factory(access=Gate(authorization=decision))
            _, server, wire = self.called(factory)
            wire.cut()
            self.assertEqual(0, factory.connections)
            self.assertIs(LinkState.CLOSED, server.link.state)
        decisions[0].callback(Grant())
        decisions[1].errback(AssociationRefused(RejectReason.NO_REASON_GIVEN))

    def test_a_second_association_request_is_aborted(self) -> None:
        peer, _, wire = self.called()
        peer.write(encode(ask_for()))
        wire.flush()
        (abort,) = peer.told(AbortIndication)
        self.assertEqual((AbortSource.SERVICE_PROVIDER, 2), (abort.source, abort.reason))


class OperationTests(NetCase):
    def test_an_echo_is_answered(self) -> None:
        peer, _, wire = self.called()
        peer.send(VERIFICATION_ID, echo_request(9))
        wire.flush()
        (answer,) = peer.told(MessageBegan)
        self.assertEqual(VERIFICATION_ID, answer.context.context_id)
        self.assertEqual(
            CEchoRSP(
                message_id_being_responded_to=9, status=0, affected_sop_class_uid=VERIFICATION
            ),
            answer.message,
        )

    def test_a_data_set_reaches_its_sink_bit_for_bit_before_it_is_acknowledged(self) -> None:
        kept = self.receiver.will_wait()
        peer, _, wire = self.called()
        data = bytes(range(256)) * 2000
        peer.send(CT_IMPLICIT_ID, store_request(3), data)
        wire.flush()
        (sink,) = self.receiver.sinks
        self.assertTrue(data == sink.data)
        self.assertEqual({}, statuses(peer))
        kept.callback(None)
        wire.flush()
        self.assertEqual({3: KEPT}, statuses(peer))
        (instance,) = self.receiver.instances
        self.assertEqual(
            (CT, "1.2.3.3", IMPLICIT, "REQUESTOR", "ACCEPTOR"),
            (
                instance.sop_class_uid,
                instance.sop_instance_uid,
                instance.transfer_syntax_uid,
                instance.calling_ae_title,
                instance.called_ae_title,
            ),
        )

    def test_operations_within_the_window_are_done_at_the_same_time(self) -> None:
        kept = [self.receiver.will_wait() for _ in range(3)]
        peer, _, wire = self.called(wanted=windowed(3))
        for message_id in (1, 2, 3):
            peer.send(CT_ID, store_request(message_id), PIECE)
        wire.flush()
        self.assertEqual([1, 1, 1], [sink.finished for sink in self.receiver.sinks])
        self.assertTrue(wire.server.reading)
        kept[2].callback(None)
        kept[0].callback(None)
        wire.flush()
        self.assertEqual([3, 1], list(statuses(peer)))
        kept[1].callback(None)
        wire.flush()
        self.assertEqual(dict.fromkeys((3, 1, 2), KEPT), statuses(peer))

    def test_a_peer_beyond_its_window_is_not_read_until_it_is_within_again(self) -> None:
        kept = [self.receiver.will_wait() for _ in range(4)]
        peer, _, wire = self.called(wanted=windowed(2))
        for message_id in (1, 2, 3):
            peer.send(CT_ID, store_request(message_id), PIECE)
        wire.flush()
        self.assertFalse(wire.server.reading)
        peer.send(CT_ID, store_request(4), PIECE)
        wire.flush()
        self.assertEqual(3, len(self.receiver.sinks))
        kept[1].callback(None)
        wire.flush()
        self.assertEqual(4, len(self.receiver.sinks))
        for each in (kept[0], kept[2], kept[3]):
            each.callback(None)
        wire.flush()
        self.assertEqual(dict.fromkeys((1, 2, 3, 4), KEPT), statuses(peer))
        self.assertTrue(wire.server.reading)

    def test_the_window_is_never_larger_than_ours(self) -> None:
        peer, server, _ = self.called(self.factory(window=3), windowed(100))
        self.assertEqual(
            (3, 3), (peer.connection.window.invoked, server.messages.dispatcher.window)
        )

    def test_a_duplicate_message_id_and_a_wrong_sop_class_are_answered_and_harm_nothing(
        self,
    ) -> None:
        kept = self.receiver.will_wait()
        peer, _, wire = self.called(wanted=windowed(4))
        peer.send(CT_ID, store_request(1), PIECE)
        peer.send(CT_ID, store_request(1), PIECE)
        peer.send(CT_ID, store_request(2, sop_class=VERIFICATION), PIECE)
        peer.send(VERIFICATION_ID, echo_request(3))
        wire.flush()
        self.assertEqual(
            {
                1: Status.DUPLICATE_INVOCATION,
                2: Status.SOP_CLASS_NOT_SUPPORTED,
                3: Status.SUCCESS,
            },
            statuses(peer),
        )
        kept.callback(None)
        wire.flush()
        self.assertEqual(KEPT, statuses(peer)[1])

    def test_an_operation_that_a_service_does_not_have_is_unrecognized(self) -> None:
        peer, _, wire = self.called()
        peer.send(CT_ID, echo_request(5, sop_class=CT))
        wire.flush()
        self.assertEqual({5: Status.UNRECOGNIZED_OPERATION}, statuses(peer))

    def test_a_service_that_breaks_is_answered_for_and_the_association_goes_on(self) -> None:
        broken = Operation()
        broken.answer.errback(ZeroDivisionError())
        service = Service(ZeroDivisionError(), Operation("write"), Operation("finish"), broken)
        peer, server, wire = self.called(self.factory(services=[service]))
        for message_id in (1, 2, 3, 4):
            peer.send(CT_ID, store_request(message_id), PIECE)
            wire.flush()
        self.assertEqual(dict.fromkeys((1, 2, 3, 4), Status.PROCESSING_FAILURE), statuses(peer))
        self.assertEqual(4, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertIs(State.STA6, server.connection.state)

    def test_a_response_to_what_was_never_asked_is_aborted(self) -> None:
        peer, _, wire = self.called()
        peer.send(VERIFICATION_ID, echo_request(1).response(Status.SUCCESS))
        wire.flush()
        (abort,) = peer.told(AbortIndication)
        self.assertEqual(AbortSource.SERVICE_USER, abort.source)

    def test_a_malformed_request_is_answered_by_its_status(self) -> None:
        peer, _, wire = self.called()
        # No request that PS3.7 knows.
        command_field = b"\x00\x00\x00\x01\x02\x00\x00\x00"
        peer.alter = lambda data: data.replace(
            command_field + b"\x30\x00", command_field + b"\x02\x00"
        )
        # Its response is of no message that the peer knows: look at the bytes.
        peer.is_deaf = True
        peer.received.clear()
        peer.send(VERIFICATION_ID, echo_request(6))
        wire.flush()
        for element in (
            command_field + b"\x02\x80",
            b"\x00\x00\x20\x01\x02\x00\x00\x00\x06\x00",
            b"\x00\x00\x00\x09\x02\x00\x00\x00\x11\x02",
        ):
            self.assertEqual(1, peer.received.count(element))
