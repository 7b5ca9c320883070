"""Retrieves a study into a directory, over the association that asks for it.

python examples/scu_get.py "dicomtls:pacs:certificate=c.crt:key=c.key:trust=ca.crt" STUDY DIR
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydicom.dataset import Dataset
from twisted.internet import defer, task

from txdicomtls.archive import FileArchive
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import connect, get_contexts
from txdicomtls.threads import in_thread_of

#: What is expected in the study: CT and MR images, and structured reports.
STORED = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.88.11",
)


async def get(reactor: IReactor, endpoint: str, study: str, directory: str) -> None:
    """Retrieve, and say how far it is."""
    in_thread = in_thread_of(reactor)
    archive = FileArchive(Path(directory), in_thread=in_thread)
    await in_thread(archive.prepare)
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = study
    association = await connect(
        reactor,
        endpoint,
        called="PACS",
        calling="WORKSTATION",
        contexts=get_contexts(STORED),
        window=8,
    )
    async with association, association.get(identifier, archive) as retrieval:
        async for progress in retrieval:
            print(progress.completed, "done,", progress.remaining, "to go")
    assert retrieval.result is not None  # it came to its end
    for received in retrieval.result.received:
        print(received.sop_instance_uid, received.error or "kept")
    archive.close()


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(get(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
