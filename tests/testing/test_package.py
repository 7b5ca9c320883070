"""What it costs to use the test doubles."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.test_imports import loaded_after


class PackageTests(SynchronousTestCase):
    def test_they_bring_no_test_framework_and_no_reactor_with_them(self) -> None:
        loaded = set(loaded_after(["txdicomtls.testing"]))
        self.assertIn("txdicomtls.testing.script", loaded)
        unwanted = {"twisted.trial", "unittest", "pytest", "twisted.internet.reactor"}
        self.assertEqual(set(), loaded & unwanted)
