"""A peer of ours in a process of its own that answers each object after 5 ms, and sends on C-GET.

To be run as ``python -m tests.daemon.slow_peer ENDPOINT``.
"""

from __future__ import annotations

import sys

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react

from tests.net.many_objects import ANSWERS_AFTER, Sender
from txdicomtls.access import AnyPeer
from txdicomtls.interfaces import IReactor
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Storage
from txdicomtls.testing import MemoryReceiver


async def serve(reactor: IReactor, endpoint: str) -> None:
    """Listen until interrupted, and say on which port."""
    receiver = MemoryReceiver(reactor, finish_after=ANSWERS_AFTER)
    factory = AssociationFactory(
        reactor, services=[Sender(), Storage(receiver)], access=AnyPeer(), window=8
    )
    port = await serverFromString(reactor, endpoint).listen(factory)
    print(f"port {port.getHost().port}", flush=True)  # noqa: T201  # whoever started it reads that
    await Deferred()


if __name__ == "__main__":
    react(serve, sys.argv[1:])
