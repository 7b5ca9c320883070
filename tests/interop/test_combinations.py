"""The table of combinations is complete, and what it says is so."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pydicom
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.interop.combinations import NOT_TRIED, TRIED, Way

#: The programs of DCMTK that a node has to get along with.
DCMTK = {
    *("echoscu", "storescu", "findscu", "movescu", "getscu", "dcmsend"),
    *("dcmqrscp", "wlmscpfs", "storescp", "dcmrecv"),
}

#: The services of a node, and what else goes on between nodes.
SERVICES = {
    *("echo", "store", "find", "get", "move", "worklist"),
    *("procedure-step", "commit", "normalized", "event reports", "identity", "cancel"),
}


class TableTests(SynchronousTestCase):
    def test_the_tests_that_are_named_are_there(self) -> None:
        for each in TRIED:
            module, name = each.tests.split(".")
            found = getattr(import_module(f"tests.interop.{module}"), name)
            self.assertTrue(issubclass(found, TestCase), each)
            self.assertTrue(any(method.startswith("test_") for method in dir(found)), each)

    def test_no_combination_is_listed_twice(self) -> None:
        for table in (TRIED, NOT_TRIED):
            self.assertEqual(
                len(table), len({(each.peer, each.service, each.way) for each in table})
            )

    def test_every_program_of_dcmtk_is_tried(self) -> None:
        self.assertLessEqual(DCMTK, {each.peer for each in TRIED})

    def test_every_application_of_pynetdicom_is_tried(self) -> None:
        directory = Path(pydicom.__file__).parents[1] / "pynetdicom" / "apps"
        applications = {
            path.name for path in directory.iterdir() if path.name.endswith(("scu", "scp"))
        }
        self.assertTrue(applications)
        self.assertEqual(
            {f"pynetdicom {name}" for name in applications},
            {each.peer for each in TRIED if each.peer.startswith("pynetdicom ")},
        )

    def test_every_service_is_tried_with_pynetdicom_both_ways(self) -> None:
        for way in Way:
            tried = {
                each.service
                for each in TRIED
                if each.peer.startswith("pynetdicom") and each.way is way
            }
            self.assertLessEqual(SERVICES, tried, way)

    def test_what_is_not_tried_has_a_reason(self) -> None:
        self.assertEqual([], [each for each in NOT_TRIED if len(each.reason.split()) < 3])
