"""Tests of :mod:`txdicomtls.index.identifier`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.index.identifiers import data_set
from txdicomtls.errors import InvalidQuery
from txdicomtls.index.identifier import read_identifier
from txdicomtls.index.levels import Level, Root

LEVEL = 0x00080052
STUDY_UID = Level.STUDY.unique_key
SERIES_UID = Level.SERIES.unique_key
PATIENT_ID = Level.PATIENT.unique_key

#: Information model, level, keys, and the tag that is complained of.
REFUSED: tuple[tuple[Root, dict[str, str], int], ...] = (
    (Root.STUDY, {}, LEVEL),
    (Root.STUDY, {"QueryRetrieveLevel": ""}, LEVEL),
    (Root.STUDY, {"QueryRetrieveLevel": "study"}, LEVEL),
    (Root.STUDY, {"QueryRetrieveLevel": "STUDY\\SERIES"}, LEVEL),
    (Root.STUDY, {"QueryRetrieveLevel": "PATIENT"}, LEVEL),
    (Root.PATIENT_STUDY_ONLY, {"QueryRetrieveLevel": "SERIES"}, LEVEL),
    (Root.PATIENT, {"QueryRetrieveLevel": "STUDY"}, PATIENT_ID),
    (Root.PATIENT, {"QueryRetrieveLevel": "STUDY", "PatientID": ""}, PATIENT_ID),
    (Root.PATIENT, {"QueryRetrieveLevel": "STUDY", "PatientID": "P*"}, PATIENT_ID),
    (Root.PATIENT, {"QueryRetrieveLevel": "STUDY", "PatientID": "A\\B"}, PATIENT_ID),
    (Root.PATIENT, {"QueryRetrieveLevel": "STUDY", "PatientID": "x" * 65}, PATIENT_ID),
    (Root.PATIENT, {"QueryRetrieveLevel": "SERIES", "PatientID": "P"}, STUDY_UID),
    (Root.STUDY, {"QueryRetrieveLevel": "SERIES"}, STUDY_UID),
    (Root.STUDY, {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2\\1.3"}, STUDY_UID),
    (Root.STUDY, {"QueryRetrieveLevel": "IMAGE", "StudyInstanceUID": "1.2"}, SERIES_UID),
)


class IdentifierTests(SynchronousTestCase):
    def test_what_cannot_be_answered_is_refused_by_the_tag_that_is_wrong(self) -> None:
        for root, keys, tag in REFUSED:
            with self.assertRaises(InvalidQuery) as raised:
                read_identifier(data_set(**keys), root, relational=False)
            self.assertEqual(tag, raised.exception.tag, keys)
            self.assertEqual(0xA900, raised.exception.status)

    def test_a_relational_query_needs_no_unique_keys_but_a_level(self) -> None:
        for root, keys, tag in REFUSED:
            if tag != LEVEL:
                asked = read_identifier(data_set(**keys), root, relational=True)
                self.assertEqual(keys["QueryRetrieveLevel"], asked.level.name)

    def test_above_the_study_root_there_is_nothing_to_pin_down(self) -> None:
        asked = read_identifier(data_set(QueryRetrieveLevel="STUDY "), Root.STUDY, relational=False)
        self.assertIs(asked.level, Level.STUDY)

    def test_keys_from_below_the_level_and_unknown_ones_are_not_supported(self) -> None:
        keys = {
            "QueryRetrieveLevel": "STUDY",
            "SpecificCharacterSet": "ISO_IR 192",
            "PatientName": "",
            "StudyDate": "",
            "ModalitiesInStudy": "",
            "NumberOfStudyRelatedInstances": "",
            "Modality": "",
            "NumberOfSeriesRelatedInstances": "",
            "PregnancyStatus": "",
        }
        asked = read_identifier(data_set(**keys), Root.STUDY, relational=False)
        self.assertEqual((0x00080060, 0x001021C0, 0x00201209), asked.unsupported)
        supported = [int(element.tag) for element in asked.keys]
        self.assertEqual([0x00080020, 0x00080061, 0x00100010, 0x00201208], supported)
