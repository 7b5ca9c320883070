"""The command ``txdicomtls store``: files to a node, with progress and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from twisted.internet.defer import Deferred

from txdicomtls import uids
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.running import run_interruptible
from txdicomtls.cli.survey import survey
from txdicomtls.cli.terminal import console, link_table
from txdicomtls.errors import NotADicomFile
from txdicomtls.interfaces import IReactor
from txdicomtls.part10 import FileHeader
from txdicomtls.scu import Association, Sent, contexts_for, store_in_parallel
from txdicomtls.scu.contexts import batches
from txdicomtls.threads import in_thread_of

#: What the table of outcomes puts between and around its four columns.
_BETWEEN_COLUMNS = 8


@click.command()
@link_options
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--window",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Most objects to have on their way at once, if the node agrees.",
)
@click.option(
    "--associations",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Associations to have open at once.",
)
@click.option("--verbose", is_flag=True, help="List every file, not only those that failed.")
def store(
    link: LinkOptions, *, paths: tuple[Path, ...], window: int, associations: int, verbose: bool
) -> None:
    """Send DICOM files, and those in directories, to the node at HOST:PORT over mutual TLS.

    The data sets go as they are, in the transfer syntax they are in.  Files in a
    directory that are not DICOM are passed over; one that is named is a failure.
    Exits 0 only if the node has every object; what was sent before Ctrl-C is reported.

    \b
    Examples:
      txdicomtls store localhost:2762 image.dcm --cert c.crt --key c.key --ca ca.crt
      txdicomtls store pacs.example:2762 study/ --called PACS --calling CT1 \\
          --cert ct1.crt --key ct1.key --ca ca.crt --associations 4 --retry 5
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        terminal = console()
        headers, results, skipped = await in_thread_of(reactor)(survey, paths)
        if not headers and not results:
            raise NotADicomFile(", ".join(map(str, paths)), "there is no DICOM file")
        sending = Sending(reactor, link, window, associations, interruption)
        results += await send(terminal, sending, headers)
        report(terminal, results, skipped, verbose=verbose)
        return all(sent.succeeded for sent in results)

    run_interruptible(work)


class Sending:
    """Sends files, over as many associations as their kinds need, and as many at once as asked for.

    :param reactor: the reactor.
    :param link: whom to call.
    :param window: the most to have outstanding on each association.
    :param associations: how many to have at once.
    :param interruption: says whether to come to an end; what was begun is sent then.
    """

    def __init__(
        self,
        reactor: IReactor,
        link: LinkOptions,
        window: int,
        associations: int,
        interruption: Interruption,
    ) -> None:
        self._reactor = reactor
        self._link = link
        self._window = window
        self._associations = associations
        self._interruption = interruption
        #: The first association that was made.
        self.first: Association | None = None

    async def __call__(self, headers: Sequence[FileHeader]) -> AsyncGenerator[Sent, None]:
        """Send these; give what became of each."""
        with self._interruption.ends():
            for batch in batches(headers):
                if self._interruption.asked:
                    return
                async with aclosing(self._sent(batch)) as sending:
                    async for sent in sending:
                        yield sent

    async def _sent(self, batch: Sequence[FileHeader]) -> AsyncGenerator[Sent, None]:
        if self._associations == 1:
            association = await self._associate(batch)
            async with association, aclosing(association.store(self._paths(batch))) as sending:
                async for sent in sending:
                    yield sent
            return
        async with aclosing(
            store_in_parallel(
                lambda: Deferred.fromCoroutine(self._associate(batch)),
                self._paths(batch),
                associations=min(self._associations, len(batch)),
            )
        ) as sending:
            async for sent in sending:
                yield sent

    async def _associate(self, batch: Sequence[FileHeader]) -> Association:
        contexts = contexts_for(batch)
        association = await self._link.associate(self._reactor, contexts, window=self._window)
        self.first = self.first or association
        return association

    def _paths(self, batch: Sequence[FileHeader]) -> Iterator[Path]:
        for header in batch:
            if self._interruption.asked:
                return
            yield header.path


async def send(terminal: Console, sending: Sending, headers: Sequence[FileHeader]) -> list[Sent]:
    """Send files, with a progress bar."""
    results: list[Sent] = []
    with Progress(
        TextColumn("storing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[megabytes]:.1f} MB"),
        TimeElapsedColumn(),
        console=terminal,
    ) as progress:
        objects = progress.add_task("objects", total=len(headers), megabytes=0.0)
        sent_bytes = 0
        async with aclosing(sending(headers)) as outcomes:
            async for sent in outcomes:
                if not results and sending.first is not None:
                    progress.console.print(link_table(sending.first.link))
                results.append(sent)
                sent_bytes += sent.header.data_length if sent.header else 0
                progress.update(objects, advance=1, megabytes=sent_bytes / 1e6)
    return results


def report(terminal: Console, results: list[Sent], skipped: int, *, verbose: bool) -> None:
    """A row for each file that failed, or for each; then the sum."""
    listed = [sent for sent in results if verbose or not sent.succeeded]
    if listed:
        terminal.print(_outcomes(listed, terminal.width))
    counts = Counter("stored" if sent.succeeded else "failed" for sent in results)
    size = sum(sent.header.data_length for sent in results if sent.header and sent.succeeded)
    passed_over = f", {skipped} files passed over" if skipped else ""
    terminal.print(
        f"{counts['stored']} stored ({size / 1e6:.1f} MB), {counts['failed']} failed{passed_over}"
    )


def _outcomes(listed: list[Sent], width: int) -> Table:
    """A row for each file.

    :param width: columns of the terminal.
    """
    table = Table(pad_edge=False, box=box.SIMPLE)
    # What went wrong is never cut off, and the rest only where it does not fit.
    longest = max(len(sent.outcome) for sent in listed)
    outcome = min(longest, width // 2)
    rest = (width - outcome - _BETWEEN_COLUMNS) // 3
    table.add_column("object", no_wrap=True, max_width=rest)
    table.add_column("outcome", width=outcome, overflow="fold")
    table.add_column("SOP class", no_wrap=True, max_width=rest)
    table.add_column("transfer syntax", no_wrap=True, max_width=rest)
    for sent in listed:
        kind = "" if sent.header is None else uids.uid_name(sent.header.sop_class_uid)
        syntax = "" if sent.header is None else uids.uid_name(sent.header.transfer_syntax_uid)
        table.add_row(sent.name, sent.outcome, kind, syntax)
    return table
