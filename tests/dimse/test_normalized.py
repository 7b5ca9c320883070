"""N-GET, N-SET, N-CREATE and N-DELETE."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.examples import EXAMPLES
from tests.dimse.samples import PERFORMED_PROCEDURE_STEP
from txdicomtls.dimse import (
    MAY_NO_LONGER_BE_UPDATED,
    NCreateRQ,
    NCreateRSP,
    NDeleteRQ,
    NDeleteRSP,
    NGetRQ,
    NGetRSP,
    NormalizedRQ,
    NormalizedRSP,
    NSetRQ,
    NSetRSP,
    Status,
    decode_command,
    encode_command,
)


class ResponseTests(SynchronousTestCase):
    def test_every_response_names_the_requested_instance_as_the_affected_one(self) -> None:
        requests = [message for message in EXAMPLES if isinstance(message, NormalizedRQ)]
        self.assertEqual(len(requests), 6)
        for request in requests:
            response = request.response(Status.SUCCESS)
            assert isinstance(response, NormalizedRSP)
            self.assertEqual(response.command_field, request.command_field | 0x8000)
            self.assertEqual(response.message_id_being_responded_to, request.message_id)
            self.assertEqual(response.affected_sop_class_uid, request.sop_class_uid)
            self.assertEqual(response.affected_sop_instance_uid, request.sop_instance_uid)
            self.assertFalse(response.has_data_set)
            self.assertEqual(decode_command(encode_command(response)), response)

    def test_a_response_can_be_sent_whatever_the_request_held(self) -> None:
        for uid in ("not a UID", "1" * 65, "1.2\\1.3", "\xff"):
            request = NDeleteRQ(
                requested_sop_class_uid=uid, requested_sop_instance_uid=uid, message_id=1
            )
            response = request.response(0x0117, error_comment="no\\such\n" + "x" * 99)
            self.assertEqual(
                (response.affected_sop_class_uid, response.affected_sop_instance_uid), ("", "")
            )
            encode_command(response)


class GetTests(SynchronousTestCase):
    def test_attributes_that_were_not_recognized_are_listed_beside_those_that_were(self) -> None:
        request = NGetRQ(
            requested_sop_class_uid="1.2",
            requested_sop_instance_uid="1.3",
            message_id=7,
            attribute_identifier_list=(0x00400252, 0x00091001),
        )
        self.assertEqual(
            request.response(
                Status.ATTRIBUTE_LIST_ERROR,
                has_data_set=True,
                attribute_identifier_list=(0x00091001,),
            ),
            NGetRSP(
                message_id_being_responded_to=7,
                status=0x0107,
                affected_sop_class_uid="1.2",
                affected_sop_instance_uid="1.3",
                has_data_set=True,
                attribute_identifier_list=(0x00091001,),
            ),
        )


class SetTests(SynchronousTestCase):
    def test_an_error_is_told_by_its_id(self) -> None:
        request = NSetRQ(
            requested_sop_class_uid=PERFORMED_PROCEDURE_STEP,
            requested_sop_instance_uid="1.3",
            message_id=8,
        )
        self.assertEqual(
            request.response(
                Status.PROCESSING_FAILURE,
                error_id=MAY_NO_LONGER_BE_UPDATED,
                error_comment="completed",
            ),
            NSetRSP(
                message_id_being_responded_to=8,
                status=0x0110,
                affected_sop_class_uid=PERFORMED_PROCEDURE_STEP,
                affected_sop_instance_uid="1.3",
                error_comment="completed",
                error_id=0xA710,
            ),
        )


class CreateTests(SynchronousTestCase):
    def request(self, sop_instance_uid: str) -> NCreateRQ:
        return NCreateRQ(
            has_data_set=True,
            affected_sop_class_uid="1.2",
            affected_sop_instance_uid=sop_instance_uid,
            message_id=10,
        )

    def test_the_response_says_which_uid_a_nameless_instance_was_given(self) -> None:
        self.assertEqual(
            self.request("").response(Status.SUCCESS, affected_sop_instance_uid="1.4"),
            NCreateRSP(
                message_id_being_responded_to=10,
                status=0,
                affected_sop_class_uid="1.2",
                affected_sop_instance_uid="1.4",
            ),
        )

    def test_the_response_repeats_the_uid_that_the_request_gave(self) -> None:
        response = self.request("1.5").response(Status.SUCCESS)
        self.assertEqual(response.affected_sop_instance_uid, "1.5")


class DeleteTests(SynchronousTestCase):
    def test_neither_has_a_data_set(self) -> None:
        self.assertFalse(NDeleteRQ.has_data_set)
        self.assertFalse(NDeleteRSP.has_data_set)
