"""Queries: the answer to an identifier, a page at a time (PS3.4 C.2.2.2, C.4.1).

SQL narrows the rows down by what it can compare in the same way, see
:mod:`txdicomtls.index.predicates`; then the rules of the standard decide about each row.

A page is a short transaction of its own, which is over when the page is given out.  So a peer
that takes its time holds nothing in the database, and memory holds one page, however many
results there are.  The next page goes on behind the key of the last row: what was there
when the query began and is still there comes exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, select

from txdicomtls.dataset.hierarchy import QUERY_RETRIEVE_LEVEL
from txdicomtls.dataset.matching import Matcher, MatchOptions
from txdicomtls.errors import InvalidKey, InvalidQuery, QueryTimeout
from txdicomtls.index.attributes import BY_TAG, COUNTS, Attribute, Count
from txdicomtls.index.candidates import Field, candidate
from txdicomtls.index.database import Database
from txdicomtls.index.derived import (
    DERIVED,
    INSTANCE_AVAILABILITY,
    ONLINE,
    UNAVAILABLE,
    Derived,
    unavailable,
)
from txdicomtls.index.identifier import Identifier, read_identifier
from txdicomtls.index.levels import Level, Root
from txdicomtls.index.predicates import condition, days
from txdicomtls.index.schema import TABLES, instances, patients, series, studies

_RETRIEVE_AE_TITLE = 0x00080054
_DAY = 8  # characters of a date


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """How a query is to be answered.

    :param relational: relational queries were agreed on (PS3.4 C.5.1.1).
    :param match: what was agreed about matching.
    :param retrieve_ae_title: AE title from which the results can be retrieved.
    :param page: rows that are read at once.
    :param seconds: how long the database may work on the whole query; the time that a
        peer takes for the results does not count.
    """

    relational: bool = False
    match: MatchOptions = field(default_factory=MatchOptions)
    retrieve_ae_title: str = ""
    page: int = 500
    seconds: float = 30.0


class Search(Iterator[list[Dataset]]):
    """An answer: an iterator over pages of responses, whose every step blocks.

    A page may be empty though others follow, so that whoever asks can stop in between.  The
    responses are in Unicode and do not say so: Specific Character Set is up to the service.

    :param database: where the rows are.
    :param identifier: of the request.
    :param root: the information model that it is asked in.
    :param options: how it is to be answered.
    :param monotonic: a clock, in seconds.
    :raises InvalidQuery: it cannot be answered.
    """

    def __init__(
        self,
        database: Database,
        identifier: Dataset,
        *,
        root: Root,
        options: FindOptions,
        monotonic: Callable[[], float],
    ) -> None:
        asked = read_identifier(identifier, root, relational=options.relational)
        self.level = asked.level
        #: Tags of the keys that were neither matched nor returned (status 0xFF01).
        self.unsupported = asked.unsupported
        self._database = database
        self._options = options
        self._monotonic = monotonic
        self._left = options.seconds
        self._after: int | None = 0
        self._with_availability = INSTANCE_AVAILABILITY in identifier
        self._matcher = _matcher(asked, options.match)
        self._plan(asked)

    def __next__(self) -> list[Dataset]:
        """Read the next page.

        :raises QueryTimeout: the database has worked on this query for too long.
        :raises IndexUnavailable: it cannot be read.
        """
        if self._after is None:
            raise StopIteration
        began = self._monotonic()
        try:
            page = self._read(self._after)
        except QueryTimeout:
            raise QueryTimeout(self._options.seconds) from None
        self._left -= self._monotonic() - began
        return page

    def _plan(self, asked: Identifier) -> None:
        """Work out what is read of each row, and in which field of a response it belongs."""
        columns: list[ColumnElement[Any]] = [_KEY[level] for level in Level if level <= asked.level]
        fields: list[Field] = []
        derived: list[Derived] = []
        for element in asked.keys:
            tag = int(element.tag)
            if tag in DERIVED:
                derived.append(DERIVED[tag])
                continue
            known: Attribute | Count = BY_TAG.get(tag) or COUNTS[tag]
            vr, inner = (known.vr, known.inner) if isinstance(known, Attribute) else ("IS", {})
            asked_of_items = _asked(element) if inner else frozenset()
            fields.append(
                Field(tag=tag, vr=vr, position=len(columns), inner=inner, asked=asked_of_items)
            )
            columns.append(TABLES[known.level].c[known.column])
        for position, each in enumerate(derived, start=len(columns)):
            fields.append(Field(tag=each.tag, vr=each.vr, position=position))
        self._derived = derived
        self._fields = sorted(fields, key=lambda each: each.tag)
        self._sequences = [each.tag for each in fields if each.vr == "SQ"]
        self._statement = (
            select(*columns)
            .select_from(_JOINED[asked.level])
            .where(*_conditions(self._matcher))
            .order_by(_KEY[asked.level])
            .limit(self._options.page)
        )

    def _read(self, after: int) -> list[Dataset]:
        key = self.level - 1  # the keys of the rows come first, from the top down
        if self._left <= 0:
            raise QueryTimeout(self._options.seconds)
        statement: Select[Any] = self._statement.where(_KEY[self.level] > after)
        with self._database.reading(self._left) as connection:
            rows = connection.execute(statement).all()
            texts = self._with_derived(connection, rows)
            missing = self._unavailable(connection, [row[key] for row in rows])
        self._after = rows[-1][key] if len(rows) == self._options.page else None
        found = []
        for row in texts:
            response = candidate(self._fields, row)
            if self._matcher.matches(response):
                for sequence in self._sequences:
                    response[sequence].value = self._matcher.matching_items(sequence, response)
                self._complete(response, available=row[key] not in missing)
                found.append(response)
        return found

    def _with_derived(
        self, connection: Connection, rows: Sequence[Row[Any]]
    ) -> Sequence[Sequence[Any]]:
        if not self._derived or not rows:
            return rows
        study = Level.STUDY - 1
        keys = {row[study] for row in rows}
        values = [each.of(connection, keys) for each in self._derived]
        return [(*row, *(value.get(row[study], "") for value in values)) for row in rows]

    def _unavailable(self, connection: Connection, keys: list[int]) -> set[int]:
        if not self._with_availability or not keys:
            return set()
        return unavailable(connection, self.level, keys)

    def _complete(self, response: Dataset, *, available: bool) -> None:
        """Add what a response has besides its keys (PS3.4 C.4.1.1.3)."""
        response.add_new(QUERY_RETRIEVE_LEVEL, "CS", self.level.name)
        if self._options.retrieve_ae_title:
            response.add_new(_RETRIEVE_AE_TITLE, "AE", self._options.retrieve_ae_title)
        if self._with_availability:
            response.add_new(INSTANCE_AVAILABILITY, "CS", ONLINE if available else UNAVAILABLE)


def _asked(element: DataElement) -> frozenset[int]:
    """What a key asks for of each item of a sequence; nothing where it asks for all."""
    return frozenset(int(inner.tag) for inner in (element.value[0] if element.value else ()))


def _matcher(asked: Identifier, options: MatchOptions) -> Matcher:
    keys = Dataset({element.tag: element for element in asked.keys if element.tag not in COUNTS})
    try:
        return Matcher.of(keys, options)
    except InvalidKey as error:
        raise InvalidQuery(error.problem, tag=error.tag) from None


def _conditions(matcher: Matcher) -> list[ColumnElement[bool]]:
    found = []
    for key in matcher.keys:
        if key.tag in DERIVED:
            found.append(DERIVED[key.tag].condition(key))
        else:
            attribute = BY_TAG[key.tag]
            found.append(condition(key, attribute, TABLES[attribute.level]))
    for both in matcher.combined:
        attribute = BY_TAG[both.date]
        column = TABLES[attribute.level].c[attribute.column]
        found.append(days(both.range.low[:_DAY], both.range.high[:_DAY], column))
    return [each for each in found if each is not None]


_KEY: dict[Level, ColumnElement[int]] = {level: table.c.key for level, table in TABLES.items()}

_STUDIES = patients.join(studies, studies.c.patients_key == patients.c.key)
_SERIES = _STUDIES.join(series, series.c.studies_key == studies.c.key)

#: The rows of each level, with those above.
_JOINED: dict[Level, FromClause] = {
    Level.PATIENT: patients,
    Level.STUDY: _STUDIES,
    Level.SERIES: _SERIES,
    Level.IMAGE: _SERIES.join(instances, instances.c.series_key == series.c.key),
}
