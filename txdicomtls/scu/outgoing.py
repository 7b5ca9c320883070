"""What can be stored at a peer: files, data sets in memory, instances of an archive.

A file goes as it is.  A data set of pydicom is encoded when its turn comes, in a thread, in the
transfer syntax of its own file meta information; one that is not compressed, or does not say
what it is, can go in any uncompressed little endian one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from struct import pack
from typing import Any

from pydicom.dataset import Dataset

from txdicomtls.dataset import encode
from txdicomtls.dataset.encoding import UNDEFINED_LENGTH, encoding_of
from txdicomtls.errors import CannotBeSent, MalformedDataSet
from txdicomtls.instance import Blocks, OpenInstance, OutgoingInstance
from txdicomtls.scu.contexts import UNCOMPRESSED
from txdicomtls.source import FileSource, open_source
from txdicomtls.threads import InThread

#: What :meth:`~txdicomtls.scu.Association.store` takes.
Storable = Path | Dataset | OutgoingInstance

#: About how many bytes of a data set go to the transport at once.
_BLOCK = 1 << 20

_PIXEL_DATA = 0x7FE00010
_ITEM = b"\xfe\xff\x00\xe0"

#: What stands before and after encapsulated Pixel Data: OB of undefined length (PS3.5 A.4).
_ENCAPSULATION = pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED_LENGTH)
_END = pack("<HHL", 0xFFFE, 0xE0DD, 0)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file, opened to be sent.

    :param source: its data set.
    :param in_thread: runs a blocking call in a thread.
    """

    source: FileSource
    in_thread: InThread

    def blocks(self) -> Blocks:
        """Its data set, read ahead by one block."""
        return self.source.blocks(self.in_thread)

    async def close(self) -> None:
        """Close it."""
        await self.source.close(self.in_thread)


@dataclass(frozen=True, slots=True)
class _OpenDataSet:
    """A data set, encoded to be sent."""

    data: bytes
    block: int

    async def blocks(self) -> Blocks:
        """Views of it."""
        view = memoryview(self.data)
        for start in range(0, len(view), self.block):
            end = start + self.block
            yield view[start:end], end >= len(view)

    async def close(self) -> None:
        """Nothing is open."""


async def open_file(path: Path, fragment: int, in_thread: InThread) -> OpenFile:
    """Open a file and read its head.

    :param fragment: bytes that fit into one PDU.
    :raises txdicomtls.errors.NotADicomFile: it cannot be sent.
    """
    return OpenFile(await in_thread(open_source, path, fragment), in_thread)


def dataset_instance(dataset: Dataset, in_thread: InThread) -> OutgoingInstance:
    """A data set in memory as an instance; it must not be changed until it was sent.

    :raises CannotBeSent: it does not say which instance it is, or cannot be encoded as it is.
    """
    named = [str(dataset.get(name, "")) for name in ("SOPClassUID", "SOPInstanceUID")]
    if not all(named):
        raise CannotBeSent("it has no SOP Class UID or no SOP Instance UID")

    async def opened(transfer_syntax: str, fragment: int) -> OpenInstance:
        data = await in_thread(_encoded, dataset, transfer_syntax)
        return _OpenDataSet(data, max(1, _BLOCK // fragment) * fragment)

    return OutgoingInstance(
        sop_class_uid=named[0],
        sop_instance_uid=named[1],
        transfer_syntaxes=_possible(dataset),
        open=opened,
    )


def _possible(dataset: Dataset) -> tuple[str, ...]:
    meta: Any = getattr(dataset, "file_meta", None)
    own = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    if not own:
        return UNCOMPRESSED
    if own in UNCOMPRESSED:
        return (own, *(each for each in UNCOMPRESSED if each != own))
    return (own,)


def _encoded(dataset: Dataset, transfer_syntax: str) -> bytes:
    """The bytes of a data set.  Takes its time: to be called in a thread."""
    try:
        if _PIXEL_DATA in dataset and encoding_of(transfer_syntax).encapsulated:
            return _encapsulated(dataset, transfer_syntax)
        return encode(dataset, transfer_syntax)
    except (MalformedDataSet, ValueError) as error:
        raise CannotBeSent(str(error)) from None


def _encapsulated(dataset: Dataset, transfer_syntax: str) -> bytes:
    """What is before Pixel Data, its fragments as they are, and what is behind."""
    pixels = dataset[_PIXEL_DATA].value
    if not isinstance(pixels, bytes) or not pixels.startswith(_ITEM):
        raise CannotBeSent(
            "its Pixel Data is not encapsulated, and its transfer syntax is one that is"
        )
    before, behind = dataset[:_PIXEL_DATA], dataset[_PIXEL_DATA + 1 :]
    return b"".join(
        (
            encode(before, transfer_syntax),
            _ENCAPSULATION,
            pixels,
            _END,
            encode(behind, transfer_syntax),
        )
    )
