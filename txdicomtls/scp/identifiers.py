"""What queries and retrievals ask for: their information models, and the keys of a retrieval."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from txdicomtls import uids
from txdicomtls.codes import Level, Root
from txdicomtls.dataset.hierarchy import check_unique_keys, is_single, read_level
from txdicomtls.errors import InvalidQuery
from txdicomtls.interfaces import Retrieval
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.extended import agreed_relational

#: The SOP classes of the Query/Retrieve service class, and the information model of each.
FIND_ROOTS = {
    uids.PATIENT_ROOT_FIND: Root.PATIENT,
    uids.STUDY_ROOT_FIND: Root.STUDY,
    "1.2.840.10008.5.1.4.1.2.3.1": Root.PATIENT_STUDY_ONLY,
}
MOVE_ROOTS = {
    uids.PATIENT_ROOT_MOVE: Root.PATIENT,
    uids.STUDY_ROOT_MOVE: Root.STUDY,
    "1.2.840.10008.5.1.4.1.2.3.2": Root.PATIENT_STUDY_ONLY,
}
GET_ROOTS = {
    uids.PATIENT_ROOT_GET: Root.PATIENT,
    uids.STUDY_ROOT_GET: Root.STUDY,
    "1.2.840.10008.5.1.4.1.2.3.3": Root.PATIENT_STUDY_ONLY,
}


def read_retrieval(request: IncomingRequest, keys: Dataset, root: Root) -> Retrieval:
    """Read what a C-GET or C-MOVE asks for.

    Keys that are not unique keys of the level, or of one above, are left out of account.

    :param request: the request.
    :param keys: its identifier.
    :param root: the information model.
    :raises InvalidQuery: it asks for nothing that could be found.
    """
    level = read_level(keys, root)
    relational = agreed_relational(request.extended)
    if not relational:
        check_unique_keys(keys, root, level)
    values = {
        each: found
        for each in root.levels
        if each <= level and (found := tuple(_values(keys, each.unique_key)))
    }
    if not values or (level not in values and not relational):
        raise InvalidQuery("the unique key of the level is missing", tag=level.unique_key)
    for each in values:
        # Only UIDs come in lists (PS3.4 C.2.2.2.2), and nothing is retrieved by wild cards.
        if each is Level.PATIENT and not is_single(keys, each.unique_key):
            raise InvalidQuery("one Patient ID is needed", tag=each.unique_key)
    return Retrieval(
        root=root,
        level=level,
        keys=values,
        relational=relational,
        association=request.association,
        user=request.user,
    )


def _values(keys: Dataset, tag: int) -> list[str]:
    """The values of an element as text, without those that are empty."""
    value: Any = keys[tag].value if tag in keys else None
    several = [value] if isinstance(value, str) or value is None else list(value)
    texts = (str(each).strip(" \0") for each in several if each is not None)
    return [text for text in texts if text]
