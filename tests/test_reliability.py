"""What the page on reliability promises is shown by tests that there are."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


class ReliabilityTests(SynchronousTestCase):
    def test_every_test_on_the_page_is_there(self) -> None:
        named = set(re.findall(r"`(tests\.[\w.]+)`", PAGE.read_text()))
        self.assertGreater(len(named), 40)
        self.assertEqual([], sorted(name for name in named if not is_a_test(name)))

    def test_every_row_names_a_test_or_refers_to_the_row_above(self) -> None:
        rows = re.findall(r"^\| (?!What comes)(.+) \|$", PAGE.read_text(), re.MULTILINE)
        self.assertGreater(len(rows), 30)
        self.assertEqual([], [row for row in rows if "`tests." not in row])

    def test_every_test_of_links_with_the_daemon_is_on_the_page(self) -> None:
        page = PAGE.read_text()
        directory = Path(__file__).parent / "daemon"
        missing = [
            f"{path.name}: {name}"
            for path in (*directory.glob("test_tls_*.py"), directory / "test_half_open.py")
            for name in re.findall(r"def (test_\w+)", path.read_text())
            if name not in page and name not in NOT_ABOUT_RELIABILITY
        ]
        self.assertEqual([], missing)


#: These show that what is right goes on being taken.
NOT_ABOUT_RELIABILITY = {
    "test_a_session_is_taken_up_again_and_the_peer_is_known_as_before",
    "test_without_resumption_no_session_is_taken_up",
}


def is_a_test(name: str) -> bool:
    """Whether this is a method of a class of a module."""
    module, class_name, method = name.rsplit(".", 2)
    try:
        return callable(getattr(getattr(import_module(module), class_name), method))
    except (ImportError, AttributeError):
        return False
