"""C-FIND and C-CANCEL."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.samples import CANCEL_RQ, STUDY_ROOT_FIND, element, unsigned_short
from txdicomtls.dimse import (
    CCancelRQ,
    CFindRQ,
    CFindRSP,
    Priority,
    QueryRetrieveStatus,
    Request,
    Response,
    decode_command,
    encode_command,
)
from txdicomtls.errors import LocalProtocolError

REQUEST = CFindRQ(affected_sop_class_uid=STUDY_ROOT_FIND, message_id=7)


class FindTests(SynchronousTestCase):
    def test_a_find_has_medium_priority_unless_said_otherwise(self) -> None:
        self.assertEqual(REQUEST.priority, Priority.MEDIUM)

    def test_a_pending_response_has_the_identifier_of_a_match_and_no_other_has(self) -> None:
        for status in (0xFF00, 0xFF01):
            self.assertTrue(REQUEST.response(status).has_data_set)
        for status in (0x0000, 0xA700, 0xA900, 0xB001, 0xC001, 0xFE00, 0x0110):
            self.assertFalse(REQUEST.response(status).has_data_set)

    def test_the_response_repeats_what_it_answers(self) -> None:
        self.assertEqual(
            REQUEST.response(
                QueryRetrieveStatus.IDENTIFIER_DOES_NOT_MATCH_SOP_CLASS,
                offending_element=(0x00080052,),
                error_comment="no level\n",
            ),
            CFindRSP(
                has_data_set=False,
                message_id_being_responded_to=7,
                status=0xA900,
                affected_sop_class_uid=STUDY_ROOT_FIND,
                offending_element=(0x00080052,),
                error_comment="no level",
            ),
        )

    def test_a_data_set_that_does_not_go_with_the_status_is_not_sent(self) -> None:
        for status, has_data_set in ((0xFF00, False), (0xFF01, False), (0x0000, True)):
            response = CFindRSP(
                has_data_set=has_data_set, message_id_being_responded_to=7, status=status
            )
            error = self.assertRaises(LocalProtocolError, encode_command, response)
            self.assertIn("C-FIND-RSP: ", str(error))

    def test_a_data_set_that_does_not_go_with_the_status_is_read(self) -> None:
        for status, data_set_type in ((0xFF00, 0x0101), (0x0000, 0x0001)):
            response = decode_command(
                unsigned_short(0x0100, 0x8020)
                + unsigned_short(0x0120, 7)
                + unsigned_short(0x0800, data_set_type)
                + unsigned_short(0x0900, status)
            )
            assert isinstance(response, CFindRSP)
            self.assertEqual(response.status, status)
            self.assertIs(response.has_data_set, data_set_type != 0x0101)


class CancelTests(SynchronousTestCase):
    def test_a_cancel_is_neither_request_nor_response(self) -> None:
        cancel = CCancelRQ(message_id_being_responded_to=7)
        self.assertNotIsInstance(cancel, Request)
        self.assertNotIsInstance(cancel, Response)
        self.assertFalse(cancel.is_response)

    def test_the_elements_that_some_peers_add_do_not_count(self) -> None:
        added = element(0x0002, b"1.2\0") + unsigned_short(0x0110, 99)
        self.assertEqual(
            decode_command(CANCEL_RQ + added), CCancelRQ(message_id_being_responded_to=7)
        )
