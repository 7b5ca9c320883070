"""Each service of a node, from one end to the other: real processes, TLS, files, databases."""

from __future__ import annotations

from pydicom import dcmread
from pydicom.dataset import Dataset
from twisted.internet.task import deferLater

from tests.daemon.requesting import (
    CT,
    EVERYTHING,
    MR,
    PHOTOGRAPH,
    RequestingTestCase,
    data_set_of,
    destination,
    end_of_step,
    header_of,
    keys,
    step_that_begins,
    the_reactor,
)
from tests.running import make_certificates
from txdicomtls import uids
from txdicomtls.errors import AssociationRejected, OperationFailed, QueryFailed, RetrievalFailed
from txdicomtls.scu import (
    commitment_contexts,
    get_contexts,
    move_contexts,
    procedure_step_contexts,
    query_contexts,
    verification_context,
    worklist_contexts,
)
from txdicomtls.testing import MemoryReceiver


class QueryTests(RequestingTestCase):
    async def test_what_was_stored_is_found_at_every_level(self) -> None:
        node = await self.start(more=EVERYTHING)
        await self.store(node, CT, MR, PHOTOGRAPH)
        tomogram = data_set_of(CT)
        async with await self.associate(node, query_contexts()) as association:
            wanted = keys("STUDY", PatientID=tomogram.PatientID, StudyInstanceUID="")
            wanted.NumberOfStudyRelatedInstances = ""
            (study,) = await association.find(wanted).all()
            self.assertEqual(tomogram.StudyInstanceUID, study.StudyInstanceUID)
            self.assertEqual(1, study.NumberOfStudyRelatedInstances)
            self.assertEqual("TXDICOM", study.RetrieveAETitle)
            wanted = keys(
                "IMAGE",
                StudyInstanceUID=study.StudyInstanceUID,
                SeriesInstanceUID=tomogram.SeriesInstanceUID,
                SOPInstanceUID="",
            )
            (image,) = await association.find(wanted).all()
            self.assertEqual(tomogram.SOPInstanceUID, image.SOPInstanceUID)
            self.assertEqual(3, len(await association.find(keys("STUDY", PatientID="*")).all()))

    async def test_a_series_is_found_by_the_request_that_it_was_made_for(self) -> None:
        node = await self.start(more=EVERYTHING)
        made_for = self.directory() / "made-for.dcm"
        tomogram = dcmread(CT)
        tomogram.RequestAttributesSequence = [Dataset(), Dataset()]
        for item, step in zip(tomogram.RequestAttributesSequence, ("STEP1", "STEP2"), strict=True):
            item.RequestedProcedureID = "RP1"
            item.ScheduledProcedureStepID = step
            item.ScheduledProcedureStepDescription = "not kept"
        tomogram.save_as(made_for)
        await self.store(node, made_for, MR)
        item = Dataset()
        item.RequestedProcedureID = ""
        async with await self.associate(node, query_contexts()) as association:
            for step, count in (("STEP2", 1), ("STEP3", 0), ("STEP*", 1)):
                item.ScheduledProcedureStepID = step
                wanted = keys("SERIES", SeriesInstanceUID="")
                wanted.StudyInstanceUID = tomogram.StudyInstanceUID
                wanted.RequestAttributesSequence = [item]
                found = await association.find(wanted).all()
                self.assertEqual(count, len(found), step)
        (series,) = found
        self.assertEqual(
            [("RP1", "STEP1"), ("RP1", "STEP2")],  # STEP* matches both
            [
                (each.RequestedProcedureID, each.ScheduledProcedureStepID)
                for each in series.RequestAttributesSequence
            ],
        )

    async def test_a_query_that_finds_too_much_is_told_so(self) -> None:
        node = await self.start(more=EVERYTHING + "[limits]\nfind_matches = 2\n")
        await self.store(node, CT, MR, PHOTOGRAPH)
        async with await self.associate(node, query_contexts()) as association:
            found = association.find(keys("STUDY", StudyInstanceUID=""))
            with self.assertRaises(QueryFailed) as raised:
                await found.all()
        self.assertEqual((0xA700, 2), (raised.exception.status, found.count))

    async def test_what_was_stored_is_there_after_a_restart(self) -> None:
        node = await self.start(more=EVERYTHING)
        await self.store(node, CT)
        again = await self.restarted(node)
        async with await self.associate(again, query_contexts()) as association:
            (found,) = await association.find(keys("STUDY", PatientID="*")).all()
        self.assertEqual(data_set_of(CT).PatientID, found.PatientID)

    async def test_a_worklist_is_told(self) -> None:
        orders = self.directory()
        (orders / "1.json").write_text(
            """{"00100020": {"vr": "LO", "Value": ["4711"]}, "00400100": {"vr": "SQ", "Value": [
            {"00080060": {"vr": "CS", "Value": ["CT"]}}]}}"""
        )
        node = await self.start(more=EVERYTHING + f'[worklist]\nfolder = "{orders}"\n')
        wanted, step = Dataset(), Dataset()
        wanted.PatientID = ""
        step.Modality = "CT"
        wanted.ScheduledProcedureStepSequence = [step]
        async with await self.associate(node, worklist_contexts()) as association:
            (item,) = await association.worklist(wanted).all()
        self.assertEqual("4711", item.PatientID)


