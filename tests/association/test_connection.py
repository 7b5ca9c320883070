"""A connection from either side, most of it as a conversation of two."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, VERIFICATION, Pair, request
from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    AssociateIndication,
    AssociateRejection,
    Connection,
    ConnectionLimits,
    DataArrived,
    MessageBegan,
    MessageEnded,
    MessageRefused,
    Rejection,
    ReleaseConfirmation,
    ReleaseIndication,
    Role,
    State,
    TransportLost,
)
from txdicomtls.codes import AbortReason, AbortSource, RejectReason, RejectResult
from txdicomtls.dimse import CEchoRQ, CStoreRQ, Status
from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu import Abort, encode

ECHO = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)
STORE = CStoreRQ(affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3", message_id=2)

RELEASE_RQ = bytes.fromhex("05000000000400000000")
RELEASE_RP = bytes.fromhex("06000000000400000000")
REJECT = bytes.fromhex("03000000000400010101")


def abort_pdu(source: int, reason: int) -> bytes:
    """An A-ABORT PDU, byte by byte (PS3.8 9.3.8)."""
    return bytes([7, 0, 0, 0, 0, 4, 0, 0, source, reason])


def awaiting_request() -> Pair:
    """An acceptor in Sta2, its requestor not used."""
    pair = Pair()
    pair.acceptor.do(pair.acceptor.connection.transport_open())
    return pair


def established() -> Pair:
    """Both in Sta6, nothing remembered of how they got there."""
    pair = Pair()
    pair.associate()
    for end in (pair.requestor, pair.acceptor):
        end.heard.clear()
        end.sent.clear()
    return pair


class EstablishmentTests(SynchronousTestCase):
    """A-ASSOCIATE."""

    def test_an_accepted_request_leaves_both_ready_for_data_with_the_same_contexts(self) -> None:
        """The plain case."""
        pair = Pair()
        pair.associate()
        for end in (pair.requestor, pair.acceptor):
            self.assertIs(end.connection.state, State.STA6)
            self.assertFalse(end.artim)
        self.assertEqual(pair.requestor.connection.contexts, pair.acceptor.connection.contexts)
        self.assertEqual(pair.requestor.connection.contexts[3].transfer_syntax, EXPLICIT)
        self.assertEqual(len(pair.requestor.told(AssociateConfirmation)), 1)

    def test_artim_runs_from_the_transport_connection_to_the_request(self) -> None:
        """AE-5 and AE-6."""
        pair = awaiting_request()
        self.assertTrue(pair.acceptor.artim)
        pair.acceptor.do(pair.acceptor.connection.receive_data(encode(request())))
        self.assertFalse(pair.acceptor.artim)
        self.assertEqual(len(pair.acceptor.told(AssociateIndication)), 1)

    def test_artim_expiry_before_the_request_closes_without_a_pdu(self) -> None:
        """AA-2."""
        pair = awaiting_request()
        pair.acceptor.do(pair.acceptor.connection.artim_expired())
        self.assertTrue(pair.acceptor.closed)
        self.assertEqual(bytes(pair.acceptor.sent), b"")
        self.assertIs(pair.acceptor.connection.state, State.STA1)

    def test_a_rejection_reaches_the_requestor_with_each_source_and_reason(self) -> None:
        """AE-8 and AE-4, for every legal pair and both results."""
        for reason in RejectReason:
            for result in RejectResult:
                pair = Pair()
                pair.ask()
                pair.acceptor.do(
                    pair.acceptor.connection.reject(Rejection(reason=reason, result=result))
                )
                self.assertTrue(pair.acceptor.artim)
                pair.flush()
                self.assertEqual(
                    pair.requestor.told(AssociateRejection),
                    [AssociateRejection(result=result, source=reason.source, reason=reason.code)],
                )
                self.assertTrue(pair.requestor.closed)

    def test_an_unknown_protocol_version_is_rejected_by_the_provider_itself(self) -> None:
        """AE-6, the other way: the user is not asked."""
        for version, accepted in ((0x0000, False), (0x0002, False), (0xFFFF, True), (1, True)):
            pair = awaiting_request()
            wire = bytearray(encode(request()))
            wire[6:8] = version.to_bytes(2, "big")
            pair.acceptor.do(pair.acceptor.connection.receive_data(bytes(wire)))
            self.assertEqual(bool(pair.acceptor.told(AssociateIndication)), accepted)
            if not accepted:
                self.assertEqual(bytes(pair.acceptor.sent), bytes.fromhex("03000000000400010202"))
                self.assertTrue(pair.acceptor.artim)
                self.assertIs(pair.acceptor.connection.state, State.STA13)

    def test_nothing_can_be_sent_before_there_is_an_association(self) -> None:
        """Our own fault, and without consequence."""
        connection = Connection(Role.REQUESTOR)
        for call in (
            connection.release,
            connection.respond_to_release,
            connection.transport_open,
            lambda: connection.send_message(1, ECHO),
            lambda: connection.send_data(1, b"", last=True),
        ):
            self.assertRaises(LocalProtocolError, call)
        self.assertEqual(connection.abort(), [])
        self.assertIs(connection.state, State.STA1)

    def test_an_answer_to_what_was_not_proposed_is_aborted(self) -> None:
        """The peer accepts a presentation context out of thin air."""
        pair = Pair()
        pair.ask()
        wire = bytearray()
        pair.acceptor.connection.transport_closed()
        other = Pair()
        other.associate(request(*[(VERIFICATION, (EXPLICIT,))] * 3))
        wire += other.acceptor.sent
        pair.requestor.sent.clear()
        pair.requestor.do(pair.requestor.connection.receive_data(bytes(wire)))
        self.assertEqual(bytes(pair.requestor.sent), abort_pdu(2, 6))
        [indication] = pair.requestor.told(AbortIndication)
        assert isinstance(indication, AbortIndication)
        self.assertFalse(indication.by_peer)


class UnexpectedTests(SynchronousTestCase):
    """What must not come, and what the answer is."""

    def test_any_pdu_but_a_request_as_the_first_one_is_aborted_by_the_user_side(self) -> None:
        """AA-1 in Sta2, with source 0; the driver is told why."""
        data = bytes.fromhex("04000000000800000004010345670000")[:14]
        for wire in (data, RELEASE_RQ, RELEASE_RP, REJECT):
            pair = awaiting_request()
            pair.acceptor.do(pair.acceptor.connection.receive_data(wire))
            self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(0, 0), wire.hex())
            self.assertIs(pair.acceptor.connection.state, State.STA13)
            self.assertTrue(pair.acceptor.artim)
            self.assertEqual(len(pair.acceptor.told(AbortIndication)), 1)

    def test_an_abort_as_the_first_pdu_closes_silently(self) -> None:
        """AA-2, whatever its codes say."""
        for source, reason in ((0, 0), (2, 2), (0xFF, 0xFF)):
            pair = awaiting_request()
            pair.acceptor.do(pair.acceptor.connection.receive_data(abort_pdu(source, reason)))
            self.assertEqual(bytes(pair.acceptor.sent), b"")
            self.assertTrue(pair.acceptor.closed)

    def test_an_unknown_pdu_type_is_unexpected_before_and_unrecognized_within(self) -> None:
        """Sta2: source 0; Sta6: source 2 reason 1.  The first byte is enough."""
        for first in (0x00, 0x08, 0x16, 0x47, 0xFF):
            pair = awaiting_request()
            pair.acceptor.do(pair.acceptor.connection.receive_data(bytes([first])))
            self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(0, 0))
            pair = established()
            pair.acceptor.do(pair.acceptor.connection.receive_data(bytes([first])))
            self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(2, 1))

    def test_pdus_of_another_time_are_unexpected_on_an_association(self) -> None:
        """A second request, an acceptance, a rejection, an unasked release response."""
        accepted = Pair()
        accepted.associate()
        acceptance = bytes(accepted.acceptor.sent)
        for wire in (encode(request()), acceptance, REJECT, RELEASE_RP):
            pair = established()
            pair.acceptor.do(pair.acceptor.connection.receive_data(wire))
            self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(2, 2))
            [indication] = pair.acceptor.told(AbortIndication)
            assert isinstance(indication, AbortIndication)
            self.assertEqual(indication.reason, AbortReason.UNEXPECTED_PDU)

    def test_a_second_request_is_unexpected_while_the_first_is_undecided(self) -> None:
        """Sta3."""
        pair = awaiting_request()
        pair.acceptor.do(pair.acceptor.connection.receive_data(encode(request()) * 2))
        self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(2, 2))

    def test_a_length_that_lies_is_refused_on_the_header_alone(self) -> None:
        """Nothing is gathered for it."""
        for header in (
            "0400ffffffff",
            "040080000000",
            "040000004001",
            "010000100001",
            "040000000000",
            "050000000000",
            "070000000005",
        ):
            pair = Pair(limits=ConnectionLimits(maximum_length=16384))
            pair.associate()
            pair.acceptor.sent.clear()
            pair.acceptor.do(pair.acceptor.connection.receive_data(bytes.fromhex(header)))
            self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(2, 6), header)

    def test_data_after_a_release_request_is_unexpected(self) -> None:
        """Sta8."""
        pair = established()
        echo = pair.requestor.connection.send_message(1, ECHO)
        pair.requestor.do(echo)
        wire = bytes(pair.requestor.sent)
        pair.acceptor.do(pair.acceptor.connection.receive_data(RELEASE_RQ + wire))
        self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(2, 2))

    def test_data_on_a_context_that_was_not_accepted_is_refused(self) -> None:
        """Even, unknown, refused in the negotiation."""
        for context_id in (2, 99, 5):
            pair = Pair()
            pair.associate(
                request((VERIFICATION, (EXPLICIT,)), (CT, (EXPLICIT,)), ("1.2.3", (EXPLICIT,)))
            )
            pair.acceptor.sent.clear()
            wire = bytes([4, 0, 0, 0, 0, 8, 0, 0, 0, 4, context_id, 3, 0, 0])
            pair.acceptor.do(pair.acceptor.connection.receive_data(wire))
            self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(2, 6))

    def test_after_an_abort_what_still_comes_is_ignored(self) -> None:
        """AA-6, and no second abort however much comes."""
        pair = established()
        pair.acceptor.do(pair.acceptor.connection.abort("enough"))
        pair.requestor.do(pair.requestor.connection.send_message(1, ECHO))
        wire = bytes(pair.requestor.sent)
        pair.acceptor.do(pair.acceptor.connection.receive_data(wire * 50 + RELEASE_RQ))
        self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(0, 0))
        self.assertEqual(len(pair.acceptor.told(MessageBegan)), 0)

    def test_a_request_after_an_abort_is_answered_once_more_only(self) -> None:
        """AA-7, bounded."""
        pair = established()
        pair.acceptor.do(pair.acceptor.connection.abort())
        pair.acceptor.do(pair.acceptor.connection.receive_data(encode(request()) * 20))
        self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(0, 0) + abort_pdu(2, 2))


class DataTests(SynchronousTestCase):
    """P-DATA."""

    def test_a_message_arrives_with_its_data_set_bit_for_bit(self) -> None:
        """Over many PDUs, in every chunking."""
        data = bytes(range(256)) * 200
        for chunk in (None, 1, 7, 4096):
            pair = Pair(chunk)
            pair.associate()
            requestor = pair.requestor.connection
            pair.requestor.do(requestor.send_message(3, STORE))
            pair.requestor.do(requestor.send_data(3, data[:30000], last=False))
            pair.requestor.do(requestor.send_data(3, data[30000:], last=True))
            pair.flush()
            [began] = pair.acceptor.told(MessageBegan)
            assert isinstance(began, MessageBegan)
            self.assertEqual(began.message, STORE)
            self.assertEqual(began.context.abstract_syntax, CT)
            pieces = [
                output.data for output in pair.acceptor.heard if isinstance(output, DataArrived)
            ]
            self.assertEqual(b"".join(pieces), data)
            self.assertEqual(pair.acceptor.told(MessageEnded), [MessageEnded(len(data))])

    def test_data_of_a_data_set_is_handed_on_as_views_of_what_came(self) -> None:
        """No copy on the hot path."""
        pair = established()
        pair.requestor.do(pair.requestor.connection.send_message(3, STORE))
        pair.requestor.do(pair.requestor.connection.send_data(3, bytes(1000), last=True))
        wire = b"".join(pair.requestor.outbox)
        pair.acceptor.do(pair.acceptor.connection.receive_data(wire))
        [piece] = pair.acceptor.told(DataArrived)
        assert isinstance(piece, DataArrived)
        self.assertIs(piece.data.obj, wire)

    def test_a_request_that_cannot_be_taken_can_still_be_answered(self) -> None:
        """An unknown Command Field: the association goes on."""
        pair = established()
        pair.requestor.do(pair.requestor.connection.send_message(1, ECHO))
        wire = b"".join(pair.requestor.outbox)
        field = bytes.fromhex("00000001020000003000")
        self.assertIn(field, wire)
        pair.acceptor.do(
            pair.acceptor.connection.receive_data(wire.replace(field, field[:-2] + b"\xff\x7f"))
        )
        [refused] = pair.acceptor.told(MessageRefused)
        assert isinstance(refused, MessageRefused)
        self.assertEqual(getattr(refused.response, "status", None), Status.UNRECOGNIZED_OPERATION)
        self.assertIs(pair.acceptor.connection.state, State.STA6)

    def test_a_command_set_that_cannot_be_read_aborts_as_the_user(self) -> None:
        """Source 0, reason 0."""
        pair = established()
        wire = bytes([4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 3, 0xFF, 0xFF])
        pair.acceptor.do(pair.acceptor.connection.receive_data(wire))
        self.assertEqual(bytes(pair.acceptor.sent), abort_pdu(0, 0))

    def test_no_pdu_is_longer_than_the_peer_allows(self) -> None:
        """Each side keeps to the other's maximum length."""
        pair = Pair()
        pair.associate(request(maximum_length=128))
        connection = pair.acceptor.connection
        self.assertEqual(connection.peer_maximum_length, 128)
        pair.acceptor.sent.clear()
        pair.acceptor.do(connection.send_message(3, STORE))
        pair.acceptor.do(connection.send_data(3, bytes(1000), last=True))
        wire, at = bytes(pair.acceptor.sent), 0
        while at < len(wire):
            length = int.from_bytes(wire[at + 2 : at + 6], "big")
            self.assertLessEqual(length, 128)
            at += 6 + length
        self.assertEqual(at, len(wire))


