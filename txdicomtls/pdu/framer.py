"""PDUs out of a stream of bytes, while they arrive.

Theory of operation.  A control PDU is small: it is gathered and given out decoded.  A
P-DATA-TF PDU is not gathered at all: the data of its presentation data values is given
out piece by piece, each piece a view into the very bytes that were received.

The grammar of the stream (PS3.8 9.3.1, 9.3.5) is one generator, :func:`_frames`, which
reads like the grammar and answers NEED_DATA wherever it has to wait for bytes.  Three rules
hold in it:

- a length is judged as soon as it has been read, before anything is gathered for it;
- no byte is copied but those of headers and bodies that fall into two chunks;
- while it waits it holds no view of a chunk that has been consumed, so that an idle
  association keeps no memory.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from txdicomtls.codes import AbortReason
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu.decode import decode
from txdicomtls.pdu.values import DEFAULT_MAXIMUM_LENGTH, ControlPDU, PDataTF, PDUType

_PDU_LENGTH = struct.Struct(">xxL")
_VALUE_HEADER = struct.Struct(">LBB")
_NOTHING = memoryview(b"")
_LONGEST_PDU = 0xFFFF_FFFF


class NeedData(Enum):
    """The type of :data:`NEED_DATA`."""

    NEED_DATA = "NEED_DATA"


#: Answer of :meth:`Framer.next_frame`: all that was received has been given out.
NEED_DATA: Final = NeedData.NEED_DATA


class DataPiece(NamedTuple):
    """A piece of the data of one presentation data value (PS3.8 9.3.5.1, E.2).

    :param context_id: presentation context ID, as received.
    :param is_command: the value is a fragment of a command set, not of a data set.
    :param is_last: the value is the last fragment of its command set or data set.
    :param ends_value: no more pieces of this value follow.
    :param data: the bytes; empty only where the whole value is.
    """

    context_id: int
    is_command: bool
    is_last: bool
    ends_value: bool
    data: memoryview


Frame = ControlPDU | DataPiece


@dataclass(frozen=True, slots=True, kw_only=True)
class FramerLimits:
    """The longest PDUs that are read, in bytes of their PDU-length field.

    :param associate: A-ASSOCIATE-RQ and -AC.  DCMTK draws the line at 1 MiB as well; the
        128 presentation contexts that there can be, with 60 transfer syntaxes each, are
        less than a quarter of that.
    :param data: P-DATA-TF: the maximum length that we announced; 0 is unlimited.
    """

    associate: int = 0x10_0000
    data: int = DEFAULT_MAXIMUM_LENGTH


class _Intake:
    """What the framer and its generator share.

    It is apart from the framer so that the two do not hold each other: a closed
    association is freed at once, not by the garbage collector.
    """

    __slots__ = ("bounds", "chunks", "in_pdu", "pdus_begun", "rest")

    def __init__(self, limits: FramerLimits) -> None:
        #: Shortest and longest PDU-length of each type of PDU.
        self.bounds: dict[int, tuple[int, int]] = {
            PDUType.A_ASSOCIATE_RQ: (68, limits.associate),
            PDUType.A_ASSOCIATE_AC: (68, limits.associate),
            PDUType.A_ASSOCIATE_RJ: (4, 4),
            PDUType.P_DATA_TF: (6, limits.data or _LONGEST_PDU),
            PDUType.A_RELEASE_RQ: (4, 4),
            PDUType.A_RELEASE_RP: (4, 4),
            PDUType.A_ABORT: (4, 4),
        }
        #: What was received after the chunk being read.
        self.chunks: deque[memoryview] = deque()
        #: What is left of the chunk being read.
        self.rest = _NOTHING
        self.in_pdu = False
        self.pdus_begun = 0

    def take(self, count: int) -> memoryview:
        """The next bytes of the chunk, which has as many."""
        rest = self.rest
        self.rest = rest[count:]
        return rest[:count]


class Framer:
    """Takes bytes as they come, gives control PDUs and pieces of data.

    A framer that has raised is finished: every further call raises the same error.

    :param limits: what is refused as too long.
    """

    __slots__ = ("_failure", "_frames", "_intake")

    def __init__(self, limits: FramerLimits) -> None:
        self._intake = _Intake(limits)
        self._frames = _frames(self._intake)
        self._failure: RemoteProtocolError | None = None

    @property
    def in_pdu(self) -> bool:
        """Whether a PDU has begun and is not complete, as far as frames have been taken."""
        return self._intake.in_pdu

    @property
    def pdus_begun(self) -> int:
        """How many PDUs have begun: tells one that takes long from many in a row."""
        return self._intake.pdus_begun

    def set_data_limit(self, limit: int) -> None:
        """Change the limit of P-DATA-TF, from the next PDU on.

        :param limit: the maximum length that we announced; 0 is unlimited.
        """
        self._intake.bounds[PDUType.P_DATA_TF] = (6, limit or _LONGEST_PDU)

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the stream; the frames in them are to be asked for.

        :param data: must never change: views into it are given out.
        :raises RemoteProtocolError: the stream had already broken the protocol.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if data:
            self._intake.chunks.append(memoryview(data))

    def next_frame(self) -> Frame | NeedData:
        """The next frame, or NEED_DATA where no more can be made of what was received.

        :raises RemoteProtocolError: the stream breaks the protocol here; the reason says
            how (PS3.8 9.3.8).
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        try:
            return next(self._frames)
        except RemoteProtocolError as failure:
            self._failure = failure
            self._intake.rest = _NOTHING
            self._intake.chunks.clear()
            raise


