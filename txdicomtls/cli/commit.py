"""The command ``txdicomtls commit``: asks a node whether it keeps instances for good."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.running import run
from txdicomtls.cli.survey import survey
from txdicomtls.dimse import describe_failure_reason
from txdicomtls.errors import NotADicomFile
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import Committed, commitment_contexts
from txdicomtls.scu.commitment_reports import Reference
from txdicomtls.threads import in_thread_of
from txdicomtls.uids import is_valid_uid


@click.command()
@link_options
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--instance",
    "instances",
    metavar="CLASS UID",
    nargs=2,
    multiple=True,
    help="An instance by its SOP Class UID and SOP Instance UID; may be given again.",
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Seconds to wait for the report; it must come on the same association.",
)
def commit(
    link: LinkOptions,
    *,
    paths: tuple[Path, ...],
    instances: tuple[tuple[str, str], ...],
    wait: float,
) -> None:
    """Ask the node at HOST:PORT to commit itself to keeping instances it was sent.

    PATH is a DICOM file, or a directory of them, that the node was sent.  Exits 0 only if
    the node commits itself to every instance: then they need not be kept here any longer.

    \b
    Examples:
      txdicomtls commit pacs.example study/ --called PACS --cert ct1.crt --key ct1.key --ca ca.crt
      txdicomtls commit pacs.example --instance 1.2.840.10008.5.1.4.1.1.2 1.2.3.4 \\
          --called PACS --cert ct1.crt --key ct1.key --ca ca.crt
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    for pair in instances:
        for uid in pair:
            if not is_valid_uid(uid):
                raise click.BadParameter(f"{uid!r} is not a UID", param_hint="--instance")
    if not paths and not instances:
        raise click.UsageError("Name files that the node was sent, or an --instance.")

    async def work(reactor: IReactor) -> bool:
        named = await in_thread_of(reactor)(references, paths)
        named += [Reference(*pair) for pair in instances]
        if not named:
            raise NotADicomFile(", ".join(map(str, paths)), "there is no DICOM file")
        async with await link.associate(reactor, commitment_contexts()) as association:
            committed = await association.commit(named, timeout=wait)
        report(committed)
        return committed.is_complete

    run(work)


def references(paths: Sequence[Path]) -> list[Reference]:
    """The instances in files.  Blocks: to be called in a thread.

    :raises NotADicomFile: one that was named is none.
    """
    headers, failed, _ = survey(paths)
    for each in failed:
        assert each.error is not None  # it failed
        raise each.error
    return [Reference(header.sop_class_uid, header.sop_instance_uid) for header in headers]


def report(committed: Committed) -> None:
    """Each instance that the node does not commit itself to, then the sum."""
    for failed in committed.failed:
        reason = (
            "the report does not mention it"
            if failed.reason is None
            else f"{failed.reason:04X}H {describe_failure_reason(failed.reason)}"
        )
        click.echo(f"{failed.reference.sop_instance_uid}: {reason}")
    number = len(committed.committed)
    click.echo(f"{number} committed, {len(committed.failed)} not committed")