class ReleaseTests(SynchronousTestCase):
    """A-RELEASE."""

    def test_a_release_is_asked_answered_and_closed_by_the_requestor(self) -> None:
        """AR-1, AR-2, AR-4, AR-3."""
        pair = established()
        pair.requestor.do(pair.requestor.connection.release())
        pair.flush()
        self.assertEqual(pair.acceptor.told(ReleaseIndication), [ReleaseIndication()])
        pair.acceptor.do(pair.acceptor.connection.respond_to_release())
        self.assertTrue(pair.acceptor.artim)
        pair.flush()
        self.assertEqual(pair.requestor.told(ReleaseConfirmation), [ReleaseConfirmation()])
        self.assertTrue(pair.requestor.closed)
        pair.hang_up()
        self.assertFalse(pair.acceptor.artim)
        for end in (pair.requestor, pair.acceptor):
            self.assertIs(end.connection.state, State.STA1)

    def test_data_may_still_come_while_the_release_is_unanswered(self) -> None:
        """AR-6 and AR-7."""
        pair = established()
        pair.requestor.do(pair.requestor.connection.release())
        pair.flush()
        response = ECHO.response(Status.SUCCESS)
        pair.acceptor.do(pair.acceptor.connection.send_message(1, response))
        pair.flush()
        [began] = pair.requestor.told(MessageBegan)
        assert isinstance(began, MessageBegan)
        self.assertEqual(began.message, response)

    def test_a_release_collision_ends_in_order(self) -> None:
        """Both ask at once: the acceptor is answered first (AR-8 to AR-10)."""
        pair = established()
        for end in (pair.requestor, pair.acceptor):
            end.do(end.connection.release())
        pair.flush()
        self.assertIs(pair.requestor.connection.state, State.STA9)
        self.assertIs(pair.acceptor.connection.state, State.STA10)
        pair.requestor.do(pair.requestor.connection.respond_to_release())
        pair.flush()
        self.assertIs(pair.requestor.connection.state, State.STA11)
        self.assertIs(pair.acceptor.connection.state, State.STA12)
        pair.acceptor.do(pair.acceptor.connection.respond_to_release())
        pair.flush()
        self.assertEqual(pair.requestor.told(ReleaseConfirmation), [ReleaseConfirmation()])
        self.assertTrue(pair.requestor.closed)
        pair.hang_up()
        self.assertIs(pair.acceptor.connection.state, State.STA1)

    def test_artim_ends_the_wait_for_the_peer_to_close(self) -> None:
        """After the release response."""
        pair = established()
        pair.acceptor.do(pair.acceptor.connection.receive_data(RELEASE_RQ))
        pair.acceptor.do(pair.acceptor.connection.respond_to_release())
        pair.acceptor.do(pair.acceptor.connection.artim_expired())
        self.assertTrue(pair.acceptor.closed)


