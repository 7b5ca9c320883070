"""What the values of Status (0000,0900) mean, in general (PS3.7 Annex C) and for each service.

A status is a plain integer everywhere, because a peer may send any.  :class:`Status` names
the general ones and those of Storage, :class:`QueryRetrieveStatus` those of queries and
retrievals; the tables of :mod:`txdicomtls.dimse.status_tables` have all that the standard lists.
"""

from __future__ import annotations

from enum import IntEnum

from txdicomtls.dimse.status_tables import (
    ERROR_IDS,
    GENERAL_STATUSES,
    SERVICE_STATUSES,
    StatusCategory,
)


class Status(IntEnum):
    """The general status codes (PS3.7 Annex C), and those of the Storage service (PS3.4 B.2.3)."""

    SUCCESS = 0x0000
    OPTIONAL_ATTRIBUTES_NOT_SUPPORTED = 0x0001
    NO_SUCH_ATTRIBUTE = 0x0105
    INVALID_ATTRIBUTE_VALUE = 0x0106
    ATTRIBUTE_LIST_ERROR = 0x0107
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_EVENT_TYPE = 0x0113
    NO_SUCH_ARGUMENT = 0x0114
    INVALID_ARGUMENT_VALUE = 0x0115
    ATTRIBUTE_VALUE_OUT_OF_RANGE = 0x0116
    INVALID_SOP_INSTANCE = 0x0117
    NO_SUCH_SOP_CLASS = 0x0118
    CLASS_INSTANCE_CONFLICT = 0x0119
    MISSING_ATTRIBUTE = 0x0120
    MISSING_ATTRIBUTE_VALUE = 0x0121
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION_TYPE = 0x0123
    NOT_AUTHORIZED = 0x0124
    DUPLICATE_INVOCATION = 0x0210
    UNRECOGNIZED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    RESOURCE_LIMITATION = 0x0213
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_WITH_WARNING = 0xFF01

    OUT_OF_RESOURCES = 0xA700
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    COERCION_OF_DATA_ELEMENTS = 0xB000
    ELEMENTS_DISCARDED = 0xB006
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING = 0xB007
    CANNOT_UNDERSTAND = 0xC000


class QueryRetrieveStatus(IntEnum):
    """What the Query/Retrieve and worklist services add (PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4).

    An enum of its own, because 0xA900, 0xB000 and 0xC000 mean other things for Storage.
    """

    OUT_OF_RESOURCES = 0xA700
    UNABLE_TO_CALCULATE_MATCHES = 0xA701
    UNABLE_TO_PERFORM_SUBOPERATIONS = 0xA702
    INVALID_PRIOR_RECORD_KEY = 0xA710
    MOVE_DESTINATION_UNKNOWN = 0xA801
    IDENTIFIER_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    NO_FRAMES_FOUND = 0xAA00
    UNABLE_TO_CREATE_NEW_OBJECT = 0xAA01
    UNABLE_TO_EXTRACT_FRAMES = 0xAA02
    NOT_TIME_BASED = 0xAA03
    INVALID_REQUEST = 0xAA04
    SUBOPERATIONS_COMPLETE_WITH_FAILURES = 0xB000
    RESPONSE_LIMIT_REACHED = 0xB001
    UNABLE_TO_PROCESS = 0xC000


#: Error ID (0000,0903) of the 0x0110 that answers an N-SET of a performed procedure step which
#: is completed or discontinued (PS3.4 Table F.7.2-2).
MAY_NO_LONGER_BE_UPDATED = 0xA710


def category(status: int) -> StatusCategory:
    """The class of a status (PS3.7 Annex C).

    No service changes what the standard says of a range, so none has to be named.

    :param status: any 16-bit value; one that the standard leaves undefined is a failure,
        because nothing is known to have been done.
    """
    if 0xB000 <= status <= 0xBFFF:
        return StatusCategory.WARNING
    known = GENERAL_STATUSES.get(status)
    return known.category if known else StatusCategory.FAILURE


class FailureReason(IntEnum):
    """Failure Reason (0008,1197) of an instance that is not committed (PS3.3 C.14.1.1)."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119
    REFERENCED_SOP_CLASS_NOT_SUPPORTED = 0x0122
    DUPLICATE_TRANSACTION_UID = 0x0131
    RESOURCE_LIMITATION = 0x0213


def describe(status: int, service: str = "", *, error_id: int | None = None) -> str:
    """What a status means, for a person to read, as "refused: out of resources".

    :param status: any 16-bit value.
    :param service: short name of the service that it is of: "echo", "store", "find",
        "worklist", "get", "move", "commitment", "mpps", or one of PS3.7 10.1 as "n-get";
        without it only the general codes are known.
    :param error_id: Error ID (0000,0903) that came with it, which some services define.
    :return: the words of the standard, or the category where it has none.
    """
    meaning = _meaning(status, service)
    detail = ERROR_IDS.get((service, status, -1 if error_id is None else error_id))
    return f"{meaning}: {detail}" if detail else meaning


def _meaning(status: int, service: str) -> str:
    for known in SERVICE_STATUSES.get(service, ()):
        if known.first <= status <= known.last:
            return known.meaning
    general = GENERAL_STATUSES.get(status)
    return general.meaning if general else category(status).value


def describe_failure_reason(reason: int) -> str:
    """What a Failure Reason (0008,1197) means, for a person to read.

    :param reason: any 16-bit value; peers also put a status here, as C-MOVE does.
    :return: the words of PS3.3 C.14.1.1, or those of the status.
    """
    try:
        words = FailureReason(reason).name.lower().replace("_", " ")
    except ValueError:
        return describe(reason)
    return words.replace("sop", "SOP").replace("uid", "UID")
