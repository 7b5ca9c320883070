"""The codes of the standard that several rooms speak of.

Why an association was refused or aborted (PS3.8), and the levels of a query (PS3.4 C.6).
"""

from __future__ import annotations

from enum import Enum, IntEnum


class RejectResult(IntEnum):
    """Result field of an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""

    PERMANENT = 1
    TRANSIENT = 2


class RejectSource(IntEnum):
    """Source field of an A-ASSOCIATE-RJ PDU (PS3.8 9.3.4)."""

    SERVICE_USER = 1
    SERVICE_PROVIDER_ACSE = 2
    SERVICE_PROVIDER_PRESENTATION = 3


class RejectReason(Enum):
    """Source and reason of an A-ASSOCIATE-RJ as one value: no illegal pair exists (PS3.8 9.3.4)."""

    NO_REASON_GIVEN = (RejectSource.SERVICE_USER, 1)
    APPLICATION_CONTEXT_NOT_SUPPORTED = (RejectSource.SERVICE_USER, 2)
    CALLING_AE_TITLE_NOT_RECOGNIZED = (RejectSource.SERVICE_USER, 3)
    CALLED_AE_TITLE_NOT_RECOGNIZED = (RejectSource.SERVICE_USER, 7)
    ACSE_NO_REASON_GIVEN = (RejectSource.SERVICE_PROVIDER_ACSE, 1)
    PROTOCOL_VERSION_NOT_SUPPORTED = (RejectSource.SERVICE_PROVIDER_ACSE, 2)
    TEMPORARY_CONGESTION = (RejectSource.SERVICE_PROVIDER_PRESENTATION, 1)
    LOCAL_LIMIT_EXCEEDED = (RejectSource.SERVICE_PROVIDER_PRESENTATION, 2)

    @property
    def source(self) -> RejectSource:
        """The Source field that goes with this reason."""
        return self.value[0]

    @property
    def code(self) -> int:
        """The Reason/Diag. field."""
        return self.value[1]


class AbortSource(IntEnum):
    """Source field of an A-ABORT PDU (PS3.8 9.3.8)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Reason field of an A-ABORT PDU whose source is the service provider (PS3.8 9.3.8)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PDU_PARAMETER = 4
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER_VALUE = 6


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
