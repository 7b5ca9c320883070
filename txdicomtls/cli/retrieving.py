"""What ``txdicomtls get`` and ``move`` share: what is to be retrieved, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click
from pydicom.dataset import Dataset

from txdicomtls.cli.find import MODELS, Model
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.terminal import progress
from txdicomtls.codes import Level
from txdicomtls.dimse import Suboperations, describe
from txdicomtls.scu import Retrieval, Retrieved
from txdicomtls.uids import is_valid_uid

#: How many UIDs of what failed are listed.
_LISTED = 20

_KEYWORDS = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be retrieved.

    :param level: whole patients, studies, series, or instances.
    :param values: unique keys by level.
    :param model: the information model to ask in.
    """

    level: Level
    values: dict[Level, tuple[str, ...]]
    model: Model

    @property
    def identifier(self) -> Dataset:
        """The identifier of the request (PS3.4 C.4.2.1.4)."""
        identifier = Dataset()
        identifier.QueryRetrieveLevel = self.level.name
        for level, values in self.values.items():
            setattr(identifier, _KEYWORDS[level], list(values) if len(values) > 1 else values[0])
        return identifier


def wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what to retrieve; it gets them as ``wanted``."""

    @wraps(command)
    def with_wanted(
        *arguments: Any,  # noqa: ANN401  # whatever other options give
        patient: tuple[str, ...],
        study: tuple[str, ...],
        series: tuple[str, ...],
        instance: tuple[str, ...],
        model: str | None,
        **values: Any,  # noqa: ANN401  # likewise
    ) -> None:
        wanted = _wanted(dict(zip(Level, (patient, study, series, instance), strict=True)), model)
        command(*arguments, wanted=wanted, **values)

    for option in (
        click.option(
            "--root",
            "model",
            type=click.Choice(sorted(MODELS)),
            help="The information model; usually patient if there is a --patient, else study.",
        ),
        click.option("--instance", metavar="UID", multiple=True, help="Single instances of it."),
        click.option("--series", metavar="UID", multiple=True, help="Series of it."),
        click.option("--study", metavar="UID", multiple=True, help="Studies."),
        click.option("--patient", metavar="ID", multiple=True, help="All of a patient."),
    ):
        with_wanted = option(with_wanted)
    return with_wanted


async def follow(retrieval: Retrieval, what: str, interruption: Interruption) -> Retrieved:
    """Wait for the end of a retrieval, and show how far it is.  Ctrl-C sends C-CANCEL.

    :param what: is done, as ``moving``.
    """
    with progress(what) as show, interruption.ends(retrieval.cancel):
        async with retrieval:
            async for counted in retrieval:
                show(_done(counted), _total(counted))
    assert retrieval.result is not None  # the loop has ended
    return retrieval.result


def report(result: Retrieved, verb: str) -> None:
    """Say what a retrieval came to: each instance that failed, then the sum.

    :param verb: as ``moved``.
    """
    for uid in result.failed_instances[:_LISTED]:
        click.echo(f"the node could not send {uid}", err=True)
    if len(result.failed_instances) > _LISTED:
        click.echo(f"... and {len(result.failed_instances) - _LISTED} more", err=True)
    refused = [each for each in result.received if each.error is not None]
    for each in refused[:_LISTED]:
        click.echo(f"{each.sop_instance_uid!r} was not taken: {each.error}", err=True)
    counted = result.suboperations
    parts = [f"{(counted.completed or 0) + (counted.warning or 0)} {verb}"]
    parts += [f"{counted.failed} failed"] if counted.failed else []
    parts += [f"{result.refused} refused here"] if result.refused else []
    click.echo(f"{', '.join(parts)}; {result.status:04X}H {describe(result.status, 'get')}")


def _wanted(values: dict[Level, tuple[str, ...]], model: str | None) -> Wanted:
    given = {level: each for level, each in values.items() if each}
    if not given:
        raise click.UsageError("Say what is to be retrieved: --study, for example.")
    level = max(given)
    for above, each in given.items():
        if above is not level and len(each) > 1:
            raise click.UsageError("Only what is lowest may be given more than once.")
        if above is not Level.PATIENT:
            for uid in each:
                if not is_valid_uid(uid):
                    raise click.UsageError(f"{uid!r} is not a UID.")
    for needed in Level:
        if Level.STUDY <= needed < level and needed not in given:
            name = _KEYWORDS[needed].removesuffix("InstanceUID").lower()
            raise click.UsageError(f"The --{name} that it belongs to is needed too.")
    chosen = MODELS[model or ("patient" if Level.PATIENT in given else "study")]
    if Level.PATIENT not in chosen.root.levels and level is Level.PATIENT:
        raise click.UsageError("Whole patients can be had in the patient root only.")
    return Wanted(level=level, values=given, model=chosen)


def _done(counted: Suboperations) -> int:
    return sum(each or 0 for each in (counted.completed, counted.failed, counted.warning))


def _total(counted: Suboperations) -> int | None:
    return None if counted.remaining is None else _done(counted) + counted.remaining
