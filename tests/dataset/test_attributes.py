from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.dataset.octets import BIG, EXPLICIT
from txdicomtls.dataset import decode_attributes


class AttributeTests(SynchronousTestCase):
    def test_values_are_text_by_keyword(self) -> None:
        values = {
            0x00080005: b"ISO_IR 192",
            0x00080008: b"ORIGINAL\\PRIMARY ",
            0x00100010: "Buc^Jérôme ".encode(),
            0x0020000D: b"1.2.3\0",
            0x00280010: b"\x00\x02",
        }
        decoded = decode_attributes(values, EXPLICIT)
        self.assertEqual(
            {
                "SpecificCharacterSet": "ISO_IR 192",
                "ImageType": "ORIGINAL\\PRIMARY",
                "PatientName": "Buc^Jérôme",
                "StudyInstanceUID": "1.2.3",
                "Rows": "512",
            },
            decoded,
        )

    def test_numbers_are_in_the_byte_order_of_the_data_set(self) -> None:
        self.assertEqual({"Rows": "2"}, decode_attributes({0x00280010: b"\x00\x02"}, BIG))

    def test_what_is_no_text_or_has_no_keyword_is_left_out(self) -> None:
        values = {
            0x00091001: b"private",
            0x00280009: bytes(4),  # a tag
            0x00280010: b"\1",  # too short for a number
            0x00400275: b"",  # a sequence
            0x7FE00010: b"pixels",
        }
        self.assertEqual({}, decode_attributes(values, EXPLICIT))
