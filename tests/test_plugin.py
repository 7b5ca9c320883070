"""What every Twisted program in the environment pays for, and gets from, our plugin file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from twisted.application.service import IServiceMaker
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.python.reflect import namedModule
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface
from zope.interface.verify import verifyObject

from txdicomtls.parsers import ClientParser, ServerParser

ROOT = Path(__file__).parent.parent

plugin_file = namedModule("twisted.plugins.txdicomtls_plugin")


class PluginTests(SynchronousTestCase):
    """The file in ``twisted/plugins``."""

    def found(self, interface: type[Interface]) -> list[object]:
        """Our plugins among all that Twisted finds for an interface."""
        ours = vars(plugin_file).values()
        return [plugin for plugin in getPlugins(interface) if plugin in ours]

    def test_twisted_finds_the_command_and_both_parsers(self) -> None:
        for interface in (
            IServiceMaker,
            IStreamServerEndpointStringParser,
            IStreamClientEndpointStringParserWithReactor,
        ):
            self.assertEqual(1, len(self.found(interface)), interface)
        self.assertEqual(3, len(self.found(IPlugin)))

    def test_the_command_is_called_dicomtls_and_its_module_can_be_loaded(self) -> None:
        maker = plugin_file.service_maker
        self.assertEqual("dicomtls", maker.tapname)
        tap = namedModule(maker.module)
        self.assertTrue(callable(tap.Options))
        self.assertTrue(callable(tap.makeService))

    def test_importing_the_plugin_loads_nothing_heavy_and_no_reactor(self) -> None:
        code = (
            "import json, sys, twisted.plugins.txdicomtls_plugin\n"
            "print(json.dumps(list(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        loaded = set(json.loads(done.stdout))
        self.assertIn("txdicomtls.parsers", loaded)
        heavy = {"twisted.internet.reactor", "OpenSSL", "cryptography", "pydicom", "pydantic"}
        self.assertEqual(set(), loaded & heavy)
        self.assertEqual(
            {"txdicomtls", "txdicomtls.parsers"},
            {name for name in loaded if name.split(".")[0] == "txdicomtls"},
        )

    def test_nothing_hides_the_installed_twisted(self) -> None:
        self.assertEqual([], list((ROOT / "twisted").rglob("__init__.py")))


class ParserTests(SynchronousTestCase):
    """The ``dicomtls:`` strings, as far as the parsers go."""

    def test_the_parsers_are_what_twisted_asks_for(self) -> None:
        verifyObject(IStreamServerEndpointStringParser, ServerParser())
        verifyObject(IStreamClientEndpointStringParserWithReactor, ClientParser())

    def test_a_missing_argument_of_a_server_is_named(self) -> None:
        with self.assertRaises(ValueError) as caught:
            serverFromString(MemoryReactorClock(), "dicomtls:2762:key=a.key:trust=ca.crt")
        self.assertIn("certificate", str(caught.exception))

    def test_an_unknown_argument_of_a_server_is_named(self) -> None:
        text = "dicomtls:2762:certificate=a.crt:key=a.key:trust=ca.crt:colour=red"
        with self.assertRaises(ValueError) as caught:
            serverFromString(MemoryReactorClock(), text)
        self.assertIn("colour", str(caught.exception))

    def test_a_missing_argument_of_a_client_is_named(self) -> None:
        with self.assertRaises(ValueError) as caught:
            clientFromString(MemoryReactorClock(), "dicomtls:pacs.example:2762")
        self.assertIn("trust", str(caught.exception))

    def test_an_unknown_argument_of_a_client_is_named(self) -> None:
        with self.assertRaises(ValueError) as caught:
            clientFromString(
                MemoryReactorClock(), "dicomtls:pacs.example:2762:trust=ca.crt:colour=red"
            )
        self.assertIn("colour", str(caught.exception))
