"""The statuses of each service, as the standard lists them.

A service has the general statuses that PS3.7 9.1 or 10.1 lists for it, and those
that PS3.4 gives it.  One number may mean different things in different services, never in
one: within a table no two lines overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class StatusCategory(Enum):
    """The status classes of PS3.7 Annex C."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """What a range of statuses means.

    :param first: first status of the range.
    :param last: last status of the range.
    :param category: its status class.
    :param meaning: in the words of the standard.
    """

    first: int
    last: int
    category: StatusCategory
    meaning: str


_SUCCESS = StatusCategory.SUCCESS
_WARNING = StatusCategory.WARNING
_FAILURE = StatusCategory.FAILURE
_CANCEL = StatusCategory.CANCEL
_PENDING = StatusCategory.PENDING

#: PS3.7 Annex C; a service cannot change these.
GENERAL_STATUSES = {
    known.first: known
    for known in (
        StatusMeaning(0x0000, 0x0000, _SUCCESS, "success"),
        StatusMeaning(0x0001, 0x0001, _WARNING, "requested optional attributes are not supported"),
        StatusMeaning(0x0105, 0x0105, _FAILURE, "no such attribute"),
        StatusMeaning(0x0106, 0x0106, _FAILURE, "invalid attribute value"),
        StatusMeaning(0x0107, 0x0107, _WARNING, "attribute list error"),
        StatusMeaning(0x0110, 0x0110, _FAILURE, "processing failure"),
        StatusMeaning(0x0111, 0x0111, _FAILURE, "duplicate SOP instance"),
        StatusMeaning(0x0112, 0x0112, _FAILURE, "no such SOP instance"),
        StatusMeaning(0x0113, 0x0113, _FAILURE, "no such event type"),
        StatusMeaning(0x0114, 0x0114, _FAILURE, "no such argument"),
        StatusMeaning(0x0115, 0x0115, _FAILURE, "invalid argument value"),
        StatusMeaning(0x0116, 0x0116, _WARNING, "attribute value out of range"),
        StatusMeaning(0x0117, 0x0117, _FAILURE, "invalid SOP instance"),
        StatusMeaning(0x0118, 0x0118, _FAILURE, "no such SOP class"),
        StatusMeaning(0x0119, 0x0119, _FAILURE, "class-instance conflict"),
        StatusMeaning(0x0120, 0x0120, _FAILURE, "missing attribute"),
        StatusMeaning(0x0121, 0x0121, _FAILURE, "missing attribute value"),
        StatusMeaning(0x0122, 0x0122, _FAILURE, "refused: SOP class not supported"),
        StatusMeaning(0x0123, 0x0123, _FAILURE, "no such action type"),
        StatusMeaning(0x0124, 0x0124, _FAILURE, "refused: not authorized"),
        StatusMeaning(0x0210, 0x0210, _FAILURE, "duplicate invocation"),
        StatusMeaning(0x0211, 0x0211, _FAILURE, "unrecognized operation"),
        StatusMeaning(0x0212, 0x0212, _FAILURE, "mistyped argument"),
        StatusMeaning(0x0213, 0x0213, _FAILURE, "resource limitation"),
        StatusMeaning(0xFE00, 0xFE00, _CANCEL, "cancelled"),
        StatusMeaning(0xFF00, 0xFF00, _PENDING, "pending"),
        StatusMeaning(0xFF01, 0xFF01, _PENDING, "pending, with a warning"),
    )
}


def _general(*statuses: int) -> tuple[StatusMeaning, ...]:
    return tuple(GENERAL_STATUSES[status] for status in statuses)


#: What a composite operation can always end with (PS3.7 9.1).
_COMPOSITE = _general(0x0000, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212)

#: What a normalized operation or notification can always end with (PS3.7 10.1).
_NORMALIZED = _general(
    0x0000, 0x0110, 0x0112, 0x0117, 0x0118, 0x0119, 0x0210, 0x0211, 0x0212, 0x0213
)

_N_ACTION = (*_NORMALIZED, *_general(0x0114, 0x0115, 0x0123, 0x0124))
_N_EVENT_REPORT = (*_NORMALIZED, *_general(0x0113, 0x0114, 0x0115))
_N_GET = (*_NORMALIZED, *_general(0x0107, 0x0122, 0x0124))
_N_SET = (*_NORMALIZED, *_general(0x0105, 0x0106, 0x0107, 0x0116, 0x0121, 0x0124))
_N_CREATE = _general(
    *(0x0000, 0x0105, 0x0106, 0x0107, 0x0110, 0x0111, 0x0116, 0x0117, 0x0118),
    *(0x0120, 0x0121, 0x0124, 0x0210, 0x0211, 0x0212, 0x0213),
)

_FIND = (  # PS3.4 C.4.1.1.4; the Modality Worklist has the same ones (PS3.4 K.4.1.1.4)
    *_COMPOSITE,
    *_general(0xFE00),
    StatusMeaning(0xA700, 0xA700, _FAILURE, "refused: out of resources"),
    StatusMeaning(0xA900, 0xA900, _FAILURE, "error: identifier does not match SOP class"),
    StatusMeaning(0xC000, 0xCFFF, _FAILURE, "failed: unable to process"),
    StatusMeaning(0xFF00, 0xFF00, _PENDING, "matches are continuing"),
    StatusMeaning(
        0xFF01, 0xFF01, _PENDING, "matches are continuing; optional keys are not supported"
    ),
)

_GET = (  # PS3.4 C.4.3.1.4, Y.4.2.1.4
    *_COMPOSITE,
    *_general(0xFE00),
    StatusMeaning(
        0xA701, 0xA701, _FAILURE, "refused: out of resources: unable to calculate matches"
    ),
    StatusMeaning(
        0xA702, 0xA702, _FAILURE, "refused: out of resources: unable to perform sub-operations"
    ),
    StatusMeaning(0xA900, 0xA900, _FAILURE, "error: identifier does not match SOP class"),
    StatusMeaning(0xAA00, 0xAA00, _FAILURE, "failed: none of the frames requested were found"),
    StatusMeaning(0xAA01, 0xAA01, _FAILURE, "failed: unable to create new object"),
    StatusMeaning(0xAA02, 0xAA02, _FAILURE, "failed: unable to extract frames"),
    StatusMeaning(
        0xAA03, 0xAA03, _FAILURE, "failed: time-based request for an instance without time base"
    ),
    StatusMeaning(0xAA04, 0xAA04, _FAILURE, "failed: invalid request"),
    StatusMeaning(0xB000, 0xB000, _WARNING, "sub-operations complete: some failed or had warnings"),
    StatusMeaning(0xC000, 0xCFFF, _FAILURE, "failed: unable to process"),
    StatusMeaning(0xFF00, 0xFF00, _PENDING, "sub-operations are continuing"),
)

#: All that each service may answer, by the short name of the service.
SERVICE_STATUSES: dict[str, tuple[StatusMeaning, ...]] = {
    "echo": _COMPOSITE,  # PS3.7 9.1.5.1.4
    "store": (  # PS3.4 B.2.3
        *_COMPOSITE,
        *_general(0x0117),
        StatusMeaning(0xA700, 0xA7FF, _FAILURE, "refused: out of resources"),
        StatusMeaning(0xA900, 0xA9FF, _FAILURE, "error: data set does not match SOP class"),
        StatusMeaning(0xB000, 0xB000, _WARNING, "coercion of data elements"),
        StatusMeaning(0xB006, 0xB006, _WARNING, "elements discarded"),
        StatusMeaning(0xB007, 0xB007, _WARNING, "data set does not match SOP class"),
        StatusMeaning(0xC000, 0xCFFF, _FAILURE, "error: cannot understand"),
    ),
    "find": (
        *_FIND,
        StatusMeaning(0xA710, 0xA710, _FAILURE, "refused: invalid prior record key"),
        StatusMeaning(0xB001, 0xB001, _WARNING, "matching reached the limit of responses"),
    ),
    "worklist": _FIND,
    "get": _GET,
    "move": (  # PS3.4 C.4.2.1.5, Y.4.1.1.4
        *_GET,
        StatusMeaning(0xA801, 0xA801, _FAILURE, "refused: move destination unknown"),
    ),
    "n-event-report": _N_EVENT_REPORT,  # PS3.7 10.1.1.1.8
    "n-get": _N_GET,  # PS3.7 10.1.2.1.9
    "n-set": _N_SET,  # PS3.7 10.1.3.1.9
    "n-action": _N_ACTION,  # PS3.7 10.1.4.1.10
    "n-create": _N_CREATE,  # PS3.7 10.1.5.1.6
    "n-delete": (*_NORMALIZED, *_general(0x0124)),  # PS3.7 10.1.6.1.7
    # PS3.4 J.3.2, J.3.3: N-ACTION, and N-EVENT-REPORT the other way.
    "commitment": tuple(dict.fromkeys((*_N_ACTION, *_N_EVENT_REPORT))),
    # PS3.4 F.7.2, F.8.2: N-CREATE and N-SET, and N-GET of what was performed.
    "mpps": tuple(dict.fromkeys((*_N_CREATE, *_N_SET, *_N_GET, *_general(0x0001)))),
}

#: What an Error ID (0000,0903) adds to a status, by service and status (PS3.4 Table F.7.2-2).
ERROR_IDS: dict[tuple[str, int, int], str] = {
    ("mpps", 0x0110, 0xA710): "performed procedure step object may no longer be updated",
}
