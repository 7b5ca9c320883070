"""DCMTK as SCU of retrievals, and as destination: its getscu and movescu ask our node.

In Debian's build neither of them has TLS, so a relay stands in between, in both directions:
movescu also receives what it asks for.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.dcmtk_keys import keys
from tests.interop.objects import SAMPLES, Sample, assert_kept, assert_same_elements
from tests.interop.our_node import (
    LESTRADE,
    LESTRADE_FILES,
    NAMES,
    TITLE,
    OurNode,
    start_our_node,
    write,
)
from tests.interop.peers import Words, dcmtk, free_port, run, start_storescp
from tests.interop.relay import into_tls, out_of_tls
from tests.interop.shared_certificates import shared_certificates

PATIENT_ROOT, STUDY_ROOT, PATIENT_STUDY_ONLY = "-P", "-S", "-O"


def samples(*names: str) -> list[Sample]:
    """The samples of these names."""
    return [each for each in SAMPLES if each.path.name in names]


class _Caller(TestCase):
    timeout = 60

    async def prepared(self) -> OurNode:
        """Start our node, with a relay for peers without TLS."""
        self.received = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        self.received.mkdir()
        # Objects of one SOP class are in many transfer syntaxes here: the peer's first counts.
        node = await start_our_node(self, shared_certificates(), stored_in=lambda _: ())
        self.port = await into_tls(self, node.port, node.certificates)
        return node

    async def said(self, program: str, *words: str | Path) -> str:
        """Let it retrieve; what it said."""
        common: Words = ["-v", "-aec", TITLE, "localhost", str(self.port)]
        status, said = await run(self, [dcmtk(program), *words, *common])
        self.assertEqual(0, status, said)
        return said


class GetTests(_Caller):
    async def get(self, *words: str | Path) -> str:
        return await self.said("getscu", "+B", "-od", self.received, *words)

    async def test_the_studies_of_a_patient_are_retrieved_bit_for_bit(self) -> None:
        await self.prepared()
        said = await self.get(PATIENT_ROOT, *keys("PATIENT", PatientID="H31EXAMPLE"))
        self.assertIn("Received C-GET Response (Success)", said)
        assert_kept(self, samples("chrH31.dcm"), self.received)

    async def test_a_study_is_retrieved_in_the_study_root_and_the_retired_model(self) -> None:
        node = await self.prepared()
        [ct] = samples("CT_small.dcm")
        study = next(
            str(each.dataset.StudyInstanceUID)
            for each in node.store
            if each.dataset.PatientID == "1CT1"
        )
        for model in (STUDY_ROOT, PATIENT_STUDY_ONLY):
            above = {"PatientID": "1CT1"} if model == PATIENT_STUDY_ONLY else {}
            said = await self.get(model, *keys("STUDY", StudyInstanceUID=study, **above))
            self.assertIn("Received C-GET Response (Success)", said)
            assert_kept(self, [ct], self.received)
            next(self.received.iterdir()).unlink()

    async def test_what_it_takes_in_another_transfer_syntax_only_is_counted_as_failed(
        self,
    ) -> None:
        # It proposes each SOP class once, with the uncompressed syntaxes and one compressed one;
        # we send objects as they are.  So of the three of this series only one fits.
        node = await self.prepared()
        for option, name in (("+xy", "SC_rgb_small_odd_jpeg.dcm"), ("+xs", "SC_rgb_jpeg_gdcm.dcm")):
            said = await self.get(STUDY_ROOT, option, *keys("STUDY", StudyInstanceUID=LESTRADE))
            self.assertIn("Warning: SubOperationsCompleteOneOrMoreFailures", said)
            self.assertRegex(said, r"Number of Failed Suboperations +: 2")
            assert_kept(self, samples(name), self.received)
            next(self.received.iterdir()).unlink()
        self.assertEqual(2, len(node.store.retrievals))

    async def test_what_is_not_there_is_success_with_nothing(self) -> None:
        await self.prepared()
        said = await self.get(STUDY_ROOT, *keys("STUDY", StudyInstanceUID="1.2.3.999"))
        self.assertIn("Received C-GET Response (Success)", said)
        assert_kept(self, (), self.received)


class MoveTests(_Caller):
    async def test_it_gets_what_it_asks_for_on_its_own_port(self) -> None:
        node = await self.prepared()
        port = free_port()
        node.destinations.ports["MOVESCU"] = await out_of_tls(self, port, node.certificates)
        wanted = keys("STUDY", StudyInstanceUID=LESTRADE)
        # With +B it would keep what comes bit for bit, but not in the directory that -od names.
        received: Words = ["+xa", "-od", self.received, "-aem", "MOVESCU", "+P", str(port)]
        said = await self.said("movescu", STUDY_ROOT, *received, *wanted)
        self.assertIn("Received Final Move Response (Success)", said)
        assert_same_elements(self, samples(*LESTRADE_FILES), self.received)

    async def test_a_study_is_moved_to_a_third_node_over_tls(self) -> None:
        node = await self.prepared()
        _, port = await start_storescp(self, node.certificates, "-od", self.received)
        node.destinations.ports["THIRD"] = port
        wanted = keys("PATIENT", PatientID="I2EXAMPLE")
        said = await self.said("movescu", PATIENT_ROOT, "-aem", "THIRD", *wanted)
        self.assertIn("Received Final Move Response (Success)", said)
        assert_kept(self, samples("chrI2.dcm"), self.received)

    async def test_an_unknown_destination_is_refused_as_such(self) -> None:
        node = await self.prepared()
        wanted = keys("PATIENT", PatientID="X1EXAMPLE")
        common: Words = ["-v", "-aec", TITLE, "-aem", "NOWHERE", *wanted, "localhost"]
        status, said = await run(self, [dcmtk("movescu"), *common, str(self.port)])
        self.assertEqual("Refused: MoveDestinationUnknown", said.partition("Response (")[2][:31])
        self.assertNotEqual(0, status)
        self.assertIn("X1EXAMPLE", NAMES)
        self.assertEqual([], list(self.received.iterdir()))
        self.assertEqual({}, node.destinations.ports)


class SendTests(_Caller):
    async def test_what_its_dcmsend_sends_is_kept(self) -> None:
        # Without decompression (-dn) it proposes each object in the transfer syntax it is in.
        node = await self.prepared()
        directory = self.received / "kept"
        directory.mkdir()
        sent = samples("CT_small.dcm", "chrH32.dcm", *LESTRADE_FILES)
        words: Words = ["-v", "-dn", "-aec", TITLE, "localhost", str(self.port)]
        before = len(node.store)
        status, said = await run(self, [dcmtk("dcmsend"), *words, *(each.path for each in sent)])
        self.assertEqual(0, status, said)
        self.assertRegex(said, r"with status SUCCESS +: 5")
        arrived = node.store.instances[before:]
        self.assertEqual(len(sent), len(arrived))
        self.assertEqual({"DCMSEND"}, {each.facts.calling_ae_title for each in arrived})
        write(arrived, directory)
        assert_same_elements(self, sent, directory)
