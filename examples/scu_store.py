"""Stores files at a node, several at once, and has it commit itself to keeping them.

python examples/scu_store.py "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt" FILE...
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import defer, task

from txdicomtls.dimse import describe_failure_reason
from txdicomtls.interfaces import IReactor
from txdicomtls.part10 import read_header
from txdicomtls.scu import commitment_contexts, connect, contexts_for
from txdicomtls.threads import in_thread_of


async def store(reactor: IReactor, endpoint: str, *names: str) -> None:
    """Send the files, then ask for what was sent to be committed."""
    paths = [Path(name) for name in names]
    in_thread = in_thread_of(reactor)
    headers = [await in_thread(read_header, path) for path in paths]
    association = await connect(
        reactor,
        endpoint,
        called="PACS",
        calling="WORKSTATION",
        contexts=contexts_for(headers) + commitment_contexts(),
        window=8,
    )
    async with association:
        stored = []
        async for sent in association.store(paths):
            print(f"{sent.name}: {sent.outcome}", flush=True)
            if sent.succeeded:
                stored.append(sent)
        report = await association.commit(stored)
        print(f"{len(report.committed)} of {len(stored)} are committed")
        for reference, reason in report.failed:
            why = "not mentioned" if reason is None else describe_failure_reason(reason)
            print(f"{reference.sop_instance_uid}: {why}")


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(store(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
