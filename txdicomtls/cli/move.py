"""The command ``txdicomtls move``: has a node send instances to a third one."""

from __future__ import annotations

import click

from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.retrieving import Wanted, follow, report, wanted_options
from txdicomtls.cli.running import run_interruptible
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import move_contexts


@click.command()
@link_options
@wanted_options
@click.option(
    "--to",
    "destination",
    metavar="AE",
    required=True,
    help="AE title of the node that gets them; the one at HOST:PORT has to know it.",
)
def move(link: LinkOptions, *, wanted: Wanted, destination: str) -> None:
    """Have the node at HOST:PORT send instances to another node, with C-MOVE.

    Ctrl-C has the node stop.  Exits 0 only if the other node has every instance.

    \b
    Examples:
      txdicomtls move pacs.example --to WORKSTATION --study 1.2.3 \\
          --called PACS --cert ws.crt --key ws.key --ca ca.crt
      txdicomtls move pacs.example --to WORKSTATION --study 1.2.3 --series 1.2.3.4 \\
          --called PACS --cert ws.crt --key ws.key --ca ca.crt
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        model = wanted.model.move
        async with await link.associate(reactor, move_contexts(model)) as association:
            retrieval = association.move(wanted.identifier, destination, model=model)
            result = await follow(retrieval, "moving", interruption)
        report(result, "moved")
        return result.is_complete

    run_interruptible(work)
