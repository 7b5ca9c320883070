"""The command ``txdicomtls archive queue``: what a node has to send still, and what it gave up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from txdicomtls.cli.archive_opening import config_option, existing_archive, opened_index
from txdicomtls.cli.running import run
from txdicomtls.cli.terminal import Rows
from txdicomtls.index import Backlog, TaskQueue
from txdicomtls.interfaces import IReactor
from txdicomtls.threads import in_thread_of

_TITLES = ("WHAT", "TO", "WAITING", "GIVEN UP", "SINCE")


@click.command()
@config_option
@click.option("--retry", metavar="AE", help="Have what was given up for this node tried again.")
@click.option("--discard", metavar="AE", help="Forget what was given up for this node.")
def queue(config: Path, *, retry: str | None, discard: str | None) -> None:
    """List what a node has to send by itself, by destination.  The node may be running.

    That is what is to be forwarded, and reports of storage commitments and of procedure
    steps.  What could not be sent for a week, or was refused for good, is given up, and stays
    until somebody decides about it.

    \b
    Examples:
      txdicomtls archive queue --config node.toml
      txdicomtls archive queue --config node.toml --retry PACS
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    if retry is not None and discard is not None:
        raise click.UsageError("Either --retry or --discard.")

    async def work(reactor: IReactor) -> bool:
        in_thread = in_thread_of(reactor)
        configuration = await existing_archive(reactor, config)
        async with opened_index(reactor, configuration) as index:
            if retry is None and discard is None:
                show(await in_thread(index.tasks.backlog))
                return True
            number = await in_thread(decide, index.tasks, retry, discard, datetime.now(UTC))
        click.echo(f"{number} {'discarded' if retry is None else 'will be tried again'}")
        return True

    run(work)


def show(backlog: Sequence[Backlog]) -> None:
    """Print a line for each kind and destination."""
    rows = Rows(_TITLES, echo=click.echo)
    for each in backlog:
        since = each.oldest.astimezone().strftime("%Y-%m-%d %H:%M")
        rows.add((each.kind, each.destination, str(each.waiting), str(each.given_up), since))
    rows.end()


def decide(tasks: TaskQueue, retry: str | None, discard: str | None, now: datetime) -> int:
    """Change what was given up for one destination, of all kinds.  Blocks.

    :return: how many tasks.
    """
    number = 0
    for each in tasks.backlog():
        if each.given_up and retry is not None and each.destination == retry:
            number += tasks.retry(each.kind, retry, now=now)
        if each.given_up and discard is not None and each.destination == discard:
            number += tasks.discard(each.kind, discard)
    return number
