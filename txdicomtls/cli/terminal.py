"""What commands print: for a person at a terminal, for a file, for the next program."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from txdicomtls.cli.main import printable
from txdicomtls.tls import SecureLink

#: Seconds between two lines about how far it is, where there is no terminal.
LINE_EVERY = 10.0

#: Rows by which the widths of the columns are found.
_LOOKED_AT = 50


def console() -> Console:
    """Standard output for a person."""
    # Without markup: a peer may have had a say in what is shown.
    return Console(highlight=False, markup=False)


def link_table(link: SecureLink) -> Table:
    """What a secure link negotiated, as a table for a terminal."""
    table = Table(title="secure link", show_header=False, title_justify="left")
    rows = {
        "protocol": link.protocol,
        "cipher suite": link.cipher_suite,
        "encryption": f"{link.encryption}, {link.encryption_bits} bits",
        "integrity": link.integrity,
        "key exchange": f"{link.key_exchange} {link.group}".strip(),
        "peer's key": f"{link.peer_key}, {link.peer_key_bits} bits",
        "peer": link.peer_subject,
        "peer's names": ", ".join(link.peer_names),
        "issued by": link.certificates[0].issuer if link.certificates else "",
        "profile": link.profile,
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


class Rows:
    """A table whose rows are printed as they come, however many there are.

    The widths of its columns are those of its first rows; a longer value is printed whole.

    :param titles: of the columns.
    :param echo: prints a line.
    """

    def __init__(self, titles: Sequence[str], *, echo: Callable[[str], object]) -> None:
        self._titles = tuple(titles)
        self._echo = echo
        self._waiting: list[Sequence[str]] = []
        self._widths: list[int] | None = None

    def add(self, values: Sequence[str]) -> None:
        """One more row; nothing in it gets a hold of the terminal."""
        row = [printable(value) for value in values]
        if self._widths is not None:
            self._print(row)
            return
        self._waiting.append(row)
        if len(self._waiting) >= _LOOKED_AT:
            self.end()

    def end(self) -> None:
        """Print what waits still."""
        if self._widths is None and self._waiting:
            columns = zip(self._titles, *self._waiting, strict=True)
            self._widths = [max(map(cell_len, column)) for column in columns]
            self._print(self._titles)
            for row in self._waiting:
                self._print(row)
            self._waiting = []

    def _print(self, row: Sequence[str]) -> None:
        assert self._widths is not None  # somebody has looked
        cells = (
            value + " " * (width - cell_len(value))
            for value, width in zip(row, self._widths, strict=True)
        )
        self._echo("  ".join(cells).rstrip())


@contextmanager
def progress(
    what: str, *, seconds: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int | None], None]]:
    """Show how far something is: a bar on a terminal, else a line now and then.

    All of it goes to standard error, so that standard output is what was asked for.

    :param what: is done, as ``checking``.
    :param seconds: a monotonic clock.
    :return: to be called with what is done, and of how many; None where that is not known.
    """
    screen = Console(stderr=True, highlight=False, markup=False)
    if not screen.is_terminal:
        yield _Lines(what, seconds)
        return
    with Progress(
        SpinnerColumn(),
        TextColumn(what, markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        # What is printed meanwhile goes around the bar, unless it goes elsewhere.
        redirect_stdout=sys.stdout.isatty(),
    ) as bar:
        task = bar.add_task(what, total=None, count="")

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total, count=_count(done, total))

        yield show


class _Lines:
    """A line now and then."""

    def __init__(self, what: str, seconds: Callable[[], float]) -> None:
        self._what = what
        self._seconds = seconds
        self._last = seconds()

    def __call__(self, done: int, total: int | None) -> None:
        """Say so, if the last line is old."""
        now = self._seconds()
        if now - self._last >= LINE_EVERY:
            self._last = now
            click.echo(f"{self._what}: {_count(done, total)}", err=True)


def _count(done: int, total: int | None) -> str:
    return f"{done}" if total is None else f"{done} of {total}"
