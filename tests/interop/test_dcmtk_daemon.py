"""The daemon as an archive for DCMTK: what one program stores, others find, get and move."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from twisted.trial.unittest import TestCase

from tests.interop.dcmtk_keys import keys, names_by_id, responses
from tests.interop.objects import SAMPLES, Sample, assert_kept, assert_same_elements
from tests.interop.our_node import HELD, LESTRADE, LESTRADE_FILES, NAMES, TITLE, worklist_items
from tests.interop.peers import (
    Words,
    dcmtk,
    dcmtk_credentials,
    run,
    start_storescp,
)
from tests.interop.relay import into_tls
from tests.interop.shared_certificates import shared_certificates
from tests.interop.test_dcmtk_scu import contexts_file
from tests.running import Node, start_node

#: What the programs call themselves, and what they may do; and where C-MOVE may send to.
PEERS = """
[[peer]]
ae_title = "DCMTK"
allow = ["echo", "store", "find", "get", "move", "worklist"]

[[peer]]
ae_title = "THIRD"
host = "localhost"
port = {third}

[worklist]
folder = "{worklist}"
"""


class ArchiveTests(TestCase):
    timeout = 90

    async def archive(self) -> Node:
        """Let storescu store what a node of ours would hold."""
        self.certificates = shared_certificates()
        self.received = self.directory()
        worklist = self.directory()
        for number, item in enumerate(worklist_items()):
            (worklist / f"{number}.json").write_text(item.to_json())
        _, third = await start_storescp(self, self.certificates, "-od", self.received)
        more = PEERS.format(third=third, worklist=worklist)
        node = await start_node(self, certificates=self.certificates, more=more)
        self.relay = await into_tls(self, node.port, self.certificates)
        said = await self.said(
            node, "storescu", "-xf", contexts_file(), "Samples", files=[each.path for each in HELD]
        )
        self.assertEqual(len(HELD), said.count("Received Store Response (Success)"), said)
        return node

    def directory(self) -> Path:
        directory = Path(self.mktemp()).absolute()
        directory.mkdir(parents=True)
        return directory

    async def said(
        self, node: Node, program: str, *words: str | Path, files: list[Path] | None = None
    ) -> str:
        """Let a program call the node, over TLS if it has that; what it said."""
        credentials = dcmtk_credentials(self.certificates, "client")
        has_tls = program in ("storescu", "findscu")
        where: Words = ["localhost", str(node.port if has_tls else self.relay), *(files or [])]
        common: Words = ["-v", "-aet", "DCMTK", "-aec", TITLE, *(credentials if has_tls else [])]
        status, said = await run(self, [dcmtk(program), *common, *words, *where])
        self.assertEqual(0, status, said)
        return said

    async def found(self, node: Node, *words: str | Path) -> list[Dataset]:
        """What findscu finds."""
        directory = self.directory()
        said = await self.said(node, "findscu", "-X", "-od", directory, *words)
        self.assertIn("Received Final Find Response (Success)", said)
        return responses(directory)

    async def test_patients_are_found_by_names_in_any_script(self) -> None:
        node = await self.archive()
        unicode = ("-k", "SpecificCharacterSet=ISO_IR 192")
        for model, level, name, patients in (
            ("-P", "PATIENT", "*", NAMES.keys()),
            ("-S", "STUDY", "*", NAMES.keys()),
            ("-S", "STUDY", "*山田*", {"H31EXAMPLE", "H32EXAMPLE"}),
            ("-S", "STUDY", "שרון^*", {"SCSHBRW"}),
            ("-P", "PATIENT", "ΔΙΟΝΥΣΙΟΣ", {"SCSGREEK"}),
            ("-P", "PATIENT", "ΔΙΟΝΥΣΙΟ", set()),
        ):
            wanted = keys(level, PatientName=name, PatientID="")
            found = await self.found(node, model, *unicode, *wanted)
            self.assertEqual({each: NAMES[each] for each in patients}, names_by_id(found))

    async def test_the_numbers_of_what_belongs_to_a_study_are_told(self) -> None:
        node = await self.archive()
        [study] = await self.found(
            node,
            "-S",
            *keys(
                "STUDY",
                StudyInstanceUID=LESTRADE,
                NumberOfStudyRelatedInstances="",
                NumberOfStudyRelatedSeries="",
                ModalitiesInStudy="",
            ),
        )
        self.assertEqual(
            (3, 1, "OT"),
            (
                study.NumberOfStudyRelatedInstances,
                study.NumberOfStudyRelatedSeries,
                study.ModalitiesInStudy,
            ),
        )
        self.assertEqual(TITLE, study.RetrieveAETitle)

    async def test_a_study_is_got_bit_for_bit(self) -> None:
        node = await self.archive()
        words: Words = ["-P", "+B", "-od", self.received, *keys("PATIENT", PatientID="H31EXAMPLE")]
        said = await self.said(node, "getscu", *words)
        self.assertIn("Received C-GET Response (Success)", said)
        assert_kept(self, samples("chrH31.dcm"), self.received)

    async def test_a_study_is_moved_to_a_node_that_is_configured(self) -> None:
        node = await self.archive()
        wanted = keys("STUDY", StudyInstanceUID=LESTRADE)
        said = await self.said(node, "movescu", "-S", "-aem", "THIRD", *wanted)
        self.assertIn("Received Final Move Response (Success)", said)
        # Not bit for bit: storescu has decoded and encoded what it sent to the node.
        assert_same_elements(self, samples(*LESTRADE_FILES), self.received)

    async def test_a_worklist_is_told(self) -> None:
        node = await self.archive()
        step = "ScheduledProcedureStepSequence[0].Modality"
        wanted = keys(PatientName="", PatientID="", **{step: "MR"})
        found = await self.found(node, "-W", "-k", "SpecificCharacterSet=ISO_IR 192", *wanted)
        self.assertEqual({"P2": NAMES["H31EXAMPLE"]}, names_by_id(found))


def samples(*names: str) -> list[Sample]:
    """The samples of these names."""
    return [each for each in SAMPLES if each.path.name in names]
