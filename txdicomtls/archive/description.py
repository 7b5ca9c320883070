"""What the index is told of a data set: the attributes that it keeps, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import iter_unpack

from txdicomtls import uids
from txdicomtls.dataset.text import character_sets, decode_text
from txdicomtls.index.attributes import BY_TAG, SPECIFIC_CHARACTER_SET
from txdicomtls.index.sequences import sequence_text


def described(
    values: Mapping[int, bytes],
    transfer_syntax_uid: str,
    items: Mapping[int, Sequence[Mapping[int, bytes]]] | None = None,
) -> dict[str, str]:
    """Decode the raw values that the index wants.  Never raises.

    :param values: raw, by tag; those that the index does not keep are left out.
    :param transfer_syntax_uid: of the data set; decides about the order of bytes.
    :param items: of each sequence, likewise, the values of each item.
    :return: text by keyword; several values have a backslash between them; that of a sequence is
        a :func:`~txdicomtls.index.sequences.sequence_text`.
    """
    sets = character_sets(values.get(SPECIFIC_CHARACTER_SET, b""))
    order = ">" if transfer_syntax_uid == uids.EXPLICIT_VR_BIG_ENDIAN else "<"
    texts = {}
    for tag, value in values.items():
        attribute = BY_TAG.get(tag)
        if attribute is None or not value:
            continue
        if attribute.vr == "US":
            even = value[: len(value) // 2 * 2]
            texts[attribute.keyword] = "\\".join(str(n) for (n,) in iter_unpack(f"{order}H", even))
        else:
            texts[attribute.keyword] = decode_text(value, attribute.vr, sets)
    for tag, values_of_items in (items or {}).items():
        attribute = BY_TAG.get(tag)
        if attribute is not None:
            inner = [_inner(each, attribute.inner, sets) for each in values_of_items]
            texts[attribute.keyword] = sequence_text(inner)
    return texts


def _inner(
    values: Mapping[int, bytes], kept: Mapping[int, str], sets: Sequence[str]
) -> dict[int, str]:
    """Decode those values of an item that the index keeps, which are texts all."""
    if SPECIFIC_CHARACTER_SET in values:  # an item may have its own (PS3.5 7.5.3)
        sets = character_sets(values[SPECIFIC_CHARACTER_SET])
    return {tag: decode_text(values[tag], vr, sets) for tag, vr in kept.items() if tag in values}
