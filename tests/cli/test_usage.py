"""Every command: its help, and what it says to words that make no sense."""

from __future__ import annotations

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.archive import COMMANDS as ARCHIVE_COMMANDS
from txdicomtls.cli.main import COMMANDS, main

NODE = ("localhost:1", "--ca=ca.crt")
STUDY = "--study=1.2"


class HelpTests(SynchronousTestCase):
    def test_every_command_shows_examples(self) -> None:
        words: list[tuple[str, ...]] = [(name,) for name in COMMANDS if name != "pki"]
        words += [("archive", name) for name in ARCHIVE_COMMANDS]
        for each in words:
            with self.subTest(each):
                result = CliRunner().invoke(main, [*each, "--help"])
                self.assertEqual(0, result.exit_code, result.output)
                self.assertIn("Examples:\n", result.stdout)
                self.assertIn(f"txdicomtls {' '.join(each)}", result.stdout)

    def test_no_option_is_there_twice(self) -> None:
        for name in COMMANDS:
            command = main.get_command(click.Context(main), name)
            assert command is not None
            options = [
                word for each in command.params for word in (*each.opts, *each.secondary_opts)
            ]
            self.assertEqual(len(options), len(set(options)), name)


class UsageTests(SynchronousTestCase):
    def test_what_makes_no_sense_is_a_usage_error(self) -> None:
        for words, reason in (
            (("find", *NODE, "-k", "Patient=1"), "neither a keyword as PatientID nor a tag"),
            (("find", *NODE, "--level", "PATIENT", "--root", "study"), "use --root patient"),
            (("find", *NODE, "--limit", "0"), "0 is not in the range x>=1"),
            (("find", *NODE, "--level", "FRAME"), "'FRAME' is not one of"),
            (("get", *NODE, STUDY), "Missing option '--to'"),
            (("get", *NODE, STUDY, "--to=x", "--sop-class=x"), "'x' is not a UID"),
            (("move", *NODE, STUDY), "Missing option '--to'"),
            (("commit", *NODE), "Name files that the node was sent"),
            (("commit", *NODE, "--instance", "1.2", "x"), "'x' is not a UID"),
            (("echo", *NODE, "--key=x"), "--key goes with --cert"),
            (("echo", *NODE, "--passcode-file=x"), "--passcode-file goes with --user"),
            (("echo", *NODE, "--user=a", "--jwt-file=x"), "not by both"),
            (("archive", "list"), "Missing option '--config'"),
            (
                ("archive", "list", "--config=x", "--level=PATIENT", "--date=2024"),
                "use --level STUDY",
            ),
            (("archive", "export", "--config=x", "--to=x"), "Say what is to be exported"),
            (("archive", "import", "--config=x"), "Missing argument 'PATH...'"),
        ):
            with self.subTest(words):
                result = CliRunner().invoke(main, words)
                self.assertEqual(2, result.exit_code, result.output)
                self.assertIn(reason, result.stderr)
