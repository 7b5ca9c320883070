"""A data set checked to its exact end while it passes, in whatever pieces it comes.

Theory of operation.  A walker decodes nothing: it reads the headers of the elements (PS3.5 7.1)
and counts off their values.  Every piece is walked in place by a :class:`Stepper`; a header that
lies in two pieces is put together in a small buffer of its own, so that no piece is ever copied,
and a piece in the middle of a long value costs the same whatever its size.  A deflated data set
is inflated on the way, within limits.

Two kinds of faults are told apart.

- A structural lie is an error, because two readers would make different things of it: lengths
  that do not fit, missing or stray delimiters, value representations that the standard does not
  have, groups 0000 and 0002, and the same wanted element twice.
- Mere disorder is a remark, because every reader makes the same of it, and old instances have
  it: tags out of order or repeated, odd lengths, native Pixel Data where it should be
  encapsulated, the private groups that PS3.5 7.8.1 forbids, and a few bytes after the end of
  deflated data.

In explicit VR a value representation that the standard does not have is an error even where it
is two capital letters: nobody can know how long its length field is.
"""

from __future__ import annotations

from txdicomtls.dataset.encoding import encoding_of
from txdicomtls.dataset.inflate import Inflater
from txdicomtls.dataset.levels import WalkLimits, Wanted
from txdicomtls.dataset.steps import Stepper
from txdicomtls.errors import MalformedDataSet

_LONGEST_HEADER = 12


class Walker:
    """Checks the bytes of one data set, and collects the raw values of some of its elements.

    A walker that has raised is finished: every further call raises the same error.

    :param transfer_syntax_uid: how the data set is encoded (PS3.5 10).
    :param wanted: the elements whose values are collected.
    :param limits: what the walk may cost; the defaults of :class:`WalkLimits` if None.
    :raises MalformedDataSet: no data set can be in this transfer syntax.
    """

    __slots__ = ("_failure", "_inflater", "_rest", "_stepper")

    def __init__(
        self,
        transfer_syntax_uid: str,
        *,
        wanted: frozenset[Wanted] = frozenset(),
        limits: WalkLimits | None = None,
    ) -> None:
        limits = limits or WalkLimits()
        encoding = encoding_of(transfer_syntax_uid)
        self._stepper = Stepper(encoding, wanted, limits)
        self._inflater = (
            Inflater(most=limits.inflated, ratio=limits.ratio) if encoding.deflated else None
        )
        self._rest = b""  # the beginning of a header
        self._failure: MalformedDataSet | None = None

    @property
    def values(self) -> dict[int, bytes]:
        """The raw values of the wanted elements met so far, with their padding, by tag."""
        return self._stepper.values

    @property
    def items(self) -> dict[int, list[dict[int, bytes]]]:
        """The same of each item of the sequences met so far that have wanted elements."""
        return self._stepper.items

    @property
    def remarks(self) -> list[str]:
        """What is irregular without being wrong, each kind once; no values, only tags."""
        return self._stepper.remarks

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the data set; no view of them is kept.

        :param data: of any size; a memoryview has to be one of bytes.
        :raises MalformedDataSet: the data set is wrong here, or exceeds a limit.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        try:
            if self._inflater is None:
                self._take(data)
            else:
                for piece in self._inflater.feed(data):
                    self._take(piece)
        except MalformedDataSet as failure:
            self._failure = failure
            raise

    def end(self) -> None:
        """Say that the data set is complete.

        :raises MalformedDataSet: it is not: something in it is truncated or not delimited.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        try:
            self._end()
        except MalformedDataSet as failure:
            self._failure = failure
            raise

    def _end(self) -> None:
        if self._inflater is not None:
            self._inflater.end()
            if self._inflater.trailing > 1:  # one is the padding of PS3.5 A.5
                self._stepper.remark("bytes after the end of the deflated data")
        if self._rest:
            raise MalformedDataSet(
                "the data set is truncated in a header", offset=self._stepper.offset
            )
        self._stepper.end()

    def _take(self, data: bytes | bytearray | memoryview) -> None:
        at = 0
        if self._rest:
            joined = self._rest + bytes(data[:_LONGEST_HEADER])
            used = self._stepper.walk(joined, 0)
            if used < len(self._rest):  # the header needs more than this piece has
                self._rest = joined[used:]
                return
            at = used - len(self._rest)
            self._rest = b""
        used = self._stepper.walk(data, at)
        self._rest = bytes(data[used:])
