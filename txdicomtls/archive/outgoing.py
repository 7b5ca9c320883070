"""An instance on its way out of the archive: read in blocks, in threads, one block ahead.

It ends with its last block only if every byte was what it should be: what reads it compares
the hash with the last bytes, before they are given away.
"""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from txdicomtls.errors import OutOfResources
from txdicomtls.instance import Blocks
from txdicomtls.threads import InThread

#: About how many bytes are in memory at once, twice: what is being sent, and what comes next.
BLOCK = 1 << 20


class Readable(Protocol):
    """What is read: an instance that is kept, or a temporary file.  Its methods block."""

    def read(self, size: int, /) -> bytes:
        """Read so many bytes at most; empty at the end."""

    def close(self) -> None:
        """Let go of it."""


class OutgoingDataSet:
    """The data set of one instance, opened to be sent.

    It is a :class:`txdicomtls.instance.OpenInstance`.

    :param readable: at its first byte; belongs to this object.
    :param size: bytes that are to be read.
    :param fragment: bytes that fit into one PDU: blocks are made of whole fragments.
    :param in_thread: runs a blocking call in a thread.
    """

    def __init__(
        self, readable: Readable, size: int, *, fragment: int, in_thread: InThread
    ) -> None:
        self._readable = readable
        self._left = size
        self._block = max(1, BLOCK // fragment) * fragment
        self._in_thread = in_thread
        self._first: bytes | None = None
        # Who gives up while a block is being read must not close the file under that thread.
        self._in_use = Lock()
        self._is_closed = False

    def begin(self) -> None:
        """Read the first block, and let go of what is read where that was all.  Blocks.

        :raises DicomTLSError: it cannot be read, or is damaged; then it is closed.
        """
        try:
            self._first = self._read()
            if not self._left:
                self._close()
        except BaseException:
            self._close()
            raise

    async def blocks(self) -> Blocks:
        """Each block, and whether it is the last.

        :raises DamagedInstance: it is not what was received.
        :raises OutOfResources: it cannot be read.
        """
        data, self._first = self._first, None
        try:
            if data is None:
                data = await self._in_thread(self._read)
            while self._left:
                # The next block is read while this one is on its way.
                coming = self._in_thread(self._read)
                try:
                    yield data, False
                finally:
                    data = await coming
            yield data, True
        finally:
            await self.close()

    async def close(self) -> None:
        """Let go of what was opened."""
        if not self._is_closed:
            await self._in_thread(self._close)

    def _close(self) -> None:
        with self._in_use:
            if not self._is_closed:
                self._is_closed = True
                self._readable.close()

    def _read(self) -> bytes:
        with self._in_use:
            wanted = min(self._left, self._block)
            if self._is_closed:
                raise OutOfResources("the instance was closed while it was being read")
            parts = []
            have = 0
            while have < wanted and (part := self._readable.read(wanted - have)):
                parts.append(part)
                have += len(part)
            if have < wanted:
                raise OutOfResources("the instance has become shorter")
            self._left -= have
            return parts[0] if len(parts) == 1 else b"".join(parts)
