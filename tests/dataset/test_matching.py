from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pydicom
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dataset import Matcher, MatchOptions, decode, encode, matches
from txdicomtls.errors import InvalidKey
from txdicomtls.part10 import read_header
from txdicomtls.uids import EXPLICIT_VR_LITTLE_ENDIAN

_FILES = Path(pydicom.__file__).parent / "data" / "charset_files"


def dataset(**values: Any) -> Dataset:
    """A data set by keywords; None is an empty value."""
    made = Dataset()
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        vr = dictionary_VR(tag)
        held = Sequence(value) if vr == "SQ" else value
        try:
            made[tag] = DataElement(tag, vr, held, validation_mode=config.IGNORE)
        except ValueError:  # a number that is none, as decode() keeps it
            made[tag] = DataElement(tag, vr, held, already_converted=True)
    return made


def asked(key: Any, value: Any, keyword: str, **options: Any) -> bool:
    """Whether one value matches one key."""
    candidate = dataset() if value is None else dataset(**{keyword: value})
    return matches(dataset(**{keyword: key}), candidate, options=MatchOptions(**options))


class AttributeTests(SynchronousTestCase):
    def assert_outcomes(self, keyword: str, *cases: tuple[Any, Any, bool]) -> None:
        for key, value, expected in cases:
            self.assertEqual(expected, asked(key, value, keyword), (keyword, key, value))

    def test_an_identifier_without_keys_matches_everything(self) -> None:
        self.assertTrue(matches(dataset(), dataset(PatientID="1")))

    def test_all_keys_have_to_match(self) -> None:
        candidate = dataset(PatientID="1", Modality="CT")
        self.assertTrue(matches(dataset(PatientID="1", Modality="CT"), candidate))
        self.assertFalse(matches(dataset(PatientID="1", Modality="MR"), candidate))

    def test_single_values(self) -> None:
        self.assert_outcomes(
            "PatientID",
            ("12", "12", True),
            ("12", "123", False),
            ("ab", "AB", False),
            ("12", "", False),
            ("12", None, False),
            ("12 ", " 12", True),
            ("", "12", True),
            ("", None, True),
            ("é", "é", True),
        )

    def test_wild_cards(self) -> None:
        self.assert_outcomes(
            "StudyDescription",
            ("CT*", "CT Thorax", True),
            ("ct*", "CT Thorax", False),
            ("*Thorax", "CT Thorax", True),
            ("CT?Thorax", "CT Thorax", True),
            ("CT?", "CT", False),
            ("*", "", True),
            ("*", None, True),
            ("**", None, True),
            ("?*", None, False),
            ("[C]T*", "CT", False),
        )

    def test_names(self) -> None:
        self.assert_outcomes(
            "PatientName",
            ("doe*", "DOE^JOHN", True),
            ("doe^john", "Doe^John^^", True),
            ("doe", "DOE^JOHN", False),
            ("*", None, True),
            ("doe*", None, False),
        )

    def test_a_list_of_uids(self) -> None:
        self.assert_outcomes(
            "StudyInstanceUID",
            (["1.2", "1.3"], "1.3", True),
            (["1.2", "1.3"], "1.4", False),
            (["1.2", "1.3"], None, False),
            ("1.2", "1.2", True),
            ("1.2", "1.20", False),
        )

    def test_several_values_in_a_key_are_alternatives(self) -> None:
        self.assert_outcomes(
            "Modality",
            (["CT", "MR"], "MR", True),
            (["CT", "M*"], "MR", True),
            (["CT", "MR"], "US", False),
        )

    def test_several_values_of_an_entity_match_if_one_does(self) -> None:
        self.assert_outcomes(
            "ModalitiesInStudy",
            ("SR", ["CT", "SR"], True),
            ("US", ["CT", "SR"], False),
            (["US", "SR"], ["CT", "SR"], True),
        )

    def test_numbers(self) -> None:
        self.assert_outcomes(
            "InstanceNumber", ("5", "5", True), ("05", "5", True), ("5", "50", False),
            ("5", "x", False), ("5", None, False),
        )  # fmt: skip
        self.assert_outcomes(
            "SliceThickness", ("2.5", "2.50", True), ("2.5", "25E-1", True), ("2.5", "2.51", False)
        )
        self.assert_outcomes("Rows", (512, 512, True), (512, 256, False), (512, None, False))
        self.assert_outcomes(
            "FrameIncrementPointer", (0x00181063, 0x00181063, True), (0x00181063, 1, False)
        )

    def test_ages_and_bytes(self) -> None:
        self.assert_outcomes("PatientAge", ("040Y", "040Y", True), ("040Y", "041Y", False))
        self.assert_outcomes("RedPaletteColorLookupTableData", (b"ab", b"cd", True))

    def test_dates(self) -> None:
        self.assert_outcomes(
            "StudyDate",
            ("20240115", "20240115", True),
            ("20240115", "2024.01.15", True),
            ("20240115", "20240116", False),
            ("20240101-20240131", "20240101", True),
            ("20240101-20240131", "20240131", True),
            ("20240101-20240131", "20240201", False),
            ("20240101-", "20991231", True),
            ("20240101-", "20231231", False),
            ("-20240131", "20240131", True),
            ("-20240131", "20240201", False),
            ("20240101-", "", False),
            ("20240101-", "junk", False),
            ("20240101-", None, False),
        )

    def test_times(self) -> None:
        self.assert_outcomes(
            "StudyTime",
            ("103000", "103000", True),
            ("103000", "103000.25", True),
            ("1030", "103059", True),
            ("1030", "1031", False),
            ("10-11", "115959.9", True),
            ("10-11", "12", False),
            ("1030-", "1029", False),
            ("1030-", "1030", True),
            ("-1030", "103059", True),
            ("-1030", "1031", False),
        )

    def test_date_times_compare_in_utc(self) -> None:
        self.assert_outcomes(
            "AcquisitionDateTime",
            ("20240105", "20240105103000", True),
            ("2024010510+0200", "2024010508+0000", True),
            ("2024010510+0200", "2024010510+0000", False),
            ("20240105-20240106", "20240106235959", True),
            ("20240105-20240106", "20240106235959-0100", False),
            ("20240105-0500-", "20240105045959", False),
            ("20240105-0500-", "20240105050000", True),
        )

    def test_the_offset_of_a_date_time_comes_from_its_data_set_or_the_options(self) -> None:
        keys = dataset(AcquisitionDateTime="20240105100000+0000")
        local = dataset(AcquisitionDateTime="20240105110000")
        self.assertFalse(matches(keys, local))
        self.assertTrue(matches(keys, local, options=MatchOptions(utc_offset=60)))
        zoned = dataset(AcquisitionDateTime="20240105110000", TimezoneOffsetFromUTC="+0100")
        self.assertTrue(matches(keys, zoned))
        for junk in ("+9900", "0100", "+01:0", "", "+0１00"):  # noqa: RUF001 - a digit that is none
            zoned.TimezoneOffsetFromUTC = junk
            self.assertFalse(matches(keys, zoned), junk)

    def test_an_invalid_key_is_refused_before_any_candidate_is_looked_at(self) -> None:
        self.assertRaises(InvalidKey, Matcher.of, dataset(StudyDate="junk"))

    def test_keys_and_values_of_the_wrong_representation_do_not_match(self) -> None:
        as_text = Dataset()
        as_text.add_new(0x00081140, "LO", "text")
        self.assertFalse(matches(as_text, dataset(ReferencedImageSequence=[dataset()])))
        as_items = dataset(ReferencedImageSequence=[dataset(PatientID="1")])
        self.assertFalse(matches(as_items, as_text))
        as_items = Dataset()
        as_items.add_new(0x00100020, "SQ", Sequence([dataset(PatientID="1")]))
        self.assertFalse(matches(as_items, dataset(PatientID="1")))


