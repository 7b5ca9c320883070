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

from pydicom.dataset import Dataset

from txdicomtls.dataset.keys import NO_KEYS, Matching, parse_key
from txdicomtls.errors import InvalidKey, InvalidQuery
from txdicomtls.index.attributes import BY_TAG, COUNTS
from txdicomtls.index.derived import DERIVED
from txdicomtls.index.levels import Level, Root

QUERY_RETRIEVE_LEVEL = 0x00080052


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
    level = level_of(identifier, root)
    if not relational:
        _check_unique_keys(identifier, level, root)
    keys = Dataset()
    unsupported = []
    for element in identifier:
        tag = int(element.tag)
        if tag in NO_KEYS or not tag & 0xFFFF:
            continue
        if _level_of_key(tag) <= level:
            keys[element.tag] = element
        else:
            unsupported.append(tag)
    return Identifier(level=level, keys=keys, unsupported=tuple(unsupported))


def level_of(identifier: Dataset, root: Root) -> Level:
    """Give the Query/Retrieve Level of an identifier.

    :raises InvalidQuery: it has none, or one that the information model does not have.
    """
    if QUERY_RETRIEVE_LEVEL not in identifier or not identifier[QUERY_RETRIEVE_LEVEL].value:
        raise InvalidQuery("the Query/Retrieve Level is missing", tag=QUERY_RETRIEVE_LEVEL)
    name = str(identifier[QUERY_RETRIEVE_LEVEL].value).strip(" \0")
    for level in root.levels:
        if level.name == name:
            return level
    raise InvalidQuery(
        "there is no such Query/Retrieve Level in this information model", tag=QUERY_RETRIEVE_LEVEL
    )


def _check_unique_keys(identifier: Dataset, level: Level, root: Root) -> None:
    for above in root.levels:
        if above >= level:
            return
        tag = above.unique_key
        single = False
        if tag in identifier:
            try:
                single = parse_key(identifier[tag]).matching is Matching.SINGLE
            except InvalidKey as error:
                raise InvalidQuery(error.problem, tag=tag) from None
        if not single:
            raise InvalidQuery(
                f"a query at level {level.name} needs one value of the unique key above it",
                tag=tag,
            )


def _level_of_key(tag: int) -> int:
    """Give the level of a key; one below all levels where it is not supported."""
    known = BY_TAG.get(tag) or COUNTS.get(tag) or DERIVED.get(tag)
    return known.level if known else len(Level) + 1