class RetrievalTests(RequestingTestCase):
    async def test_a_study_comes_back_on_the_association_that_asks_for_it(self) -> None:
        node = await self.start(more=EVERYTHING)
        await self.store(node, CT, PHOTOGRAPH)
        for path in (CT, PHOTOGRAPH):
            header, receiver = header_of(path), MemoryReceiver()
            contexts = get_contexts(
                [header.sop_class_uid],
                stored_in=(uids.IMPLICIT_VR_LITTLE_ENDIAN, header.transfer_syntax_uid),
            )
            async with await self.associate(node, contexts) as association:
                study = data_set_of(path).StudyInstanceUID
                retrieval = association.get(keys("STUDY", StudyInstanceUID=study), receiver)
                result = await retrieval.finished()
            self.assertTrue(result.is_complete, result)
            (instance,) = receiver.instances
            # As it is kept, though the requestor named another transfer syntax first.
            self.assertTrue(path.read_bytes().endswith(instance.data))

    async def test_a_study_is_sent_to_another_node_over_tls(self) -> None:
        certificates = make_certificates(self.directory() / "pki")
        other = await self.start(certificates=certificates, more=EVERYTHING)
        node = await self.start(
            certificates=certificates,
            more=EVERYTHING + destination("OTHER", other.port, calling="TEST"),
        )
        await self.store(node, CT, MR, PHOTOGRAPH)
        async with await self.associate(node, move_contexts()) as association:
            for path in (CT, PHOTOGRAPH):
                study = data_set_of(path).StudyInstanceUID
                moving = association.move(keys("STUDY", StudyInstanceUID=study), "OTHER")
                result = await moving.finished()
                self.assertTrue(result.is_complete, result)
        self.assertEqual(
            {header_of(path).sop_instance_uid for path in (CT, PHOTOGRAPH)},
            await self.kept_by(other),
        )

    async def test_a_destination_that_is_not_configured_is_none(self) -> None:
        node = await self.start(more=EVERYTHING)
        await self.store(node, CT)
        async with await self.associate(node, move_contexts()) as association:
            moving = association.move(keys("STUDY", StudyInstanceUID="1.2"), "127.0.0.1:104")
            with self.assertRaises(RetrievalFailed) as raised:
                await moving.finished()
        self.assertEqual(0xA801, raised.exception.status)

    async def test_a_destination_with_another_name_in_its_certificate_gets_nothing(self) -> None:
        certificates = make_certificates(self.directory() / "pki")
        other = await self.start(certificates=certificates, more=EVERYTHING)
        # The certificate is for localhost and 127.0.0.1.
        peer = destination("OTHER", other.port, calling="TEST").replace("localhost", "127.0.0.2")
        node = await self.start(certificates=certificates, more=EVERYTHING + peer)
        await self.store(node, CT)
        async with await self.associate(node, move_contexts()) as association:
            study = data_set_of(CT).StudyInstanceUID
            moving = association.move(keys("STUDY", StudyInstanceUID=study), "OTHER")
            with self.assertRaises(RetrievalFailed) as raised:
                await moving.finished()
        error = raised.exception
        self.assertEqual((0xA702, 1), (error.status, error.failed))
        self.assertEqual((header_of(CT).sop_instance_uid,), error.failed_instances)
        self.assertEqual(set(), await self.kept_by(other))


class CommitmentTests(RequestingTestCase):
    async def test_what_is_safe_is_committed_and_what_is_damaged_is_not(self) -> None:
        node = await self.start(more=EVERYTHING)
        await self.store(node, CT, MR)
        (file,) = node.data.rglob(f"{header_of(MR).sop_instance_uid}.dcm")
        octets = bytearray(file.read_bytes())
        octets[-1] ^= 1
        file.write_bytes(octets)
        async with await self.associate(node, commitment_contexts()) as association:
            committed = await association.commit([header_of(CT), header_of(MR)])
        self.assertEqual(
            [header_of(CT).sop_instance_uid], [each[1] for each in committed.committed]
        )
        self.assertEqual(
            [(header_of(MR).sop_instance_uid, 0x0110)],
            [(each.reference.sop_instance_uid, each.reason) for each in committed.failed],
        )


class ProcedureStepTests(RequestingTestCase):
    async def test_a_step_is_kept_and_its_end_is_final(self) -> None:
        node = await self.start(more=EVERYTHING + "[procedure_steps]\n")
        async with await self.associate(node, procedure_step_contexts()) as association:
            uid = await association.create_procedure_step(step_that_begins())
        again = await self.restarted(node, "KILL")
        async with await self.associate(again, procedure_step_contexts()) as association:
            done = await association.set_procedure_step(uid, end_of_step())
            self.assertEqual(0, done.status)
            with self.assertRaises(OperationFailed) as raised:
                await association.set_procedure_step(uid, end_of_step())
        self.assertEqual((0x0110, 0xA710), (raised.exception.status, raised.exception.error_id))


class OfferTests(RequestingTestCase):
    async def test_what_everybody_may_is_told_where_it_is_more_than_to_send(self) -> None:
        said = "there is no [[peer]]: everybody with a trusted certificate may use find, get"
        node = await self.start(more='[services]\noffer = ["echo", "store", "get", "find"]\n')
        self.assertIn(said, node.process.output)
        self.assertNotIn("everybody", (await self.start()).process.output)

    async def test_without_peers_nobody_can_query(self) -> None:
        node = await self.start()
        async with await self.associate(
            node, verification_context() + query_contexts() + move_contexts()
        ) as association:
            offered = {context.abstract_syntax for context in association.contexts}
        self.assertEqual({uids.VERIFICATION}, offered)

    async def test_one_association_too_many_is_told_so(self) -> None:
        node = await self.start(more="[limits]\nassociations_per_ae_title = 1\n")
        first = await self.associate(node, verification_context())
        with self.assertRaises(AssociationRejected) as raised:
            await self.associate(node, verification_context())
        error = raised.exception
        self.assertEqual((2, 3, 2), (error.result, error.source, error.reason))
        self.assertEqual(0, await first.echo())
        await first.release()
        await deferLater(the_reactor(), 0)
        await self.associate(node, verification_context())
        await node.process.when_says("more than 1 associations of one AE title")
