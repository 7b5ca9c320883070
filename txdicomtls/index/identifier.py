"""The identifier of a query: its level, whether it may be asked, what of it is supported.

In a hierarchical query each level above the one that is asked for has to be pinned down by
one value of its unique key (PS3.4 C.4.1.2.1, C.4.1.3.1); a relational one may have any keys of
any level at or above it (C.4.1.2.2).  Requestors often send a hierarchical query with more keys
from above than that, which says nothing that is not clear, so these are matched as well.

A key that is not supported is as if it were not there: it is neither matched nor returned, and the
responder says so by status 0xFF01 (C.2.2.1.3, C.4.1.1.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from txdicomtls.dataset.hierarchy import check_unique_keys, read_level
from txdicomtls.dataset.keys import NO_KEYS
from txdicomtls.index.attributes import BY_TAG, COUNTS
from txdicomtls.index.derived import DERIVED
from txdicomtls.index.levels import Level, Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An identifier that can be answered.

    :param level: the level that is asked for.
    :param keys: the elements that are supported, all at this level or above.
    :param unsupported: the tags of those that are not.
    """

    level: Level
    keys: Dataset
    unsupported: tuple[int, ...]


def read_identifier(identifier: Dataset, root: Root, *, relational: bool) -> Identifier:
    """Check the identifier of a C-FIND request.

    :param identifier: the whole of it.
    :param root: the information model that it is asked in.
    :param relational: relational queries were agreed on (PS3.4 C.5.1.1).
    :raises InvalidQuery: it cannot be answered.
    """
    level = read_level(identifier, root)
    if not relational:
        check_unique_keys(identifier, root, level)
    keys = Dataset()
    unsupported = []
    for element in identifier:
        tag = int(element.tag)
        if tag in NO_KEYS or not tag & 0xFFFF:
            continue
        if _level_of_key(tag) > level:
            unsupported.append(tag)
            continue
        supported, not_supported = _supported(element)
        unsupported += not_supported
        if supported is not None:
            keys[element.tag] = supported
    return Identifier(level=level, keys=keys, unsupported=tuple(unsupported))


def _supported(element: DataElement) -> tuple[DataElement | None, list[int]]:
    """Give what is supported of a key, and the tags of what is not: of items not all is kept."""
    attribute = BY_TAG.get(int(element.tag))
    if attribute is None or not attribute.inner:
        return element, []
    if element.VR != "SQ":
        return None, [attribute.tag]
    if len(element.value or ()) != 1 or not len(element.value[0]):
        return element, []  # universal; or too many, which others refuse
    supported = Dataset()
    unsupported = []
    for inner in element.value[0]:
        if int(inner.tag) in attribute.inner:
            supported[inner.tag] = inner
        elif inner.tag.element and inner.tag not in NO_KEYS:
            unsupported.append(int(inner.tag))
    if unsupported and not len(supported):
        return None, unsupported
    value = Sequence([supported])
    return DataElement(element.tag, "SQ", value, already_converted=True), unsupported


def _level_of_key(tag: int) -> int:
    """Give the level of a key; one below all levels where it is not supported."""
    known = BY_TAG.get(tag) or COUNTS.get(tag) or DERIVED.get(tag)
    return known.level if known else len(Level) + 1
