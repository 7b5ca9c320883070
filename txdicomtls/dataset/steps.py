"""From header to header through the bytes of a data set: the rules that they have to keep.

Theory of operation.  A :class:`Stepper` walks a piece in place, as far as there are whole headers
in it, and keeps a stack of what it is inside of.  A level of that stack is a list of elements
(the data set or an item, PS3.5 7.5) or a list of items (a sequence, or the fragments of
encapsulated Pixel Data, PS3.5 A.4).  A level ends where its length says, or at its delimiter;
either way nothing in it may reach beyond its bound, which is the end of the nearest level around
it that has a length.

Between two pieces it remembers the stack, its offset in the data set and how many bytes of the
value are still to come.  There is no recursion, and :class:`WalkLimits` bounds all effort.
"""

from __future__ import annotations

import struct
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

from txdicomtls.dataset.encoding import (
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    LONG_VRS,
    OTHER_TAGS,
    SEQUENCE_DELIMITATION,
    SEQUENCE_TAGS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Encoding,
)
from txdicomtls.dataset.levels import Level, WalkLimits, Wanted
from txdicomtls.errors import MalformedDataSet

_PIXEL_DATA = 0x7FE00010
_FRAGMENTED = (b"OB", b"OW")

#: Groups that never are in a data set: commands, and the head of a file (PS3.7 6.3, PS3.10 7.1).
_FOREIGN_GROUPS = (0x0000, 0x0002)
#: Odd groups that private elements must not have (PS3.5 7.8.1).
_FORBIDDEN_GROUPS = (0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF)

_NOTHING: frozenset[int] = frozenset()

_READ_EXPLICIT = {order: struct.Struct(order + "HH2sH").unpack_from for order in "<>"}
_READ_LONG = {order: struct.Struct(order + "L").unpack_from for order in "<>"}
_READ_ITEM = {order: struct.Struct(order + "HHL").unpack_from for order in "<>"}
#: In implicit VR the length stands where explicit VR has the value representation as well.
_READ_IMPLICIT = struct.Struct("<HH0sL").unpack_from


