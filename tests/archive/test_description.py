"""Tests of :mod:`txdicomtls.archive.description`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls import uids
from txdicomtls.archive.description import described
from txdicomtls.index.attributes import WANTED

LITTLE = uids.EXPLICIT_VR_LITTLE_ENDIAN


class DescribedTests(SynchronousTestCase):
    def test_texts_are_decoded_in_the_character_set_of_the_data_set(self) -> None:
        values = {0x00080005: b"ISO_IR 144", 0x00100010: b"\xbb\xee\xdace^A ", 0x00100020: b"47 "}
        self.assertEqual(
            {"PatientName": "\u041b\u044e\u043ace^A", "PatientID": "47"}, described(values, LITTLE)
        )

    def test_numbers_are_read_in_the_order_of_the_transfer_syntax(self) -> None:
        values = {0x00280010: b"\x02\x00"}
        self.assertEqual({"Rows": "2"}, described(values, LITTLE))
        self.assertEqual({"Rows": "512"}, described(values, uids.EXPLICIT_VR_BIG_ENDIAN))

    def test_what_is_empty_or_not_kept_is_left_out(self) -> None:
        self.assertEqual({}, described({0x00100010: b"", 0x00090010: b"x"}, LITTLE))

    @given(st.dictionaries(st.sampled_from(sorted(WANTED)), st.binary(max_size=40)))
    def test_nothing_that_a_peer_sends_makes_it_fail(self, values: dict[int, bytes]) -> None:
        for text in described(values, LITTLE).values():
            text.encode("utf-8", "surrogatepass")