class SequenceTests(SynchronousTestCase):
    def candidate(self) -> Dataset:
        return dataset(
            ScheduledProcedureStepSequence=[
                dataset(Modality="CT", ScheduledStationAETitle="A"),
                dataset(Modality="MR", ScheduledStationAETitle="B"),
            ]
        )

    def test_one_item_has_to_match_all_keys(self) -> None:
        for modality, station, expected in (
            ("CT", "A", True),
            ("MR", "B", True),
            ("M*", "", True),
            ("CT", "B", False),
            ("US", "", False),
        ):
            item = dataset(Modality=modality, ScheduledStationAETitle=station)
            keys = dataset(ScheduledProcedureStepSequence=[item])
            self.assertEqual(expected, matches(keys, self.candidate()), (modality, station))

    def test_an_empty_sequence_or_item_matches_everything(self) -> None:
        for items in ([], [dataset()], [dataset(Modality=None)]):
            keys = dataset(ScheduledProcedureStepSequence=items)
            self.assertTrue(matches(keys, self.candidate()))
            self.assertTrue(matches(keys, dataset()))

    def test_no_item_matches_no_key(self) -> None:
        keys = dataset(ScheduledProcedureStepSequence=[dataset(Modality="CT")])
        self.assertFalse(matches(keys, dataset()))
        self.assertFalse(matches(keys, dataset(ScheduledProcedureStepSequence=[])))

    def test_sequences_in_sequences(self) -> None:
        def deep(code: str) -> Dataset:
            inner = dataset(ScheduledProtocolCodeSequence=[dataset(CodeValue=code)])
            return dataset(ScheduledProcedureStepSequence=[inner])

        self.assertTrue(matches(deep("1*"), deep("12")))
        self.assertFalse(matches(deep("1*"), deep("21")))


