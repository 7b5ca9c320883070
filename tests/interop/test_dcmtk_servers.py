"""DCMTK's other servers as SCP: we ask dcmqrscp and wlmscpfs, and send to dcmrecv.

dcmqrscp and wlmscpfs have no TLS in Debian's build: a relay stands before them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pydicom
from twisted.trial.unittest import TestCase

from tests.interop.dcmtk_servers import (
    ARCHIVE,
    RECEIVER,
    WORKLIST,
    start_dcmqrscp,
    start_dcmrecv,
    start_wlmscpfs,
)
from tests.interop.links import associate, security
from tests.interop.objects import PATHS, SAMPLES, Sample, assert_kept, assert_same_elements
from tests.interop.our_node import (
    NAMES,
    TITLE,
    OurNode,
    sample,
    start_our_node,
    worklist_items,
    write,
)
from tests.interop.relay import into_tls, out_of_tls
from tests.interop.shared_certificates import shared_certificates
from tests.interop.values import dataset
from txdicomtls import uids
from txdicomtls.errors import QueryFailed, RetrievalFailed
from txdicomtls.part10 import read_header
from txdicomtls.scu import (
    Association,
    contexts_for,
    get_contexts,
    move_contexts,
    query_contexts,
    verification_context,
    worklist_contexts,
)
from txdicomtls.testing import MemoryInstance, MemoryReceiver

#: What the archive gets: it takes uncompressed images without further options.
STORED = tuple(
    each.path
    for each in SAMPLES
    if each.path.name in ("CT_small.dcm", "chrFrenMulti.dcm", "chrH31.dcm", "chrX1.dcm")
)
PATIENTS = ("1CT1", "SCSFREN", "H31EXAMPLE", "X1EXAMPLE")
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


class ArchiveTests(TestCase):
    timeout = 60

    async def prepared(self) -> tuple[OurNode, Association]:
        """Store some objects in dcmqrscp, and stay associated with it."""
        certificates = shared_certificates()
        node = await start_our_node(self, certificates)
        node.store.instances.clear()
        destination = await into_tls(self, node.port, certificates)
        directory = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        port = await start_dcmqrscp(self, directory, TITLE, destination)
        association = await associate(
            await out_of_tls(self, port, certificates),
            await security(certificates, "client"),
            called=ARCHIVE,
            contexts=verification_context()
            + contexts_for(read_header(path) for path in STORED)
            + query_contexts()
            + query_contexts(uids.PATIENT_ROOT_FIND)
            + move_contexts()
            + get_contexts([SECONDARY_CAPTURE]),
            window=8,
        )
        self.assertEqual(1, association.window)
        self.assertEqual(
            [0] * len(STORED), [each.status async for each in association.store(STORED)]
        )
        return node, association

    def assert_is(self, name: str, received: Iterable[MemoryInstance]) -> None:
        """What was received is this sample; dcmqrscp decodes and encodes whatever it sends."""
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        write(received, directory)
        assert_same_elements(self, [Sample(sample(name))], directory)

    async def test_what_was_stored_is_found_in_each_character_set(self) -> None:
        _, association = await self.prepared()
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
                self.assertEqual(
                    {patient: NAMES[patient] for patient in PATIENTS},
                    {each.PatientID: str(each.PatientName) for each in found},
                )

    async def test_a_limit_makes_us_cancel_and_the_association_goes_on(self) -> None:
        _, association = await self.prepared()
        async with association:
            keys = dataset(QueryRetrieveLevel="STUDY", PatientID="", StudyInstanceUID="")
            async with association.find(keys, limit=1) as matches:
                found = [match async for match in matches]
            self.assertEqual(1, len(found))
            self.assertEqual(0, await association.echo())

    async def test_a_study_is_retrieved_on_the_same_association(self) -> None:
        _, association = await self.prepared()
        async with association:
            receiver = MemoryReceiver()
            keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=study("chrX1.dcm"))
            got = await association.get(keys, receiver).finished()
            self.assertTrue(got.is_complete)
        self.assert_is("chrX1.dcm", receiver)

    async def test_a_study_is_moved_to_a_node_of_ours(self) -> None:
        node, association = await self.prepared()
        async with association:
            keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=study("CT_small.dcm"))
            moved = await association.move(keys, TITLE).finished()
            self.assertTrue(moved.is_complete)
            self.assertEqual(1, moved.suboperations.completed)
        [arrived] = node.store.instances
        self.assertEqual(ARCHIVE, arrived.facts.calling_ae_title)
        self.assert_is("CT_small.dcm", [arrived])

    async def test_its_refusals_say_why(self) -> None:
        _, association = await self.prepared()
        async with association:
            keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=study("CT_small.dcm"))
            with self.assertRaises(RetrievalFailed) as unknown:
                await association.move(keys, "NOWHERE").finished()
            self.assertEqual(0xA801, unknown.exception.status)
            with self.assertRaises(QueryFailed) as senseless:
                await association.find(dataset(QueryRetrieveLevel="PLANET", PatientID="")).all()
            self.assertIsNotNone(senseless.exception.status)
            self.assertEqual(0, await association.echo())


class WorklistTests(TestCase):
    timeout = 60

    async def test_items_are_found_by_keys_within_their_sequence(self) -> None:
        certificates = shared_certificates()
        directory = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        port = await start_wlmscpfs(self, directory, worklist_items())
        async with await associate(
            await out_of_tls(self, port, certificates),
            await security(certificates, "client"),
            called=WORKLIST,
            contexts=worklist_contexts(),
        ) as association:
            for modality, patient, name in (
                ("CT", "P1", "Müller^Jürgen"),
                ("MR", "P2", NAMES["H31EXAMPLE"]),
            ):
                step = dataset(
                    Modality=modality,
                    ScheduledProcedureStepStartDate="",
                    ScheduledProcedureStepID="",
                )
                keys = dataset(PatientName="", PatientID="", ScheduledProcedureStepSequence=[step])
                [item] = await association.worklist(keys).all()
                self.assertEqual((patient, name), (item.PatientID, str(item.PatientName)))
                [scheduled] = item.ScheduledProcedureStepSequence
                self.assertEqual(modality, scheduled.Modality)
            nothing = dataset(PatientID="P3", PatientName="")
            self.assertEqual([], await association.worklist(nothing).all())


class ReceiverTests(TestCase):
    timeout = 60

    async def test_what_we_send_to_dcmrecv_is_kept_bit_for_bit(self) -> None:
        certificates = shared_certificates()
        received = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        _, port = await start_dcmrecv(self, certificates, received)
        async with await associate(
            port,
            await security(certificates, "client"),
            called=RECEIVER,
            contexts=verification_context() + contexts_for(read_header(path) for path in PATHS),
        ) as association:
            self.assertEqual(0, await association.echo())
            statuses = [each.status async for each in association.store(PATHS)]
        self.assertEqual([0] * len(PATHS), statuses)
        assert_kept(self, SAMPLES, received)


def study(name: str) -> str:
    """Study Instance UID of a sample."""
    return str(pydicom.dcmread(sample(name), specific_tags=["StudyInstanceUID"]).StudyInstanceUID)
