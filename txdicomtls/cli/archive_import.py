"""The command ``txdicomtls archive import``: files into an archive, as if they had been sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from txdicomtls.cli.archive_opening import config_option
from txdicomtls.cli.importing import Importer, Paths, Taken
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.main import printable
from txdicomtls.cli.running import run_interruptible
from txdicomtls.cli.terminal import progress
from txdicomtls.errors import ArchiveInUse, StorageError
from txdicomtls.interfaces import IReactor
from txdicomtls.node.configuration import Configuration, load_configuration
from txdicomtls.node.forwarding import Forwarding, Rule
from txdicomtls.node.keeping import open_keeping
from txdicomtls.threads import in_thread_of

#: What a node that shares its archive is called while it imports, is its own name and this.
_SUFFIX = "-import"
_LONGEST_NODE = 64


@dataclass(slots=True)
class Counts:
    """How many files became what."""

    stored: int = 0
    already: int = 0
    refused: int = 0
    passed_over: int = 0

    @property
    def all(self) -> int:
        """All that was looked at."""
        return self.stored + self.already + self.refused + self.passed_over


@click.command("import")
@config_option
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
def import_(config: Path, paths: tuple[Path, ...]) -> None:
    """Take DICOM files, and those in directories, into the archive of a node.

    Each file is checked, kept and indexed as if it had been sent; the files themselves
    are left alone.  What stands before the "DICM" of a file is not taken over.  Nothing is
    forwarded.  Files in a directory that are not DICOM are passed over.

    The node must not run, unless its archive is shared by several: if it does, send to it
    with `txdicomtls store`.

    Exits 0 only if the archive has every instance.

    \b
    Examples:
      txdicomtls archive import --config node.toml /media/cdrom
      txdicomtls archive import --config node.toml image.dcm study/
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        in_thread = in_thread_of(reactor)
        configuration = renamed(await in_thread(load_configuration, config))
        try:
            keeping = await open_keeping(
                configuration,
                reactor=reactor,
                in_thread=in_thread,
                tasks_for=Forwarding(map(Rule.of, configuration.forward)),
            )
        except ArchiveInUse as error:
            raise StorageError(
                f"{error}: send to it with `txdicomtls store`, or stop it first"
            ) from error
        # What the node had received when it died is forwarded, and what is imported is not.
        keeping.index.tasks_for = None
        counts = Counts()
        try:
            importer = Importer(keeping.archive, keeping.index, in_thread)
            found = Paths(paths, in_thread, interruption.is_asked)
            with progress("importing") as show, interruption.ends():

                def taken(each: Taken) -> None:
                    count(counts, each)
                    show(counts.all, None)

                await importer(found, taken)
        finally:
            await in_thread(keeping.close)
            click.echo(summary(counts))
        return not counts.refused

    run_interruptible(work)


def renamed(configuration: Configuration) -> Configuration:
    """The configuration, where the archive is shared with another name of the node."""
    section = configuration.archive
    if section.shared_as is None:
        return configuration
    name = section.shared_as[: _LONGEST_NODE - len(_SUFFIX)] + _SUFFIX
    archive = section.model_copy(update={"shared_as": name})
    return configuration.model_copy(update={"archive": archive})


def count(counts: Counts, taken: Taken) -> None:
    """Count one file; say why, if it was refused."""
    if taken.problem:
        counts.refused += 1
        click.echo(printable(f"{taken.path}: {taken.problem}"))
    elif taken.passed_over:
        counts.passed_over += 1
    elif taken.was_there:
        counts.already += 1
    else:
        counts.stored += 1


def summary(counts: Counts) -> str:
    """The sum."""
    parts = [f"{counts.stored} stored", f"{counts.already} there already"]
    parts.append(f"{counts.refused} refused")
    if counts.passed_over:
        parts.append(f"{counts.passed_over} files passed over")
    return ", ".join(parts)
