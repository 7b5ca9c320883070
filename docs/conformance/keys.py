"""What a query of the archive matches on and returns (PS3.4 C.2.2.2, C.6), and character sets."""

from __future__ import annotations

from collections.abc import Iterator
from warnings import catch_warnings, simplefilter

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_description, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from conformance.markdown import code, table
from txdicomtls.codes import UNIQUE_KEYS
from txdicomtls.dataset import Matching, parse_key
from txdicomtls.dataset.text import is_known
from txdicomtls.errors import InvalidKey
from txdicomtls.index.attributes import BY_LEVEL, BY_TAG, COUNTS
from txdicomtls.index.derived import DERIVED
from txdicomtls.index.levels import Level

#: The required keys of PS3.4 Tables C.6-1 to C.6-5; all others that are not unique are optional.
REQUIRED = frozenset(
    (
        0x00100010,  # Patient's Name
        0x00080020,  # Study Date
        0x00080030,  # Study Time
        0x00080050,  # Accession Number
        0x00200010,  # Study ID
        0x00080060,  # Modality
        0x00200011,  # Series Number
        0x00200013,  # Instance Number
    )
)

#: What a key may look like, so that every kind of matching is asked for.
_KEYS: tuple[object, ...] = (
    None,
    "1",
    "20260131",
    "A*",
    "20260131-20260201",
    "101112",
    "1000-1100",
    "20260131101112",
    ["1.2", "1.3"],
    ["A", "B"],
)


def lines() -> Iterator[str]:
    """All keys, level by level."""
    for level in Level:
        yield from [f"### Keys at level {level.name}", ""]
        yield from table(
            ("tag", "attribute", "VR", "type", "matching"),
            (row for tag, vr in keys_of(level) for row in _rows(tag, vr)),
        )
        counted = [tag for tag, count in COUNTS.items() if count.level is level]
        if counted:
            yield from ["Returned where they are asked for, and not matched:", ""]
            yield from table(("tag", "attribute"), ((spelled(tag), name(tag)) for tag in counted))


def _rows(tag: int, vr: str) -> Iterator[tuple[str, ...]]:
    """The row of a key, and those of what the items of a sequence have."""
    yield spelled(tag), name(tag), vr, key_type(tag), ", ".join(matching(vr))
    inner = BY_TAG[tag].inner if tag in BY_TAG else {}
    for each, representation in sorted(inner.items()):
        kinds = ", ".join(matching(representation))
        yield f"> {spelled(each)}", name(each), representation, "O", kinds


def keys_of(level: Level) -> Iterator[tuple[int, str]]:
    """The keys of one level, each with its value representation."""
    yield from ((each.tag, each.vr) for each in BY_LEVEL[level])
    yield from ((tag, each.vr) for tag, each in DERIVED.items() if each.level is level)


def key_type(tag: int) -> str:
    """U, R or O (PS3.4 C.6.1.1)."""
    if tag in UNIQUE_KEYS.values():
        return "U"
    return "R" if tag in REQUIRED else "O"


def spelled(tag: int) -> str:
    """A tag as the standard prints it."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def name(tag: int) -> str:
    """Name and keyword of an attribute."""
    return f"{dictionary_description(tag)}, {code(keyword_for_tag(tag))}"


def matching(vr: str) -> list[str]:
    """The kinds of matching that keys of a value representation can ask for."""
    found = set()
    for value in _KEYS if vr != "SQ" else (None, [_item()]):
        with catch_warnings():
            simplefilter("ignore")  # pydicom's, about keys that are no values
            try:
                found.add(parse_key(DataElement(0x00100020, vr, value)).matching)
            except (InvalidKey, ValueError, TypeError):
                continue  # no key of this representation looks like that
    return [each.value for each in Matching if each in found]


def _item() -> Dataset:
    """The item of a key that is a sequence."""
    item = Dataset()
    item.AccessionNumber = "1"
    return item


def character_sets() -> Iterator[str]:
    """Every defined term that is understood."""
    terms = [term for term in python_encoding if term and is_known((term,))]
    alone = [term for term in terms if not term.startswith("ISO 2022")]
    extended = [term for term in terms if term.startswith("ISO 2022")]
    yield from table(
        ("use", "defined terms"),
        (("alone", code(*alone)), ("with code extensions", code(*extended))),
    )
