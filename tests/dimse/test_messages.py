"""What all messages have in common."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dimse import (
    CEchoRQ,
    CommandField,
    CStoreRQ,
    Message,
    NCreateRQ,
    NGetRQ,
    RefusalRSP,
    decode_command,
    encode_command,
    fit_comment,
    refusal,
    register,
)
from txdicomtls.dimse.messages import MESSAGES, RESPONSE, is_sendable_uid, message_name
from txdicomtls.errors import MalformedCommand

VERIFICATION = "1.2.840.10008.1.1"


class CommandFieldTests(SynchronousTestCase):
    def test_each_response_is_its_request_with_the_high_bit(self) -> None:
        for field in CommandField:
            if field.name.endswith("_RSP"):
                request = CommandField[field.name.removesuffix("_RSP") + "_RQ"]
                self.assertEqual(field, request | RESPONSE)

    def test_only_cancel_has_no_response(self) -> None:
        lonely = [
            field
            for field in CommandField
            if not field & RESPONSE and field | RESPONSE not in set(CommandField)
        ]
        self.assertEqual(lonely, [CommandField.C_CANCEL_RQ])


class NameTests(SynchronousTestCase):
    def test_a_message_is_called_as_in_the_standard(self) -> None:
        self.assertEqual(message_name(0x8100), "N-EVENT-REPORT-RSP")
        self.assertEqual(message_name(0x7FFF), "Command Field 0x7FFF")


class RegisterTests(SynchronousTestCase):
    def setUp(self) -> None:
        known = dict(MESSAGES)
        self.addCleanup(MESSAGES.update, known)
        self.addCleanup(MESSAGES.clear)

    def test_a_new_message_needs_only_its_class(self) -> None:
        @register
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Newer(Message):
            command_field = 0x8160
            is_response = True

            has_data_set: bool
            message_id_being_responded_to: int
            status: int
            affected_sop_class_uid: str = ""

        for has_data_set in (True, False):
            message = Newer(
                has_data_set=has_data_set, message_id_being_responded_to=9, status=0xFF00
            )
            self.assertEqual(decode_command(encode_command(message)), message)

    def test_a_field_that_is_no_command_element_is_refused(self) -> None:
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Misspelt(Message):
            command_field = CommandField.C_FIND_RQ
            has_data_set = True

            mesage_id: int

        self.assertRaises(KeyError, register, Misspelt)


class MessageTests(SynchronousTestCase):
    def test_a_message_does_not_change(self) -> None:
        message = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)
        with self.assertRaises(FrozenInstanceError):
            message.message_id = 2  # type: ignore[misc]

    def test_a_response_says_that_it_is_one(self) -> None:
        request = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)
        self.assertFalse(request.is_response)
        self.assertTrue(request.response(0).is_response)

    def test_the_data_set_type_tells_whether_there_is_a_data_set(self) -> None:
        store = CStoreRQ(affected_sop_class_uid="1", affected_sop_instance_uid="2", message_id=1)
        self.assertNotEqual(store.command_data_set_type, 0x0101)
        self.assertEqual(store.response(0).command_data_set_type, 0x0101)

    def test_a_request_says_what_it_is_about_however_its_class_names_it(self) -> None:
        store = CStoreRQ(
            affected_sop_class_uid="1.2", affected_sop_instance_uid="1.3", message_id=1
        )
        self.assertEqual((store.sop_class_uid, store.sop_instance_uid), ("1.2", "1.3"))
        get = NGetRQ(requested_sop_class_uid="1.4", requested_sop_instance_uid="1.5", message_id=1)
        self.assertEqual((get.sop_class_uid, get.sop_instance_uid), ("1.4", "1.5"))
        echo = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)
        self.assertEqual((echo.sop_class_uid, echo.sop_instance_uid), (VERIFICATION, ""))
        create = NCreateRQ(has_data_set=False, affected_sop_class_uid="1.2", message_id=1)
        self.assertEqual((create.sop_class_uid, create.sop_instance_uid), ("1.2", ""))


class RefusalTests(SynchronousTestCase):
    def error(self, sop_class: str) -> MalformedCommand:
        return MalformedCommand(
            "no such operation",
            message_id=77,
            command_field=0x0002,
            affected_sop_class_uid=sop_class,
            status=0x0211,
            has_data_set=False,
        )

    def test_a_refusal_answers_the_very_request(self) -> None:
        self.assertEqual(
            refusal(self.error(VERIFICATION)),
            RefusalRSP(
                command_field=0x8002,
                message_id_being_responded_to=77,
                status=0x0211,
                affected_sop_class_uid=VERIFICATION,
                error_comment="no such operation",
            ),
        )

    def test_a_refusal_can_be_sent_whatever_the_request_held(self) -> None:
        for sop_class in ("", "abc", "1." * 100, "1\\2", "\xe9"):
            self.assertEqual(refusal(self.error(sop_class)).affected_sop_class_uid, "")
            encode_command(refusal(self.error(sop_class)))

    def test_the_peer_reads_the_response_to_its_own_request(self) -> None:
        error = self.error(VERIFICATION)
        error.command_field = CommandField.C_STORE_RQ
        response = decode_command(encode_command(refusal(error)))
        self.assertEqual(response.command_field, CommandField.C_STORE_RSP)


class CommentTests(SynchronousTestCase):
    def test_any_text_becomes_a_comment_that_can_be_sent(self) -> None:
        self.assertEqual(fit_comment("disk full"), "disk full")
        self.assertEqual(fit_comment("line\nC:\\temp \xe9"), "line?C:?temp ?")
        self.assertEqual(len(fit_comment("x" * 100)), 64)
        self.assertEqual(fit_comment("x" * 63 + " y"), "x" * 63)
        self.assertEqual(fit_comment(" \t "), "")


class UIDTests(SynchronousTestCase):
    def test_a_uid_has_at_most_64_digits_and_dots(self) -> None:
        self.assertTrue(is_sendable_uid("1.2.0003"))
        self.assertTrue(is_sendable_uid("1" * 64))
        for uid in ("", "1" * 65, "1.2a", "1.2 ", "1.2\0", "1.2\n", "1.\u0663"):
            self.assertFalse(is_sendable_uid(uid), uid)
