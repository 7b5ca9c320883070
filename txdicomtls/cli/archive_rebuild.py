"""The command ``txdicomtls archive rebuild``: the index made anew from the files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import make_url

from txdicomtls.archive import Layout
from txdicomtls.archive.directories import Directories
from txdicomtls.archive.disk import reason_of
from txdicomtls.archive.rebuild import NotRebuilt, Rebuild
from txdicomtls.archive.rebuild_plan import PLAN_FILE
from txdicomtls.archive.root import Root
from txdicomtls.cli.archive_opening import config_option, existing_archive, opened_index
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.main import printable
from txdicomtls.cli.running import run_interruptible
from txdicomtls.cli.terminal import progress
from txdicomtls.errors import ArchiveInUse, IndexUnavailable, StorageError
from txdicomtls.interfaces import IReactor
from txdicomtls.node.archive_sections import INDEX_FILE, IndexSection
from txdicomtls.node.configuration import Configuration
from txdicomtls.threads import in_thread_of


@click.command()
@config_option
@click.option(
    "--anew",
    is_flag=True,
    help="Put an SQLite index that cannot be read aside, and begin with an empty one.",
)
def rebuild(config: Path, *, anew: bool) -> None:
    """Make the index of an archive anew, out of its files.

    The node must not run.  Every file is read to its end and checked as it was when it
    arrived.  When an instance was received comes from the old index, if that can be read.
    After Ctrl-C the same command goes on where it stopped; until it has come to its end,
    the node does not start.

    Exits 0 only if every file is in the index, and every instance of the old one was found.

    \b
    Examples:
      txdicomtls archive rebuild --config node.toml
      txdicomtls archive rebuild --config node.toml --anew
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        in_thread = in_thread_of(reactor)
        configuration = await existing_archive(reactor, config)
        root, layout = configuration.node.data, Layout(configuration.archive.layout)
        try:
            if anew:
                await in_thread(put_aside, configuration, datetime.now(UTC))
            async with opened_index(reactor, configuration) as index:
                with interruption.ends():
                    rebuilding = Rebuild(root, index, layout, disk=os, stop=interruption.is_asked)
                    counts = await in_thread(_run, rebuilding, root)
        except ArchiveInUse as error:
            raise StorageError(f"{error}: stop the node, then rebuild its index") from error
        except IndexUnavailable as error:
            if anew or _sqlite_file(configuration.index, root) is None:
                raise
            raise StorageError(
                f"{error}; if it is damaged, --anew puts it aside and begins with an empty one"
            ) from error
        report(rebuilding, counts, interrupted=interruption.asked)
        return not counts

    run_interruptible(work)


def put_aside(configuration: Configuration, now: datetime) -> None:
    """Give the database of the index another name, while nobody uses the archive.  Blocks.

    :param now: becomes part of that name.
    :raises ArchiveInUse: a node uses the archive.
    :raises StorageError: it is not in a file of SQLite, or cannot be renamed.
    """
    path = _sqlite_file(configuration.index, configuration.node.data)
    if path is None:
        raise StorageError("the index is no file of SQLite: make an empty database, and name that")
    root = Root(configuration.node.data, node="", disk=os, sync=True)
    try:
        layout = Layout(configuration.archive.layout)
        root.prepare(layout, Directories(root.path, disk=os, sync=True), is_new=False)
        (root.path / PLAN_FILE).unlink(missing_ok=True)
        for ending in ("", "-wal", "-shm"):
            file = path.with_name(path.name + ending)
            if file.exists():
                file.rename(path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%S}{ending}"))
                click.echo(f"{file} is kept as {path.name}.{now:%Y%m%dT%H%M%S}{ending}", err=True)
    except OSError as error:
        raise StorageError(f"{path}: cannot be put aside: {reason_of(error)}") from error
    finally:
        root.close()


def report(rebuilding: Rebuild, counts: Counter[str], *, interrupted: bool) -> None:
    """The sum."""
    parts = [f"{rebuilding.done} files read"]
    if rebuilding.beside:
        parts.append(f"{rebuilding.beside} files with other bytes of an instance")
    parts += [f"{number} {what}" for what, number in sorted(counts.items())]
    click.echo(", ".join(parts))
    if interrupted:
        click.echo("the index is not complete: the same command goes on from here", err=True)


def _run(rebuilding: Rebuild, root: Path) -> Counter[str]:
    try:
        with progress("rebuilding") as show:
            return listed(rebuilding, lambda: show(rebuilding.done, rebuilding.total))
    except OSError as error:
        place = error.filename or root
        raise StorageError(f"{place}: cannot be read: {reason_of(error)}") from error


def listed(rebuilding: Rebuild, show: Callable[[], object]) -> Counter[str]:
    """Print what is not as it should be, and count it by its kind.

    :param show: says how far it is.
    """
    counts: Counter[str] = Counter()
    for problem in rebuilding():
        if problem is not None:
            counts[problem.kind.name.lower().replace("_", " ")] += 1
            click.echo(_line(problem))
        show()
    return counts


def _line(problem: NotRebuilt) -> str:
    words = f"{problem.path}: {problem.kind.value}"
    if problem.problem:
        words += f": {problem.problem}"
    if problem.sop_instance_uid:
        words += f" [{problem.sop_instance_uid}]"
    return printable(words)


def _sqlite_file(section: IndexSection, data: Path) -> Path | None:
    """The file of the index; None where it is none."""
    if section.is_shareable:
        return None
    if section.url == "sqlite":
        return data / INDEX_FILE
    return Path(make_url(section.url).database or "")
