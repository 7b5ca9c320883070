"""The messages of the composite services."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dimse import (
    CEchoRQ,
    CEchoRSP,
    CommandField,
    CStoreRQ,
    CStoreRSP,
    Priority,
    Status,
    encode_command,
)


class EchoTests(SynchronousTestCase):
    def test_the_response_repeats_what_it_answers(self) -> None:
        request = CEchoRQ(affected_sop_class_uid="1.2.840.10008.1.1", message_id=65535)
        self.assertEqual(
            request.response(Status.SUCCESS),
            CEchoRSP(
                message_id_being_responded_to=65535,
                status=0,
                affected_sop_class_uid="1.2.840.10008.1.1",
            ),
        )

    def test_neither_has_a_data_set(self) -> None:
        self.assertFalse(CEchoRQ.has_data_set)
        self.assertFalse(CEchoRSP.has_data_set)

    def test_the_classes_have_the_command_fields_of_the_standard(self) -> None:
        self.assertEqual(CEchoRQ.command_field, CommandField.C_ECHO_RQ)
        self.assertEqual(CEchoRSP.command_field, CommandField.C_ECHO_RSP)


class StoreTests(SynchronousTestCase):
    def request(self, sop_instance_uid: str = "1.2.3") -> CStoreRQ:
        return CStoreRQ(
            affected_sop_class_uid="1.2",
            affected_sop_instance_uid=sop_instance_uid,
            message_id=8,
        )

    def test_a_store_has_medium_priority_unless_said_otherwise(self) -> None:
        self.assertEqual(self.request().priority, Priority.MEDIUM)

    def test_the_response_repeats_what_it_answers(self) -> None:
        self.assertEqual(
            self.request().response(
                Status.CANNOT_UNDERSTAND, offending_element=(0x00080018,), error_comment="odd"
            ),
            CStoreRSP(
                message_id_being_responded_to=8,
                status=0xC000,
                affected_sop_class_uid="1.2",
                affected_sop_instance_uid="1.2.3",
                offending_element=(0x00080018,),
                error_comment="odd",
            ),
        )

    def test_a_response_can_be_sent_whatever_the_request_held(self) -> None:
        for uid in ("not a UID", "1" * 65, "1.2\\1.3", "\xff"):
            response = self.request(uid).response(
                Status.INVALID_SOP_INSTANCE, error_comment="no\\such\n" + "x" * 99
            )
            self.assertEqual(response.affected_sop_instance_uid, "")
            encode_command(response)
