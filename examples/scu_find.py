"""Finds the studies of a patient, twenty at most.

python examples/scu_find.py "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt" "Doe*"
"""

from __future__ import annotations

import sys

from pydicom.dataset import Dataset
from twisted.internet import defer, task

from txdicomtls.interfaces import IReactor
from txdicomtls.scu import connect, query_contexts


async def find(reactor: IReactor, endpoint: str, name: str) -> None:
    """Ask, and stop after twenty."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientName = name
    identifier.StudyInstanceUID = identifier.StudyDate = ""  # to be returned
    association = await connect(
        reactor, endpoint, called="PACS", calling="WORKSTATION", contexts=query_contexts()
    )
    async with association, association.find(identifier, limit=20) as matches:
        async for match in matches:
            print(match.StudyInstanceUID, match.StudyDate, match.PatientName)


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(find(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
