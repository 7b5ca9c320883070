"""Tests of :mod:`txdicomtls.archive.description`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls import uids
from txdicomtls.archive.description import described
from txdicomtls.index.attributes import WANTED

TAGS = sorted(each for each in WANTED if isinstance(each, int))
INNER = sorted(each[1] for each in WANTED if not isinstance(each, int) and each[0] == 0x00400275)

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

    def test_of_the_items_of_a_sequence_it_is_told_what_is_kept(self) -> None:
        items = {
            0x00400275: [
                {0x00401001: b"RP1 ", 0x00400009: b"\xbb\xee", 0x00400007: b"not kept"},
                {0x00080005: b"ISO_IR 192", 0x00400009: "\u043b".encode()},
            ],
            0x00400260: [{0x00080100: b"no sequence of the index"}],
        }
        self.assertEqual(
            {
                "RequestAttributesSequence": '[{"00401001":"RP1","00400009":"\u041b\u044e"},'
                '{"00400009":"\u043b"}]'
            },
            described({0x00080005: b"ISO_IR 144"}, LITTLE, items),
        )

    @given(
        st.dictionaries(st.sampled_from(TAGS), st.binary(max_size=40)),
        st.lists(st.dictionaries(st.sampled_from(INNER), st.binary(max_size=40)), max_size=3),
    )
    def test_nothing_that_a_peer_sends_makes_it_fail(
        self, values: dict[int, bytes], items: list[dict[int, bytes]]
    ) -> None:
        for text in described(values, LITTLE, {0x00400275: items}).values():
            text.encode("utf-8", "surrogatepass")
