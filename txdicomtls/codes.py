"""The numbers of PS3.8 that several rooms speak of: why an association was refused or aborted."""

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
