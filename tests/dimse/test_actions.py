"""N-ACTION and N-EVENT-REPORT."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.samples import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from txdicomtls.dimse import (
    NActionRQ,
    NActionRSP,
    NEventReportRQ,
    NEventReportRSP,
    Response,
    Status,
    decode_command,
    encode_command,
)
from txdicomtls.errors import LocalProtocolError

ACTION = NActionRQ(
    has_data_set=True,
    requested_sop_class_uid=STORAGE_COMMITMENT,
    requested_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
    message_id=9,
    action_type_id=1,
)
EVENT = NEventReportRQ(
    has_data_set=True,
    affected_sop_class_uid=STORAGE_COMMITMENT,
    affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
    message_id=10,
    event_type_id=0,
)


class ResponseTests(SynchronousTestCase):
    def assert_not_sent(self, response: Response, words: str) -> None:
        error = self.assertRaises(LocalProtocolError, encode_command, response)
        self.assertIn(words, str(error))

    def test_the_response_repeats_the_type_of_the_action(self) -> None:
        self.assertEqual(
            ACTION.response(Status.NO_SUCH_ACTION_TYPE, error_id=3, error_comment="only 1"),
            NActionRSP(
                message_id_being_responded_to=9,
                status=0x0123,
                affected_sop_class_uid=STORAGE_COMMITMENT,
                affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
                action_type_id=1,
                error_id=3,
                error_comment="only 1",
            ),
        )

    def test_the_response_repeats_the_type_of_the_event_even_if_it_is_zero(self) -> None:
        response = EVENT.response(Status.SUCCESS)
        self.assertEqual(response.event_type_id, 0)
        self.assertEqual(decode_command(encode_command(response)), response)

    def test_a_reply_is_announced(self) -> None:
        for request in (ACTION, EVENT):
            response = request.response(Status.SUCCESS, has_data_set=True)
            self.assertTrue(response.has_data_set)
            self.assertEqual(decode_command(encode_command(response)), response)

    def test_a_reply_without_its_type_is_not_sent(self) -> None:
        self.assert_not_sent(
            NActionRSP(message_id_being_responded_to=9, status=0, has_data_set=True),
            "N-ACTION-RSP: with an action reply",
        )
        self.assert_not_sent(
            NEventReportRSP(message_id_being_responded_to=9, status=0, has_data_set=True),
            "N-EVENT-REPORT-RSP: with an event reply",
        )

    def test_a_request_may_come_without_a_data_set(self) -> None:
        request = NActionRQ(
            has_data_set=False,
            requested_sop_class_uid="1.2",
            requested_sop_instance_uid="1.3",
            message_id=1,
            action_type_id=65535,
        )
        self.assertEqual(decode_command(encode_command(request)), request)
