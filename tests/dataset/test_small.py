from __future__ import annotations

import warnings
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import UID
from pydicom.valuerep import PersonName
from twisted.trial.unittest import SynchronousTestCase

from tests.dataset.octets import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    NAME,
    PIXEL_DATA,
    SEQUENCE,
    explicit,
    implicit,
    item,
    nested,
    open_item,
    open_sequence,
    sequence,
)
from tests.dataset.test_walker import DISORDER, LIES, SOUND
from txdicomtls.dataset import Walker, decode, encode, is_quick
from txdicomtls.errors import MalformedDataSet

_SYNTAXES = (IMPLICIT, EXPLICIT, BIG, DEFLATED, JPEG)


def touch(dataset: Dataset) -> None:
    """Look at every value."""
    for element in dataset:
        str(element)
        if element.VR == "SQ":
            for each in element.value:
                touch(each)


class DecodeTests(SynchronousTestCase):
    def test_elements_are_those_of_pydicom(self) -> None:
        dataset = decode(NAME + explicit(0x00280010, "US", b"\x02\x00"), EXPLICIT)
        self.assertIsInstance(dataset.PatientName, PersonName)
        self.assertEqual("John", dataset.PatientName.given_name)
        self.assertEqual(2, dataset.Rows)

    def test_what_a_walker_refuses_is_refused(self) -> None:
        for name, (data, syntax, *_) in LIES.items():
            error = self.assertRaises(MalformedDataSet, decode, data, syntax)
            self.assertTrue(error.problem, name)

    def test_what_a_walker_accepts_is_read_but_for_fragments(self) -> None:
        cases = {name: case[:2] for name, case in (SOUND | DISORDER).items()}
        for name, (data, syntax) in cases.items():
            if "fragment" in name:
                self.assertRaises(MalformedDataSet, decode, data, syntax)
            else:
                touch(decode(data, syntax))

    def test_depth_is_bounded(self) -> None:
        touch(decode(nested(64), EXPLICIT))
        for depth in (65, 300, 10_000):
            self.assertRaises(MalformedDataSet, decode, nested(depth), EXPLICIT)

    def test_a_value_whose_length_does_not_suit_is_refused_with_its_tag(self) -> None:
        for vr, value in (("US", b"abc"), ("UL", b"ab"), ("FD", b"abcd"), ("AT", b"ab")):
            data = NAME + explicit(0x00280010, vr, value)
            error = self.assertRaises(MalformedDataSet, decode, data, EXPLICIT)
            self.assertEqual((0x00280010, len(NAME)), (error.tag, error.offset))

    def test_values_that_are_not_valid_are_kept(self) -> None:
        for tag, vr, value in (
            (0x00200013, "IS", "x"),
            (0x00200013, "IS", "99999999999999999999"),
            (0x00180050, "DS", "1,5"),
            (0x00180050, "DS", "1E400"),
            (0x00080020, "DA", "yesterday"),
            (0x0020000D, "UI", "../../etc"),
            (0x00080060, "CS", "lower case, and much longer than it should be"),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                dataset = decode(explicit(tag, vr, value.encode()), EXPLICIT)
                self.assertEqual(value.strip(), str(dataset[tag].value), (vr, value))

    def test_text_is_in_the_character_set_of_its_item(self) -> None:
        name = "Buc^Jérôme"
        latin = explicit(0x00080005, "CS", b"ISO_IR 100")
        unicode = explicit(0x00080005, "CS", b"ISO_IR 192")
        in_latin = explicit(0x00100010, "PN", name.encode("latin-1"))
        in_unicode = explicit(0x00100010, "PN", name.encode())
        data = latin + in_latin + sequence(item(in_latin), item(unicode, in_unicode))
        dataset = decode(data, EXPLICIT)
        items = dataset[SEQUENCE].value
        self.assertEqual([name] * 3, [each.PatientName for each in (dataset, *items)])

    def test_an_unknown_element_that_the_dictionary_knows_is_read_as_that(self) -> None:
        name = explicit(0x00100010, "UN", b"Doe^John")
        self.assertEqual("Doe^John", decode(name, EXPLICIT).PatientName)
        rows = explicit(0x00280010, "UN", b"\x02\x00", order=">")
        self.assertEqual(2, decode(rows, BIG).Rows)

    def test_an_unknown_sequence_with_a_length_is_walked_before_it_is_read(self) -> None:
        content = item(implicit(0x00100010, b"Doe^John"))
        dataset = decode(explicit(SEQUENCE, "UN", content), EXPLICIT)
        self.assertEqual("Doe^John", dataset[SEQUENCE].value[0].PatientName)
        for broken in (content[:-1], content + b"\0" * 4, NAME, content[8:]):
            data = explicit(SEQUENCE, "UN", broken)
            self.assertRaises(MalformedDataSet, decode, data, EXPLICIT)

    def test_a_private_unknown_value_stays_bytes(self) -> None:
        content = item(implicit(0x00100010, b"Doe^John"))
        data = explicit(0x00090010, "LO", b"X ") + explicit(0x00091001, "UN", content)
        self.assertEqual(content, decode(data, EXPLICIT)[0x00091001].value)

    def test_a_signed_image_has_signed_values_in_implicit_vr(self) -> None:
        value = implicit(0x00280106, b"\xff\xff")
        self.assertEqual(65535, decode(value, IMPLICIT).SmallestImagePixelValue)
        signed = implicit(0x00280103, b"\x01\x00") + value
        self.assertEqual(-1, decode(signed, IMPLICIT).SmallestImagePixelValue)

    def test_a_deflate_bomb_is_refused(self) -> None:
        big = Dataset()
        big.add_new(PIXEL_DATA, "OW", bytes(1 << 25))
        self.assertRaises(MalformedDataSet, decode, encode(big, DEFLATED), DEFLATED)

    @settings(max_examples=300, deadline=None)
    @given(
        st.sampled_from([case[:2] for case in (SOUND | DISORDER).values()]),
        st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4),
    )
    def test_damaged_bytes_are_malformed_or_read(
        self, case: tuple[bytes, str], damages: list[tuple[int, int]]
    ) -> None:
        data, syntax = bytearray(case[0]), case[1]
        for position, value in damages:
            if position < len(data):
                data[position] = value
        self.assert_malformed_or_read(bytes(data), syntax)

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=200), st.sampled_from(_SYNTAXES))
    def test_so_are_any_bytes(self, data: bytes, syntax: str) -> None:
        self.assert_malformed_or_read(data, syntax)

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(st.tuples(
            st.sampled_from((0x00080005, 0x00100010, 0x00180050, 0x00200013, 0x00200032,
                             0x00280010, 0x00280009, 0x00091001, SEQUENCE)),
            st.sampled_from(("CS", "PN", "DS", "IS", "US", "AT", "UI", "UN", "LT", "FD", "DA")),
            st.binary(max_size=24),
        ), max_size=5)
    )  # fmt: skip
    def test_so_are_any_values(self, elements: list[tuple[int, str, bytes]]) -> None:
        self.assert_malformed_or_read(b"".join(explicit(*each) for each in elements), EXPLICIT)
        plain = b"".join(implicit(tag, value) for tag, _, value in elements)
        self.assert_malformed_or_read(plain, IMPLICIT)

    def assert_malformed_or_read(self, data: bytes, syntax: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                dataset = decode(data, syntax)
            except MalformedDataSet:
                return
            touch(dataset)


class QuickTests(SynchronousTestCase):
    def test_what_is_small_is_quick_unless_it_is_deflated(self) -> None:
        for size, syntax, quick in (
            (100, EXPLICIT, True),
            (100, IMPLICIT, True),
            (10_000, EXPLICIT, False),
            (100, DEFLATED, False),
            (100, "1.2.840.10008.1.2.4.95", False),
        ):
            self.assertEqual(quick, is_quick(bytes(size), syntax), (size, syntax))


class EncodeTests(SynchronousTestCase):
    def test_by_hand(self) -> None:
        dataset = Dataset()
        dataset.PatientName = "Doe^Joh"
        dataset.StudyInstanceUID = "1.2"
        dataset.Rows = 2
        dataset.add_new(0x00400275, "SQ", Sequence([Dataset()]))
        expected = (
            explicit(0x00100010, "PN", b"Doe^Joh ")
            + explicit(0x0020000D, "UI", b"1.2\0")
            + explicit(0x00280010, "US", b"\x02\x00")
            + explicit(0x00400275, "SQ", item())
        )
        self.assertEqual(expected, encode(dataset, EXPLICIT))

    def test_a_value_too_long_for_its_representation_is_written_as_unknown(self) -> None:
        dataset = Dataset()
        dataset[0x00104000] = DataElement(0x00104000, "LT", "x" * 70_000, already_converted=True)
        data = encode(dataset, EXPLICIT)
        self.assertEqual(b"UN", data[4:6])
        self.assertEqual(dataset, decode(data, EXPLICIT))

    def test_long_decimals_are_shortened_to_what_fits(self) -> None:
        dataset = Dataset()
        dataset.SliceThickness = 0.1 + 0.2
        self.assertEqual("0.30000000000000", decode(encode(dataset, IMPLICIT), IMPLICIT)
                         .SliceThickness.original_string)  # fmt: skip

    def test_text_is_in_the_character_set_that_the_data_set_names(self) -> None:
        dataset = Dataset()
        dataset.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
        dataset.PatientName = "Yamada^Tarou=山田^太郎"
        self.assertIn(b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", encode(dataset, EXPLICIT))

    def test_or_in_unicode_where_that_has_no_codes(self) -> None:
        inner = Dataset()
        inner.SpecificCharacterSet = "ISO_IR 144"
        inner.PatientName = "Jérôme"
        for sets in (None, "ISO_IR 100", "ISO_IR 999", ["", "ISO 2022 IR 87"]):
            dataset = Dataset()
            if sets is not None:
                dataset.SpecificCharacterSet = sets
            dataset.PatientName = "김희중é"
            dataset.add_new(SEQUENCE, "SQ", Sequence([inner]))
            back = decode(encode(dataset, EXPLICIT), EXPLICIT)
            self.assertEqual("ISO_IR 192", back.SpecificCharacterSet)
            self.assertEqual("김희중é", back.PatientName)
            self.assertEqual("Jérôme", back[SEQUENCE].value[0].PatientName)
            self.assertEqual(sets, dataset.get("SpecificCharacterSet"))

    def test_group_lengths_are_left_out(self) -> None:
        data = explicit(0x00080000, "UL", bytes(4)) + NAME
        self.assertEqual(NAME, encode(decode(data, EXPLICIT), EXPLICIT))

    def test_what_cannot_be_encoded_is_refused_without_its_value(self) -> None:
        for tag, vr, value in (
            (0x00280010, "US", "secret"),
            (0x00280010, "US", 70_000),
            (0x00080060, "CS", "sécret"),
            (0x00100010, "PN", "secret\ud800"),
            (0x00020010, "UI", "1.2"),
            (0x00000002, "UI", "1.2"),
            (0x00091001, "OB", "secret"),
        ):
            dataset = Dataset()
            dataset[tag] = DataElement(tag, vr, value, already_converted=True)
            error = self.assertRaises(ValueError, encode, dataset, EXPLICIT)
            self.assertNotIn("cret", str(error))
            self.assertIn(f"{tag >> 16:04X}".lower(), str(error).lower())


_ALPHABET = "aB é\u00dfЖ山홍^="
_texts = st.text(_ALPHABET, max_size=8).map(str.strip)
_VALUES: tuple[tuple[int, str, st.SearchStrategy[Any]], ...] = (
    (0x00080060, "CS", st.sampled_from(("", "CT", "MR"))),
    (0x0008103E, "LO", _texts),
    (0x00100020, "LO", st.lists(st.text(_ALPHABET, min_size=1).map(str.strip)
                                .filter(bool), min_size=2, max_size=3)),
    (0x00104000, "LT", st.text(_ALPHABET + "\\\n", max_size=9).map(str.rstrip)),
    (0x0020000D, "UI", st.sampled_from(("", "1.2.3", "1.22")).map(UID)),
    (0x00280010, "US", st.integers(0, 65535)),
    (0x00280009, "AT", st.integers(0x00100000, 0x7FFFFFFF).map(Tag)),
    (0x00189087, "FD", st.floats(allow_nan=False)),
    (0x00091001, "UN", st.binary(max_size=9).map(lambda value: value + b"\0" * (len(value) % 2))),
)  # fmt: skip


@st.composite
def datasets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    dataset = Dataset()
    sets = draw(st.sampled_from((None, "ISO_IR 100", "ISO_IR 192", ["", "ISO 2022 IR 87"])))
    if sets is not None:
        dataset.SpecificCharacterSet = sets
    for tag, vr, values in _VALUES:
        if draw(st.booleans()):
            dataset[tag] = DataElement(tag, vr, draw(values), already_converted=True)
    if draw(st.booleans()):
        dataset.PatientName = draw(_texts).rstrip("= ")
    if depth and draw(st.booleans()):
        items = draw(st.lists(datasets(depth=depth - 1), max_size=2))
        dataset[SEQUENCE] = DataElement(SEQUENCE, "SQ", Sequence(items), already_converted=True)
    return dataset


def told(dataset: Dataset) -> list[tuple[int, str, object]]:
    """What a data set says, apart from its character sets."""
    return [
        (
            int(element.tag),
            element.VR,
            [told(each) for each in element.value] if element.VR == "SQ" else str(element.value),
        )
        for element in dataset
        if element.keyword != "SpecificCharacterSet"
    ]


class RoundTripTests(SynchronousTestCase):
    @settings(max_examples=200, deadline=None)
    @given(datasets(), st.sampled_from(_SYNTAXES))
    def test_what_is_encoded_is_walked_and_decoded_the_same(
        self, dataset: Dataset, syntax: str
    ) -> None:
        data = encode(dataset, syntax)
        self.assertEqual(0, len(data) % 2)
        walker = Walker(syntax)
        walker.feed(data)
        walker.end()
        self.assertEqual([], walker.remarks)
        self.assertEqual(told(dataset), told(decode(data, syntax)))
        self.assertEqual(data, encode(decode(data, syntax), syntax))

    def test_delimiters_become_lengths(self) -> None:
        data = open_sequence(open_item(NAME))
        self.assertEqual(sequence(item(NAME)), encode(decode(data, EXPLICIT), EXPLICIT))
