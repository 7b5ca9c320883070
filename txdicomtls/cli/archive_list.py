"""The command ``txdicomtls archive list``: patients, studies, series or instances of an archive."""

from __future__ import annotations

from pathlib import Path

import click
from pydicom.dataset import Dataset

from txdicomtls.cli.archive_opening import config_option, existing_archive, opened_index
from txdicomtls.cli.find import LEVELS, USUAL
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.keys import columns_of, identifier_of, parse_key
from txdicomtls.cli.matches import Printer
from txdicomtls.cli.running import run_interruptible
from txdicomtls.codes import Level, Root
from txdicomtls.index import FindOptions, Search
from txdicomtls.interfaces import IReactor
from txdicomtls.threads import in_thread_of

#: Seconds that the database may work on a list: nobody else waits for it.
_SECONDS = 86400.0


@click.command("list")
@config_option
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="STUDY",
    show_default=True,
    help="What to list.",
)
@click.option("--patient", metavar="ID", help="Patient ID; * and ? stand for anything.")
@click.option("--name", metavar="NAME", help="Name of the patient, likewise.")
@click.option("--date", metavar="RANGE", help="Day of the study, or a range as 20240101-.")
@click.option("--modality", metavar="CODE", help="Kind of the modality, as CT.")
@click.option("--study", metavar="UID", help="What is in this study.")
@click.option("--json", "as_json", is_flag=True, help="Print DICOM JSON, one a line.")
def list_(  # one parameter for each option
    config: Path,
    *,
    level: str,
    patient: str | None,
    name: str | None,
    date: str | None,
    modality: str | None,
    study: str | None,
    as_json: bool,
) -> None:
    """List what an archive has, from its index.  The node may be running.

    \b
    Examples:
      txdicomtls archive list --config node.toml --date 20240101-20240131 --modality CT
      txdicomtls archive list --config node.toml --level SERIES --study 1.2.3 --json
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    wanted = Level[level.upper()]
    filters = {
        "PatientID": patient,
        "PatientName": name,
        "StudyDate": date,
        "StudyInstanceUID": study,
        "ModalitiesInStudy" if wanted is Level.STUDY else "Modality": modality,
    }
    if wanted is Level.PATIENT and (date or modality or study):
        raise click.UsageError(
            "Of patients only --patient and --name are known: use --level STUDY."
        )
    keys = [parse_key(f"{keyword}={value}") for keyword, value in filters.items() if value]

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        configuration = await existing_archive(reactor, config)
        async with opened_index(reactor, configuration) as index:
            in_thread = in_thread_of(reactor)
            identifier = identifier_of(keys, USUAL[wanted])
            identifier.QueryRetrieveLevel = wanted.name
            search = await in_thread(
                index.find,
                identifier,
                root=Root.PATIENT,
                options=FindOptions(relational=True, seconds=_SECONDS),
            )
            printer = Printer(columns_of(keys, USUAL[wanted]), as_json=as_json)
            with interruption.ends():
                while not interruption.asked:
                    page = await in_thread(_next_page, search)
                    if page is None:
                        break
                    for match in page:
                        printer.add(match)
            printer.end()
        return True

    run_interruptible(work)


def _next_page(search: Search) -> list[Dataset] | None:
    """The next matches; None where there are no more.  Blocks."""
    return next(search, None)
