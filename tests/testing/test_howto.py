"""The example of ``docs/howto/test-your-application.md`` does what the page says."""

from __future__ import annotations

import importlib
import re
import sys
from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase

from tests.running import ROOT
from txdicomtls import testing
from txdicomtls.pdu import AssociateRJ
from txdicomtls.scu import storage_contexts
from txdicomtls.testing import ScriptMismatch

MR = "1.2.840.10008.5.1.4.1.1.4"


class ExampleTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(sys, "path", [str(ROOT / "examples"), *sys.path])
        self.tests: ModuleType = importlib.import_module("test_forwarding")
        self.addCleanup(sys.modules.pop, "test_forwarding")
        self.addCleanup(sys.modules.pop, "forwarding")

    def test_its_tests_pass(self) -> None:
        names = [name for name in vars(self.tests) if name.startswith("test_")]
        self.assertEqual(5, len(names))
        for name in names:
            getattr(self.tests, name)()

    def test_its_tests_fail_where_the_application_does_otherwise(self) -> None:
        self.patch(
            self.tests, "AssociateRJ", lambda **fields: AssociateRJ(**fields | {"reason": 3})
        )
        self.assertRaises(AssertionError, self.tests.test_a_rejection_is_raised)

    def test_a_request_that_differs_is_told_with_its_field(self) -> None:
        self.patch(self.tests, "storage_contexts", lambda _: storage_contexts([MR]))
        error = self.assertRaises(ScriptMismatch, self.tests.test_a_rejection_is_raised)
        self.assertIn("presentation_contexts[0].abstract_syntax", str(error))


class PageTests(SynchronousTestCase):
    def test_all_that_the_page_names_is_there(self) -> None:
        page = (ROOT / "docs/howto/test-your-application.md").read_text()
        named = set(re.findall(r"~txdicomtls\.testing\.(\w+)", page))
        self.assertEqual(set(), named - set(testing.__all__))
        self.assertLessEqual(
            {"MemoryNetwork", "MemoryReceiver", "MemoryStore", "MemoryAccess", "ScriptedPeer"},
            named,
        )
