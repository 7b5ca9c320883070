from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.dataset.test_matching import dataset
from txdicomtls.dataset import decode, encode, project
from txdicomtls.uids import IMPLICIT_VR_LITTLE_ENDIAN


class ProjectionTests(SynchronousTestCase):
    def test_what_was_asked_for_is_there_and_nothing_else(self) -> None:
        keys = dataset(PatientID="1*", PatientName=None, StudyDate=None, Rows=None)
        candidate = dataset(PatientID="12", PatientName="Doe", Modality="CT")
        response = project(keys, candidate)
        self.assertEqual(
            ["StudyDate", "PatientName", "PatientID", "Rows"], [one.keyword for one in response]
        )
        self.assertEqual("12", response.PatientID)
        self.assertEqual("Doe", response.PatientName)
        self.assertEqual(("", None), (response.StudyDate, response.Rows))

    def test_of_a_sequence_the_items_that_match_are_there_with_the_attributes_asked_for(
        self,
    ) -> None:
        candidate = dataset(
            ScheduledProcedureStepSequence=[
                dataset(Modality="CT", ScheduledStationAETitle="A"),
                dataset(Modality="MR", ScheduledStationAETitle="B"),
            ]
        )
        for asked, answered in (("CT", ["CT"]), ("M*", ["MR"]), (None, ["CT", "MR"])):
            item = dataset(Modality=asked, ScheduledStationName=None)
            response = project(dataset(ScheduledProcedureStepSequence=[item]), candidate)
            expected = [dataset(Modality=each, ScheduledStationName="") for each in answered]
            self.assertEqual(expected, list(response.ScheduledProcedureStepSequence))
        for keys in (
            dataset(ScheduledProcedureStepSequence=[]),
            dataset(ScheduledProcedureStepSequence=[dataset()]),
        ):
            self.assertEqual(candidate, project(keys, candidate))

    def test_so_it_is_with_a_sequence_in_a_sequence(self) -> None:
        codes = [dataset(CodeValue="A"), dataset(CodeValue="B")]
        step = dataset(Modality="CT", ScheduledProtocolCodeSequence=codes)
        asked = dataset(ScheduledProtocolCodeSequence=[dataset(CodeValue="B")])
        response = project(
            dataset(ScheduledProcedureStepSequence=[asked]),
            dataset(ScheduledProcedureStepSequence=[step]),
        )
        (item,) = response.ScheduledProcedureStepSequence
        self.assertEqual(["B"], [each.CodeValue for each in item.ScheduledProtocolCodeSequence])

    def test_a_sequence_that_is_not_there_is_empty(self) -> None:
        keys = dataset(ScheduledProcedureStepSequence=[dataset(Modality="CT")])
        self.assertEqual(0, len(project(keys, dataset()).ScheduledProcedureStepSequence))

    def test_the_character_set_is_the_one_asked_in_if_it_has_all_codes(self) -> None:
        for asked, name, expected in (
            (None, "Doe", None),
            ("ISO_IR 100", "Doe", None),
            (None, "Jérôme", "ISO_IR 192"),
            ("ISO_IR 100", "Jérôme", "ISO_IR 100"),
            ("ISO_IR 144", "Jérôme", "ISO_IR 192"),
            ("ISO_IR 999", "Jérôme", "ISO_IR 192"),
            (["", "ISO 2022 IR 87"], "Yamada=山田", ["", "ISO 2022 IR 87"]),
        ):
            keys = dataset(PatientName=None)
            if asked is not None:
                keys.SpecificCharacterSet = asked
            response = project(keys, dataset(PatientName=name, SpecificCharacterSet="ISO_IR 13"))
            self.assertEqual(expected, response.get("SpecificCharacterSet"), (asked, name))
            sent = encode(response, IMPLICIT_VR_LITTLE_ENDIAN)
            self.assertEqual(name, decode(sent, IMPLICIT_VR_LITTLE_ENDIAN).PatientName)

    def test_a_name_in_a_sequence_needs_a_character_set_too(self) -> None:
        candidate = dataset(OtherPatientIDsSequence=[dataset(PatientID="é")])
        response = project(dataset(OtherPatientIDsSequence=[]), candidate)
        self.assertEqual("ISO_IR 192", response.SpecificCharacterSet)
