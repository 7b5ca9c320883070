"""Command sets that cannot be taken, and messages that cannot be sent."""

from __future__ import annotations

import struct

from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.samples import (
    CANCEL_RQ,
    ECHO_RQ,
    ECHO_RSP,
    GET_RQ,
    element,
    store_request,
    unsigned_short,
)
from txdicomtls.codes import AbortReason
from txdicomtls.dimse import (
    CEchoRQ,
    CEchoRSP,
    CommandField,
    CStoreRQ,
    CStoreRSP,
    Message,
    decode_command,
    encode_command,
    refusal,
)
from txdicomtls.errors import (
    LocalProtocolError,
    MalformedCommand,
    RemoteProtocolError,
    UnreadableCommand,
)


class UnreadableTests(SynchronousTestCase):
    def assert_unreadable(self, data: bytes, words: str) -> None:
        error = self.assertRaises(UnreadableCommand, decode_command, data)
        self.assertIn(words, str(error))
        self.assertEqual(error.reason, AbortReason.NOT_SPECIFIED)

    def test_an_empty_command_set(self) -> None:
        self.assert_unreadable(b"", "command_field is missing")

    def test_every_truncation_of_a_request(self) -> None:
        for end in range(len(ECHO_RQ)):
            self.assertRaises(RemoteProtocolError, decode_command, ECHO_RQ[:end])

    def test_a_length_beyond_the_end(self) -> None:
        self.assert_unreadable(struct.pack("<HHI", 0, 2, 0xFFFFFFFF) + b"1.2\0", "beyond the end")

    def test_an_element_of_another_group(self) -> None:
        self.assert_unreadable(ECHO_RQ + element(0x0018, b"1.2\0", group=8), "(0008,0018)")

    def test_an_element_that_comes_twice(self) -> None:
        self.assert_unreadable(ECHO_RQ + unsigned_short(0x0110, 2), "(0000,0110) comes twice")

    def test_explicit_value_representations(self) -> None:
        self.assert_unreadable(b"\0\0\0\0UL\4\0" + b"\x38\0\0\0" + ECHO_RQ[12:], "beyond the end")

    def test_big_endian(self) -> None:
        self.assert_unreadable(bytes.fromhex("0000 0000 00000004 00000038"), "beyond the end")

    def test_a_command_field_of_another_size(self) -> None:
        for value in (b"\1", b"\1\0\0", b"\1\0\0\0"):
            self.assert_unreadable(store_request(x0100=element(0x0100, value)), "command_field has")

    def test_a_request_without_a_message_id_that_can_be_read(self) -> None:
        for data in (b"", element(0x0110, b""), element(0x0110, b"\1\0\0\0")):
            self.assert_unreadable(store_request(x0110=data), "message_id")

    def test_a_request_of_which_the_next_message_cannot_be_found(self) -> None:
        for value in (b"\1", b"\1\0\0"):
            self.assert_unreadable(
                store_request(x0800=element(0x0800, value)), "command_data_set_type has"
            )
        unknown = unsigned_short(0x0100, 0x7FFF)
        self.assert_unreadable(store_request(x0100=unknown, x0800=b""), "is missing")

    def test_a_response_that_lacks_something(self) -> None:
        for missing in (
            bytes.fromhex("0000 2001 02000000 0100"),
            bytes.fromhex("0000 0008 02000000 0101"),
            bytes.fromhex("0000 0009 02000000 0000"),
        ):
            self.assert_unreadable(ECHO_RSP.replace(missing, b""), "C-ECHO-RSP: ")

    def test_a_response_with_a_data_set_that_it_must_not_have(self) -> None:
        spoilt = ECHO_RSP.replace(unsigned_short(0x0800, 0x0101), unsigned_short(0x0800, 1))
        self.assert_unreadable(spoilt, "C-ECHO-RSP: it must not have a data set")

    def test_a_cancel_that_does_not_say_what_it_cancels(self) -> None:
        named = unsigned_short(0x0120, 7)
        self.assert_unreadable(CANCEL_RQ.replace(named, b""), "C-CANCEL-RQ: ")
        message_id = unsigned_short(0x0110, 7)
        self.assert_unreadable(CANCEL_RQ.replace(named, message_id), "C-CANCEL-RQ: ")
        self.assert_unreadable(
            CANCEL_RQ.replace(named, element(0x0120, b"\7\0\0\0")), "C-CANCEL-RQ: "
        )

    def test_a_cancel_with_a_data_set(self) -> None:
        spoilt = CANCEL_RQ.replace(unsigned_short(0x0800, 0x0101), unsigned_short(0x0800, 1))
        self.assert_unreadable(spoilt, "C-CANCEL-RQ: it must not have a data set")

    def test_a_response_that_does_not_exist(self) -> None:
        for command_field in (0x8002, 0xFFFF):
            self.assert_unreadable(
                store_request(x0100=unsigned_short(0x0100, command_field)), f"{command_field:04X}"
            )