class AbortTests(SynchronousTestCase):
    """A-ABORT, A-P-ABORT."""

    def test_an_abort_reaches_the_peer_and_is_not_answered(self) -> None:
        """AA-1 here, AA-3 there."""
        pair = established()
        pair.requestor.do(pair.requestor.connection.abort("why not"))
        pair.flush()
        self.assertEqual(
            pair.acceptor.told(AbortIndication),
            [AbortIndication(source=AbortSource.SERVICE_USER, reason=0, by_peer=True)],
        )
        self.assertTrue(pair.acceptor.closed)
        self.assertEqual(bytes(pair.acceptor.sent), b"")
        [own] = pair.requestor.told(AbortIndication)
        assert isinstance(own, AbortIndication)
        self.assertEqual(own.why, "why not")

    def test_a_second_abort_does_nothing(self) -> None:
        """One A-ABORT on the wire, whoever asks how often."""
        pair = established()
        pair.requestor.do(pair.requestor.connection.abort())
        pair.requestor.do(pair.requestor.connection.abort())
        self.assertEqual(bytes(pair.requestor.sent), abort_pdu(0, 0))

    def test_a_lost_transport_is_reported_once(self) -> None:
        """AA-4."""
        pair = established()
        pair.hang_up()
        pair.hang_up()
        for end in (pair.requestor, pair.acceptor):
            self.assertEqual(end.told(TransportLost), [TransportLost()])

    def test_the_codes_of_an_abort_are_reported_as_received(self) -> None:
        """Also those that the standard does not define."""
        pair = established()
        pair.acceptor.do(
            pair.acceptor.connection.receive_data(encode(Abort(source=0xFE, reason=0x99)))
        )
        self.assertEqual(
            pair.acceptor.told(AbortIndication),
            [AbortIndication(source=0xFE, reason=0x99, by_peer=True)],
        )


class RobustnessTests(SynchronousTestCase):
    """Whatever comes, the answer is a value."""

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.binary(max_size=200), max_size=6))
    def test_no_bytes_raise_anything_or_cause_two_aborts(self, chunks: list[bytes]) -> None:
        """In Sta2 and in Sta6."""
        for pair in (awaiting_request(), established()):
            for chunk in chunks:
                pair.acceptor.do(pair.acceptor.connection.receive_data(chunk))
            pair.hang_up()
            self.assertLessEqual(bytes(pair.acceptor.sent).count(b"\x07\0\0\0\0\4"), 1)
            self.assertIs(pair.acceptor.connection.state, State.STA1)

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_a_request_cut_or_bent_anywhere_is_refused_or_understood(
        self, data: st.DataObject
    ) -> None:
        """One byte changed, or an end missing."""
        wire = bytearray(encode(request()))
        position = data.draw(st.integers(0, len(wire) - 1))
        wire[position] = data.draw(st.integers(0, 255))
        end = data.draw(st.integers(1, len(wire)))
        pair = awaiting_request()
        pair.acceptor.do(pair.acceptor.connection.receive_data(bytes(wire[:end])))
        pair.hang_up()
        self.assertIs(pair.acceptor.connection.state, State.STA1)
