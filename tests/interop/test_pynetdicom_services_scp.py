"""The services that pynetdicom has and its applications lack, over TLS: we call it.

Storage commitment, procedure steps, the bare normalized services, C-CANCEL and user identity.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.interop.links import associate, security, the_reactor
from tests.interop.our_node import TITLE, sample, start_our_node
from tests.interop.peers import pynetdicom, pynetdicom_credentials
from tests.interop.pynetdicom_peer import TITLE as THEIRS
from tests.interop.shared_certificates import shared_certificates
from tests.interop.values import (
    FILM_SESSION,
    LOST,
    PASSCODE,
    PRINT,
    PRINT_MANAGEMENT,
    PRINTER,
    PRINTER_INSTANCE,
    SERVER_TICKET,
    dataset,
)
from tests.running import ROOT, Running, start
from txdicomtls import uids
from txdicomtls.errors import AssociationRejected, OperationFailed
from txdicomtls.part10 import read_header
from txdicomtls.scu import (
    Association,
    CommitmentListener,
    Instance,
    PositiveResponse,
    Reference,
    UserIdentity,
    commitment_contexts,
    commitment_report_contexts,
    normalized_contexts,
    procedure_step_contexts,
    query_contexts,
    verification_context,
    worklist_contexts,
)
from txdicomtls.threads import in_thread_of

NO_SUCH_INSTANCE = 0x0112

PROGRAM = [sys.executable, "-m", "tests.interop.pynetdicom_services"]

#: An image that our node holds.
HELD = read_header(sample("CT_small.dcm"))


class ServiceTests(TestCase):
    timeout = 60

    def setUp(self) -> None:
        pynetdicom()

    async def serving(self, *words: str) -> None:
        """Start it."""
        credentials = pynetdicom_credentials(shared_certificates(), "node")
        command = [*PROGRAM, "scp", *credentials, *words]
        self.peer: Running = start(self, command, PYTHONPATH=str(ROOT))
        self.port = int((await self.peer.when_says(r"listens on port (\d+)"))[1])

    async def associated(self, *words: str, **more: Any) -> Association:
        """Start it, and associate with it."""
        await self.serving(*words)
        return await self.associate(**more)

    async def associate(self, **more: Any) -> Association:
        contexts = (
            verification_context()
            + procedure_step_contexts()
            + commitment_contexts()
            + normalized_contexts(FILM_SESSION, PRINTER)
            + query_contexts(uids.PATIENT_ROOT_FIND)
        )
        secured = await security(shared_certificates(), "client")
        return await associate(
            self.port, secured, **{"called": THEIRS, "contexts": contexts, **more}
        )

    def when_told(self, *told: Any) -> Deferred[Any]:
        """Fires when it has said this of a request."""
        return self.peer.when_says(re.escape(json.dumps(list(told))))

    async def test_it_is_told_the_progress_of_a_procedure_step(self) -> None:
        async with await self.associated(window=4) as association:
            self.assertEqual(1, association.window)  # it has no asynchronous operations
            begun = dataset(PerformedProcedureStepStatus="IN PROGRESS", Modality="CT")
            uid = await association.create_procedure_step(begun, "1.2.3.7")
            self.assertEqual("1.2.3.7", uid)
            done = dataset(PerformedProcedureStepStatus="COMPLETED")
            answer = await association.set_procedure_step(uid, done)
            assert answer.dataset is not None
            self.assertEqual("CT", answer.dataset.Modality)
            with self.assertRaises(OperationFailed) as caught:
                await association.set_procedure_step("1.2.3.8", done)
            self.assertEqual(NO_SUCH_INSTANCE, caught.exception.status)
        await self.when_told("N-SET", "1.2.3.7")

    async def test_the_uid_that_it_makes_for_a_step_is_ours_then(self) -> None:
        async with await self.associated() as association:
            begun = dataset(PerformedProcedureStepStatus="IN PROGRESS")
            uid = await association.create_procedure_step(begun)
            await association.set_procedure_step(uid, dataset(Modality="CT"))
        await self.when_told("N-SET", uid)

    async def test_each_normalized_service_is_answered(self) -> None:
        session = Instance(sop_class_uid=FILM_SESSION, sop_instance_uid="1.2.3.5")
        async with await self.associated() as association:
            made = await association.create(session, dataset(PrintPriority="LOW"))
            assert made.dataset is not None
            self.assertEqual((0, "LOW"), (made.status, made.dataset.PrintPriority))
            changed = await association.set_attributes(session, dataset(PrintPriority="HIGH"))
            assert changed.dataset is not None
            self.assertEqual("HIGH", changed.dataset.PrintPriority)
            self.assertEqual(0, (await association.action(session, PRINT)).status)
            printer = Instance(sop_class_uid=PRINTER, sop_instance_uid=PRINTER_INSTANCE)
            for tags in ((), (0x21100010,)):
                got = await association.get_attributes(printer, *tags)
                assert got.dataset is not None
                self.assertEqual("NORMAL", got.dataset.PrinterStatus)
            self.assertEqual(0, (await association.delete(session)).status)
            with self.assertRaises(OperationFailed) as caught:
                await association.delete(session)
            self.assertEqual(NO_SUCH_INSTANCE, caught.exception.status)
        for request in (["N-CREATE"], ["N-SET"], ["N-DELETE"]):
            await self.when_told(*request, "1.2.3.5")
        await self.when_told("N-ACTION", "1.2.3.5", PRINT)

    async def test_a_film_session_is_made_under_its_meta_sop_class(self) -> None:
        contexts = normalized_contexts(PRINT_MANAGEMENT)
        session = Instance(
            sop_class_uid=FILM_SESSION, sop_instance_uid="1.2.3.6", abstract_syntax=PRINT_MANAGEMENT
        )
        async with await self.associated(contexts=contexts) as association:
            made = await association.create(session, dataset(PrintPriority="LOW"))
            assert made.dataset is not None
            self.assertEqual("LOW", made.dataset.PrintPriority)
            self.assertEqual(0, (await association.delete(session)).status)

    async def test_it_tells_us_what_is_scheduled(self) -> None:
        async with await self.associated(contexts=worklist_contexts()) as association:
            step = dataset(ScheduledStationAETitle="CT1", ScheduledProcedureStepStartDate="")
            keys = dataset(PatientName="", ScheduledProcedureStepSequence=[step])
            [item] = await association.worklist(keys).all()
            self.assertEqual("山田^太郎", item.PatientName)
            [found] = item.ScheduledProcedureStepSequence
            self.assertEqual("20260131", found.ScheduledProcedureStepStartDate)

    async def test_it_commits_itself_on_the_same_association(self) -> None:
        lost = Reference(HELD.sop_class_uid, LOST)
        async with await self.associated() as association:
            whole = await association.commit([HELD])
            self.assertTrue(whole.is_complete)
            part = await association.commit([HELD, lost])
            [committed], [failed] = part.committed, part.failed
            self.assertEqual(HELD.sop_instance_uid, committed.sop_instance_uid)
            self.assertEqual((lost, NO_SUCH_INSTANCE), (failed.reference, failed.reason))
        await self.when_told("reported", 0)

    async def test_it_commits_itself_on_an_association_of_its_own(self) -> None:
        reactor = the_reactor()
        listener = CommitmentListener(reactor, in_thread_of(reactor))
        node = await start_our_node(self, shared_certificates(), more=[listener])
        await self.serving(f"--port={node.port}", f"--called={TITLE}")
        async with await self.associate() as association:
            awaited = await association.request_commitment([HELD], listener)
        report = await awaited.report
        self.assertTrue(report.is_complete)
        await self.when_told("reported", 0)

    async def test_it_hears_what_we_report(self) -> None:
        contexts = commitment_report_contexts()
        async with await self.associated(contexts=contexts) as association:
            instance = Instance(
                sop_class_uid=uids.STORAGE_COMMITMENT,
                sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
            )
            done = await association.event_report(instance, 1, dataset(TransactionUID="2.25.1"))
            self.assertEqual(0, done.status)
        await self.when_told("N-EVENT-REPORT", uids.STORAGE_COMMITMENT_INSTANCE, 1)

    async def test_it_stops_when_we_have_enough(self) -> None:
        async with await self.associated() as association:
            keys = dataset(QueryRetrieveLevel="PATIENT", PatientID="")
            matches = association.find(keys, model=uids.PATIENT_ROOT_FIND, limit=3)
            self.assertEqual(3, len(await matches.all()))
            await self.when_told("C-CANCEL")
            self.assertEqual(0, await association.echo())

    async def test_it_knows_our_user_by_a_passcode(self) -> None:
        asked = PositiveResponse.REQUESTED
        known = UserIdentity.passcode("jane", PASSCODE, positive_response=asked)
        async with await self.associated(identity=known) as association:
            # It acknowledges no user of this type, though it is asked to (PS3.7 D.3.3.7.2).
            self.assertIsNone(association.identity_response)
        with self.assertRaises(AssociationRejected):
            await self.associate(identity=UserIdentity.passcode("jane", "wrong"))

    async def test_its_server_ticket_comes_back(self) -> None:
        asked = UserIdentity.kerberos(b"ticket", positive_response=PositiveResponse.REQUIRED)
        async with await self.associated(identity=asked) as association:
            self.assertEqual(SERVER_TICKET, association.identity_response)
