"""Has a node send a study to another one.

python examples/scu_move.py "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt" STUDY AE
"""

from __future__ import annotations

import sys

from pydicom.dataset import Dataset
from twisted.internet import defer, task

from txdicomtls.interfaces import IReactor
from txdicomtls.scu import connect, move_contexts


async def move(reactor: IReactor, endpoint: str, study: str, destination: str) -> None:
    """Ask, and say how far it is."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = study
    association = await connect(
        reactor, endpoint, called="PACS", calling="WORKSTATION", contexts=move_contexts()
    )
    async with association, association.move(identifier, destination) as retrieval:
        async for progress in retrieval:
            print(progress.completed, "done,", progress.remaining, "to go")
    assert retrieval.result is not None  # it came to its end
    print("complete" if retrieval.result.is_complete else retrieval.result)


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(move(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
