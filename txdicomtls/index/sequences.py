"""Sequences as they are kept: what is wanted of their items, as one text.

The text is a document of JSON, a list of the items, each with its texts by tag, as
``[{"00400009":"STEP1"}]``.  So a row has all of it, and where a key asks for one value of an item
the database can pass over the rows in whose text that does not stand.  Whether an item matches as a
whole, which is what the standard asks for (PS3.4 C.2.2.2.6), is decided as it is for all else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def sequence_text(items: Iterable[Mapping[int, str]], *, longest: int | None = None) -> str:
    """Give the text of a sequence.

    :param items: of each, the texts that are kept, by tag; several values have a backslash between
        them.  What is empty is left out, and so are items with nothing else.
    :param longest: characters that it may have; the items that are too many for that are left out.
    :return: empty where nothing is left.
    """
    kept: list[str] = []
    length = len("[]")
    for item in items:
        texts = {f"{tag:08X}": text for tag, text in item.items() if text}
        if not texts:
            continue
        one = _json(texts)
        length += len(one) + len(",")
        if longest is not None and length > longest:
            break
        kept.append(one)
    return f"[{','.join(kept)}]" if kept else ""


def items_of(text: str) -> list[dict[int, str]]:
    """Give the items that a text was made of; none for a text that was made of something else."""
    try:
        items: list[dict[str, str]] = json.loads(text) if text else []
        return [{int(tag, 16): str(value) for tag, value in item.items()} for item in items]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []


def written(text: str) -> str:
    """Give a value as it stands in the text that is kept."""
    return _json(text)[1:-1]


def _json(value: Any) -> str:  # noqa: ANN401  # whatever is to be written
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
