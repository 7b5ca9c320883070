"""The services that pynetdicom has and its applications lack, over TLS: it calls us.

Storage commitment, procedure steps, the bare normalized services, C-CANCEL and user identity.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.trial.unittest import TestCase

from tests.interop.links import the_reactor
from tests.interop.our_node import TITLE, OurNode, sample, start_our_node
from tests.interop.our_providers import Endless
from tests.interop.peers import pynetdicom, pynetdicom_credentials
from tests.interop.shared_certificates import shared_certificates
from tests.interop.values import (
    LOST,
    PASSCODE,
)
from tests.running import ROOT, start
from txdicomtls.access import AnyPeer, PeerChecker, PortalAccess, Realm
from txdicomtls.part10 import read_header
from txdicomtls.scp import Find, means_of

NO_SUCH_INSTANCE = 0x0112

PROGRAM = [sys.executable, "-m", "tests.interop.pynetdicom_services"]

#: An image that our node holds.
HELD = read_header(sample("CT_small.dcm"))


class ServiceTests(TestCase):
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

    async def test_each_of_its_echoes_is_answered(self) -> None:
        _, told = await self.told("echoes")
        self.assertEqual([*(["echoed", 0] for _ in range(3)), ["released", True]], told)

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
