"""The command ``txdicomtls archive check``: files and index, held against each other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from txdicomtls.archive.check import Check
from txdicomtls.archive.disk import reason_of
from txdicomtls.archive.findings import Finding, FindingKind
from txdicomtls.cli.archive_opening import config_option, existing_archive, opened_index
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.main import printable
from txdicomtls.cli.running import run_interruptible
from txdicomtls.cli.terminal import progress
from txdicomtls.errors import StorageError
from txdicomtls.index import Index
from txdicomtls.interfaces import IReactor
from txdicomtls.threads import in_thread_of


@click.command()
@config_option
@click.option("--quick", is_flag=True, help="Look at heads and lengths of files, not at all bytes.")
@click.option(
    "--repair",
    is_flag=True,
    help="Tell the index what was found: files that are missing, damaged, or not in it.",
)
def check(config: Path, *, quick: bool, repair: bool) -> None:
    """Hold the files of an archive and its index against each other.

    Each instance of the index must have its file, with the bytes that were received, and
    each file must be in the index.  The node may be running meanwhile.

    Nothing is changed without --repair, and nothing is ever removed.  An instance that is
    marked as missing or damaged is taken again when somebody sends it.

    Exits 0 if all is well, or was repaired.

    \b
    Examples:
      txdicomtls archive check --config node.toml
      txdicomtls archive check --config node.toml --quick --repair
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        configuration = await existing_archive(reactor, config)
        async with opened_index(reactor, configuration) as index:
            with interruption.ends():
                root = configuration.node.data
                checking = Check(
                    root,
                    index,
                    disk=os,
                    hashes=not quick,
                    repair=repair,
                    stop=interruption.is_asked,
                )
                counts = await in_thread_of(reactor)(_run, checking, index, root)
        report(checking, counts, interrupted=interruption.asked)
        return not counts["wrong"]

    run_interruptible(work)


def _run(checking: Check, index: Index, root: Path) -> Counter[str]:
    try:
        total = index.count()
        with progress("checking") as show:
            return listed(checking, lambda: show(checking.rows + checking.files, 2 * total))
    except OSError as error:
        place = error.filename or root
        raise StorageError(f"{place}: cannot be checked: {reason_of(error)}") from error


def listed(checking: Check, show: Callable[[], object]) -> Counter[str]:
    """Print each finding, and count them by kind.

    Counted besides are those that are ``wrong`` still, and those that were ``repaired``.

    :param show: says how far it is.
    """
    counts: Counter[str] = Counter()
    for finding in checking():
        if finding is not None:
            counts[finding.kind.name] += 1
            counts["wrong"] += finding.is_wrong
            counts["repaired"] += finding.repaired
            if finding.kind is not FindingKind.OTHER_BYTES:
                click.echo(line_of(finding))
        show()
    return counts


def line_of(finding: Finding) -> str:
    """One finding in words."""
    words = f"{finding.path}: {finding.kind.value}"
    if finding.problem:
        words += f": {finding.problem}"
    if finding.sop_instance_uid:
        words += f" [{finding.sop_instance_uid}]"
    return printable(words + (" (repaired)" if finding.repaired else ""))


def report(checking: Check, counts: Counter[str], *, interrupted: bool) -> None:
    """The sum."""
    parts = [f"{checking.rows} instances and {checking.files} files looked at"]
    if other := counts[FindingKind.OTHER_BYTES.name]:
        parts.append(f"{other} files with other bytes of an instance")
    if counts["repaired"]:
        parts.append(f"{counts['repaired']} repaired")
    parts.append(f"{counts['wrong']} wrong" if counts["wrong"] else "nothing is wrong")
    click.echo(", ".join(parts) + ("; not to the end: interrupted" if interrupted else ""))