class Stepper:
    """Walks from header to header.

    :param encoding: of the data set.
    :param wanted: the elements whose values are collected.
    :param limits: what the walk may cost.
    :ivar values: the raw values collected so far at the top.
    :ivar items: those of each item of a sequence at the top.
    :ivar remarks: what is irregular without being wrong, each kind once.
    :ivar offset: how far the walk has come, in bytes of the data set.
    """

    __slots__ = (
        "_base",
        "_collected",
        "_collected_in_items",
        "_collecting",
        "_count",
        "_in_items",
        "_item",
        "_items_left",
        "_left",
        "_level",
        "_limits",
        "_remarked",
        "_sequences",
        "_stack",
        "_tag",
        "_target",
        "_wanted",
        "items",
        "offset",
        "remarks",
        "values",
    )

    def __init__(self, encoding: Encoding, wanted: frozenset[Wanted], limits: WalkLimits) -> None:
        self.values: dict[int, bytes] = {}
        self.items: dict[int, list[dict[int, bytes]]] = {}
        self.remarks: list[str] = []
        self.offset = 0
        self._wanted, self._in_items = _sorted_out(wanted)
        self._item: dict[int, bytes] | None = None  # of the item that the walk is in, if any is
        self._items_left = 0  # items of this sequence that are looked at still
        self._target = self.values  # where what is collected on this level belongs
        self._limits = limits
        self._level = Level(0, encoding, sys.maxsize, by_length=False)
        self._stack: list[Level] = []
        self._sequences = 0
        self._count = 0
        self._remarked: set[str] = set()
        self._base = 0  # offset in the data set of the first byte of the piece
        self._left = 0  # bytes of the value that are still to come
        self._tag = 0  # the element whose value that is
        self._collecting: bytearray | None = None
        self._collected = self._collected_in_items = 0

    def walk(self, data: bytes | bytearray | memoryview, at: int) -> int:
        """Walk as far as there are whole headers.

        :param data: what is walked in.
        :param at: where to begin in it.
        :return: where the walk has come to in it: fewer than 12 bytes are left.
        :raises MalformedDataSet: the data set is wrong here, or exceeds a limit.
        """
        self._base = self.offset - at
        try:
            while True:
                if self._left:
                    at = self._pass(data, at)
                    if self._left:
                        return at
                before, level = at, self._level
                at = self._items(data, at) if level.of_items else self._elements(data, at)
                if at == before and self._level is level:
                    return at
        finally:
            self.offset = self._base + at

    def end(self) -> None:
        """Say that the data set is complete.

        :raises MalformedDataSet: it is not.
        """
        if self._left:
            self._fail("the data set is truncated in a value", self._tag)
        if self._stack:
            self._fail("the data set is truncated in a sequence", self._level.tag)

    def remark(self, text: str, tag: int | None = None) -> None:
        """Note what is irregular, once for each kind."""
        if text not in self._remarked:
            self._remarked.add(text)
            at = f": ({tag >> 16:04X},{tag & 0xFFFF:04X})" if tag is not None else ""
            self.remarks.append(text + at)

    def _pass(self, data: bytes | bytearray | memoryview, at: int) -> int:
        """Count off the bytes of a value."""
        here = min(self._left, len(data) - at)
        self._left -= here
        if self._collecting is not None:
            self._collecting += data[at : at + here]
            if not self._left:
                self._target[self._tag] = bytes(self._collecting)
                self._collecting = None
        return at + here

    # -- elements --

    def _elements(self, data: bytes | bytearray | memoryview, at: int) -> int:  # noqa: C901, PLR0912 - the one loop whose speed counts: calls would cost more than the work
        level, base, size = self._level, self._base, len(data)
        explicit, bound = level.encoding.explicit, level.bound - base
        read_long = _READ_LONG[level.encoding.order]
        read = _READ_EXPLICIT[level.encoding.order] if explicit else _READ_IMPLICIT
        wanted = self._wanted_here()
        most = self._limits.elements
        while True:
            if at >= bound:
                self._close(base + at)
                return at
            start = at + 8
            if start > size:
                return at
            group, number, vr, length = read(data, at)
            tag = group << 16 | number
            if not 0x0007 < group < 0xFFFE:
                self._check_group(group, tag, base + at)
                if group == 0xFFFE:
                    (length,) = read_long(data, at + 4)
                    self._delimit(tag, length, base + at)
                    return start
            if explicit and vr not in SHORT_VRS:
                if vr not in LONG_VRS:
                    self._fail("an unknown value representation", tag, base + at)
                if start + 4 > size:
                    return at
                (length,) = read_long(data, start)
                start += 4
            self._count += 1
            if self._count > most:
                self._fail(f"more than {most} elements", tag, base + at)
            if tag <= level.previous:
                self.remark("an element repeated or out of order", tag)
            level.previous = tag
            if length == UNDEFINED_LENGTH or vr == b"SQ" or (not explicit and tag in SEQUENCE_TAGS):
                self._open(tag, vr, length, base + start)
                return start
            end = start + length
            if end > bound:
                self._fail("a value longer than what it is in", tag, base + at)
            if length & 1:
                self.remark("a value of odd length", tag)
            if tag == _PIXEL_DATA and level.encoding.encapsulated and not self._stack:
                self.remark("native pixel data in an encapsulating transfer syntax", tag)
            if tag in wanted:
                self._collect(tag, length, base + at)
            if end > size or self._collecting is not None:
                self._tag, self._left = tag, length
                return start
            at = end

    def _wanted_here(self) -> frozenset[int]:
        """What is collected in the list of elements that the walk is in."""
        depth = len(self._stack)
        if not depth:
            self._target = self.values
            return self._wanted
        # Around an item that is looked at is one sequence.
        if depth == 2 and self._item is not None and self._level.tag in self._in_items:
            self._target = self._item
            return self._in_items[self._level.tag]
        return _NOTHING

    def _check_group(self, group: int, tag: int, offset: int) -> None:
        if group in _FOREIGN_GROUPS:
            self._fail("an element that belongs in no data set", tag, offset)
        if group in _FORBIDDEN_GROUPS:
            self.remark("a private element of a forbidden group", tag)

    def _delimit(self, tag: int, length: int, offset: int) -> None:
        """Close an item at its delimiter, which is where an element could be."""
        if tag != ITEM_DELIMITATION or self._level.by_length or not self._stack:
            self._fail("an unexpected item or delimiter", tag, offset)
        if length:
            self._fail("a delimiter with a length", tag, offset)
        self._level = self._stack.pop()

    def _collect(self, tag: int, length: int, offset: int) -> None:
        """Make ready for a wanted value."""
        if tag in self._target:
            if self._target is self.values:
                self._fail("an element that may be there once is repeated", tag, offset)
            self.remark("an element of an item repeated", tag)
            return
        # Items have as much again for themselves, so that none of the elements goes without.
        is_top = self._target is self.values
        collected = (self._collected if is_top else self._collected_in_items) + length
        if length > self._limits.value or collected > self._limits.values:
            self.remark("a value too long to be looked at", tag)
            return
        if is_top:
            self._collected = collected
        else:
            self._collected_in_items = collected
        if length:
            self._collecting = bytearray()
        else:
            self._target[tag] = b""

    # -- sequences --

    def _open(self, tag: int, vr: bytes, length: int, start: int) -> None:
        """Go into a sequence, or into fragments (PS3.5 7.5, A.4).

        :param start: offset of the value.
        """
        outer = self._level
        encoding, fragments = outer.encoding, False
        if vr == b"UN":
            encoding = IMPLICIT_LITTLE  # PS3.5 6.2.2, whatever is around it
        elif vr in _FRAGMENTED and encoding.encapsulated:
            fragments = True
        elif vr != b"SQ" if encoding.explicit else tag in OTHER_TAGS:
            self._fail("an undefined length where there can be none", tag, start)
        if self._sequences >= self._limits.depth:
            self._fail(f"more than {self._limits.depth} sequences inside each other", tag, start)
        self._sequences += 1
        if tag in self._in_items and not self._stack:
            self._items_left = 0 if tag in self.items else self._limits.items
            self.items.setdefault(tag, [])
        self._push(tag, encoding, length, start, of_items=True, fragments=fragments)

    def _push(
        self,
        tag: int,
        encoding: Encoding,
        length: int,
        start: int,
        *,
        of_items: bool = False,
        fragments: bool = False,
    ) -> None:
        by_length = length != UNDEFINED_LENGTH
        bound = self._level.bound
        if by_length:
            if start + length > bound:
                self._fail("a sequence or item longer than what it is in", tag, start)
            if length & 1:
                self.remark("a value of odd length", tag)
            bound = start + length
        self._stack.append(self._level)
        self._level = Level(
            tag, encoding, bound, by_length=by_length, of_items=of_items, fragments=fragments
        )

    def _items(self, data: bytes | bytearray | memoryview, at: int) -> int:
        level = self._level
        offset = self._base + at
        if offset >= level.bound:
            self._close(offset)
            return at
        start = at + 8
        if start > len(data):
            return at
        group, number, length = _READ_ITEM[level.encoding.order](data, at)
        tag = group << 16 | number
        self._count += 1
        if self._count > self._limits.elements:
            self._fail(f"more than {self._limits.elements} elements", level.tag, offset)
        if tag == SEQUENCE_DELIMITATION and not level.by_length:
            if length:
                self._fail("a delimiter with a length", level.tag, offset)
            self._leave_sequence()
        elif tag != ITEM:
            self._fail("what should be an item is not", level.tag, offset)
        elif not level.fragments:
            if level.tag in self._in_items and len(self._stack) == 1:
                self._begin_item(level.tag)
            self._push(level.tag, level.encoding, length, offset + 8)
        elif length == UNDEFINED_LENGTH or offset + 8 + length > level.bound:
            self._fail("a fragment longer than what it is in", level.tag, offset)
        else:
            if length & 1:
                self.remark("a fragment of odd length", level.tag)
            self._tag, self._left = level.tag, length
        return start

    def _begin_item(self, tag: int) -> None:
        """Make ready for the wanted values of one more item, if it is looked at."""
        if self._items_left:
            self._items_left -= 1
            self._item = {}
            self.items[tag].append(self._item)
        else:
            self._item = None
            self.remark("items that are not looked at", tag)

    def _close(self, offset: int) -> None:
        """Leave a level at its bound."""
        level = self._level
        if offset > level.bound:
            self._fail("a header that reaches beyond what it is in", level.tag, offset)
        if not level.by_length:
            self._fail("a delimiter is missing", level.tag, offset)
        if level.of_items:
            self._leave_sequence()
        else:
            self._level = self._stack.pop()

    def _leave_sequence(self) -> None:
        self._sequences -= 1
        self._level = self._stack.pop()

    def _fail(self, problem: str, tag: int, offset: int | None = None) -> NoReturn:
        raise MalformedDataSet(problem, tag=tag, offset=self.offset if offset is None else offset)


@lru_cache
def _sorted_out(
    wanted: frozenset[Wanted],
) -> tuple[frozenset[int], Mapping[int, frozenset[int]]]:
    """What is wanted at the top, and in the items of which sequences."""
    in_items: defaultdict[int, set[int]] = defaultdict(set)
    for each in wanted:
        if not isinstance(each, int):
            sequence, tag = each
            in_items[sequence].add(tag)
    at_the_top = frozenset(each for each in wanted if isinstance(each, int))
    return at_the_top, {tag: frozenset(tags) for tag, tags in in_items.items()}
