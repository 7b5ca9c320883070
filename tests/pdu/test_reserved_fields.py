"""Reserved fields are not tested when received (PS3.8 9.3): one test for each of them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import golden
from txdicomtls.pdu import PDU, AssociateAC, decode


class ReservedFieldTests(SynchronousTestCase):
    def assert_not_tested(self, octets: bytes, value: PDU, *offsets: int) -> None:
        mutated = bytearray(octets)
        for offset in offsets:
            mutated[offset] ^= 0xFF
        self.assertEqual(decode(mutated[0], mutated[6:]), value)

    def assert_not_tested_in_request(self, *offsets: int) -> None:
        self.assert_not_tested(golden.ASSOCIATE_RQ_OCTETS, golden.ASSOCIATE_RQ, *offsets)

    def assert_not_tested_in_acceptance(self, *offsets: int) -> None:
        self.assert_not_tested(golden.ASSOCIATE_AC_OCTETS, golden.ASSOCIATE_AC, *offsets)

    def assert_second_byte_not_tested_in_request(self, item_header: bytes) -> None:
        self.assert_not_tested_in_request(golden.ASSOCIATE_RQ_OCTETS.index(item_header) + 1)

    def assert_second_byte_not_tested_in_acceptance(self, item_header: bytes) -> None:
        self.assert_not_tested_in_acceptance(golden.ASSOCIATE_AC_OCTETS.index(item_header) + 1)

    def test_bytes_9_and_10_of_a_request(self) -> None:
        self.assert_not_tested_in_request(8, 9)

    def test_bytes_43_to_74_of_a_request(self) -> None:
        self.assert_not_tested_in_request(*range(42, 74))

    def test_bytes_9_and_10_of_an_acceptance(self) -> None:
        self.assert_not_tested_in_acceptance(8, 9)

    def test_bytes_43_to_74_of_an_acceptance(self) -> None:
        self.assert_not_tested_in_acceptance(*range(42, 74))

    def test_the_ae_titles_of_an_acceptance(self) -> None:
        octets = golden.ASSOCIATE_AC_OCTETS
        for titles in (bytes(32), b"\xff" * 32, b" " * 32):
            value = decode(2, octets[6:10] + titles + octets[42:])
            assert isinstance(value, AssociateAC)
            self.assertEqual(value.presentation_contexts, golden.ASSOCIATE_AC.presentation_contexts)

    def test_byte_2_of_the_application_context_item(self) -> None:
        self.assert_second_byte_not_tested_in_request(b"\x10\x00\x00\x15")

    def test_byte_2_of_the_presentation_context_item_of_a_request(self) -> None:
        self.assert_second_byte_not_tested_in_request(b"\x20\x00\x00\x45")

    def test_bytes_6_to_8_of_the_presentation_context_item_of_a_request(self) -> None:
        start = golden.ASSOCIATE_RQ_OCTETS.index(b"\x20\x00\x00\x45")
        self.assert_not_tested_in_request(start + 5, start + 6, start + 7)

    def test_byte_2_of_the_abstract_syntax_sub_item(self) -> None:
        self.assert_second_byte_not_tested_in_request(b"\x30\x00\x00\x11")

    def test_byte_2_of_the_transfer_syntax_sub_item(self) -> None:
        self.assert_second_byte_not_tested_in_request(b"\x40\x00\x00\x13")

    def test_byte_2_of_the_presentation_context_item_of_an_acceptance(self) -> None:
        self.assert_second_byte_not_tested_in_acceptance(b"\x21\x00\x00\x19")

    def test_byte_6_of_the_presentation_context_item_of_an_acceptance(self) -> None:
        start = golden.ASSOCIATE_AC_OCTETS.index(b"\x21\x00\x00\x19")
        self.assert_not_tested_in_acceptance(start + 5)

    def test_byte_8_of_the_presentation_context_item_of_an_acceptance(self) -> None:
        start = golden.ASSOCIATE_AC_OCTETS.index(b"\x21\x00\x00\x19")
        self.assert_not_tested_in_acceptance(start + 7)

    def test_byte_2_of_the_user_information_item(self) -> None:
        self.assert_second_byte_not_tested_in_request(b"\x50\x00\x00\x1b")

    def test_byte_7_of_a_reject(self) -> None:
        self.assert_not_tested(golden.ASSOCIATE_RJ_OCTETS, golden.ASSOCIATE_RJ, 6)

    def test_bytes_7_to_10_of_a_release_request(self) -> None:
        self.assert_not_tested(golden.RELEASE_RQ_OCTETS, golden.RELEASE_RQ, 6, 7, 8, 9)

    def test_bytes_7_to_10_of_a_release_response(self) -> None:
        self.assert_not_tested(golden.RELEASE_RP_OCTETS, golden.RELEASE_RP, 6, 7, 8, 9)

    def test_bytes_7_and_8_of_an_abort(self) -> None:
        self.assert_not_tested(golden.ABORT_OCTETS, golden.ABORT, 6, 7)

    def test_bits_2_to_7_of_a_message_control_header(self) -> None:
        octets = bytearray(golden.P_DATA_TF_OCTETS)
        octets[11] ^= 0xFC
        self.assertEqual(decode(4, octets[6:]), golden.P_DATA_TF)
