"""The command ``txdicomtls echo``: says whether a node is there, and how the link is secured."""

from __future__ import annotations

import click

from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.running import run
from txdicomtls.cli.terminal import console, link_table
from txdicomtls.dimse import Status, describe
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import verification_context


@click.command()
@link_options
@click.option(
    "--count", type=click.IntRange(min=1), default=1, show_default=True, help="How many echoes."
)
def echo(link: LinkOptions, *, count: int) -> None:
    """Send C-ECHO to the node at HOST:PORT over mutual TLS.

    Exits 0 only if the node answers every one with success.

    \b
    Examples:
      txdicomtls echo localhost:2762 --cert pki/client.crt --key pki/client.key --ca pki/ca.crt
      txdicomtls echo pacs.example --called PACS --calling WORKSTATION --ca ca.crt \\
          --cert ws.crt --key ws.key --count 10
    """  # noqa: D301  # \b is click's mark for lines to be left as they are

    async def work(reactor: IReactor) -> bool:
        terminal = console()
        statuses = []
        async with await link.associate(reactor, verification_context()) as association:
            terminal.print(link_table(association.link))
            for _ in range(count):
                asked = reactor.seconds()
                status = await association.echo()
                took = (reactor.seconds() - asked) * 1000
                statuses.append(status)
                terminal.print(
                    f"{link.called} answered {status:04X}H {describe(status)} in {took:.1f} ms"
                )
        return all(status == Status.SUCCESS for status in statuses)

    run(work)
