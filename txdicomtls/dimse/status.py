"""What the values of Status (0000,0900) mean, in general (PS3.7 Annex C) and for each service.

A status is a plain integer everywhere, because a peer may send any; :class:`Status` names
those that this node sends or acts upon.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


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


class StatusCategory(Enum):
    """The status classes of PS3.7 Annex C."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"
    PENDING = "pending"


_CATEGORIES = {
    0x0000: StatusCategory.SUCCESS,
    0x0001: StatusCategory.WARNING,
    0x0107: StatusCategory.WARNING,
    0x0116: StatusCategory.WARNING,
    0xFE00: StatusCategory.CANCEL,
    0xFF00: StatusCategory.PENDING,
    0xFF01: StatusCategory.PENDING,
}


def category(status: int) -> StatusCategory:
    """The class of a status (PS3.7 Annex C).

    No service changes what the standard says of a range, so none has to be named.

    :param status: any 16-bit value; one that the standard leaves undefined is a failure,
        because nothing is known to have been done.
    """
    if 0xB000 <= status <= 0xBFFF:
        return StatusCategory.WARNING
    return _CATEGORIES.get(status, StatusCategory.FAILURE)


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """What a range of statuses means.

    :param first: first status of the range.
    :param last: last status of the range.
    :param meaning: in the words of the standard.
    """

    first: int
    last: int
    meaning: str


#: PS3.7 Annex C; a service cannot change these.
GENERAL_STATUSES = {
    0x0000: "success",
    0x0001: "requested optional attributes are not supported",
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "attribute list error",
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0113: "no such event type",
    0x0114: "no such argument",
    0x0115: "invalid argument value",
    0x0116: "attribute value out of range",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "class-instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "refused: SOP class not supported",
    0x0123: "no such action type",
    0x0124: "refused: not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xFE00: "cancelled",
    0xFF00: "pending",
    0xFF01: "pending, with a warning",
}

#: What each service adds, by the short name of the service.
SERVICE_STATUSES: dict[str, tuple[StatusMeaning, ...]] = {
    "store": (  # PS3.4 B.2.3
        StatusMeaning(0xA700, 0xA7FF, "refused: out of resources"),
        StatusMeaning(0xA900, 0xA9FF, "error: data set does not match SOP class"),
        StatusMeaning(0xB000, 0xB000, "coercion of data elements"),
        StatusMeaning(0xB006, 0xB006, "elements discarded"),
        StatusMeaning(0xB007, 0xB007, "data set does not match SOP class"),
        StatusMeaning(0xC000, 0xCFFF, "error: cannot understand"),
    ),
}


def describe(status: int, service: str = "") -> str:
    """What a status means, for a person to read, as "refused: out of resources".

    :param status: any 16-bit value.
    :param service: short name of the service that it is of, as "store"; without it
        only the general codes are known.
    :return: the words of the standard, or the category where it has none.
    """
    for known in SERVICE_STATUSES.get(service, ()):
        if known.first <= status <= known.last:
            return known.meaning
    return GENERAL_STATUSES.get(status, category(status).value)
