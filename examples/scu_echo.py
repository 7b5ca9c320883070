"""Asks a node whether it is there, and says how the link to it is secured.

python examples/scu_echo.py "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt"
"""

from __future__ import annotations

import sys

from twisted.internet import defer, task

from txdicomtls.dimse import describe
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import connect, verification_context


async def echo(reactor: IReactor, endpoint: str) -> None:
    """Ask once."""
    association = await connect(
        reactor, endpoint, called="PACS", calling="WORKSTATION", contexts=verification_context()
    )
    async with association:
        status = await association.echo()
        print(f"{describe(status, 'echo')} over {association.link.describe()}")


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(echo(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
