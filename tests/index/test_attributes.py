"""Tests of :mod:`txdicomtls.index.attributes`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.index.attributes import BY_LEVEL, BY_TAG, COUNTS, SEARCHED_NAMES, WANTED
from txdicomtls.index.levels import Level

#: Unique and required keys (PS3.4 Tables C.6-1 to C.6-5).
DEMANDED = {
    Level.PATIENT: {0x00100010, 0x00100020},
    Level.STUDY: {0x00080020, 0x00080030, 0x00080050, 0x00200010, 0x0020000D},
    Level.SERIES: {0x00080060, 0x00200011, 0x0020000E},
    Level.IMAGE: {0x00200013, 0x00080018},
}


class AttributeTests(SynchronousTestCase):
    def test_all_keys_that_the_standard_demands_are_kept_at_their_level(self) -> None:
        for level, tags in DEMANDED.items():
            kept = {attribute.tag for attribute in BY_LEVEL[level]}
            self.assertEqual(set(), tags - kept, level)

    def test_the_unique_key_of_each_level_is_indexed(self) -> None:
        for level in Level:
            attribute = BY_TAG[level.unique_key]
            self.assertIs(attribute.level, level)
            self.assertTrue(attribute.indexed)

    def test_no_attribute_is_kept_twice(self) -> None:
        self.assertEqual(len(BY_TAG), sum(len(attributes) for attributes in BY_LEVEL.values()))

    def test_columns_are_named_after_keywords(self) -> None:
        named = {BY_TAG[tag].keyword: BY_TAG[tag].column for tag in BY_TAG}
        self.assertEqual("patient_name", named["PatientName"])
        self.assertEqual("study_instance_uid", named["StudyInstanceUID"])
        self.assertEqual("other_patient_ids", named["OtherPatientIDs"])
        self.assertEqual("sop_class_uid", named["SOPClassUID"])
        self.assertEqual("performed_station_ae_title", named["PerformedStationAETitle"])

    def test_what_is_wanted_of_a_data_set_says_how_its_texts_are_encoded(self) -> None:
        plain = {tag for tag in BY_TAG if not BY_TAG[tag].inner}
        inner = {(tag, each) for tag in BY_TAG for each in BY_TAG[tag].inner}
        sets = {0x00080005} | {(tag, 0x00080005) for tag in set(BY_TAG) - plain}
        self.assertEqual(WANTED, plain | inner | sets)

    def test_what_a_profile_demands_of_sequences_is_kept(self) -> None:
        # IHE RAD TF-2 4.14.4.1.2: of an image archive.
        for level, keyword, inner in (
            (Level.SERIES, "RequestAttributesSequence", {0x00401001, 0x00400009}),
            (Level.IMAGE, "ConceptNameCodeSequence", {0x00080100, 0x00080102, 0x00080104}),
        ):
            (kept,) = (each for each in BY_LEVEL[level] if each.keyword == keyword)
            self.assertEqual(set(), inner - set(kept.inner))
            self.assertEqual("SQ", kept.vr)

    def test_numbers_are_counted_and_not_taken_from_a_data_set(self) -> None:
        self.assertEqual(set(), WANTED & set(COUNTS))

    def test_names_that_are_searched_have_one_value(self) -> None:
        self.assertEqual(
            ["PatientName", "ReferringPhysicianName"], [name.keyword for name in SEARCHED_NAMES]
        )
        self.assertFalse(any(name.many for name in SEARCHED_NAMES))