class MalformedTests(SynchronousTestCase):
    def refused(self, data: bytes) -> MalformedCommand:
        error = self.assertRaises(MalformedCommand, decode_command, data)
        assert isinstance(error, MalformedCommand)
        self.assertEqual(error.message_id, 7)
        return error

    def test_a_mandatory_element_is_missing(self) -> None:
        for number, sop_class in ((0x0002, ""), (0x0700, "1.2"), (0x0800, "1.2"), (0x1000, "1.2")):
            error = self.refused(store_request(**{f"x{number:04X}": b""}))
            self.assertEqual(error.status, 0x0212)
            self.assertEqual(error.command_field, 0x0001)
            self.assertEqual(error.affected_sop_class_uid, sop_class)
            self.assertTrue(error.has_data_set)
            self.assertIn("C-STORE-RQ: ", str(error))

    def test_a_mandatory_element_is_empty(self) -> None:
        for value in (b"", b"\0\0", b"  "):
            error = self.refused(store_request(x1000=element(0x1000, value)))
            self.assertIn("affected_sop_instance_uid is missing", str(error))

    def test_an_element_of_the_wrong_size(self) -> None:
        for value in (b"\1", b"\1\0\0", b"\1\0\2\0"):
            error = self.refused(store_request(x0700=element(0x0700, value)))
            self.assertIn("priority has", str(error))
            self.assertEqual(error.status, 0x0212)

    def test_an_unknown_operation(self) -> None:
        for command_field in (0x0000, 0x0002, 0x7FFF):
            error = self.refused(store_request(x0100=unsigned_short(0x0100, command_field)))
            self.assertEqual(error.status, 0x0211)
            self.assertEqual(error.command_field, command_field)
            self.assertTrue(error.has_data_set)

    def test_no_number_but_those_of_the_standard_is_an_operation(self) -> None:
        known = {int(field) for field in CommandField}
        for command_field in set(range(0x8000)) - known:
            data = store_request(x0100=unsigned_short(0x0100, command_field))
            with self.assertRaises(MalformedCommand) as raised:
                decode_command(data)
            self.assertEqual(raised.exception.status, 0x0211)

    def test_a_refused_request_is_called_by_its_name(self) -> None:
        data = store_request(
            x0100=unsigned_short(0x0100, 0x0150), x0800=unsigned_short(0x0800, 0x0101)
        )
        error = self.refused(data)
        self.assertIn("N-DELETE-RQ: requested_sop_class_uid is missing", str(error))
        self.assertEqual(error.status, 0x0212)
        self.assertFalse(error.has_data_set)

    def test_a_refused_request_keeps_the_sop_class_that_it_requested(self) -> None:
        data = store_request(
            x0002=b"",
            x0003=element(0x0003, b"1.2.9\0"),
            x0100=unsigned_short(0x0100, 0x0130),
            x1000=b"",
        )
        error = self.refused(data)
        self.assertEqual(error.affected_sop_class_uid, "1.2.9")
        self.assertEqual(refusal(error).affected_sop_class_uid, "1.2.9")

    def test_an_attribute_identifier_list_of_the_wrong_size(self) -> None:
        data = GET_RQ.replace(element(0x1005, GET_RQ[-8:]), element(0x1005, b"\1\2\3\4\5\6"))
        error = self.assertRaises(MalformedCommand, decode_command, data)
        assert isinstance(error, MalformedCommand)
        self.assertIn("attribute_identifier_list has 6 bytes", str(error))
        self.assertEqual(error.message_id, 11)

    def test_a_store_without_a_data_set(self) -> None:
        error = self.refused(store_request(x0800=unsigned_short(0x0800, 0x0101)))
        self.assertEqual(error.status, 0x0212)
        self.assertFalse(error.has_data_set)

    def test_an_echo_with_a_data_set(self) -> None:
        data = store_request(x0100=unsigned_short(0x0100, 0x0030))
        error = self.refused(data)
        self.assertEqual(error.status, 0x0212)
        self.assertTrue(error.has_data_set)


class EncodeErrorTests(SynchronousTestCase):
    def assert_refused(self, message: Message, field: str) -> None:
        error = self.assertRaises(LocalProtocolError, encode_command, message)
        self.assertTrue(str(error).startswith(f"{field}: "), str(error))

    def test_a_number_that_does_not_fit(self) -> None:
        for number in (-1, 0x10000):
            self.assert_refused(
                CEchoRQ(affected_sop_class_uid="1.2", message_id=number), "message_id"
            )

    def test_a_uid_that_is_none(self) -> None:
        for uid in ("", "1.2a", "1.2\\3", "1" * 65, "1.\u0663"):
            self.assert_refused(
                CEchoRQ(affected_sop_class_uid=uid, message_id=1), "affected_sop_class_uid"
            )

    def test_an_ae_title_that_is_none(self) -> None:
        for title in ("SEVENTEEN-LETTERS", "A\\B", "A\nB", "\xc4", "  "):
            request = CStoreRQ(
                affected_sop_class_uid="1.2",
                affected_sop_instance_uid="1.3",
                message_id=1,
                move_originator_ae_title=title,
            )
            self.assert_refused(request, "move_originator_ae_title")

    def test_a_comment_that_does_not_fit(self) -> None:
        for comment in ("x" * 65, "a\\b", "a\0"):
            self.assert_refused(
                CEchoRSP(message_id_being_responded_to=1, status=0, error_comment=comment),
                "error_comment",
            )

    def test_a_tag_that_is_none(self) -> None:
        for tag in (-1, 1 << 32):
            self.assert_refused(
                CStoreRSP(message_id_being_responded_to=1, status=0, offending_element=(tag,)),
                "offending_element",
            )
