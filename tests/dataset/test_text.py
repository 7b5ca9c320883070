from __future__ import annotations

from pathlib import Path

import pydicom
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import python_encoding
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dataset import Walker, character_sets, decode_text, encode_text
from txdicomtls.part10 import read_header

_FILES = Path(pydicom.__file__).parent / "data" / "charset_files"

#: The names in the files, as the annexes of PS3.5 print them.
NAMES = {
    "chrArab.dcm": "قباني^لنزار",
    "chrFren.dcm": "Buc^Jérôme",
    "chrGerm.dcm": "Äneas^Rüdiger",
    "chrGreek.dcm": "Διονυσιος",
    "chrH31.dcm": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "chrH32.dcm": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "chrHbrw.dcm": "שרון^דבורה",
    "chrI2.dcm": "Hong^Gildong=洪^吉洞=홍^길동",
    "chrJapMulti.dcm": "やまだ^たろう",
    "chrKoreanMulti.dcm": "김희중",
    "chrRuss.dcm": "Люкceмбypг",  # noqa: RUF001 - the name in the file is Cyrillic
    "chrX1.dcm": "Wang^XiaoDong=王^小東=",
    "chrX2.dcm": "Wang^XiaoDong=王^小东=",
}

_SETS = st.lists(st.sampled_from([*python_encoding, "ISO_IR 999", "junk"]), max_size=4)
_VRS = st.sampled_from(("PN", "LO", "LT", "UC", "UT", "CS", "UI"))


class DecodeTests(SynchronousTestCase):
    def test_names_of_real_files_are_read_and_written_back_to_the_bit(self) -> None:
        for name, expected in NAMES.items():
            header = read_header(_FILES / name)
            walker = Walker(header.transfer_syntax_uid, wanted=frozenset((0x00080005, 0x00100010)))
            walker.feed(header.path.read_bytes()[header.data_offset :])
            walker.end()
            sets = character_sets(walker.values[0x00080005])
            raw = walker.values[0x00100010]
            self.assertEqual(expected, decode_text(raw, "PN", sets), name)
            encoded = encode_text(expected, "PN", sets)
            assert encoded is not None
            self.assertEqual(expected, decode_text(encoded, "PN", sets), name)
            if name != "chrKoreanMulti.dcm":  # it designates its set once more than it has to
                self.assertEqual(raw.rstrip(b" "), encoded, name)

    def test_padding_is_taken_off_each_value(self) -> None:
        self.assertEqual("A\\B", decode_text(b"A \\ B\0", "LO", ()))
        self.assertEqual("1.2.3", decode_text(b"1.2.3\0", "UI", ()))

    def test_spaces_before_unstructured_text_are_kept(self) -> None:
        self.assertEqual("  A\\B", decode_text(b"  A\\B  ", "LT", ()))

    def test_what_cannot_be_decoded_is_replaced(self) -> None:
        self.assertEqual("J\ufffdrome", decode_text(b"J\xe9rome", "PN", ("ISO_IR 192",)))

    def test_an_unknown_character_set_is_read_as_the_default_one(self) -> None:
        self.assertEqual("Jérome", decode_text(b"J\xe9rome", "PN", ("ISO_IR 999",)))

    def test_character_sets_do_not_apply_to_codes(self) -> None:
        self.assertEqual("Ã©", decode_text("é".encode(), "CS", ("ISO_IR 192",)))

    def test_an_unknown_escape_sequence_is_no_error(self) -> None:
        sets = ("", "ISO 2022 IR 87")
        self.assertIn("abc", decode_text(b"\x1b%Gabc", "PN", sets))

    def test_the_first_set_is_in_force_again_after_a_delimiter(self) -> None:
        sets = ("ISO 2022 IR 100", "ISO 2022 IR 126")
        raw = b"\x1b-F\xc4^\xc4"
        self.assertEqual("Δ^Ä", decode_text(raw, "PN", sets))

    def test_many_escape_sequences_are_no_effort(self) -> None:
        decode_text(b"\x1b" * 100_000, "PN", ("", "ISO 2022 IR 87"))
        decode_text(b"\x1b$B" * 30_000, "PN", ("", "ISO 2022 IR 87"))

    @given(st.binary(max_size=60), _VRS, _SETS)
    def test_no_bytes_in_no_character_sets_raise(
        self, raw: bytes, vr: str, sets: list[str]
    ) -> None:
        self.assertIsInstance(decode_text(raw, vr, sets), str)

    @given(st.lists(st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x1b$)C", b"\x1b-F", b"^", b"=",
                                     b"\\", b"ab", b"\xb0\xb1"])), _VRS, _SETS)  # fmt: skip
    def test_nor_do_escape_sequences(self, parts: list[bytes], vr: str, sets: list[str]) -> None:
        self.assertIsInstance(decode_text(b"".join(parts), vr, sets), str)


class CharacterSetTests(SynchronousTestCase):
    def test_an_empty_first_value_is_the_default_repertoire(self) -> None:
        self.assertEqual(("", "ISO 2022 IR 87"), character_sets(b"\\ISO 2022 IR 87 "))

    def test_there_are_never_many(self) -> None:
        self.assertEqual(16, len(character_sets(b"\\" * 10_000)))


class EncodeTests(SynchronousTestCase):
    def test_what_has_no_code_is_none(self) -> None:
        for text, sets in (
            ("é", ()),
            ("é", ("",)),
            ("é", ("ISO_IR 6",)),
            ("é", ("", "ISO 2022 IR 87")),
            ("山", ("ISO_IR 100",)),
            ("م", ("", "ISO 2022 IR 87")),
            ("é", ("ISO_IR 999",)),
            ("\ud800", ("ISO_IR 192",)),
        ):
            self.assertIsNone(encode_text(text, "LO", sets), (text, sets))

    def test_codes_are_ascii(self) -> None:
        self.assertIsNone(encode_text("é", "CS", ("ISO_IR 192",)))

    @given(st.text(max_size=20), st.sampled_from(("PN", "LO", "LT")), _SETS)
    def test_what_is_encoded_is_read_the_same(self, text: str, vr: str, sets: list[str]) -> None:
        encoded = encode_text(text, vr, sets)
        if encoded is not None and not text.isascii():
            self.assertEqual(
                decode_text(encoded, vr, sets),
                decode_text(text.encode(), vr, ("ISO_IR 192",)),
            )
