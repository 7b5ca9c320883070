"""Stores files over several associations at once, and tries again while the node is not there.

python examples/scu_parallel.py "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt" FILE...
"""

from __future__ import annotations

import sys
from contextlib import aclosing
from pathlib import Path

from twisted.internet import defer, task

from txdicomtls.interfaces import IReactor
from txdicomtls.part10 import read_header
from txdicomtls.scu import Association, Retry, connect, contexts_for, store_in_parallel
from txdicomtls.threads import in_thread_of


async def store(reactor: IReactor, endpoint: str, *names: str) -> None:
    """Send the files, four at a time."""
    paths = [Path(name) for name in names]
    in_thread = in_thread_of(reactor)
    contexts = contexts_for([await in_thread(read_header, path) for path in paths])

    def associate() -> defer.Deferred[Association]:
        return connect(
            reactor,
            endpoint,
            called="PACS",
            calling="WORKSTATION",
            contexts=contexts,
            retry=Retry(attempts=10),
        )

    async with aclosing(store_in_parallel(associate, paths, associations=4)) as sending:
        async for sent in sending:
            print(f"{sent.name}: {sent.outcome}", flush=True)


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(store(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
