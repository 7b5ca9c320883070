"""Tests of :mod:`txdicomtls.index.rows`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.index.records import record
from txdicomtls.index.attributes import BY_LEVEL
from txdicomtls.index.levels import Level
from txdicomtls.index.record import InstanceRecord
from txdicomtls.index.rows import (
    LONGEST,
    LONGEST_INDEXED,
    cleaned,
    identity_of,
    instance_row,
    level_row,
    patient_row,
    study_row,
)
from txdicomtls.index.sequences import items_of, sequence_text


def kept(level: Level, one: InstanceRecord, column: str) -> object:
    """What is kept of a record in a column."""
    row = {
        Level.PATIENT: lambda: patient_row(one),
        Level.STUDY: lambda: study_row(one, 1),
        Level.IMAGE: lambda: instance_row(one, 1),
    }[level]()
    return row[column]


class CleanedTests(SynchronousTestCase):
    def test_what_a_database_cannot_hold_is_taken_out(self) -> None:
        self.assertEqual("ab", cleaned("a\0b"))
        self.assertEqual("a?é", cleaned("a\udc80é"))

    def test_a_text_is_cut_at_its_limit(self) -> None:
        self.assertEqual("ab", cleaned("abc", 2))


class RowTests(SynchronousTestCase):
    def test_each_attribute_of_a_level_is_a_column_and_empty_where_there_is_none(self) -> None:
        row = study_row(record(), 7)
        self.assertEqual(7, row["patients_key"])
        for attribute in BY_LEVEL[Level.STUDY]:
            wanted = "1.2.1" if attribute.keyword == "StudyInstanceUID" else ""
            self.assertEqual(wanted, row[attribute.column], attribute.keyword)

    def test_spaces_around_a_value_are_taken_off_but_not_before_a_long_text(self) -> None:
        one = record(PatientID=" P 1 ", PatientComments="  indented ")
        self.assertEqual("P 1", kept(Level.PATIENT, one, "patient_id"))
        self.assertEqual("  indented", kept(Level.PATIENT, one, "patient_comments"))

    def test_values_are_cut_to_what_an_index_and_a_row_can_bear(self) -> None:
        one = record(AccessionNumber="x" * 9999, PatientComments="y" * 99999)
        self.assertEqual("x" * LONGEST_INDEXED, kept(Level.STUDY, one, "accession_number"))
        self.assertEqual("y" * LONGEST, kept(Level.PATIENT, one, "patient_comments"))

    def test_of_a_sequence_each_value_is_cut_and_the_items_that_are_too_many_are_left_out(
        self,
    ) -> None:
        items = [{0x00400009: "x" * 9999}, {0x00400009: " short ", 0x00401001: "\0"}]
        many = [*items, *({0x00401001: f"{number:0200d}"} for number in range(100))]
        one = record(RequestAttributesSequence=sequence_text(many))
        text = level_row(Level.SERIES, one)["request_attributes_sequence"]
        self.assertLessEqual(len(text), LONGEST)
        self.assertEqual(
            [{0x00400009: "x" * LONGEST_INDEXED}, {0x00400009: "short"}, many[2]],
            items_of(text)[:3],
        )

    def test_of_a_sequence_nothing_is_kept_that_is_none(self) -> None:
        for text in ("nonsense", "[1]", '[{"00100010":"not of this one"}]'):
            one = record(RequestAttributesSequence=text)
            self.assertEqual("", level_row(Level.SERIES, one)["request_attributes_sequence"])

    def test_of_several_values_where_one_is_allowed_the_first_is_searched(self) -> None:
        one = record(AccessionNumber="A\\B", StudyDescription="C\\D")
        self.assertEqual("A", kept(Level.STUDY, one, "accession_number"))
        self.assertEqual("C\\D", kept(Level.STUDY, one, "study_description"))

    def test_several_values_are_kept_where_they_are_allowed(self) -> None:
        one = record(ImageType="ORIGINAL\\PRIMARY")
        self.assertEqual("ORIGINAL\\PRIMARY", kept(Level.IMAGE, one, "image_type"))

    def test_dates_of_old_have_the_form_of_today(self) -> None:
        self.assertEqual(
            "19970424", kept(Level.STUDY, record(StudyDate="1997.04.24"), "study_date")
        )
        self.assertEqual(
            "1997.4.24", kept(Level.STUDY, record(StudyDate="1997.4.24"), "study_date")
        )

    def test_letters_that_no_code_string_can_have_are_not_kept(self) -> None:
        self.assertEqual("M?", kept(Level.PATIENT, record(PatientSex="MÄ"), "patient_sex"))

    def test_a_name_is_searched_by_its_groups_without_regard_to_case(self) -> None:
        row = patient_row(record(PatientName="Yamada^Tarou^^=山田^太郎=やまだ^たろう"))
        self.assertEqual("yamada^tarou", row["patient_name_alphabetic"])
        self.assertEqual("山田^太郎", row["patient_name_ideographic"])
        self.assertEqual("やまだ^たろう", row["patient_name_phonetic"])

    def test_however_accents_are_composed_a_name_is_searched_the_same(self) -> None:
        for name in ("MU\u0308LLER", "müller", "Müller "):
            row = patient_row(record(PatientName=name))
            self.assertEqual("müller", row["patient_name_alphabetic"])

    def test_the_longest_names_fit_into_an_index(self) -> None:
        row = patient_row(record(PatientName="\u0390" * 9999))
        self.assertLessEqual(len(row["patient_name_alphabetic"]), LONGEST_INDEXED)

    def test_what_the_protocol_says_goes_before_what_the_data_set_says(self) -> None:
        one = record(SOPClassUID="1.9", SOPInstanceUID="1.8")
        self.assertEqual(one.sop_class_uid, kept(Level.IMAGE, one, "sop_class_uid"))
        self.assertEqual(one.sop_instance_uid, kept(Level.IMAGE, one, "sop_instance_uid"))


class IdentityTests(SynchronousTestCase):
    def test_a_patient_is_an_id_and_its_issuer(self) -> None:
        identities = {
            identity_of(record(PatientID=patient, IssuerOfPatientID=issuer))
            for patient, issuer in (("A", ""), ("A", "X"), ("B", "X"), ("A", "X "))
        }
        self.assertEqual(3, len(identities))

    def test_without_an_id_each_study_has_a_patient_of_its_own(self) -> None:
        one, other = (identity_of(record(study, PatientID="")) for study in (1, 2))
        self.assertNotEqual(one, other)
        self.assertEqual(one, identity_of(record(1, 5, 7, PatientID=" ")))
