"""What commands print."""

from __future__ import annotations

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.terminal import LINE_EVERY, Rows, progress


class RowsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.lines: list[str] = []
        self.rows = Rows(["UID", "Name"], echo=self.lines.append)

    def test_columns_are_as_wide_as_what_is_in_them(self) -> None:
        for values in (["1.2.3", "Doe^Jane"], ["1", "김희중"], ["1.2", ""]):
            self.rows.add(values)
        self.assertEqual([], self.lines)
        self.rows.end()
        self.assertEqual(["UID    Name", "1.2.3  Doe^Jane", "1      김희중", "1.2"], self.lines)

    def test_rows_are_printed_as_they_come_once_there_are_some(self) -> None:
        for number in range(49):
            self.rows.add([f"{number}", "x"])
        self.assertEqual([], self.lines)
        self.rows.add(["49", "x"])
        self.assertEqual(51, len(self.lines))
        self.rows.add(["a longer one is printed whole", "x"])
        self.assertEqual("a longer one is printed whole  x", self.lines[-1])
        self.rows.end()
        self.assertEqual(52, len(self.lines))

    def test_without_rows_there_is_no_head(self) -> None:
        self.rows.end()
        self.assertEqual([], self.lines)

    def test_nothing_in_a_row_gets_a_hold_of_the_terminal(self) -> None:
        self.rows.add(["\x1b[2J", "a\nb"])
        self.rows.end()
        self.assertEqual("\\x1b[2J  a\\nb", self.lines[-1])


class ProgressTests(SynchronousTestCase):
    def test_away_from_a_terminal_there_is_a_line_now_and_then_on_standard_error(self) -> None:
        now = 0.0

        @click.command()
        def work() -> None:
            nonlocal now
            with progress("checking", seconds=lambda: now) as show:
                for done in range(25):
                    now += LINE_EVERY / 10
                    show(done, 25 if done > 15 else None)

        result = CliRunner().invoke(work, [])
        self.assertEqual(("", 0), (result.stdout, result.exit_code))
        self.assertEqual("checking: 9\nchecking: 19 of 25\n", result.stderr)
