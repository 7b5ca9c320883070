"""The archive as the provider of C-GET and C-MOVE: what is asked for, opened when it is its turn.

Theory of operation.  The unique keys choose rows of the index.  They are counted first, and then
read a page at a time, as the sender asks for them; so memory holds one page, however many they
are.  What arrives while they are sent is not part of it.

An instance is read and checked before its first byte is sent, because a message that has begun
cannot be taken back: half of it would cost the association, and with it all that were still to
come.  One that is damaged fails alone.  What is larger than a limit is checked only while it is
sent, before its last byte; unless the index says already that something is wrong with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from zope.interface import implementer

from txdicomtls.archive.conversion import Converter
from txdicomtls.archive.outgoing import BLOCK, OutgoingDataSet
from txdicomtls.archive.reading import InstanceReader
from txdicomtls.errors import NotADicomFile
from txdicomtls.index import Flaw, KeptInstance, UniqueKeys
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import IRetrieveProvider, Retrieval, Selection
from txdicomtls.threads import InThread

#: Rows of the index that are read at once.
PAGE = 200


class InstanceOpener(Protocol):
    """What is needed of the archive: :class:`~txdicomtls.archive.FileArchive` has it."""

    def open_instance(self, sop_instance_uid: str, /) -> Deferred[InstanceReader]:
        """Open an instance that is kept."""


class InstanceLocator(Protocol):
    """What is needed of the index: :class:`txdicomtls.index.Index` has it.  Blocks."""

    def count(self, keys: UniqueKeys, /) -> int:
        """How many instances these are."""

    def locate(self, keys: UniqueKeys, /, *, page: int) -> Iterator[list[KeptInstance]]:
        """These instances, a page at a time."""


@implementer(IRetrieveProvider)
class ArchiveRetrievals:
    """Gives out instances that are kept, in all information models, also relationally.

    :param archive: where they are kept.
    :param index: knows which there are.
    :param in_thread: runs a blocking call in a thread.
    :param converter: converts uncompressed instances; None to send each only as it is kept.
    :param checked_first: bytes up to which an instance is checked before its first byte is sent;
        it is read twice then, the second time out of the memory of the system.
    """

    def __init__(
        self,
        archive: InstanceOpener,
        index: InstanceLocator,
        in_thread: InThread,
        *,
        converter: Converter | None = None,
        checked_first: int = 256 << 20,
    ) -> None:
        self._archive = archive
        self._index = index
        self._in_thread = in_thread
        self._converter = converter
        self._checked_first = checked_first

    async def select(self, retrieval: Retrieval) -> Selection:
        """Find what is to be sent; see :meth:`txdicomtls.interfaces.IRetrieveProvider.select`.

        :raises IndexUnavailable: the index cannot be read.
        :raises QueryTimeout: that takes too long.
        """
        keys = dict(retrieval.keys)
        count = await self._in_thread(self._index.count, keys)
        return Selection(instances=self._instances(keys, count), count=count)

    def outgoing(self, kept: KeptInstance) -> OutgoingInstance:
        """An instance that the index knows, to be sent: also for whoever forwards it."""
        converted: tuple[str, ...] = ()
        if self._converter is not None:
            converted = self._converter.converts(kept.transfer_syntax_uid, kept.size)
        return OutgoingInstance(
            sop_class_uid=kept.sop_class_uid,
            sop_instance_uid=kept.sop_instance_uid,
            transfer_syntaxes=(kept.transfer_syntax_uid, *converted),
            open=partial(self._open, kept),
        )

    async def _instances(
        self, keys: UniqueKeys, count: int
    ) -> AsyncGenerator[OutgoingInstance, None]:
        left = count
        pages = self._index.locate(keys, page=PAGE)
        while left and (page := await self._in_thread(next, pages, None)) is not None:
            for kept in page[:left]:
                yield self.outgoing(kept)
            left -= min(left, len(page))

    async def _open(
        self, kept: KeptInstance, transfer_syntax_uid: str, fragment: int
    ) -> OutgoingDataSet:
        """Open an instance; see :class:`txdicomtls.instance.OutgoingInstance`.

        :raises UnknownInstance: it was removed meanwhile.
        :raises DamagedInstance: it is not what was received.
        :raises NotADicomFile: it cannot be sent in this transfer syntax.
        :raises OutOfResources: it cannot be read now.
        :raises IndexUnavailable: the index cannot be asked.
        """
        reader = await self._archive.open_instance(kept.sop_instance_uid)
        size = reader.header.data_length
        is_first = size <= self._checked_first or kept.flaw is not Flaw.NONE
        if is_first and size > BLOCK and reader.header.transfer_syntax_uid == transfer_syntax_uid:
            await self._in_thread(_read_through, reader)
            reader = await self._archive.open_instance(kept.sop_instance_uid)
        if reader.header.transfer_syntax_uid != transfer_syntax_uid:
            return await self._in_thread(self._converted, reader, transfer_syntax_uid, fragment)
        return await self._in_thread(self._begun, reader, fragment)

    def _begun(self, reader: InstanceReader, fragment: int) -> OutgoingDataSet:
        size = reader.header.data_length
        opened = OutgoingDataSet(reader, size, fragment=fragment, in_thread=self._in_thread)
        opened.begin()
        return opened

    def _converted(
        self, reader: InstanceReader, transfer_syntax_uid: str, fragment: int
    ) -> OutgoingDataSet:
        if self._converter is None:
            reader.close()
            raise NotADicomFile(reader.header.path, "nothing is converted here")
        converted = self._converter.convert(reader, transfer_syntax_uid)
        opened = OutgoingDataSet(
            converted.file, converted.size, fragment=fragment, in_thread=self._in_thread
        )
        opened.begin()
        return opened


def _read_through(reader: InstanceReader) -> None:
    """Read all of it, which checks it."""
    try:
        while reader.read(BLOCK):
            pass
    finally:
        reader.close()
