"""Command sets to bytes and back."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, C_STORE_RSP
from pynetdicom.dsutils import decode as decode_data_set
from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.samples import (
    ECHO_RQ,
    ECHO_RSP,
    GOLDEN,
    STORE_ELEMENTS,
    STORE_RSP,
    element,
    store_request,
    unsigned_short,
)
from tests.dimse.strategies import messages
from txdicomtls.codes import AbortReason
from txdicomtls.dimse import (
    CEchoRQ,
    CEchoRSP,
    CStoreRQ,
    CStoreRSP,
    Message,
    decode_command,
    encode_command,
)
from txdicomtls.errors import (
    MalformedCommand,
    RemoteProtocolError,
    UnreadableCommand,
)


class GoldenTests(SynchronousTestCase):
    def test_each_message_is_encoded_as_the_standard_prints_it(self) -> None:
        for encoded, message in GOLDEN:
            self.assertEqual(encode_command(message), encoded)

    def test_each_message_is_decoded(self) -> None:
        for encoded, message in GOLDEN:
            self.assertEqual(decode_command(encoded), message)

    def test_any_buffer_will_do(self) -> None:
        for buffer in (ECHO_RQ, bytearray(ECHO_RQ), memoryview(ECHO_RQ)):
            self.assertEqual(decode_command(buffer), GOLDEN[0][1])


class RoundTripTests(SynchronousTestCase):
    @settings(deadline=None)
    @given(message=messages())
    def test_what_is_encoded_is_decoded(self, message: Message) -> None:
        encoded = encode_command(message)
        self.assertEqual(decode_command(encoded), message)
        self.assertEqual(len(encoded) % 2, 0)
        self.assertEqual(int.from_bytes(encoded[8:12], "little"), len(encoded) - 12)

    @settings(deadline=None)
    @given(message=messages())
    def test_pynetdicom_reads_the_same_elements_by_ascending_tag(self, message: Message) -> None:
        read = decode_data_set(BytesIO(encode_command(message)), True, True)
        tags = [element.tag for element in read]
        self.assertEqual(tags, sorted(tags))
        self.assertEqual(read.CommandField, message.command_field)
        self.assertEqual(read.CommandDataSetType, message.command_data_set_type)

    @settings(deadline=None)
    @given(data=st.binary(max_size=200))
    def test_nothing_but_a_protocol_error_comes_of_any_bytes(self, data: bytes) -> None:
        try:
            message = decode_command(data)
        except RemoteProtocolError as error:
            self.assertEqual(error.reason, AbortReason.NOT_SPECIFIED)
        else:
            self.assertIsInstance(message, Message)

    @settings(deadline=None)
    @given(
        encoded=st.sampled_from([encoded for encoded, _ in GOLDEN]),
        place=st.integers(0, 200),
        byte=st.integers(0, 255),
    )
    def test_nothing_but_a_protocol_error_comes_of_a_spoilt_byte(
        self, encoded: bytes, place: int, byte: int
    ) -> None:
        spoilt = bytearray(encoded)
        spoilt[place % len(spoilt)] = byte
        try:
            self.assertIsInstance(decode_command(spoilt), Message)
        except MalformedCommand as error:
            self.assertIn(error.status, (0x0211, 0x0212))
        except UnreadableCommand:
            pass


class PeerTests(SynchronousTestCase):
    def test_the_messages_of_pynetdicom_are_decoded(self) -> None:
        for ours, theirs in (
            (CEchoRQ(affected_sop_class_uid="1.2", message_id=5), C_ECHO_RQ()),
            (
                CStoreRQ(
                    affected_sop_class_uid="1.2", affected_sop_instance_uid="1.2.3", message_id=5
                ),
                C_STORE_RQ(),
            ),
            (CStoreRSP(message_id_being_responded_to=5, status=0xB007), C_STORE_RSP()),
        ):
            theirs.command_set = decode_data_set(BytesIO(encode_command(ours)), True, True)
            fragments = list(theirs.encode_msg(1, 0))
            command_set = fragments[0].presentation_data_value_list[0][1][1:]
            self.assertEqual(decode_command(command_set), ours)


class LenienceTests(SynchronousTestCase):
    def test_the_group_length_is_not_believed(self) -> None:
        message = decode_command(ECHO_RQ)
        for group_length in (
            b"",
            *(element(0, n.to_bytes(4, "little")) for n in (0, 5, 2**32 - 1)),
        ):
            self.assertEqual(decode_command(group_length + ECHO_RQ[12:]), message)

    def test_unknown_and_retired_elements_of_group_0000_are_skipped(self) -> None:
        strange = element(0x0001, b"\0\0\0\0") + element(0x5110, b"odd") + element(0x9999, b"")
        self.assertEqual(decode_command(strange + ECHO_RQ[12:]), decode_command(ECHO_RQ))

    def test_elements_in_another_order_are_taken(self) -> None:
        backwards = b"".join(reversed(STORE_ELEMENTS.values()))
        self.assertEqual(decode_command(backwards), decode_command(store_request()))

    def test_uids_come_with_any_padding_or_none(self) -> None:
        for value in (b"1.2.3\0", b"1.2.3 ", b"1.2.3", b"1.2.3\0\0 "):
            message = decode_command(store_request(x1000=element(0x1000, value)))
            assert isinstance(message, CStoreRQ)
            self.assertEqual(message.affected_sop_instance_uid, "1.2.3")

    def test_a_uid_that_is_none_is_kept_for_others_to_judge(self) -> None:
        for value, text in (
            (b"1.2\\1.3 ", "1.2\\1.3"),
            (b"../../etc", "../../etc"),
            (b"1.\xe92 ", "1.\xe92"),
            (b"1.\x002", "1.\x002"),
            (b"1" * 100, "1" * 100),
        ):
            message = decode_command(store_request(x1000=element(0x1000, value)))
            assert isinstance(message, CStoreRQ)
            self.assertEqual(message.affected_sop_instance_uid, text)

    def test_spaces_around_an_ae_title_do_not_count(self) -> None:
        message = decode_command(store_request(x1030=element(0x1030, b" MOVE SCP ")))
        assert isinstance(message, CStoreRQ)
        self.assertEqual(message.move_originator_ae_title, "MOVE SCP")

    def test_a_priority_that_does_not_exist_is_kept(self) -> None:
        message = decode_command(store_request(x0700=unsigned_short(0x0700, 99)))
        assert isinstance(message, CStoreRQ)
        self.assertEqual(message.priority, 99)

    def test_any_data_set_type_but_0101_announces_a_data_set(self) -> None:
        for value in (0x0000, 0x0001, 0x0102, 0xFFFF):
            message = decode_command(store_request(x0800=unsigned_short(0x0800, value)))
            self.assertTrue(message.has_data_set)

    def test_a_move_originator_that_cannot_be_read_is_taken_as_absent(self) -> None:
        message = decode_command(
            store_request(x1030=element(0x1030, b"    "), x1031=element(0x1031, b"\1\2\3\4"))
        )
        self.assertEqual(message, decode_command(store_request()))

    def test_an_offending_element_that_cannot_be_read_is_taken_as_absent(self) -> None:
        spoilt = STORE_RSP.replace(
            bytes.fromhex("01090400000008001800"), element(0x0901, b"\1")[2:]
        )
        message = decode_command(spoilt)
        assert isinstance(message, CStoreRSP)
        self.assertEqual((message.offending_element, message.status), ((), 0xA700))

    def test_an_empty_optional_element_is_absent(self) -> None:
        message = decode_command(
            ECHO_RSP.replace(element(2, b"1.2.840.10008.1.1\0"), element(2, b""))
        )
        self.assertEqual(message, CEchoRSP(message_id_being_responded_to=1, status=0))
