"""The services that pynetdicom has and its applications lack, over TLS, both ways.

Storage commitment, procedure steps, the bare normalized services, C-CANCEL and user identity.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tests.interop.links import associate, security, the_reactor
from tests.interop.our_node import TITLE, OurNode, sample, start_our_node
from tests.interop.our_providers import Endless
from tests.interop.peers import pynetdicom, pynetdicom_credentials
from tests.interop.pynetdicom_peer import TITLE as THEIRS
from tests.interop.shared_certificates import shared_certificates
from tests.interop.values import (
    FILM_SESSION,
    LOST,
    PASSCODE,
    PRINT,
    PRINTER,
    PRINTER_INSTANCE,
    SERVER_TICKET,
    dataset,
)
from tests.running import ROOT, Running, start
from txdicomtls import uids
from txdicomtls.access import AnyPeer, PeerChecker, PortalAccess, Realm
from txdicomtls.errors import AssociationRejected, OperationFailed
from txdicomtls.part10 import read_header
from txdicomtls.scp import Find, means_of
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
)
from txdicomtls.threads import in_thread_of

NO_SUCH_INSTANCE = 0x0112

PROGRAM = [sys.executable, "-m", "tests.interop.pynetdicom_services"]

#: UID of an image that our node holds.
HELD = read_header(sample("CT_small.dcm"))


class CallingTests(TestCase):
    """pynetdicom calls a node of ours."""

    timeout = 60

    def setUp(self) -> None:
        pynetdicom()

    async def told(self, scenario: str, *words: str, **more: Any) -> tuple[OurNode, list[Any]]:
        """Let it play a scenario; our node, and what came of it."""
        node = await start_our_node(self, shared_certificates(), **more)
        credentials = pynetdicom_credentials(node.certificates, "client")
        common = [*credentials, f"--port={node.port}", f"--called={TITLE}", *words]
        process = start(self, [*PROGRAM, "scu", *common, scenario], PYTHONPATH=str(ROOT))
        status = await process.ended
        found = re.search(r"^\[.*\]$", process.output, re.MULTILINE)
        self.assertEqual(0, status, process.output)
        assert found is not None, process.output
        told: list[Any] = json.loads(found[0])
        return node, told

    async def test_it_tells_the_progress_of_a_procedure_step(self) -> None:
        node, told = await self.told("steps")
        self.assertEqual(
            [
                ["created", 0],
                ["created without a UID", 0],
                ["completed", 0],
                ["got", 0, "COMPLETED", "山田^太郎"],
                ["set again", 0x0110],
                ["set unknown", NO_SUCH_INSTANCE],
                ["released", True],
            ],
            told,
        )
        self.assertEqual("COMPLETED", node.steps.kept["1.2.3.7"].PerformedProcedureStepStatus)
        # It does not tell its caller which UID we made; that we made one is seen here.
        self.assertEqual(2, len(node.steps.kept))

    async def test_each_normalized_service_does_what_it_asks_for(self) -> None:
        node, told = await self.told("films")
        self.assertEqual(
            [
                ["created", 0, "LOW"],
                ["set", 0, "HIGH"],
                ["printed", 0],
                ["no such action", 0x0123],
                ["deleted", 0],
                ["deleted again", NO_SUCH_INSTANCE],
                ["printer", 0, "NORMAL", "Prüfstück"],
                ["released", True],
            ],
            told,
        )
        self.assertEqual(["1.2.3.5"], node.films.printed)
        self.assertEqual({}, node.films.sessions)

    async def test_it_is_told_on_its_association_what_is_committed(self) -> None:
        _, told = await self.told("commitment")
        self.assertEqual(
            [
                ["asked", 0],
                [2, [HELD.sop_instance_uid], [[LOST, NO_SUCH_INSTANCE]]],
                ["released", True],
            ],
            told,
        )

    async def test_what_it_reports_on_an_association_of_its_own_is_heard(self) -> None:
        node, told = await self.told("reports")
        self.assertEqual([[1, 0], [3, 0], ["released", True]], told)
        for event_type in (1, 3):
            heard, instance, information = await node.events.heard.get()
            self.assertEqual((event_type, "1.2.3.9"), (heard, instance))
            self.assertEqual("2.25.1", information.TransactionUID)

    async def test_its_c_cancel_ends_a_query(self) -> None:
        _, told = await self.told("finds", more=[Find(Endless(), means_of(the_reactor()))])
        self.assertEqual([["ended", 0xFE00, True], ["released", True]], told)

    async def test_its_user_is_known_by_a_passcode(self) -> None:
        users = InMemoryUsernamePasswordDatabaseDontUse(jane=PASSCODE.encode())
        access = PortalAccess(
            Portal(Realm(), [PeerChecker(AnyPeer({TITLE})), users]), clock=the_reactor()
        )
        for passcode, expected in (
            (PASSCODE, [["echoed", 0], ["released", True]]),
            ("wrong", [["rejected", True]]),
        ):
            _, told = await self.told("nothing", f"--user={passcode}", access=access)
            self.assertEqual(expected, told)


class CalledTests(TestCase):
    """We call pynetdicom."""

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
