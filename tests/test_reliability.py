"""What the page on reliability promises is shown by tests that there are."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


#: The parts of the page, and how many rows each has at least.
PARTS = {"What a link survives": 40, "What an association survives": 70}

#: Where each test is about what an association survives.
ABOUT_ASSOCIATIONS = (
    "association/test_cells.py",
    "association/test_chunks.py",
    "association/test_walk.py",
    "daemon/test_bad_pdus.py",
    "daemon/test_requests.py",
    "daemon/test_silent_peers.py",
    "net/test_limits.py",
    "net/test_walk.py",
)


class ReliabilityTests(SynchronousTestCase):
    def test_each_part_has_its_rows(self) -> None:
        text = PAGE.read_text()
        parts = dict(re.findall(r"^# ([^\n]+)\n(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL))
        self.assertEqual(list(PARTS), list(parts))
        for part, least in PARTS.items():
            self.assertGreaterEqual(len(rows_of(parts[part])), least, part)

    def test_no_row_is_there_twice(self) -> None:
        rows = [row.split(" | ")[0] for row in rows_of(PAGE.read_text())]
        self.assertEqual([], sorted(row for row in set(rows) if rows.count(row) > 1))

    def test_every_test_on_the_page_is_there(self) -> None:
        named = set(re.findall(r"`(tests\.[\w.]+)`", PAGE.read_text()))
        self.assertGreater(len(named), 200)
        self.assertEqual([], sorted(name for name in named if not is_a_test(name)))

    def test_every_row_names_a_test_or_refers_to_the_row_above(self) -> None:
        rows = rows_of(PAGE.read_text())
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

    def test_every_test_of_what_associations_survive_is_on_the_page(self) -> None:
        page = PAGE.read_text()
        directory = Path(__file__).parent
        missing = [
            f"{path}: {name}"
            for path in ABOUT_ASSOCIATIONS
            for name in re.findall(r"def (test_\w+)", (directory / path).read_text())
            if name not in page and name not in NOT_ABOUT_RELIABILITY
        ]
        self.assertEqual([], missing)


#: These show that what is right goes on being taken.
NOT_ABOUT_RELIABILITY = {
    "test_a_session_is_taken_up_again_and_the_peer_is_known_as_before",
    "test_without_resumption_no_session_is_taken_up",
    "test_association_is_unlimited_by_default",
    # That there is a test for each deadline and each limit is a test of tests.
    "test_there_is_one_for_each",
}


def rows_of(text: str) -> list[str]:
    """The rows of all tables, without their heads."""
    rows: list[str] = re.findall(r"^\| (?!What comes)(.+) \|$", text, re.MULTILINE)
    return rows


def is_a_test(name: str) -> bool:
    """Whether this is a method of a class of a module."""
    module, class_name, method = name.rsplit(".", 2)
    try:
        return callable(getattr(getattr(import_module(module), class_name), method))
    except (ImportError, AttributeError):
        return False
