"""The command ``txdicomtls archive export``: copies of instances into a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from txdicomtls.archive import InstanceReader, Layout
from txdicomtls.archive.directories import Directories
from txdicomtls.archive.folder import Folder
from txdicomtls.archive.reading import Reading
from txdicomtls.archive.root import Root
from txdicomtls.cli.archive_opening import config_option, existing_archive, opened_index
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.main import printable
from txdicomtls.cli.running import run_interruptible
from txdicomtls.cli.terminal import progress
from txdicomtls.codes import Level
from txdicomtls.errors import (
    DamagedInstance,
    InvalidInstance,
    OutOfResources,
    StorageError,
    UnknownInstance,
)
from txdicomtls.index import Index
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IReactor
from txdicomtls.threads import in_thread_of

_CHUNK = 1 << 20


@dataclass(slots=True)
class Counts:
    """How many instances became what."""

    exported: int = 0
    failed: int = 0


@click.command()
@config_option
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files go; made if it is missing.",
)
@click.option("--patient", metavar="ID", multiple=True, help="All of a patient.")
@click.option("--study", metavar="UID", multiple=True, help="A study.")
@click.option("--series", metavar="UID", multiple=True, help="A series.")
@click.option("--instance", metavar="UID", multiple=True, help="An instance.")
def export(
    config: Path,
    *,
    folder: Path,
    patient: tuple[str, ...],
    study: tuple[str, ...],
    series: tuple[str, ...],
    instance: tuple[str, ...],
) -> None:
    """Copy instances out of an archive into a folder.  The node may be running.

    A file is named STUDY/SERIES/INSTANCE.dcm by its UIDs, and is there only when it is
    whole and every byte is the one that was received.  No file is ever overwritten.

    What is given at several levels must all be so.  Exits 0 only if every instance is in
    the folder.

    \b
    Examples:
      txdicomtls archive export --config node.toml --to images --study 1.2.3
      txdicomtls archive export --config node.toml --to images --patient 4711
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    given = dict(zip(Level, (patient, study, series, instance), strict=True))
    keys = {level: values for level, values in given.items() if values}
    if not keys:
        raise click.UsageError("Say what is to be exported: --study, for example.")

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        in_thread = in_thread_of(reactor)
        configuration = await existing_archive(reactor, config)
        counts = Counts()
        async with opened_index(reactor, configuration) as index:
            exporting = Exporting(
                configuration.node.data, index, Folder(folder, in_thread=in_thread), counts
            )
            try:
                with interruption.ends():
                    await in_thread(exporting.run, keys, interruption.is_asked)
            finally:
                click.echo(f"{counts.exported} exported, {counts.failed} failed")
        if not counts.exported and not counts.failed and not interruption.asked:
            raise UnknownInstance("the archive has nothing of that")
        return not counts.failed

    run_interruptible(work)


class Exporting:
    """Copies instances.  Everything blocks.

    :param root: of the archive.
    :param index: what instances there are.
    :param folder: where they go.
    :param counts: what became of them.
    """

    def __init__(self, root: Path, index: Index, folder: Folder, counts: Counts) -> None:
        self._index = index
        self._folder = folder
        self._counts = counts
        # Files are found by the index, so the layout says nothing.
        self._reading = Reading(
            Root(root, node="", disk=os, sync=False),
            Directories(root, disk=os, sync=False),
            Layout(),
            index,
            disk=os,
        )

    def run(self, keys: Mapping[Level, tuple[str, ...]], stop: Callable[[], bool]) -> None:
        """Copy all that has these keys.

        :param stop: whether to come to an end before.
        :raises OutOfResources: the folder can take no more, or the archive cannot be read.
        """
        self._folder.prepare()
        total = self._index.count(keys)
        with progress("exporting") as show:
            for page in self._index.locate(keys):
                for kept in page:
                    if stop():
                        return
                    self._copy(kept.sop_instance_uid)
                    show(self._counts.exported + self._counts.failed, total)

    def _copy(self, uid: str) -> None:
        try:
            reader = self._reading.reader(uid)
            try:
                copy(reader, self._folder)
            finally:
                reader.close()
            self._counts.exported += 1
        except OutOfResources:
            self._counts.failed += 1
            raise
        except (UnknownInstance, DamagedInstance, InvalidInstance, StorageError) as error:
            self._counts.failed += 1
            click.echo(printable(f"{uid}: {error}"))


def copy(reader: InstanceReader, folder: Folder) -> None:
    """Copy one instance.  Blocks.

    :raises DamagedInstance: it is not what was received; there is no copy then.
    :raises StorageError: it cannot be kept there.
    """
    header = reader.header
    draft = folder.draft(
        IncomingInstance(
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntax_uid=header.transfer_syntax_uid,
            calling_ae_title=header.source_ae_title,
        )
    )
    try:
        while data := reader.read(_CHUNK):
            draft.append([memoryview(data)])
    except BaseException:
        draft.remove()
        raise
    folder.keep(draft.seal([]))
