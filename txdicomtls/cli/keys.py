"""The keys of a query, as people type them: ``PatientID=123``, ``(0010,0020)=123``, ``StudyDate``.

A key is named by its keyword (PS3.6) or its tag; one inside a sequence by the names of both, with
a dot between: ``ScheduledProcedureStepSequence.Modality=CT``.  Without a value it matches
everything, and is returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from pydicom import config
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")

#: Value representations whose values are numbers in a data set.
_INTEGERS = frozenset(("US", "SS", "UL", "SL", "UV", "SV"))
_FLOATS = frozenset(("FL", "FD"))
#: Those that no key can be of.
_NO_KEYS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN", "AT"))


@dataclass(frozen=True, slots=True)
class QueryKey:
    """One key.

    :param path: tags from the outermost sequence to the attribute.
    :param value: as typed; empty to match everything.
    """

    path: tuple[int, ...]
    value: str = ""

    @property
    def title(self) -> str:
        """What its column is called."""
        return keyword_for_tag(self.path[-1]) or f"({_named(self.path[-1])})"

    def put(self, identifier: Dataset) -> None:
        """Put it into an identifier.

        :raises ValueError: the value cannot be one of this attribute.
        """
        target = identifier
        for tag in self.path[:-1]:
            if tag not in target:
                target.add_new(tag, "SQ", [Dataset()])
            target = target[tag].value[0]
        target.add(_element(self.path[-1], self.value))

    def values_in(self, match: Dataset) -> str:
        """Its values in a match, as text; empty where it has none."""
        items = [match]
        for tag in self.path[:-1]:
            items = [inner for item in items if tag in item for inner in item[tag].value or ()]
        values = [_text(item[self.path[-1]]) for item in items if self.path[-1] in item]
        return ", ".join(value for value in values if value)


def parse_key(text: str) -> QueryKey:
    """Read one key.

    :raises ValueError: there is no such attribute, or it cannot be a key.
    """
    name, _, value = text.partition("=")
    path = tuple(_tag(part.strip()) for part in name.split("."))
    for tag in path[:-1]:
        if dictionary_VR(tag) != "SQ":
            raise ValueError(f"({_named(tag)}) is no sequence")
    if _vr(path[-1]) in _NO_KEYS:
        raise ValueError(f"({_named(path[-1])}) cannot be a key")
    key = QueryKey(path, value)
    key.put(Dataset())
    return key


def identifier_of(keys: Iterable[QueryKey], usual: Sequence[str] = ()) -> Dataset:
    """Make an identifier.

    :param keys: what was asked for; the last value of a key counts.
    :param usual: keywords of what is to be returned besides.
    """
    identifier = Dataset()
    for keyword in usual:
        parse_key(keyword).put(identifier)
    for key in keys:
        key.put(identifier)
    return identifier


def columns_of(keys: Iterable[QueryKey], usual: Sequence[str]) -> list[QueryKey]:
    """The columns of a table of matches: the usual ones, then what else was asked for."""
    columns = {key.path: key for key in map(parse_key, usual)}
    columns |= {key.path: key for key in keys if _vr(key.path[-1]) != "SQ"}
    return list(columns.values())


class KeyType(click.ParamType[QueryKey]):
    """KEY=VALUE, or KEY."""

    name = "KEY[=VALUE]"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> QueryKey:
        """Read it."""
        if isinstance(value, QueryKey):
            return value
        try:
            return parse_key(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def _tag(name: str) -> int:
    found = _TAG.fullmatch(name)
    if found is not None:
        tag = int(found[1] + found[2], 16)
        if not keyword_for_tag(tag):
            raise ValueError(f"({_named(tag)}) is no attribute of the standard")
        return tag
    known = tag_for_keyword(name) if name else None
    if known is None:
        raise ValueError(f"{name!r} is neither a keyword as PatientID nor a tag as (0010,0020)")
    return known


def _named(tag: int) -> str:
    return f"{tag >> 16:04X},{tag & 0xFFFF:04X}"


def _vr(tag: int) -> str:
    # Of several, as "US or SS", any will do for a key.
    return dictionary_VR(tag).split(" or ")[0]


def _element(tag: int, text: str) -> DataElement:
    vr = _vr(tag)
    value: Any
    if vr == "SQ":
        if text:
            raise ValueError(f"({_named(tag)}) is a sequence: give values to what is in it")
        value = [Dataset()]
    elif not text:
        value = empty_value_for_VR(vr)
    else:
        try:
            return DataElement(tag, vr, _value(vr, text), validation_mode=config.IGNORE)
        except (ValueError, TypeError, ArithmeticError):
            raise ValueError(f"{text!r} is no value of ({_named(tag)})") from None
    return DataElement(tag, vr, value, validation_mode=config.IGNORE)


def _value(vr: str, text: str) -> Any:  # noqa: ANN401  # as pydicom
    if vr in _INTEGERS:
        return [int(part) for part in text.split("\\")]
    if vr in _FLOATS:
        return [float(part) for part in text.split("\\")]
    return text


def _text(element: DataElement) -> str:
    """The values of an element for a person, with the backslash between them."""
    value = element.value
    if element.VR == "SQ":
        return f"{len(value)} items" if value else ""
    if value is None or isinstance(value, bytes):
        return ""
    # A name of a person can be iterated over too, and is one value.
    return "\\".join(map(str, value)) if isinstance(value, MultiValue | list) else str(value)
