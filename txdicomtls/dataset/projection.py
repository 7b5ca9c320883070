"""What a response tells of an entity: the attributes that were asked for (PS3.4 C.2.2.1.3)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from txdicomtls.dataset.keys import texts_of
from txdicomtls.dataset.matching import Matcher
from txdicomtls.dataset.representations import BYTES_VRS, decided, element_of
from txdicomtls.dataset.text import (
    EXTENDED_VRS,
    SPECIFIC_CHARACTER_SET,
    UNICODE,
    encode_text,
    is_known,
)
from txdicomtls.dataset.writer import values_of


def project(keys: Dataset, candidate: Dataset) -> Dataset:
    """The attributes of an entity that an identifier asks for, and no others.

    What the entity does not have is there and empty.  A sequence has those items of the entity's
    that match the one item of the key, each with the attributes that it asks for; all items with
    all attributes, if the key has no item, or an empty one (PS3.4 C.2.2.2.6).

    Specific Character Set is there if some text needs it: the one that the identifier is in,
    if it has a code for everything, or else Unicode.

    :param keys: the identifier.
    :param candidate: the attributes of the entity, which matches.
    :return: a new data set; it shares values with the candidate.
    :raises InvalidKey: a key in an item cannot be matched on.
    """
    response = _project(keys, candidate)
    response.pop(SPECIFIC_CHARACTER_SET, None)
    texts = list(_extended_texts(response))
    if any(not text.isascii() for _, text in texts):
        named = element_of(keys, SPECIFIC_CHARACTER_SET)
        sets = [str(term) for term in values_of(named)] if named is not None else []
        enough = is_known(sets) and all(
            encode_text(text, vr, sets) is not None for vr, text in texts
        )
        response.SpecificCharacterSet = sets if enough else UNICODE
    return response


def _project(keys: Dataset, candidate: Dataset) -> Dataset:
    response = Dataset()
    for key in keys:
        if not key.tag.element:
            continue  # group lengths are retired
        found = element_of(candidate, key.tag)
        vr = decided(key.VR)
        if found is None:
            value = Sequence() if vr == "SQ" else empty_value_for_VR(vr)
            response[key.tag] = DataElement(key.tag, vr, value, already_converted=True)
        elif found.VR == "SQ" and vr == "SQ" and key.value and len(key.value[0]):
            matching = Matcher.of(Dataset({key.tag: key})).matching_items(key.tag, candidate)
            items = Sequence(_project(key.value[0], item) for item in matching)
            response[key.tag] = DataElement(key.tag, "SQ", items, already_converted=True)
        else:
            response[key.tag] = found
    return response


def _extended_texts(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """All text that Specific Character Set applies to, with its value representation."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _extended_texts(item)
        elif element.VR not in BYTES_VRS and element.VR in EXTENDED_VRS:
            for text in texts_of(element):
                yield element.VR, text
