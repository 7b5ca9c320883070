"""Has instances committed by a node that reports later, on an association of its own.

python examples/scu_commitment.py \
    "dicomtls:2763:certificate=c.crt:key=c.key:trust=ca.crt" \
    "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt" FILE...
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import defer, endpoints, task

from txdicomtls.access import AnyPeer
from txdicomtls.interfaces import IReactor
from txdicomtls.net import AssociationFactory
from txdicomtls.part10 import read_header
from txdicomtls.scp import Verification
from txdicomtls.scu import CommitmentListener, commitment_contexts, connect
from txdicomtls.threads import in_thread_of


async def commit(reactor: IReactor, here: str, endpoint: str, *names: str) -> None:
    """Ask, release the association, and wait for the report that comes on another one."""
    in_thread = in_thread_of(reactor)
    listener = CommitmentListener(reactor, in_thread)
    node = AssociationFactory(reactor, services=[Verification(), listener], access=AnyPeer())
    await endpoints.serverFromString(reactor, here).listen(node)

    instances = [await in_thread(read_header, Path(name)) for name in names]
    association = await connect(
        reactor, endpoint, called="PACS", calling="WORKSTATION", contexts=commitment_contexts()
    )
    async with association:
        awaited = await association.request_commitment(instances, listener, timeout=86400)
    print("asked for", len(instances), flush=True)
    committed = await awaited.report
    print(f"{len(committed.committed)} are committed, {len(committed.failed)} are not")


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(commit(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
