"""Sends the files of a directory to whoever asks for them, or to another node that is known.

python examples/scp_retrieve.py "dicomtls:2762:certificate=..." DIRECTORY [AE ENDPOINT]
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.access import AnyPeer
from txdicomtls.codes import Level
from txdicomtls.errors import InvalidQuery
from txdicomtls.instance import Blocks, OpenInstance, OutgoingInstance
from txdicomtls.interfaces import (
    IDestinations,
    IReactor,
    IRetrieveProvider,
    ISender,
    Originator,
    Outcome,
    Retrieval,
    Selection,
)
from txdicomtls.net import AssociationFactory
from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.scp import Get, Move, Verification, means_of
from txdicomtls.scu import connect, storage_contexts
from txdicomtls.source import FileSource, open_source
from txdicomtls.threads import InThread, in_thread_of


@implementer(IRetrieveProvider)
class Directory:
    """Has the files of one directory; their names are their study, and a number."""

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self._path = path
        self._in_thread = in_thread

    async def select(self, retrieval: Retrieval) -> Selection:
        """The files of whole studies."""
        if retrieval.level is not Level.STUDY:
            raise InvalidQuery("there are only studies here")
        headers = await self._in_thread(self._headers, retrieval.keys[Level.STUDY])
        return Selection(instances=[self._instance(each) for each in headers], count=len(headers))

    def _headers(self, studies: tuple[str, ...]) -> list[FileHeader]:
        return [
            read_header(path)
            for path in sorted(self._path.iterdir())
            if path.name.rpartition("_")[0] in studies
        ]

    def _instance(self, header: FileHeader) -> OutgoingInstance:
        async def opened(_: str, fragment: int) -> OpenInstance:
            source = await self._in_thread(open_source, header.path, fragment)
            return Opened(source, self._in_thread)

        return OutgoingInstance(
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntaxes=(header.transfer_syntax_uid,),
            open=opened,
        )


class Opened:
    """One of the files, opened: read in blocks, in threads."""

    def __init__(self, source: FileSource, in_thread: InThread) -> None:
        self._source = source
        self._in_thread = in_thread

    def blocks(self) -> Blocks:
        """Its data set."""
        return self._source.blocks(self._in_thread)

    async def close(self) -> None:
        """Close it."""
        await self._source.close(self._in_thread)


@implementer(ISender)
class Node:
    """Another node."""

    def __init__(self, reactor: IReactor, ae_title: str, endpoint: str) -> None:
        self._reactor = reactor
        self._ae_title = ae_title
        self._endpoint = endpoint

    async def send(
        self, instances: AsyncIterator[OutgoingInstance], originator: Originator
    ) -> AsyncGenerator[Outcome, None]:
        """One association for all of them."""
        wanted = [instance async for instance in instances]
        association = await connect(
            self._reactor,
            self._endpoint,
            called=self._ae_title,
            calling="PACS",
            contexts=storage_contexts(
                {each.sop_class_uid for each in wanted},
                tuple({each.transfer_syntaxes[0] for each in wanted}),
            ),
        )
        async with association:
            for instance in wanted:
                async for sent in association.store([instance]):
                    yield Outcome(instance=instance, status=sent.status, error=sent.error)


@implementer(IDestinations)
class Known:
    """The nodes that were configured."""

    def __init__(self, nodes: dict[str, ISender]) -> None:
        self._nodes = nodes

    def resolve(self, ae_title: str, retrieval: Retrieval) -> ISender | None:
        """The node of this title, if there is one."""
        return self._nodes.get(ae_title)


def stored_in(_sop_class: str) -> tuple[str, ...]:
    """What the files are in, most of them: whoever keeps an index asks that."""
    return (uids.EXPLICIT_VR_LITTLE_ENDIAN, uids.IMPLICIT_VR_LITTLE_ENDIAN)


def main(reactor: IReactor, endpoint: str, directory: str, *node: str) -> defer.Deferred[None]:
    """Listen until interrupted."""
    provider = Directory(Path(directory), in_thread_of(reactor))
    known = Known({node[0]: Node(reactor, *node)} if node else {})
    means = means_of(reactor)
    services = [
        Verification(),
        Get(provider, means, stored_in=stored_in),
        Move(provider, known, means),
    ]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
