"""The level of an identifier, and what pins down the levels above it (PS3.4 C.4, C.6).

In a hierarchical query or retrieval each level above the one that is asked for has to be pinned
down by one value of its unique key (PS3.4 C.4.1.2.1, C.4.2.2.1); a relational one may leave them
out.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from txdicomtls.codes import Level, Root
from txdicomtls.dataset.keys import Matching, parse_key
from txdicomtls.errors import InvalidKey, InvalidQuery

QUERY_RETRIEVE_LEVEL = 0x00080052


def read_level(identifier: Dataset, root: Root) -> Level:
    """Read the Query/Retrieve Level (0008,0052).

    :raises InvalidQuery: there is none, or the information model does not have it.
    """
    value = identifier[QUERY_RETRIEVE_LEVEL].value if QUERY_RETRIEVE_LEVEL in identifier else ""
    name = str(value or "").strip(" \0")
    if not name:
        raise InvalidQuery("the Query/Retrieve Level is missing", tag=QUERY_RETRIEVE_LEVEL)
    for level in root.levels:
        if level.name == name:
            return level
    raise InvalidQuery(
        "there is no such Query/Retrieve Level in this information model", tag=QUERY_RETRIEVE_LEVEL
    )


def check_unique_keys(identifier: Dataset, root: Root, level: Level) -> None:
    """Check that a hierarchical identifier pins down each level above its own.

    :raises InvalidQuery: it does not.
    """
    for above in root.levels:
        if above < level and not is_single(identifier, above.unique_key):
            raise InvalidQuery(
                f"at level {level.name} one value of the unique key above is needed",
                tag=above.unique_key,
            )


def is_single(identifier: Dataset, tag: int) -> bool:
    """Whether a key has one value, to be matched as it is (PS3.4 C.2.2.2.1).

    :raises InvalidQuery: it has one that is none.
    """
    if tag not in identifier:
        return False
    try:
        return parse_key(identifier[tag]).matching is Matching.SINGLE
    except InvalidKey as error:
        raise InvalidQuery(error.problem, tag=tag) from error
