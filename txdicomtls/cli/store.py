"""The command ``txdicomtls store``: files to a node, with progress and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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

from txdicomtls import uids
from txdicomtls.cli.link import LinkOptions, console, link_options, link_table, run
from txdicomtls.errors import NotADicomFile
from txdicomtls.interfaces import IReactor
from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.scu import Sent, contexts_for
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
@click.option("--verbose", is_flag=True, help="List every file, not only those that failed.")
def store(link: LinkOptions, *, paths: tuple[Path, ...], window: int, verbose: bool) -> None:
    """Send DICOM files, and those in directories, to the node at HOST:PORT over mutual TLS.

    The data sets go as they are, in the transfer syntax they are in.  Files in a
    directory that are not DICOM are passed over; one that is named is a failure.
    Exits 0 only if the node has every object.

    \b
    Examples:
      txdicomtls store localhost:2762 image.dcm --cert c.crt --key c.key --ca ca.crt
      txdicomtls store pacs.example:2762 study/ --called PACS --calling CT1 \\
          --cert ct1.crt --key ct1.key --ca ca.crt
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor) -> bool:
        terminal = console()
        headers, results, skipped = await in_thread_of(reactor)(survey, paths)
        if not headers and not results:
            raise NotADicomFile(", ".join(map(str, paths)), "there is no DICOM file")
        results += await send(reactor, terminal, link, headers, window)
        report(terminal, results, skipped, verbose=verbose)
        return all(sent.succeeded for sent in results)

    run(work)


def survey(paths: Iterable[Path]) -> tuple[list[FileHeader], list[Sent], int]:
    """Find the files and read their heads.  Blocks: to be called in a thread.

    :return: what can be sent, what was named and cannot be, and how many files in
        directories were passed over.
    """
    headers: list[FileHeader] = []
    failed: list[Sent] = []
    skipped = 0
    for path in paths:
        if path.is_dir():
            for file in sorted(each for each in path.rglob("*") if each.is_file()):
                try:
                    header = read_header(file)
                except NotADicomFile:
                    skipped += 1
                    continue
                if header.sop_class_uid == uids.MEDIA_STORAGE_DIRECTORY_STORAGE:
                    skipped += 1
                else:
                    headers.append(header)
        else:
            try:
                headers.append(read_header(path))
            except NotADicomFile as error:
                failed.append(Sent(path=path, error=error))
    return headers, failed, skipped


async def send(
    reactor: IReactor, terminal: Console, link: LinkOptions, headers: list[FileHeader], window: int
) -> list[Sent]:
    """Send files, over as many associations as their kinds need, with a progress bar."""
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
        for batch in batches(headers):
            association = await link.associate(reactor, contexts_for(batch), window=window)
            async with association:
                if not results:
                    progress.console.print(link_table(association.link))
                async for sent in association.store(header.path for header in batch):
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
