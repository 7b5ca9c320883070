"""What a walk through a data set is inside of, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.dataset.encoding import Encoding

#: An element whose value is wanted: its tag; or, in the items of a sequence at the top of the data
#: set, the tag of the sequence and its own.
Wanted = int | tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkLimits:
    """What a walk may cost.

    :param depth: sequences inside each other.
    :param elements: elements, items and fragments in all.
    :param value: bytes of a wanted value; a longer one is left out and remarked.
    :param values: bytes of all wanted values together, likewise; and as many of those in items.
    :param items: items of one sequence with wanted elements; in more of them nobody looks.
    :param inflated: bytes that a deflated data set may inflate to.
    :param ratio: times that a deflated data set may grow, once it has 16 MiB.
    """

    depth: int = 64
    elements: int = 1_000_000
    value: int = 1 << 16
    values: int = 1 << 20
    items: int = 64
    inflated: int = 1 << 30
    ratio: int = 250


class Level:
    """What the walker is inside of.

    :ivar tag: the element that the items are of; 0 for the data set itself.
    :ivar of_items: items follow, not elements.
    :ivar fragments: the items are fragments of Pixel Data.
    :ivar bound: offset in the data set that nothing inside may go beyond.
    :ivar by_length: it ends at its bound, not at a delimiter.
    :ivar previous: tag of the element before.
    """

    __slots__ = ("bound", "by_length", "encoding", "fragments", "of_items", "previous", "tag")

    def __init__(
        self,
        tag: int,
        encoding: Encoding,
        bound: int,
        *,
        by_length: bool,
        of_items: bool = False,
        fragments: bool = False,
    ) -> None:
        self.tag = tag
        self.encoding = encoding
        self.bound = bound
        self.by_length = by_length
        self.of_items = of_items
        self.fragments = fragments
        self.previous = -1
