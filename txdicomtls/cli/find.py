"""The command ``txdicomtls find``: which patients, studies, series or instances a node has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from txdicomtls import uids
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.keys import KeyType, QueryKey, columns_of, identifier_of
from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.matches import Printer, print_matches
from txdicomtls.cli.running import run_interruptible
from txdicomtls.codes import Level, Root
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import query_contexts

#: What is shown of a match, by level, besides what was asked for.
USUAL = {
    Level.PATIENT: ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    Level.STUDY: (
        "StudyDate",
        "PatientID",
        "PatientName",
        "ModalitiesInStudy",
        "StudyDescription",
        "NumberOfStudyRelatedInstances",
        "StudyInstanceUID",
    ),
    Level.SERIES: (
        "SeriesNumber",
        "Modality",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
        "SeriesInstanceUID",
    ),
    Level.IMAGE: ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}


@dataclass(frozen=True, slots=True)
class Model:
    """An information model: its SOP classes (PS3.4 C.6)."""

    root: Root
    find: str
    get: str
    move: str


MODELS = {
    "patient": Model(
        Root.PATIENT, uids.PATIENT_ROOT_FIND, uids.PATIENT_ROOT_GET, uids.PATIENT_ROOT_MOVE
    ),
    "study": Model(Root.STUDY, uids.STUDY_ROOT_FIND, uids.STUDY_ROOT_GET, uids.STUDY_ROOT_MOVE),
}

LEVELS = [level.name for level in Level]


def query_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a query: ``keys``, ``limit`` and ``as_json``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print DICOM JSON, a match a line."),
        click.option(
            "--limit", type=click.IntRange(min=1), metavar="N", help="Stop after so many matches."
        ),
        click.option(
            "-k",
            "--match",
            "keys",
            multiple=True,
            type=KeyType(),
            help="What to match, or only to return; may be given again.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@link_options
@query_options
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="STUDY",
    show_default=True,
    help="What to look for.",
)
@click.option(
    "--root",
    "model",
    type=click.Choice(sorted(MODELS)),
    help="The information model; usually study, but patient for level PATIENT.",
)
def find(
    link: LinkOptions,
    *,
    keys: tuple[QueryKey, ...],
    level: str,
    model: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Ask the node at HOST:PORT what it has, with C-FIND.

    A KEY is a keyword or a tag: PatientID=123, (0010,0020)=123.  Dates may be ranges,
    as 20240101-20240131 or 20240101-, and * and ? stand for anything in texts.  A key
    without a value is returned.  At levels below STUDY the unique keys above are needed:
    StudyInstanceUID, and at IMAGE SeriesInstanceUID as well.

    Ctrl-C has the node stop.  Exits 0 if the node answered to the end, whatever it found.

    \b
    Examples:
      txdicomtls find pacs.example -k "PatientName=Doe*" -k StudyDate=20240101- \\
          --called PACS --cert ws.crt --key ws.key --ca ca.crt
      txdicomtls find pacs.example --level SERIES -k StudyInstanceUID=1.2.3 --json \\
          --called PACS --cert ws.crt --key ws.key --ca ca.crt
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    wanted = Level[level.upper()]
    chosen = MODELS[model or ("patient" if wanted is Level.PATIENT else "study")]
    if wanted not in chosen.root.levels:
        raise click.UsageError(f"The {model} root has no level {wanted.name}: use --root patient.")
    usual = USUAL[wanted]
    identifier = identifier_of(keys, usual)
    identifier.QueryRetrieveLevel = wanted.name

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        printer = Printer(columns_of(keys, usual), as_json=as_json)
        async with await link.associate(reactor, query_contexts(chosen.find)) as association:
            matches = association.find(identifier, model=chosen.find, limit=limit)
            return await print_matches(matches, printer, interruption)

    run_interruptible(work)
