"""The command ``txdicomtls`` itself: subcommands, errors, exit statuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

import txdicomtls
from txdicomtls.cli.main import COMMANDS, LazyGroup, main, report_error
from txdicomtls.errors import (
    ConfigurationError,
    ConfigurationProblem,
    CredentialError,
    DicomTLSError,
)


@click.command()
@click.argument("what")
def fails(what: str) -> None:
    """Fail as asked for."""
    if what == "credential":
        raise CredentialError("node.key", "is no key")
    if what == "configuration":
        problems = [ConfigurationProblem("node", "is missing"), ConfigurationProblem("x", "odd")]
        raise ConfigurationError("node.toml", problems)
    if what == "hostile":
        raise DicomTLSError("bad title \x1b[2J\nsecond line\udc80")
    raise ZeroDivisionError(what)


NO_COMMAND = "text"

group = LazyGroup(
    name="group",
    commands_at={
        "fails": "tests.cli.test_main:fails",
        "wrong": "tests.cli.test_main:NO_COMMAND",
        "absent": "tests.cli.no_such_module:command",
    },
)


class Commands(SynchronousTestCase):
    def test_every_command_of_the_table_is_there_and_says_what_it_does(self) -> None:
        result = CliRunner().invoke(main, ["--help"])
        self.assertEqual(0, result.exit_code)
        for name in COMMANDS:
            self.assertIn(f"\n  {name} ", result.stdout)
            command = main.get_command(click.Context(main), name)
            assert command is not None
            self.assertTrue(command.help)

    def test_a_command_is_imported_only_when_asked_for(self) -> None:
        result = CliRunner().invoke(group, ["fails", "--help"])
        self.assertEqual(0, result.exit_code)
        with self.assertRaises(ModuleNotFoundError):
            group.get_command(click.Context(group), "absent")
        with self.assertRaises(TypeError):
            group.get_command(click.Context(group), "wrong")

    def test_an_unknown_command_is_a_usage_error(self) -> None:
        result = CliRunner().invoke(main, ["ehco"])
        self.assertEqual(2, result.exit_code)
        self.assertIn("No such command 'ehco'", result.stderr)

    def test_the_version_is_that_of_the_package(self) -> None:
        result = CliRunner().invoke(main, ["--version"])
        self.assertEqual(
            (0, f"txdicomtls {txdicomtls.__version__}\n"), (result.exit_code, result.stdout)
        )

    def test_certificates_are_made_without_a_reactor(self) -> None:
        program = (
            "import sys\n"
            "from txdicomtls.cli.main import main\n"
            "assert 'cryptography' not in sys.modules\n"
            "main(['pki', 'init', '--help'], standalone_mode=False)\n"
            "assert 'cryptography' in sys.modules\n"
            "assert 'twisted.internet.reactor' not in sys.modules\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=False,
            cwd=Path(txdicomtls.__file__).parent.parent,
            text=True,
        )
        self.assertEqual((0, ""), (done.returncode, done.stderr))


class Errors(SynchronousTestCase):
    def test_an_error_of_ours_is_one_line_and_status_1(self) -> None:
        result = CliRunner().invoke(group, ["fails", "credential"])
        self.assertEqual(1, result.exit_code)
        self.assertEqual("txdicomtls: node.key: is no key\n", result.stderr)
        self.assertEqual("", result.stdout)

    def test_a_configuration_is_one_line_for_each_problem(self) -> None:
        result = CliRunner().invoke(group, ["fails", "configuration"])
        self.assertEqual(1, result.exit_code)
        self.assertEqual(
            "txdicomtls: node.toml: node: is missing\ntxdicomtls: node.toml: x: odd\n",
            result.stderr,
        )

    def test_a_peer_gets_no_hold_of_the_terminal(self) -> None:
        result = CliRunner().invoke(group, ["fails", "hostile"])
        self.assertEqual("txdicomtls: bad title \\x1b[2J\\nsecond line\\udc80\n", result.stderr)

    def test_a_bug_is_not_hidden(self) -> None:
        result = CliRunner().invoke(group, ["fails", "bug"])
        self.assertIsInstance(result.exception, ZeroDivisionError)

    def test_reporting_gives_the_exit_status(self) -> None:
        self.assertEqual(1, report_error(DicomTLSError("reported")))
