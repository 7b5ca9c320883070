"""The levels of the Query/Retrieve information models, and their unique keys (PS3.4 C.6)."""

from __future__ import annotations

from enum import Enum, IntEnum


class Level(IntEnum):
    """A Query/Retrieve Level (PS3.4 C.6.1.1); a higher number is further down.

    The names are the values of element (0008,0052).
    """

    PATIENT = 1
    STUDY = 2
    SERIES = 3
    IMAGE = 4

    @property
    def unique_key(self) -> int:
        """The tag of the unique key of this level."""
        return UNIQUE_KEYS[self]


UNIQUE_KEYS = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.IMAGE: 0x00080018,
}


class Root(Enum):
    """A Query/Retrieve information model: the levels that it has (PS3.4 C.6.1, C.6.2, C.6.3)."""

    PATIENT = (Level.PATIENT, Level.STUDY, Level.SERIES, Level.IMAGE)
    STUDY = (Level.STUDY, Level.SERIES, Level.IMAGE)
    PATIENT_STUDY_ONLY = (Level.PATIENT, Level.STUDY)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels, from the top down."""
        levels: tuple[Level, ...] = self.value
        return levels
