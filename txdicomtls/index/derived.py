"""Attributes that no row has: they follow from rows further down (PS3.4 C.3.3, C.3.4).

They are worked out for a page of results at a time, and only if someone asks for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from txdicomtls.dataset.keys import Key
from txdicomtls.index.levels import Level
from txdicomtls.index.predicates import several_values, value_condition
from txdicomtls.index.schema import contents, instances, series, studies

INSTANCE_AVAILABILITY = 0x00080056

ONLINE = "ONLINE"
UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """An attribute of a study that its series tell.

    :param tag: as 0x00080061.
    :param vr: value representation.
    :param level: the level that it belongs to.
    :param values: gives the key of a study and a value, as often as there are some.
    :param column: the column of the values.
    """

    tag: int
    vr: str
    level: Level
    values: Select[Any]
    column: ColumnElement[str]

    def of(self, connection: Connection, study_keys: Collection[int]) -> dict[int, str]:
        """Give the values of some studies, with backslashes between them."""
        found: defaultdict[int, set[str]] = defaultdict(set)
        of_these = self.values.where(series.c.studies_key.in_(study_keys))
        for key, value in connection.execute(of_these):
            found[key].update(one for one in value.split("\\") if one)
        return {key: "\\".join(sorted(values)) for key, values in found.items()}

    def condition(self, key: Key) -> ColumnElement[bool] | None:
        """Give the condition for studies that a key may match; None where SQL cannot help."""
        fits = value_condition(key, self.column)
        if fits is None:
            return None
        of_study = self.values.where(series.c.studies_key == studies.c.key)
        # What is empty matches some patterns, and a study may have no value at all.
        return or_(
            of_study.where(or_(fits, several_values(self.column))).correlate(studies).exists(),
            ~of_study.where(self.column != "").correlate(studies).exists(),
        )


DERIVED = {
    derived.tag: derived
    for derived in (
        Derived(  # Modalities in Study
            tag=0x00080061,
            vr="CS",
            level=Level.STUDY,
            values=select(series.c.studies_key, series.c.modality).distinct(),
            column=series.c.modality,
        ),
        Derived(  # SOP Classes in Study
            tag=0x00080062,
            vr="UI",
            level=Level.STUDY,
            values=select(series.c.studies_key, contents.c.sop_class_uid)
            .join(contents, contents.c.series_key == series.c.key)
            .where(contents.c.number_of_instances > 0)
            .distinct(),
            column=contents.c.sop_class_uid,
        ),
    )
}


def unavailable(connection: Connection, level: Level, keys: Collection[int]) -> set[int]:
    """Give those entities of which some instance cannot be retrieved now.

    What takes longest to be available speaks for the whole (PS3.4 C.4.1.1.3).

    :param level: of the entities.
    :param keys: of their rows.
    """
    key = _KEYS[level]
    statement = (
        select(key)
        .select_from(instances)
        .join(series, instances.c.series_key == series.c.key)
        .join(studies, series.c.studies_key == studies.c.key)
        .where(instances.c.flaw != "", key.in_(keys))
        .distinct()
    )
    return set(connection.execute(statement).scalars())


#: The key of the row of each level, as the rows below it have it.
_KEYS = {
    Level.PATIENT: studies.c.patients_key,
    Level.STUDY: studies.c.key,
    Level.SERIES: series.c.key,
    Level.IMAGE: instances.c.key,
}
