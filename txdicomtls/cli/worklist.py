"""The command ``txdicomtls worklist``: what is scheduled, as a modality asks for it."""

from __future__ import annotations

import click

from txdicomtls.cli.find import query_options
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.keys import QueryKey, columns_of, identifier_of, parse_key
from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.matches import Printer, print_matches
from txdicomtls.cli.running import run_interruptible
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import worklist_contexts

_STEP = "ScheduledProcedureStepSequence"

#: What is shown of a match, besides what was asked for.
USUAL = (
    f"{_STEP}.ScheduledProcedureStepStartDate",
    f"{_STEP}.ScheduledProcedureStepStartTime",
    f"{_STEP}.Modality",
    f"{_STEP}.ScheduledStationAETitle",
    "AccessionNumber",
    "PatientID",
    "PatientName",
    "RequestedProcedureDescription",
    f"{_STEP}.ScheduledProcedureStepDescription",
)


@click.command()
@link_options
@query_options
@click.option("--date", metavar="RANGE", help="Day of the step, or a range as 20240101-20240107.")
@click.option("--modality", metavar="CODE", help="Kind of the modality, as CT.")
@click.option("--station", metavar="AE", help="AE title of the modality.")
def worklist(
    link: LinkOptions,
    *,
    keys: tuple[QueryKey, ...],
    date: str | None,
    modality: str | None,
    station: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Ask the node at HOST:PORT for its modality worklist.

    A KEY is as for `txdicomtls find`; keys of the step are in its sequence, as in
    ScheduledProcedureStepSequence.ScheduledProcedureStepID.

    Ctrl-C has the node stop.  Exits 0 if the node answered to the end, whatever it found.

    \b
    Examples:
      txdicomtls worklist ris.example --date 20240115 --modality CT \\
          --called RIS --cert ct1.crt --key ct1.key --ca ca.crt
      txdicomtls worklist ris.example -k "PatientName=Doe*" --json \\
          --called RIS --cert ct1.crt --key ct1.key --ca ca.crt
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    asked = (
        ("ScheduledProcedureStepStartDate", date),
        ("Modality", modality),
        ("ScheduledStationAETitle", station),
    )
    keys = (
        *(parse_key(f"{_STEP}.{keyword}={value}") for keyword, value in asked if value),
        *keys,
    )
    identifier = identifier_of(keys, USUAL)

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        printer = Printer(columns_of(keys, USUAL), as_json=as_json)
        async with await link.associate(reactor, worklist_contexts()) as association:
            matches = association.worklist(identifier, limit=limit)
            return await print_matches(matches, printer, interruption)

    run_interruptible(work)
