"""Matches of a query, printed as they come: as a table, or as one line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from pydicom.dataset import Dataset

from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.keys import QueryKey
from txdicomtls.cli.terminal import Rows
from txdicomtls.dimse import Status
from txdicomtls.scu import Matches


class Printer:
    """Prints matches.

    :param columns: of the table.
    :param as_json: print each as an object of the DICOM JSON model (PS3.18 F) instead.
    """

    def __init__(self, columns: Sequence[QueryKey], *, as_json: bool) -> None:
        self._columns = columns
        self._as_json = as_json
        self._rows = Rows([column.title for column in columns], echo=click.echo)

    def add(self, match: Dataset) -> None:
        """One match."""
        if self._as_json:
            click.echo(json_line(match))
        else:
            self._rows.add([column.values_in(match) for column in self._columns])

    def end(self) -> None:
        """There are no more."""
        self._rows.end()


def json_line(match: Dataset) -> str:
    """A data set in the DICOM JSON model, on one line."""
    return json.dumps(match.to_json_dict(suppress_invalid_tags=True), ensure_ascii=True)


async def print_matches(matches: Matches, printer: Printer, interruption: Interruption) -> bool:
    """Print all matches, and how many they were.  Ctrl-C sends C-CANCEL.

    :return: whether the peer came to the end of them, or to the limit.
    """
    try:
        async with matches:
            with interruption.ends(matches.cancel):
                async for match in matches:
                    printer.add(match)
    finally:
        printer.end()
        number = f"{matches.count} match" + ("" if matches.count == 1 else "es")
        click.echo(number + (", interrupted" if interruption.asked else ""), err=True)
    return matches.status in (Status.SUCCESS, Status.CANCEL) and not interruption.asked
