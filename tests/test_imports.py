"""The rooms of the house: who may import whom, and how large a module may grow.

The levels stand here and nowhere else.  A room imports only rooms on a lower
level; two rooms on one level never import each other.  The modules on level 0 are
the ground that all rooms stand on, and count as one room.
"""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txdicomtls

LEVELS = {
    "codes": 0,
    "errors": 0,
    "instance": 0,
    "interfaces": 0,
    "part10": 0,
    "source": 0,
    "threads": 0,
    "uids": 0,
    "dataset": 1,
    "pdu": 1,
    "tls": 1,
    "index": 2,
    "probe": 2,
    "dimse": 2,
    "association": 3,
    "access": 4,
    "archive": 4,
    "net": 4,
    "scp": 5,
    "scu": 5,
    "node": 6,
    "testing": 6,
    "cli": 7,
    "tap": 7,
}

#: Rooms that see bytes and values only: no sockets, no clocks, no threads.
CORE = ("dataset", "pdu", "dimse", "association")
NOT_IN_CORE = frozenset(
    ("twisted", "OpenSSL", "asyncio", "select", "selectors", "socket", "ssl", "threading", "time")
)

#: Imports rooms only inside its functions, so it belongs to no level.
PARSERS = "parsers"

MOST_LINES = 400
PACKAGE = Path(txdicomtls.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """The dotted name of a module of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(name: str) -> str:
    """The room that a dotted name below ``txdicomtls`` lies in; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all that a module imports anywhere, for types or inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level + (node.module or "")
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: no bodies of functions, nothing that is for types."""
    for node in ast.iter_child_nodes(tree):
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not function and not for_types:
            yield node
            yield from at_module_level(node)


def imported_here(node: ast.AST) -> list[str]:
    """What one statement imports, without the statements inside it."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return list(imported(node))
    return []


def wrong_imports(name: str, source: str) -> list[str]:
    """What the module called ``name`` imports against the levels, each as a line of text."""
    room = room_of(name)
    wrong = []
    for target in imported(ast.parse(source)):
        if target.startswith("."):
            wrong.append(f"{name} imports {target}: imports are absolute")
        elif target.split(".")[0] != "txdicomtls":
            continue
        elif not room:
            wrong.append(f"{name} imports {target}: it may import nothing")
        else:
            other = room_of(target)
            if other in ("__version__", "") or other == room:
                continue
            on_the_ground = LEVELS[room] == LEVELS.get(other) == 0
            if LEVELS.get(other, sys.maxsize) >= LEVELS[room] and not on_the_ground:
                wrong.append(f"{name} imports {target}: {other} is not below {room}")
    return wrong


def run_python(code: str) -> str:
    """The output of a fresh interpreter, which has imported nothing yet."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def loaded_after(modules: list[str]) -> list[str]:
    """All that a fresh interpreter has loaded once it has imported these modules."""
    imports = "; ".join(f"import {name}" for name in modules)
    loaded = json.loads(
        run_python(f"{imports}; import json, sys; print(json.dumps(list(sys.modules)))")
    )
    assert isinstance(loaded, list)
    return loaded


class LevelTests(SynchronousTestCase):
    """Imports go down only."""

    def test_every_room_has_a_level(self) -> None:
        rooms = {room_of(module_name(path)) for path in MODULES} - {"", PARSERS}
        self.assertEqual(set(LEVELS), rooms)

    def test_no_room_imports_a_sibling_or_what_lies_above(self) -> None:
        wrong = [
            line
            for path in MODULES
            if room_of(module_name(path)) != PARSERS
            for line in wrong_imports(module_name(path), path.read_text())
        ]
        self.assertEqual([], wrong)

    def test_the_ground_has_no_circles(self) -> None:
        below: dict[str, set[str]] = {
            room: {
                room_of(target)
                for path in MODULES
                if room_of(module_name(path)) == room
                for target in imported(ast.parse(path.read_text()))
                if target.startswith("txdicomtls.") and room_of(target) != room
            }
            for room, level in LEVELS.items()
            if level == 0
        }
        while free := [room for room, others in below.items() if not others & set(below)]:
            for room in free:
                del below[room]
        self.assertEqual({}, below)

    def test_an_import_upwards_is_seen_wherever_it_hides(self) -> None:
        for source in (
            "import txdicomtls.net.protocol",
            "from txdicomtls import net",
            "from txdicomtls.net import AssociationFactory",
            "def f():\n    from txdicomtls.net import factory",
            "if TYPE_CHECKING:\n    from txdicomtls.net import factory",
            "from ..net import factory",
            "from . import items",
        ):
            self.assertTrue(wrong_imports("txdicomtls.pdu.decode", source), source)

    def test_a_sibling_is_seen_and_a_lower_room_is_not(self) -> None:
        sibling = "from txdicomtls.tls import SecureLink"
        self.assertTrue(wrong_imports("txdicomtls.pdu.decode", sibling))
        self.assertEqual([], wrong_imports("txdicomtls.net.protocol", sibling))

    def test_the_package_itself_imports_nothing(self) -> None:
        tree = ast.parse((PACKAGE / "__init__.py").read_text())
        self.assertEqual([], list(imported(tree)))

    def test_the_endpoint_parsers_import_rooms_inside_their_methods_only(self) -> None:
        tree = ast.parse((PACKAGE / f"{PARSERS}.py").read_text())
        outside = [name for node in at_module_level(tree) for name in imported_here(node)]
        self.assertEqual([], [name for name in outside if name.startswith("txdicomtls")])


class CoreTests(SynchronousTestCase):
    """The protocol itself knows bytes and values: no Twisted, no OpenSSL, no clock."""

    def test_the_core_names_no_transport_clock_or_thread(self) -> None:
        wrong = [
            f"{module_name(path)} imports {target}"
            for room in CORE
            for path in (PACKAGE / room).glob("*.py")
            for target in imported(ast.parse(path.read_text()))
            if target.split(".")[0] in NOT_IN_CORE
        ]
        self.assertEqual([], wrong)

    def test_the_core_loads_neither_twisted_nor_openssl(self) -> None:
        loaded = loaded_after([f"txdicomtls.{room}" for room in CORE])
        self.assertIn("txdicomtls.association", loaded)
        heavy = {name.split(".")[0] for name in loaded} & {"twisted", "OpenSSL"}
        self.assertEqual(set(), heavy)

    def test_no_module_imports_the_reactor_when_it_is_imported(self) -> None:
        wrong = [
            module_name(path)
            for path in MODULES
            for node in at_module_level(ast.parse(path.read_text()))
            if "twisted.internet.reactor" in imported_here(node)
        ]
        self.assertEqual([], wrong)

    def test_importing_everything_installs_no_reactor(self) -> None:
        names = [module_name(path) for path in MODULES]
        self.assertNotIn("twisted.internet.reactor", loaded_after(names))


class ShapeTests(SynchronousTestCase):
    """A module fits in a head, and a package says what is public."""

    def test_no_module_has_more_lines_than_fit_in_a_head(self) -> None:
        lengths = {module_name(path): len(path.read_text().splitlines()) for path in MODULES}
        self.assertEqual({}, {name: n for name, n in lengths.items() if n > MOST_LINES})

    def test_a_package_that_exports_names_lists_them_and_each_is_there(self) -> None:
        for path in PACKAGE.glob("*/__init__.py"):
            package = importlib.import_module(module_name(path))
            exports = [
                name.rsplit(".", 1)[1]
                for node in at_module_level(ast.parse(path.read_text()))
                for name in imported_here(node)
                if name.startswith("txdicomtls.")
            ]
            public = getattr(package, "__all__", [])
            self.assertEqual(set(), set(exports) - set(public), path)
            self.assertEqual([], [name for name in public if not hasattr(package, name)], path)
