"""The documentation keeps up with the code, as far as Sphinx does not see to it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.interface import InterfaceClass

from tests.test_imports import LEVELS
from txdicomtls import interfaces, scp, scu

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
#: What people run rather than import has no reference page.
COMMANDS = {"cli", "tap"}
#: The one room whose page is included from a file that is generated from its interfaces.
GENERATED = "_generated/interfaces.rst"

#: Methods of an association that are not operations of a service.
NO_OPERATIONS = {"extended", "release", "abort", "when_closed"}
#: Interfaces of what comes out of a provider, or is no provider of a service.
NO_PROVIDERS = {
    "IAccess",
    "ICancellableOperation",
    "IInstanceSink",
    "IGroupService",
    "INegotiatingService",
    "IOperation",
    "IPasswordSource",
    "IReactor",
    "ISender",
    "IService",
    "IUsingService",
}


class ReferenceTests(SynchronousTestCase):
    """Every room has a page in the reference."""

    def test_every_room_is_on_a_page(self) -> None:
        pages = "\n".join(path.read_text() for path in (DOCS / "reference").glob("*.md"))
        named = set(re.findall(r"automodule:: txdicomtls\.(\w+)", pages))
        if GENERATED in pages:
            named.add("interfaces")
        self.assertEqual(set(LEVELS) - COMMANDS, named)

    def test_every_page_of_the_reference_is_in_its_table_of_contents(self) -> None:
        contents = (DOCS / "reference/index.md").read_text()
        for page in (DOCS / "reference").glob("*.md"):
            self.assertIn(page.stem, [*contents.splitlines(), "index"])


class ServiceTests(SynchronousTestCase):
    """Every service is in the table of services, and has both its halves with examples."""

    def setUp(self) -> None:
        page = (DOCS / "services/index.md").read_text()
        self.table = [line for line in page.splitlines() if line.startswith("| [")]
        self.pages = {
            path.name: path.read_text()
            for path in (DOCS / "services").glob("*.md")
            if path.name != "index.md"
        }

    def test_every_operation_of_an_association_is_in_the_table(self) -> None:
        there = {
            name
            for name, value in vars(scu.Association).items()
            if callable(value) and not name.startswith("_")
        }
        named = {name for line in self.table for name in re.findall(r"`(\w+)`", line)}
        self.assertEqual(there - NO_OPERATIONS, named & there)

    def test_every_service_and_every_interface_of_a_provider_is_in_the_table(self) -> None:
        named = {
            name for line in self.table for name in re.findall(r"`~txdicomtls\.([.\w]+)`", line)
        }
        services = {
            f"scp.{name}"
            for name in scp.__all__
            if isinstance(getattr(scp, name), type) and hasattr(getattr(scp, name), "begin")
        }
        providers = {
            f"interfaces.{name}"
            for name in interfaces.__all__
            if isinstance(getattr(interfaces, name), InterfaceClass) and name not in NO_PROVIDERS
        }
        self.assertEqual(set(), services - named)
        self.assertEqual(set(), providers - named)

    def test_every_page_has_a_requestor_and_a_provider_each_with_an_example(self) -> None:
        self.assertGreaterEqual(len(self.pages), 7)
        for name, page in self.pages.items():
            requestor, _, provider = page.partition("## As a provider\n")
            self.assertIn("## As a requestor\n", requestor, name)
            for half in (requestor, provider):
                self.assertRegex(half, r"literalinclude:?.* ../../examples/", name)

    def test_every_example_is_on_a_page_and_is_run_by_a_test(self) -> None:
        included = {
            name
            for path in DOCS.rglob("*.md")
            for name in re.findall(r"examples/(\w+\.py)", path.read_text())
        }
        tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*examples.py"))
        examples = {path.name for path in (ROOT / "examples").glob("sc[pu]_*.py")}
        self.assertEqual(set(), examples - included)
        for name in sorted(examples):
            self.assertIn(f'"{name}"', tests)


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
