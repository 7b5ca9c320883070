"""Keys of an identifier as conditions of SQL that let through all that match, and little else.

What matches is decided elsewhere, by :class:`txdicomtls.dataset.matching.Matcher`, row by
row.  Here rows are only kept from getting there: a condition may be true of a row that does not
match, never false of one that does.  So there is no condition at all for what SQL would compare
in another way: numbers as text, date-times with their offsets from UTC, names whose groups
have no columns.  And a value that may be several passes where it has a backslash, because
any of them may match.

Every value is bound, none is part of a statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_

from txdicomtls.dataset.keys import Key, Matching
from txdicomtls.dataset.text import UNSPLIT_VRS
from txdicomtls.dataset.wildcards import has_wildcards
from txdicomtls.errors import InvalidQuery
from txdicomtls.index.attributes import SEARCHED_NAMES, Attribute
from txdicomtls.index.rows import LONGEST_INDEXED, cleaned
from txdicomtls.index.schema import group_columns
from txdicomtls.index.sequences import written

Condition = ColumnElement[bool]

#: Sorts after all that begins with what stands before it.
_LAST = "\U0010ffff"

_ESCAPE = "/"

#: UIDs in one key: a database has a limit for what is bound to a statement.
MOST_UIDS = 10_000
_OUT_OF_RESOURCES = 0xA700


def condition(key: Key, attribute: Attribute, table: Table) -> Condition | None:
    """Give the condition for one key.

    :param key: is not universal.
    :param attribute: what it is about.
    :param table: the table of the attribute's level.
    :return: None where SQL cannot help.
    :raises InvalidQuery: a list of more UIDs than can be looked for at once.
    """
    if attribute.vr == "PN":
        if attribute not in SEARCHED_NAMES:
            return None
        return _any_alternative(key, [table.c[name] for name in group_columns(attribute)])
    column = table.c[attribute.column]
    if attribute.inner:
        return _in_items(key, column)
    found = _any_alternative(key, [column])
    if found is None or attribute.vr in UNSPLIT_VRS or (attribute.indexed and not attribute.many):
        return found
    return or_(found, several_values(column))


def _in_items(key: Key, column: ColumnElement[str]) -> Condition:
    """Give the condition for a sequence: whole values that are asked for stand in its text."""
    single = [
        cleaned(inner.text)
        for inner in key.item
        if inner.matching is Matching.SINGLE
        and inner.range is None
        and inner.number is None
        and not inner.name
    ]
    found = [
        column.like(_like(f"*{written(text)}*"), escape=_ESCAPE)
        for text in single
        if len(text) <= LONGEST_INDEXED  # else none is kept that is so long
    ]
    return and_(column != "", *found)


def days(low: str, high: str, column: ColumnElement[str]) -> Condition:
    """Give the condition for a range of dates.

    :param low: the first day, as 20261231; empty for a range that is open there.
    :param high: the last day, likewise.
    """
    return and_(*([column >= low] if low else []), *([column <= high] if high else []))


def several_values(column: ColumnElement[Any]) -> Condition:
    """Give the condition for rows that have several values, between backslashes."""
    return column.like("%\\%", escape=_ESCAPE)


def value_condition(key: Key, column: ColumnElement[Any]) -> Condition | None:
    """Give the condition for a column with one value that is no name."""
    return _any_alternative(key, [column])


def _any_alternative(key: Key, columns: Sequence[ColumnElement[Any]]) -> Condition | None:
    if key.matching is not Matching.MULTIPLE:
        return _one(key, columns)
    found = [_one(alternative, columns) for alternative in key.alternatives]
    conditions = [each for each in found if each is not None]
    return or_(*conditions) if len(conditions) == len(found) else None


def _one(key: Key, columns: Sequence[ColumnElement[Any]]) -> Condition | None:
    if key.name:
        return _name(key.name, columns)
    (column,) = columns[:1]
    if key.range is not None:
        return _moments(key, column)
    if key.number is not None or key.vr == "PN":
        return None
    if key.matching is Matching.UID_LIST:
        if len(key.uids) > MOST_UIDS:
            raise InvalidQuery("too many UIDs", tag=key.tag, status=_OUT_OF_RESOURCES)
        return column.in_(sorted(map(cleaned, key.uids)))
    if key.matching is Matching.WILDCARD:
        return _wildcards(cleaned(key.text), column)
    return column == cleaned(key.text) if key.matching is Matching.SINGLE else None


def _moments(key: Key, column: ColumnElement[Any]) -> Condition | None:
    asked = key.range
    assert asked is not None
    if key.vr == "DA":
        return days(asked.low, asked.high, column)
    if key.vr == "TM":  # times come in several forms, all of which begin with the hour
        high = asked.high[:2] + _LAST if asked.high else ""
        return days(asked.low[:2], high, column)
    return None


def _wildcards(pattern: str, column: ColumnElement[Any]) -> Condition:
    head = pattern.partition("*")[0].partition("?")[0]
    # In SQL a wild card for one character may stand for one byte or for what was composed.
    found = column.like(_like(pattern.replace("?", "*")), escape=_ESCAPE)
    return and_(_begins_with(head, column), found) if head else found


def _begins_with(head: str, column: ColumnElement[Any]) -> Condition:
    # LIKE alone would read a whole table: only this lets a database use an index everywhere.
    head = head[:LONGEST_INDEXED]
    return and_(column >= head, column <= head + _LAST)


def _like(pattern: str) -> str:
    """Give a pattern of LIKE for one in which a star is the only wild card."""
    parts = [part for part in pattern.split("*") if part]
    for special in (_ESCAPE, "%", "_"):
        parts = [part.replace(special, _ESCAPE + special) for part in parts]
    first = "%" if pattern.startswith("*") else ""
    last = "%" if pattern.endswith("*") else ""
    return first + "%".join(parts) + last if parts else "%"


def _name(groups: Sequence[str], columns: Sequence[ColumnElement[Any]]) -> Condition:
    """Give the condition for a name; the rules are those of ``dataset.names.name_matches``."""
    if len(groups) == 1:
        return or_(*(_group(groups[0], column) for column in columns))
    pairs = zip(groups, columns, strict=False)
    return and_(*(_group(group, column) for group, column in pairs if group))


def _group(group: str, column: ColumnElement[Any]) -> Condition:
    group = cleaned(group)
    if not has_wildcards(group):
        return column == group[:LONGEST_INDEXED]
    # A wild card may stand for delimiters that are left off at the end of a name, and so may
    # delimiters behind it; those before the first wild card may be left off only at its end.
    head = group.partition("*")[0].partition("?")[0].rstrip("^")
    return _wildcards(head + "*" + group[len(head) :].replace("^", "*") + "*", column)