def _frames(intake: _Intake) -> Generator[Frame | NeedData, None, None]:
    """The stream: PDUs without end."""
    while True:
        if not intake.rest:
            yield from _next_chunk(intake)
        intake.in_pdu = True
        intake.pdus_begun += 1
        pdu_type = intake.rest[0]
        bounds = intake.bounds.get(pdu_type)
        if bounds is None:
            # A TLS record of the handshake begins so (RFC 8446 5.1).
            hint = ": the peer speaks TLS to a port without" if pdu_type == 0x16 else ""
            raise RemoteProtocolError(
                f"PDU type {pdu_type:02X}H is not defined{hint}", AbortReason.UNRECOGNIZED_PDU
            )
        if len(intake.rest) >= 6:
            (length,) = _PDU_LENGTH.unpack_from(intake.rest)
            intake.rest = intake.rest[6:]
        else:
            (length,) = _PDU_LENGTH.unpack((yield from _gather(intake, 6)))
        _check_length(pdu_type, length, bounds)
        if pdu_type == PDUType.P_DATA_TF:
            yield from _pieces(intake, length)
        elif len(intake.rest) >= length:
            intake.in_pdu = False
            yield _control_pdu(pdu_type, intake.take(length))
        else:
            body = yield from _gather(intake, length)
            intake.in_pdu = False
            yield _control_pdu(pdu_type, body)
            del body


def _pieces(intake: _Intake, left: int) -> Generator[DataPiece | NeedData, None, None]:
    """The variable field of a P-DATA-TF PDU: presentation data values that fill it.

    :param left: bytes of the field, which has room for one value at least.
    """
    while left:
        if len(intake.rest) >= 6:
            length, context_id, control = _VALUE_HEADER.unpack_from(intake.rest)
            intake.rest = intake.rest[6:]
        else:
            length, context_id, control = _VALUE_HEADER.unpack((yield from _gather(intake, 6)))
        left -= 4
        if not 2 <= length <= left:
            raise RemoteProtocolError(
                f"Item-length of a presentation data value is {length}, and {left} bytes are left"
            )
        left -= length
        if 0 < left < 6:
            raise RemoteProtocolError(f"stray bytes at the end of P-DATA-TF: {left}")
        is_command, is_last = bool(control & 1), bool(control & 2)
        length -= 2
        while (here := len(intake.rest)) < length:
            if here:
                length -= here
                yield DataPiece(context_id, is_command, is_last, False, intake.take(here))
            yield from _next_chunk(intake)
        intake.in_pdu = left > 0
        yield DataPiece(context_id, is_command, is_last, True, intake.take(length))


def _check_length(pdu_type: int, length: int, bounds: tuple[int, int]) -> None:
    shortest, longest = bounds
    if not shortest <= length <= longest:
        name = PDUType(pdu_type).name.replace("_", "-")
        allowed = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        raise RemoteProtocolError(f"PDU-length of {name} is {length}, not {allowed}")


def _control_pdu(pdu_type: int, body: bytearray | memoryview) -> ControlPDU:
    pdu = decode(pdu_type, body)
    assert not isinstance(pdu, PDataTF)
    return pdu


def _next_chunk(intake: _Intake) -> Generator[NeedData, None, None]:
    """Go on to the next chunk, once there is one; only where the last is consumed."""
    intake.rest = _NOTHING  # an empty view would hold the whole chunk
    while not intake.chunks:
        yield NEED_DATA
    intake.rest = intake.chunks.popleft()


def _gather(intake: _Intake, count: int) -> Generator[NeedData, None, bytearray]:
    """The next bytes, out of as many chunks as it takes."""
    gathered = bytearray()
    while (here := len(intake.rest)) < count - len(gathered):
        gathered += intake.take(here)
        yield from _next_chunk(intake)
    gathered += intake.take(count - len(gathered))
    return gathered
