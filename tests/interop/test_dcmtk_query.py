"""DCMTK as SCU of queries: its findscu asks our node in the models that it knows, over TLS."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from twisted.trial.unittest import TestCase

from tests.interop.dcmtk_keys import keys, names_by_id, responses
from tests.interop.links import the_reactor
from tests.interop.our_node import LESTRADE, NAMES, TITLE, OurNode, start_our_node
from tests.interop.our_providers import Endless
from tests.interop.peers import Words, dcmtk, dcmtk_credentials, run
from tests.interop.shared_certificates import shared_certificates
from txdicomtls.scp import Find, means_of

#: Specific Character Set of the identifier.
UNICODE = ("-k", "SpecificCharacterSet=ISO_IR 192")

PATIENT_ROOT, STUDY_ROOT, PATIENT_STUDY_ONLY, WORKLIST = "-P", "-S", "-O", "-W"


class _Caller(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.findscu = dcmtk("findscu")
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    async def node(self) -> OurNode:
        return await start_our_node(self, shared_certificates())

    async def find(self, node: OurNode, model: str, *words: str | Path) -> list[Dataset]:
        """Let it ask; what it was told."""
        said = await self.said(node, model, "-X", "-od", self.directory, *words)
        found = responses(self.directory)
        self.assertIn("Received Final Find Response (Success)", said)
        self.assertEqual(len(found), said.count("(Pending)"), said)
        return found

    async def said(self, node: OurNode, *words: str | Path) -> str:
        credentials = dcmtk_credentials(node.certificates, "client")
        called: Words = ["-aec", TITLE, "localhost", str(node.port)]
        status, said = await run(self, [self.findscu, "-v", *credentials, *words, *called])
        self.assertEqual(0, status, said)
        return said


class QueryTests(_Caller):
    async def test_all_patients_are_found_by_name_in_unicode(self) -> None:
        node = await self.node()
        wanted = keys("PATIENT", PatientName="*", PatientID="")
        found = await self.find(node, PATIENT_ROOT, *UNICODE, *wanted)
        self.assertEqual(NAMES, names_by_id(found))

    async def test_a_name_in_any_script_is_matched(self) -> None:
        node = await self.node()
        for key, patient in (
            ("*山田*", {"H31EXAMPLE", "H32EXAMPLE"}),
            ("Yamada^*", {"H31EXAMPLE"}),
            ("Διονυσιος", {"SCSGREEK"}),
            ("שרון^*", {"SCSHBRW"}),
            ("buc^j?r?me", {"SCSFREN"}),
        ):
            wanted = keys("STUDY", PatientName=key, PatientID="")
            found = await self.find(node, STUDY_ROOT, *UNICODE, *wanted)
            self.assertEqual(patient, set(names_by_id(found)), key)
            for path in self.directory.iterdir():
                path.unlink()

    async def test_an_answer_is_in_the_character_set_of_the_query_where_that_is_enough(
        self,
    ) -> None:
        node = await self.node()
        latin = ("-k", "SpecificCharacterSet=ISO_IR 100")
        wanted = keys("STUDY", PatientID="SCS*", PatientName="")
        found = await self.find(node, STUDY_ROOT, *latin, *wanted)
        sets = {str(each.PatientID): each.get("SpecificCharacterSet") for each in found}
        self.assertEqual("ISO_IR 100", sets["SCSFREN"])
        self.assertEqual({"ISO_IR 192"}, {sets[each] for each in sets if each != "SCSFREN"})
        self.assertEqual(
            {patient: name for patient, name in NAMES.items() if patient.startswith("SCS")},
            names_by_id(found),
        )

    async def test_the_images_of_a_series_are_told_apart(self) -> None:
        node = await self.node()
        series = next(
            each.dataset.SeriesInstanceUID
            for each in node.store
            if each.dataset.StudyInstanceUID == LESTRADE
        )
        found = await self.find(
            node,
            STUDY_ROOT,
            *keys(
                "IMAGE",
                StudyInstanceUID=LESTRADE,
                SeriesInstanceUID=series,
                SOPInstanceUID="",
                SOPClassUID="",
            ),
        )
        held = [each for each in node.store if each.dataset.StudyInstanceUID == LESTRADE]
        self.assertEqual(3, len(held))
        self.assertEqual(
            sorted(each.facts.sop_instance_uid for each in held),
            sorted(str(each.SOPInstanceUID) for each in found),
        )

    async def test_the_retired_patient_study_only_model_is_answered(self) -> None:
        node = await self.node()
        wanted = keys("STUDY", PatientID="1CT1", StudyDate="20040101-20041231", StudyInstanceUID="")
        [found] = await self.find(node, PATIENT_STUDY_ONLY, *wanted)
        self.assertEqual("20040119", found.StudyDate)

    async def test_every_transfer_syntax_that_it_proposes_will_do(self) -> None:
        node = await self.node()
        for proposal in ("-xe", "-xb", "-xd", "-xi"):
            wanted = keys("STUDY", PatientName="Lestrade^*", PatientID="")
            [found] = await self.find(node, STUDY_ROOT, proposal, *wanted)
            self.assertEqual("ID1", found.PatientID)
            next(self.directory.iterdir()).unlink()

    async def test_nothing_found_is_success_all_the_same(self) -> None:
        node = await self.node()
        wanted = keys("STUDY", PatientName="Nobody", StudyInstanceUID="")
        self.assertEqual([], await self.find(node, STUDY_ROOT, *wanted))

    async def test_its_c_cancel_ends_the_query(self) -> None:
        endless = Endless()
        find = Find(endless, means_of(the_reactor()))
        node = await start_our_node(self, shared_certificates(), more=[find])
        wanted = keys("STUDY", PatientName="*", PatientID="")
        said = await self.said(node, STUDY_ROOT, "--cancel", "2", *wanted)
        self.assertIn("Sending Cancel Request", said)
        self.assertIn("(Cancel: MatchingTerminatedDueToCancelRequest)", said)
        self.assertTrue(endless.is_over)

    async def test_an_unknown_level_is_refused_with_a_reason(self) -> None:
        node = await self.node()
        said = await self.said(node, STUDY_ROOT, *keys("PLANET", PatientName="*"))
        self.assertRegex(said, r"Received Final Find Response \((Error|Failed|Refused)")


class WorklistTests(_Caller):
    async def test_an_item_is_found_by_a_key_within_its_sequence(self) -> None:
        node = await self.node()
        found = await self.find(
            node,
            WORKLIST,
            *UNICODE,
            *keys(
                PatientName="",
                PatientID="",
                **{
                    "ScheduledProcedureStepSequence[0].Modality": "MR",
                    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate": "",
                    "ScheduledProcedureStepSequence[0].ScheduledStationAETitle": "",
                },
            ),
        )
        self.assertEqual({"P2": NAMES["H31EXAMPLE"]}, names_by_id(found))
        [step] = found[0].ScheduledProcedureStepSequence
        self.assertEqual(("MR1", "20260131"), (step[0x00400001].value, step[0x00400002].value))

    async def test_items_of_a_range_of_dates_are_found(self) -> None:
        node = await self.node()
        start = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate"
        for days, patients in (
            ("20260131-20260201", {"P1", "P2"}),
            ("20260201-", {"P1"}),
            ("-20260130", set()),
        ):
            wanted = keys(PatientName="", PatientID="", **{start: days})
            found = await self.find(node, WORKLIST, *UNICODE, *wanted)
            self.assertEqual(patients, set(names_by_id(found)), days)
            for path in self.directory.iterdir():
                path.unlink()
