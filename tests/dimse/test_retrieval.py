"""C-GET and C-MOVE, and the counters of their sub-operations."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.samples import (
    MOVE_RSP,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    element,
    unsigned_short,
)
from txdicomtls.dimse import (
    MOST_SUBOPERATIONS,
    CGetRQ,
    CGetRSP,
    CMoveRQ,
    CMoveRSP,
    QueryRetrieveStatus,
    RetrieveRSP,
    Status,
    Suboperations,
    decode_command,
    encode_command,
)
from txdicomtls.errors import LocalProtocolError

GET = CGetRQ(affected_sop_class_uid=STUDY_ROOT_GET, message_id=4)
MOVE = CMoveRQ(affected_sop_class_uid=STUDY_ROOT_MOVE, message_id=5, move_destination="ARCHIVE")
COUNTERS = Suboperations(remaining=1, completed=2, failed=3, warning=4)
FINAL = Suboperations(completed=2, failed=3, warning=4)


class ResponseTests(SynchronousTestCase):
    def test_each_request_is_answered_in_its_own_kind(self) -> None:
        self.assertEqual(
            GET.response(Status.SUCCESS),
            CGetRSP(
                message_id_being_responded_to=4, status=0, affected_sop_class_uid=STUDY_ROOT_GET
            ),
        )
        self.assertEqual(
            MOVE.response(QueryRetrieveStatus.MOVE_DESTINATION_UNKNOWN, error_comment="who?"),
            CMoveRSP(
                message_id_being_responded_to=5,
                status=0xA801,
                affected_sop_class_uid=STUDY_ROOT_MOVE,
                error_comment="who?",
            ),
        )

    def test_a_pending_response_has_all_counters(self) -> None:
        for request in (GET, MOVE):
            response = request.response(Status.PENDING, suboperations=COUNTERS)
            self.assertEqual(response.suboperations, COUNTERS)
            self.assertEqual(decode_command(encode_command(response)), response)

    def test_a_cancelled_response_may_say_how_many_remain(self) -> None:
        for counters in (COUNTERS, FINAL):
            response = MOVE.response(Status.CANCEL, suboperations=counters)
            self.assertEqual(response.suboperations, counters)
            self.assertEqual(decode_command(encode_command(response)), response)

    def test_a_final_response_leaves_out_how_many_remain(self) -> None:
        for status in (0x0000, 0xB000, 0xA702, 0xC000, 0x0110):
            response = MOVE.response(status, suboperations=COUNTERS)
            self.assertEqual(response.suboperations, FINAL)
            self.assertNotIn(element(0x1020, b"")[:4], encode_command(response))

    def test_a_counter_of_nothing_is_sent_and_read_as_nothing(self) -> None:
        nothing = Suboperations(remaining=0, completed=0, failed=0, warning=0)
        response = GET.response(Status.PENDING, suboperations=nothing)
        read = decode_command(encode_command(response))
        assert isinstance(read, RetrieveRSP)
        self.assertEqual(read.suboperations, nothing)

    def test_more_sub_operations_than_can_be_said_are_as_many_as_can_be(self) -> None:
        many = Suboperations(remaining=65536, completed=10**6, failed=65535, warning=65534)
        response = MOVE.response(Status.PENDING, suboperations=many)
        self.assertEqual(MOST_SUBOPERATIONS, 65535)
        self.assertEqual(
            response.suboperations,
            Suboperations(remaining=65535, completed=65535, failed=65535, warning=65534),
        )
        encode_command(response)

    def test_the_list_of_failed_instances_is_announced(self) -> None:
        for status in (Status.CANCEL, 0xB000, 0xA702):
            response = GET.response(status, suboperations=FINAL, has_data_set=True)
            self.assertTrue(response.has_data_set)
            self.assertEqual(decode_command(encode_command(response)), response)


class ContradictionTests(SynchronousTestCase):
    def assert_not_sent(self, response: RetrieveRSP, words: str) -> None:
        error = self.assertRaises(LocalProtocolError, encode_command, response)
        self.assertIn(words, str(error))

    def test_a_data_set_with_pending_or_success_is_not_sent(self) -> None:
        for status in (Status.PENDING, Status.SUCCESS):
            response = GET.response(status, suboperations=COUNTERS, has_data_set=True)
            self.assert_not_sent(response, "it has no data set")

    def test_a_pending_response_without_a_counter_is_not_sent(self) -> None:
        for counters in (
            Suboperations(),
            FINAL,
            Suboperations(remaining=1, failed=3, warning=4),
            Suboperations(remaining=1, completed=2, warning=4),
            Suboperations(remaining=1, completed=2, failed=3),
        ):
            response = MOVE.response(Status.PENDING, suboperations=counters)
            self.assert_not_sent(response, "C-MOVE-RSP: a pending one has all four counters")

    def test_a_final_response_that_says_how_many_remain_is_not_sent(self) -> None:
        for status in (0x0000, 0xB000, 0xC000):
            response = CGetRSP(
                message_id_being_responded_to=4,
                status=status,
                number_of_remaining_suboperations=0,
            )
            self.assert_not_sent(response, "no sub-operations remain")


class LenienceTests(SynchronousTestCase):
    def test_a_response_may_lack_counters_whatever_its_status(self) -> None:
        for status in (0xFF00, 0x0000, 0xB000, 0xFE00):
            response = decode_command(
                unsigned_short(0x0100, 0x8021)
                + unsigned_short(0x0120, 5)
                + unsigned_short(0x0800, 0x0101)
                + unsigned_short(0x0900, status)
                + unsigned_short(0x1021, 2)
            )
            assert isinstance(response, CMoveRSP)
            self.assertEqual(response.suboperations, Suboperations(completed=2))

    def test_a_final_response_may_say_that_none_remain(self) -> None:
        final = MOVE_RSP.replace(unsigned_short(0x0900, 0xFF00), unsigned_short(0x0900, 0xB000))
        response = decode_command(final)
        assert isinstance(response, CMoveRSP)
        self.assertEqual(response.suboperations.remaining, 65535)

    def test_a_counter_that_cannot_be_read_is_taken_as_absent(self) -> None:
        spoilt = MOVE_RSP.replace(unsigned_short(0x1021, 2), element(0x1021, b"\2\0\0\0"))
        response = decode_command(spoilt)
        assert isinstance(response, CMoveRSP)
        self.assertIsNone(response.suboperations.completed)
        self.assertEqual(response.suboperations.warning, 1)