class CombinedTests(SynchronousTestCase):
    KEYS = dataset(StudyDate="20060705-20060707", StudyTime="1000-1800")

    def outcome(self, day: str, time: str | None, *, combined: bool) -> bool:
        options = MatchOptions(combined_date_time=combined)
        return matches(self.KEYS, dataset(StudyDate=day, StudyTime=time), options=options)

    def test_as_the_standard_has_it(self) -> None:
        for day, time, together, apart in (
            ("20060705", "0900", False, False),
            ("20060705", "1000", True, True),
            ("20060706", "0300", True, False),
            ("20060706", "1200", True, True),
            ("20060707", "1800", True, True),
            ("20060707", "1900", False, False),
            ("20060708", "1200", False, False),
            ("20060706", None, True, False),
            ("20060705", None, False, False),
            ("junk", "1200", False, False),
            ("20060706", "junk", False, False),
        ):
            self.assertEqual(together, self.outcome(day, time, combined=True), (day, time))
            self.assertEqual(apart, self.outcome(day, time, combined=False), (day, time))

    def test_open_ends(self) -> None:
        options = MatchOptions(combined_date_time=True)
        after = dataset(StudyDate="20060705-", StudyTime="1000-")
        for day, time, expected in (
            ("20060705", "0959", False),
            ("20060705", "1000", True),
            ("20060706", "0000", True),
        ):
            candidate = dataset(StudyDate=day, StudyTime=time)
            self.assertEqual(expected, matches(after, candidate, options=options), (day, time))

    def test_a_single_date_is_not_combined(self) -> None:
        options = MatchOptions(combined_date_time=True)
        keys = dataset(StudyDate="20060705", StudyTime="1000-1800")
        inside = dataset(StudyDate="20060705", StudyTime="1200")
        self.assertTrue(matches(keys, inside, options=options))
        outside = dataset(StudyDate="20060705", StudyTime="1900")
        self.assertFalse(matches(keys, outside, options=options))


class CharacterSetTests(SynchronousTestCase):
    def test_names_match_whatever_character_sets_they_came_in(self) -> None:
        for file, matching, other in (
            ("chrFren.dcm", ("BUC^JÉRÔME", "buc*"), "buc^jerome"),
            ("chrGerm.dcm", ("äneas^r?diger",), "aneas*"),
            ("chrRuss.dcm", ("ЛЮК*",), "лук*"),
            ("chrGreek.dcm", ("ΔΙΟΝΥΣΙΟΣ", "διον*"), "ΙΟΣ"),
            ("chrArab.dcm", ("قباني^*",), "لنزار*"),
            ("chrHbrw.dcm", ("*דבורה",), "דבורה*"),
            ("chrH31.dcm", ("yamada*", "山田^*", "=山田^太郎=やまだ^たろう"), "=yamada*"),
            ("chrH32.dcm", ("ﾔﾏﾀﾞ^*", "*太郎"), "yamada*"),
            ("chrI2.dcm", ("hong^*", "洪^?洞", "==홍*"), "=홍*"),
            ("chrX1.dcm", ("wang*", "=王^小東"), "=王^小东"),
            ("chrX2.dcm", ("wang*", "=王^小东"), "=王^小東"),
        ):
            header = read_header(_FILES / file)
            data = header.path.read_bytes()[header.data_offset :]
            candidate = decode(data, header.transfer_syntax_uid)
            for key in (*matching, other):
                # The identifier travels in Unicode.
                sent = encode(
                    dataset(SpecificCharacterSet="ISO_IR 192", PatientName=key),
                    EXPLICIT_VR_LITTLE_ENDIAN,
                )
                keys = decode(sent, EXPLICIT_VR_LITTLE_ENDIAN)
                self.assertEqual(key in matching, matches(keys, candidate), (file, key))


_DAYS = st.dates(date(2024, 1, 1), date(2024, 2, 10))


class PropertyTests(SynchronousTestCase):
    @given(_DAYS, st.integers(0, 20), _DAYS, st.booleans(), st.booleans())
    def test_a_range_matches_the_days_that_are_in_it(
        self, first: date, length: int, day: date, open_low: bool, open_high: bool
    ) -> None:
        days = [first + timedelta(days=each) for each in range(length + 1)]
        low = "" if open_low and not open_high else f"{days[0]:%Y%m%d}"
        high = "" if open_high else f"{days[-1]:%Y%m%d}"
        expected = day in days or (not low and day < first) or (not high and day > first)
        self.assertEqual(expected, asked(f"{low}-{high}", f"{day:%Y%m%d}", "StudyDate"))

    @given(st.text("aB^= *?\\", max_size=12), st.text("aB^= \\", max_size=12))
    def test_no_name_raises(self, key: str, name: str) -> None:
        self.assertIsInstance(asked(key, name, "PatientName"), bool)

    @given(st.text("0123456789.-+ *\\", max_size=20), st.sampled_from(
        ("StudyDate", "StudyTime", "AcquisitionDateTime", "InstanceNumber", "SliceThickness")
    ))  # fmt: skip
    def test_a_key_is_understood_or_invalid(self, key: str, keyword: str) -> None:
        tag = tag_for_keyword(keyword)
        assert tag is not None
        keys = Dataset()
        keys[tag] = DataElement(tag, dictionary_VR(tag), key, already_converted=True)
        try:
            matcher = Matcher.of(keys)
        except InvalidKey as error:
            self.assertEqual(tag, error.tag)
        else:
            self.assertIsInstance(matcher.matches(dataset(**{keyword: None})), bool)
