"""A peer that keeps one association as busy as it can, in a process of its own.

python -m tests.daemon.busy_peer ENDPOINT find
python -m tests.daemon.busy_peer ENDPOINT store FILE...
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydicom.dataset import Dataset
from twisted.internet import defer, task

from txdicomtls.interfaces import IReactor
from txdicomtls.part10 import read_header
from txdicomtls.scu import Association, connect, contexts_for, query_contexts

#: How often each file is sent, each time as the same instance: it is all read and compared.
TIMES = 20


async def find(association: Association) -> None:
    """Read all matches."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = ""
    count = 0
    async with association.find(identifier) as matches:
        async for _ in matches:
            if count == 0:
                print("begun", flush=True)  # noqa: T201  # whoever started it reads that
            count += 1
    print(f"ended {count}", flush=True)  # noqa: T201  # whoever started it reads that


async def store(association: Association, files: list[Path]) -> None:
    """Send the files again and again."""
    print("begun", flush=True)  # noqa: T201  # whoever started it reads that
    count = 0
    async for sent in association.store(files * TIMES):
        assert sent.error is None, sent.error
        count += 1
    print(f"ended {count}", flush=True)  # noqa: T201  # whoever started it reads that


async def work(reactor: IReactor, endpoint: str, kind: str, *names: str) -> None:
    """Do the one or the other."""
    files = [Path(name) for name in names]
    headers = [read_header(file) for file in files]  # a test may wait for the disk
    contexts = query_contexts() if kind == "find" else contexts_for(headers)
    association = await connect(
        reactor, endpoint, called="NODE", calling="BUSY", contexts=contexts, window=8
    )
    async with association:
        await (find(association) if kind == "find" else store(association, files))


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(work(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
