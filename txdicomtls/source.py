"""A file as the data set of a C-STORE request: read in blocks, in threads, one block ahead.

The data set is never parsed: what lies behind the file meta information goes
over the wire as it is, in the transfer syntax that the file names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from txdicomtls.errors import NotADicomFile
from txdicomtls.instance import Blocks
from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.threads import InThread

#: About how much of a file is in memory at once, twice: what is being sent, and what comes next.
_BLOCK = 1 << 20


@dataclass(slots=True)
class FileSource:
    """The data set of one file, opened.

    :param header: what the file says it is.
    :param first: the first block, read when the file was opened.
    :param descriptor: the file, where there is more than the first block; else None.
    :param block: bytes of each block but the last.
    """

    header: FileHeader
    first: bytes
    descriptor: int | None
    block: int
    # Who gives up while a block is being read must not close the file under that thread.
    _in_use: Lock = field(default_factory=Lock, init=False, repr=False)

    async def blocks(self, in_thread: InThread) -> Blocks:
        """Each block, and whether it is the last.

        :param in_thread: runs a blocking call in a thread.
        :raises NotADicomFile: the file has become shorter since it was opened.
        """
        left = self.header.data_length - len(self.first)
        data = self.first
        try:
            while left:
                # The next block is read while this one is on its way.
                coming = in_thread(self._read, min(self.block, left))
                try:
                    yield data, False
                finally:
                    data = await coming
                left -= len(data)
            yield _padded(data, self.header), True
        finally:
            await self.close(in_thread)

    async def close(self, in_thread: InThread) -> None:
        """Close the file: for a source whose blocks are not asked for; else they do it.

        :param in_thread: runs a blocking call in a thread.
        """
        if self.descriptor is not None:
            await in_thread(self._close)

    def _close(self) -> None:
        with self._in_use:
            if self.descriptor is not None:
                descriptor, self.descriptor = self.descriptor, None
                os.close(descriptor)

    def _read(self, size: int) -> bytes:
        try:
            with self._in_use:
                data = b"" if self.descriptor is None else _read_fully(self.descriptor, size)
        except OSError as error:
            raise _unreadable(self.header.path, error) from error
        if len(data) < size:
            raise NotADicomFile(self.header.path, "it became shorter while it was being sent")
        return data


def open_source(path: Path, fragment: int) -> FileSource:
    """Open a file and read its head and first block.  Blocks: to be called in a thread.

    :param fragment: bytes that fit into one PDU: blocks are made of whole fragments.
    :raises NotADicomFile: it cannot be sent.
    """
    header = read_header(path)
    block = max(1, _BLOCK // fragment) * fragment
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        os.lseek(descriptor, header.data_offset, os.SEEK_SET)
        wanted = min(block, header.data_length)
        first = _read_fully(descriptor, wanted)
        if len(first) < wanted:
            raise NotADicomFile(path, "it became shorter while it was being read")
    except OSError as error:
        os.close(descriptor)
        raise _unreadable(path, error) from error
    except BaseException:
        os.close(descriptor)
        raise
    if len(first) < header.data_length:
        return FileSource(header, first, descriptor, block)
    os.close(descriptor)
    return FileSource(header, first, None, block)


def _unreadable(path: Path, error: OSError) -> NotADicomFile:
    return NotADicomFile(path, (error.strerror or str(error)).lower())


def _read_fully(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    if len(data) == size:
        return data
    parts = [data]
    have = len(data)
    while data and have < size:
        data = os.read(descriptor, size - have)
        parts.append(data)
        have += len(data)
    return b"".join(parts)


def _padded(data: bytes, header: FileHeader) -> bytes:
    """A deflated data set of odd length gets the NULL byte that PS3.5 A.5 demands."""
    return data + b"\0" if header.data_length % 2 else data
