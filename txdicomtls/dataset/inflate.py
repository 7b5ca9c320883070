"""Deflated data sets, inflated piece by piece and never further than a limit (PS3.5 A.5)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from txdicomtls.errors import MalformedDataSet

#: The longest piece that is inflated at once, in bytes.
_PIECE = 1 << 18

#: No data set is suspicious below this size, however well it was compressed: an empty image is.
_UNSUSPICIOUS = 1 << 24

#: One null byte makes the length even (PS3.5 A.5); some writers leave the trailer of gzip there.
_MOST_TRAILING = 9


class Inflater:
    """Inflates a deflated data set as it arrives.

    Deflate can blow up its input a thousandfold, so what comes out is bounded twice: in bytes,
    and, from 16 MiB on, in proportion to what went in.

    :param most: bytes that may come out.
    :param ratio: how many times as many bytes may come out as went in.
    :ivar trailing: bytes that came after the end of the deflated data.
    """

    __slots__ = ("_inflated", "_inflater", "_most", "_ratio", "_received", "trailing")

    def __init__(self, *, most: int, ratio: int) -> None:
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._most = most
        self._ratio = ratio
        self._received = 0
        self._inflated = 0
        self.trailing = 0

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Take the next bytes.

        :param data: of any size.
        :return: what they inflate to, in pieces of 256 KiB at most.
        :raises MalformedDataSet: this is no deflated data, or there is too much in it.
        """
        self._received += len(data)
        rest: bytes | bytearray | memoryview = data
        while rest:
            if self._inflater.eof:
                self._skip(len(rest))
                return
            try:
                piece = self._inflater.decompress(rest, _PIECE)
            except zlib.error as error:
                raise MalformedDataSet(
                    "what should be deflated is not", offset=self._inflated
                ) from error
            rest = self._inflater.unused_data or self._inflater.unconsumed_tail
            self._inflated += len(piece)
            self._check()
            yield piece
        # What zlib holds back once its output is full comes out with no more input at all.
        while not self._inflater.eof and (piece := self._inflater.decompress(b"", _PIECE)):
            self._inflated += len(piece)
            self._check()
            yield piece

    def end(self) -> None:
        """Say that no more bytes follow.

        :raises MalformedDataSet: the deflated data is not complete.
        """
        if not self._inflater.eof:
            raise MalformedDataSet("the deflated data set is truncated", offset=self._inflated)

    def _skip(self, count: int) -> None:
        self.trailing += count
        if self.trailing > _MOST_TRAILING:
            raise MalformedDataSet(
                "bytes follow the end of the deflated data set", offset=self._inflated
            )

    def _check(self) -> None:
        if self._inflated > self._most:
            raise MalformedDataSet(
                f"the data set inflates to more than {self._most} bytes", offset=self._inflated
            )
        if self._inflated > max(_UNSUSPICIOUS, self._received * self._ratio):
            raise MalformedDataSet(
                f"the data set inflates to more than {self._ratio} times its size",
                offset=self._inflated,
            )
