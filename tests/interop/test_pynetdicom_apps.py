"""pynetdicom's applications, both ways: its SCUs call our node, and we call its SCPs.

They are run as whoever installs pynetdicom runs them, and none of them has TLS: a relay stands in
between.  TLS with pynetdicom itself is tested in ``test_pynetdicom_services_scu.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pydicom
from twisted.trial.unittest import TestCase

from tests.interop.dcmtk_keys import keys, names_by_id, responses
from tests.interop.links import associate, security
from tests.interop.objects import SAMPLES, Sample, assert_kept, assert_same_elements
from tests.interop.our_node import NAMES, TITLE, OurNode, sample, start_our_node, write
from tests.interop.peers import Words, free_port, listening, pynetdicom
from tests.interop.relay import into_tls, out_of_tls
from tests.interop.shared_certificates import shared_certificates
from tests.interop.values import dataset
from tests.running import start
from txdicomtls import uids
from txdicomtls.errors import RetrievalFailed
from txdicomtls.part10 import read_header
from txdicomtls.scu import (
    Association,
    contexts_for,
    get_contexts,
    move_contexts,
    query_contexts,
)
from txdicomtls.testing import MemoryReceiver

#: Specific Character Set of an identifier.
UNICODE = ("-k", "SpecificCharacterSet=ISO_IR 192")

#: pynetdicom proposes uncompressed transfer syntaxes, implicit VR first; what we have is this.
EXPLICIT = (uids.EXPLICIT_VR_LITTLE_ENDIAN,)

#: What its archive gets.
STORED = tuple(sample(name) for name in ("CT_small.dcm", "chrFrenMulti.dcm", "chrX1.dcm"))
PATIENTS = ("1CT1", "SCSFREN", "X1EXAMPLE")
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

PATIENT_ROOT, STUDY_ROOT, WORKLIST = "-P", "-S", "-W"


class _Apps(TestCase):
    timeout = 60

    def setUp(self) -> None:
        pynetdicom()
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    def application(self, name: str, *words: str | Path) -> Words:
        return [sys.executable, "-m", "pynetdicom", name, *words]

    def study(self, name: str) -> str:
        """Study Instance UID of a sample."""
        tags = ["StudyInstanceUID"]
        return str(pydicom.dcmread(sample(name), specific_tags=tags).StudyInstanceUID)


class CallingTests(_Apps):
    async def node(self) -> OurNode:
        node = await start_our_node(self, shared_certificates(), stored_in=lambda _: EXPLICIT)
        self.port = await into_tls(self, node.port, node.certificates)
        return node

    async def call(self, name: str, *words: str | Path) -> str:
        """Let it call, in a directory of its own; what it said."""
        common: Words = ["-v", "-aec", TITLE, "localhost", str(self.port)]
        process = start(self, self.application(name, *common, *words), cwd=self.directory)
        status = await process.ended
        self.assertEqual(0, status, process.output)
        return process.output

    async def test_its_echoscu_is_answered(self) -> None:
        await self.node()
        for _ in range(3):
            said = await self.call("echoscu")
            self.assertIn("Received Echo Response (Status: 0x0000 - Success)", said)

    async def test_what_its_storescu_sends_is_kept(self) -> None:
        node = await self.node()
        node.store.instances.clear()
        said = await self.call("storescu", "-xe", sample("CT_small.dcm"))
        self.assertIn("Received Store Response (Status: 0x0000 - Success)", said)
        received = self.directory / "received"
        received.mkdir()
        write(node.store, received)
        assert_same_elements(self, [Sample(sample("CT_small.dcm"))], received)

    async def test_its_findscu_finds_patients_by_names_in_any_script(self) -> None:
        await self.node()
        for model, level in ((PATIENT_ROOT, "PATIENT"), (STUDY_ROOT, "STUDY")):
            wanted = keys(level, PatientName="*", PatientID="")
            await self.call("findscu", model, "-w", *UNICODE, *wanted)
            self.assertEqual(NAMES, names_by_id(responses(self.directory)))
            for path in self.directory.iterdir():
                path.unlink()

    async def test_its_findscu_finds_what_is_scheduled(self) -> None:
        await self.node()
        step = "ScheduledProcedureStepSequence[0]"
        wanted = keys(PatientName="", PatientID="", **{f"{step}.Modality": "CT"})
        await self.call("findscu", WORKLIST, "-w", *UNICODE, *wanted)
        self.assertEqual({"P1": "Müller^Jürgen"}, names_by_id(responses(self.directory)))

    async def test_its_getscu_gets_a_study(self) -> None:
        await self.node()
        study = keys("STUDY", StudyInstanceUID=self.study("chrH31.dcm"))
        said = await self.call("getscu", STUDY_ROOT, *study)
        self.assertIn("Get SCP Result: 0x0000 (Success)", said)
        assert_same_elements(self, [Sample(sample("chrH31.dcm"))], self.directory)

    async def test_its_movescu_gets_a_study_on_its_own_port(self) -> None:
        node = await self.node()
        port = free_port()
        node.destinations.ports["STORESCP"] = await out_of_tls(self, port, node.certificates)
        study = keys("STUDY", StudyInstanceUID=self.study("chrH32.dcm"))
        target: Words = ["-aem", "STORESCP", "--store", "--store-port", str(port)]
        said = await self.call("movescu", STUDY_ROOT, *target, *study)
        self.assertIn("Move SCP Result: 0x0000 (Success)", said)
        assert_same_elements(self, [Sample(sample("chrH32.dcm"))], self.directory)


class CalledTests(_Apps):
    async def served(self, name: str, *words: str | Path) -> int:
        """Start one of its SCPs; the port of a relay to it."""
        port = free_port()
        where: Words = ["--port", str(port)] if name == "qrscp" else [str(port)]
        process = start(
            self,
            self.application(name, "-ba", "127.0.0.1", *where, *words),
            cwd=self.directory,
        )
        await listening(process, port)
        return await out_of_tls(self, port, shared_certificates())

    async def archive(self) -> tuple[OurNode, Association]:
        """Store some objects in its archive, and associate with it to retrieve them."""
        certificates = shared_certificates()
        node = await start_our_node(self, certificates)
        node.store.instances.clear()
        destination = await into_tls(self, node.port, certificates)
        default = (
            Path(pydicom.__file__).parents[1] / "pynetdicom" / "apps" / "qrscp" / "default.ini"
        )
        settings = default.read_text().partition("## Move Destinations")[0]
        configuration = self.directory / "qrscp.ini"
        configuration.write_text(
            f"{settings}\n[{TITLE}]\naddress: 127.0.0.1\nport: {destination}\n"
        )
        port = await self.served(
            "qrscp",
            *("--config", configuration),
            *("--database-location", self.directory / "index.sqlite"),
            *("--instance-location", self.directory / "instances"),
        )
        secured = await security(certificates, "client")
        # Whoever proposes to be SCU and SCP of a storage class gets the second role only, so it
        # takes an association to store and another one to retrieve.
        contexts = contexts_for(read_header(path) for path in STORED)
        async with await associate(port, secured, called="QRSCP", contexts=contexts) as storing:
            statuses = [each.status async for each in storing.store(STORED)]
        self.assertEqual([0] * len(STORED), statuses)
        association = await associate(
            port,
            secured,
            called="QRSCP",
            contexts=query_contexts()
            + query_contexts(uids.PATIENT_ROOT_FIND)
            + move_contexts()
            + get_contexts([SECONDARY_CAPTURE], stored_in=EXPLICIT),
            window=8,
        )
        self.assertEqual(1, association.window)
        return node, association

    async def test_its_echoscp_answers(self) -> None:
        port = await self.served("echoscp")
        secured = await security(shared_certificates(), "client")
        async with await associate(port, secured) as association:
            self.assertEqual([0, 0], [await association.echo() for _ in range(2)])

    async def test_what_we_send_to_its_storescp_is_kept(self) -> None:
        received = self.directory / "received"
        port = await self.served("storescp", "-od", received)
        sent = [each for each in SAMPLES if each.path in STORED]
        contexts = contexts_for(read_header(path) for path in STORED)
        secured = await security(shared_certificates(), "client")
        async with await associate(port, secured, contexts=contexts) as association:
            statuses = [each.status async for each in association.store(STORED)]
        self.assertEqual([0] * len(STORED), statuses)
        assert_kept(self, sent, received)

    async def test_what_was_stored_in_its_archive_is_found(self) -> None:
        _, association = await self.archive()
        async with association:
            for model, level in (
                (uids.STUDY_ROOT_FIND, "STUDY"),
                (uids.PATIENT_ROOT_FIND, "PATIENT"),
            ):
                keys = dataset(
                    SpecificCharacterSet="ISO_IR 192",
                    QueryRetrieveLevel=level,
                    PatientName="",
                    PatientID="",
                )
                found = await association.find(keys, model=model).all()
                # It answers in Latin-1, whatever is asked for, and does not say so.
                names = {each: NAMES[each].encode("latin-1", "replace") for each in PATIENTS}
                self.assertEqual(
                    {patient: name.decode("latin-1") for patient, name in names.items()},
                    {each.PatientID: str(each.PatientName) for each in found},
                )

    async def test_a_study_is_retrieved_from_its_archive(self) -> None:
        _, association = await self.archive()
        async with association:
            receiver = MemoryReceiver()
            keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=self.study("chrX1.dcm"))
            got = await association.get(keys, receiver).finished()
            self.assertTrue(got.is_complete, got)
        received = self.directory / "received"
        received.mkdir()
        write(receiver, received)
        assert_same_elements(self, [Sample(sample("chrX1.dcm"))], received)

    async def test_a_study_is_moved_from_its_archive_to_a_node_of_ours(self) -> None:
        node, association = await self.archive()
        async with association:
            keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=self.study("CT_small.dcm"))
            moved = await association.move(keys, TITLE).finished()
            self.assertTrue(moved.is_complete, moved)
            with self.assertRaises(RetrievalFailed) as caught:
                await association.move(keys, "NOWHERE").finished()
            self.assertEqual(0xA801, caught.exception.status)
        received = self.directory / "received"
        received.mkdir()
        write(node.store, received)
        assert_same_elements(self, [Sample(sample("CT_small.dcm"))], received)
