"""The documentation keeps up with the code, as far as Sphinx does not see to it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from twisted.trial.unittest import SynchronousTestCase

from tests.test_imports import LEVELS

ROOT = Path(__file__).parent.parent
#: What people run rather than import has no reference page.
COMMANDS = {"cli", "tap"}


class ReferenceTests(SynchronousTestCase):
    """Every room has a page in the reference."""

    def test_every_room_is_on_a_page(self) -> None:
        pages = "\n".join(path.read_text() for path in (ROOT / "docs/reference").glob("*.md"))
        named = set(re.findall(r"automodule:: txdicomtls\.(\w+)|_generated/(\w+)\.rst", pages))
        self.assertEqual(set(LEVELS) - COMMANDS, {room or generated for room, generated in named})


class LinkTests(SynchronousTestCase):
    """Pages that Sphinx does not build."""

    def test_the_links_between_pages_at_the_top_lead_somewhere(self) -> None:
        targets = [
            (page.name, target)
            for page in ROOT.glob("*.md")
            for target in re.findall(r"\]\(([^)#]+)\)", page.read_text())
            if not target.startswith("http")
        ]
        self.assertTrue(targets)
        self.assertEqual([], [pair for pair in targets if not (ROOT / unquote(pair[1])).exists()])
