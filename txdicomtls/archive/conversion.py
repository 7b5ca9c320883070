"""Instances in another transfer syntax than the one they are kept in: uncompressed ones only.

What is kept stays as it is.  Its data set is copied into a temporary file, which checks it to the
last byte, and from there into another one in the other encoding, which is walked over as it is
written: what is sent is sound, or nothing is.  Neither file has a name, so a crash leaves
nothing behind; a small one never leaves memory.

A deflated data set is an uncompressed one that is inflated before, or deflated afterwards.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from txdicomtls import uids
from txdicomtls.archive.disk import reason_of
from txdicomtls.archive.reading import InstanceReader
from txdicomtls.archive.transcoder import transcode
from txdicomtls.dataset import Walker, WalkLimits
from txdicomtls.dataset.encoding import encoding_of
from txdicomtls.dataset.inflate import Inflater
from txdicomtls.errors import MalformedDataSet, NotADicomFile, OutOfResources

#: Transfer syntaxes that are converted into each other, in the order in which they are offered.
UNCOMPRESSED = (
    uids.EXPLICIT_VR_LITTLE_ENDIAN,
    uids.IMPLICIT_VR_LITTLE_ENDIAN,
    uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    uids.EXPLICIT_VR_BIG_ENDIAN,
)

#: Bytes up to which a data set stays in memory while it is converted.
_IN_MEMORY = 4 << 20

_CHUNK = 1 << 20


def convertible(transfer_syntax_uid: str) -> tuple[str, ...]:
    """The other transfer syntaxes that an instance kept in this one can be sent in, best first."""
    if transfer_syntax_uid not in UNCOMPRESSED:
        return ()
    return tuple(uid for uid in UNCOMPRESSED if uid != transfer_syntax_uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A data set in another transfer syntax.

    :param file: at its first byte; to be closed.
    :param size: its bytes.
    """

    file: IO[bytes]
    size: int


class Converter:
    """Converts.  Blocks.

    :param directory: where there is room for temporary files: best where the archive receives
        its own.
    :param largest: bytes of the largest data set that is converted, before and afterwards; also
        what a deflated one may inflate to.
    """

    def __init__(self, directory: Path, *, largest: int = 1 << 30) -> None:
        self._directory = directory
        self._largest = largest

    def converts(self, transfer_syntax_uid: str, size: int) -> tuple[str, ...]:
        """The transfer syntaxes that an instance can be converted to.

        :param transfer_syntax_uid: the one that it is kept in.
        :param size: bytes of its data set.
        """
        return convertible(transfer_syntax_uid) if size <= self._largest else ()

    def convert(self, reader: InstanceReader, transfer_syntax_uid: str) -> Converted:
        """Convert an instance, and close its reader.

        :param reader: at the first byte of the data set.
        :param transfer_syntax_uid: the one that is wanted.
        :raises NotADicomFile: it cannot be converted: one of the two is compressed, the data set is
            too large, or it is not sound.
        :raises DamagedInstance: it is not what was received.
        :raises OutOfResources: it cannot be read, or there is no room for it.
        """
        header = reader.header
        try:
            if transfer_syntax_uid not in convertible(header.transfer_syntax_uid):
                raise NotADicomFile(
                    header.path, f"it cannot be converted to {uids.uid_name(transfer_syntax_uid)}"
                )
            with self._temporary() as plain:
                self._copy(reader, plain)
                plain.seek(0)
                return self._transcoded(plain, header.transfer_syntax_uid, transfer_syntax_uid)
        except MalformedDataSet as error:
            raise NotADicomFile(header.path, f"it cannot be converted: {error}") from error
        except OSError as error:
            raise OutOfResources(f"the instance cannot be converted: {reason_of(error)}") from error
        finally:
            reader.close()

    def _copy(self, reader: InstanceReader, plain: BinaryIO) -> None:
        """Copy a data set, inflated where it is deflated; then it has been checked to its end."""
        limits = WalkLimits()
        inflater = None
        if encoding_of(reader.header.transfer_syntax_uid).deflated:
            inflater = Inflater(most=self._largest, ratio=limits.ratio)
        while chunk := reader.read(_CHUNK):
            for piece in (chunk,) if inflater is None else inflater.feed(chunk):
                plain.write(piece)
                self._check(plain.tell())
        if inflater is not None:
            inflater.end()

    def _transcoded(self, plain: BinaryIO, before: str, after: str) -> Converted:
        file = self._temporary()
        try:
            output = _Output(file, after, WalkLimits(inflated=self._largest))
            encoding = encoding_of(after)
            if encoding_of(before).explicit == encoding.explicit and (
                encoding_of(before).order == encoding.order
            ):
                while chunk := plain.read(_CHUNK):
                    output.write(chunk)
            else:
                transcode(plain, encoding_of(before), output.write, encoding)
            output.end()
            size = file.tell()
            self._check(size)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Converted(file=file, size=size)

    def _temporary(self) -> BinaryIO:
        # It is one, but for its type; what it has written is read again, so nothing is synced.
        file = SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(self._directory))  # noqa: SIM115 - given on
        return cast("BinaryIO", file)

    def _check(self, size: int) -> None:
        if size > self._largest:
            raise MalformedDataSet(f"it has more than {self._largest} bytes", offset=size)


class _Output:
    """Takes a data set as it is written: gathers small pieces, walks over them, deflates them."""

    def __init__(self, file: BinaryIO, transfer_syntax_uid: str, limits: WalkLimits) -> None:
        self._file = file
        self._walker = Walker(transfer_syntax_uid, limits=limits)
        self._deflater = None
        if encoding_of(transfer_syntax_uid).deflated:
            self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._gathered: list[bytes] = []
        self._weight = 0

    def write(self, data: bytes) -> None:
        self._gathered.append(data)
        self._weight += len(data)
        if self._weight >= _CHUNK:
            self._pass_on()

    def end(self) -> None:
        """The data set is complete; one that was deflated gets an even length (PS3.5 A.5)."""
        self._pass_on()
        if self._deflater is not None:
            self._put(self._deflater.flush())
            if self._file.tell() % 2:
                self._put(b"\0")
        self._walker.end()

    def _pass_on(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._weight = 0
        self._put(data if self._deflater is None else self._deflater.compress(data))

    def _put(self, data: bytes) -> None:
        self._walker.feed(data)
        self._file.write(data)
