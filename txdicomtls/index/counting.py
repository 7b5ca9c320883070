"""The numbers of related entities, and the end of what became empty (PS3.4 C.3.2 to C.3.4).

Numbers are changed by addition, and in one order of tables and keys: transactions that
change the same ones wait for each other, and each of them counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from txdicomtls.index.attributes import COUNTS
from txdicomtls.index.schema import TABLES, contents, patients, series, studies
from txdicomtls.index.statement import Statement

Insert = TypeVar("Insert", postgresql.Insert, sqlite.Insert)

#: The columns of each table that count, in the order in which the tables are changed.
_COLUMNS = {
    table: [count.column for count in COUNTS.values() if TABLES[count.level] is table]
    for table in (patients, studies, series)
}


def _addition(table: Table, columns: Sequence[str]) -> Statement[None]:
    statement = (
        update(table)
        .where(table.c.key == bindparam("at"))
        .values({name: table.c[name] + bindparam(f"more_{name}") for name in columns})
    )
    return Statement(statement, statement, row=_nothing)


def _contents_addition(insert: Insert) -> Insert:
    more = insert.excluded.number_of_instances
    return insert.on_conflict_do_update(
        index_elements=list(contents.primary_key.columns),
        set_={"number_of_instances": contents.c.number_of_instances + more},
    )


def _nothing(_row: Iterable[object]) -> None:
    """No row is returned by a statement that changes something."""


_ADDITIONS = {table: _addition(table, columns) for table, columns in _COLUMNS.items()}

_CONTENTS_ADDITION = Statement(
    _contents_addition(sqlite.insert(contents)),
    _contents_addition(postgresql.insert(contents)),
    row=_nothing,
    inserted=contents.c.keys(),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance belongs: the keys of the rows above it."""

    series: int
    study: int
    patient: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be added to which numbers, and so taken from them where it is negative."""

    numbers: defaultdict[Table, defaultdict[int, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    contents: Counter[tuple[int, str, str]] = field(default_factory=Counter)

    def instance(self, place: Place, sop_class_uid: str, transfer_syntax_uid: str, by: int) -> None:
        """Instances have come, or gone."""
        self.contents[place.series, sop_class_uid, transfer_syntax_uid] += by
        self.numbers[series][place.series]["number_of_instances"] += by
        self.numbers[studies][place.study]["number_of_instances"] += by
        self.numbers[patients][place.patient]["number_of_instances"] += by

    def series(self, study: int, patient: int, by: int) -> None:
        """Series have come to a study, or gone."""
        self.numbers[studies][study]["number_of_series"] += by
        self.numbers[patients][patient]["number_of_series"] += by

    def studies(self, patient: int, by: int) -> None:
        """Studies have come to a patient, or gone."""
        self.numbers[patients][patient]["number_of_studies"] += by

    def apply(self, connection: Connection) -> None:
        """Change the numbers in the database."""
        for table, columns in _COLUMNS.items():
            rows = [
                {"at": key} | {f"more_{name}": more[name] for name in columns}
                for key, more in sorted(self.numbers[table].items())
            ]
            if rows:
                _ADDITIONS[table].for_each(connection, rows)
        if self.contents:
            _CONTENTS_ADDITION.for_each(connection, _contents_rows(self.contents))


def prune(connection: Connection, series_keys: Collection[int]) -> None:
    """Remove those of these series that have no instances, and what becomes empty by that."""
    if not series_keys:
        return
    connection.execute(
        delete(contents).where(
            contents.c.series_key.in_(series_keys), contents.c.number_of_instances == 0
        )
    )
    gone = delete(series).where(series.c.key.in_(series_keys), series.c.number_of_instances == 0)
    emptier = Counter(connection.execute(gone.returning(series.c.studies_key)).scalars())
    if not emptier:
        return
    of_patient = dict(
        connection.execute(
            studies.select()
            .with_only_columns(studies.c.key, studies.c.patients_key)
            .where(studies.c.key.in_(emptier))
        )
        .tuples()
        .all()
    )
    changes = Changes()
    for study, number in emptier.items():
        changes.series(study, of_patient[study], -number)
    changes.apply(connection)
    _prune_studies(connection, of_patient)


def _prune_studies(connection: Connection, of_patient: dict[int, int]) -> None:
    gone = delete(studies).where(studies.c.key.in_(of_patient), studies.c.number_of_series == 0)
    removed = connection.execute(gone.returning(studies.c.key)).scalars().all()
    if not removed:
        return
    changes = Changes()
    for study in removed:
        changes.studies(of_patient[study], -1)
    changes.apply(connection)
    of_these = patients.c.key.in_(sorted({of_patient[study] for study in removed}))
    connection.execute(delete(patients).where(of_these, patients.c.number_of_studies == 0))


def _contents_rows(counted: Counter[tuple[int, str, str]]) -> list[dict[str, object]]:
    names = ("series_key", "sop_class_uid", "transfer_syntax_uid")
    return [
        {**dict(zip(names, key, strict=True)), "number_of_instances": more}
        for key, more in sorted(counted.items())
    ]
