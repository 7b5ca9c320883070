"""What the index is told of a data set: the attributes that it keeps, as text."""

from __future__ import annotations

from collections.abc import Mapping
from struct import iter_unpack

from txdicomtls import uids
from txdicomtls.dataset.text import character_sets, decode_text
from txdicomtls.index.attributes import BY_TAG, SPECIFIC_CHARACTER_SET


def described(values: Mapping[int, bytes], transfer_syntax_uid: str) -> dict[str, str]:
    """Decode the raw values that the index wants.  Never raises.

    :param values: raw, by tag; those that the index does not keep are left out.
    :param transfer_syntax_uid: of the data set; decides about the order of bytes.
    :return: text by keyword; several values have a backslash between them.
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
    return texts
