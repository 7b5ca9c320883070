"""A node of its own process that has 100,000 matches for every query, and keeps what it is sent.

python -m tests.daemon.fair_node ENDPOINT DIRECTORY
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

from pydicom.dataset import Dataset
from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls.access import AnyPeer
from txdicomtls.archive import FileArchive
from txdicomtls.interfaces import IQueryProvider, IReactor, Query
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Find, Storage, Verification, means_of
from txdicomtls.threads import in_thread_of

MATCHES = 100_000


@implementer(IQueryProvider)
class Plenty:
    """Never has to wait for a match, which is the worst that a provider can do to others."""

    async def find(self, query: Query) -> AsyncIterator[Dataset]:
        """One after the other."""
        for number in range(MATCHES):
            match = Dataset()
            match.PatientID = f"P{number}"
            match.PatientName = f"Doe^Number{number}"
            match.StudyInstanceUID = f"1.2.3.{number}"
            match.StudyDate = "20260101"
            match.StudyDescription = "nothing in particular"
            yield match


async def serve(reactor: IReactor, endpoint: str, directory: str) -> None:
    """Listen until killed."""
    in_thread = in_thread_of(reactor)
    archive = FileArchive(Path(directory), in_thread=in_thread, sync=False)
    await in_thread(archive.prepare)
    factory = AssociationFactory(
        reactor,
        services=[Verification(), Storage(archive), Find(Plenty(), means_of(reactor))],
        access=AnyPeer(),
    )
    port = await endpoints.serverFromString(reactor, endpoint).listen(factory)
    print(f"port {port.getHost().port}", flush=True)  # noqa: T201  # whoever started it reads that
    await defer.Deferred()


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(serve(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
