"""What the peer is told of each error of a provider, as one table.

An error that is not in the table is one that nobody planned.  The peer gets the general status of
a failure and a number; the log gets the same number, the kind of error and where it was raised,
on one line.  The text of such an error is left out, because it may be about a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from traceback import extract_tb

from twisted.logger import Logger

from txdicomtls.dimse import QueryRetrieveStatus, Status
from txdicomtls.errors import (
    DicomTLSError,
    DuplicateInstance,
    IndexUnavailable,
    InvalidInstance,
    InvalidKey,
    InvalidQuery,
    LimitExceeded,
    MalformedDataSet,
    OutOfResources,
    ProviderError,
    QueryTimeout,
)
from txdicomtls.net import IncomingRequest


class Kind(IntEnum):
    """The kinds of operations: a column of the table each."""

    QUERY = 0
    RETRIEVAL = 1
    NORMALIZED = 2


_A700 = QueryRetrieveStatus.OUT_OF_RESOURCES
_A701 = QueryRetrieveStatus.UNABLE_TO_CALCULATE_MATCHES
_A900 = QueryRetrieveStatus.IDENTIFIER_DOES_NOT_MATCH_SOP_CLASS
_C000 = QueryRetrieveStatus.UNABLE_TO_PROCESS
_0110 = Status.PROCESSING_FAILURE
_0115 = Status.INVALID_ARGUMENT_VALUE
_0213 = Status.RESOURCE_LIMITATION

#: What each error is answered with: by a query, a retrieval, a normalized operation (PS3.4
#: C.4.1.1.4, C.4.2.1.5, C.4.3.1.4, PS3.7 10.1).  A ProviderError says its status itself, and
#: so does an InvalidQuery in the first two columns.
STATUS_OF: dict[type[Exception], tuple[int, int, int]] = {
    MalformedDataSet: (_C000, _C000, _0110),
    InvalidQuery: (_A900, _A900, _0115),
    InvalidKey: (_A900, _A900, _0115),
    LimitExceeded: (_A700, _A701, _0213),
    OutOfResources: (_A700, _A701, _0213),
    IndexUnavailable: (_A700, _A701, _0213),
    QueryTimeout: (_A700, _A701, _0213),
    DuplicateInstance: (_C000, _C000, Status.DUPLICATE_SOP_INSTANCE),
    InvalidInstance: (_C000, _C000, Status.INVALID_SOP_INSTANCE),
    DicomTLSError: (_C000, _C000, _0110),  # the first that fits counts, so this one is last
}

#: What an error is answered with that is not in the table.
UNPLANNED = (_C000, _C000, _0110)

#: Those whose text is about the request, and so is for the peer as well.
_FOR_THE_PEER = (MalformedDataSet, InvalidQuery, InvalidKey, LimitExceeded, ProviderError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a final response says of an error.

    :param status: Status (0000,0900).
    :param comment: Error Comment (0000,0902); cut to what fits when it is sent.
    :param tags: the elements that it is about.
    :param error_id: Error ID (0000,0903), where there is one.
    """

    status: int
    comment: str
    tags: tuple[int, ...] = ()
    error_id: int | None = None


def refusal(error: BaseException, kind: Kind) -> Refusal | None:
    """What the peer is told of an error; None where it is not in the table."""
    if isinstance(error, ProviderError):
        return Refusal(
            status=error.status, comment=error.problem, tags=error.tags, error_id=error.error_id
        )
    statuses = next((s for known, s in STATUS_OF.items() if isinstance(error, known)), None)
    if statuses is None:
        return None
    status = statuses[kind]
    if isinstance(error, InvalidQuery) and kind is not Kind.NORMALIZED:
        status = error.status
    tag = getattr(error, "tag", None)
    return Refusal(
        status=status,
        comment=str(error) if isinstance(error, _FOR_THE_PEER) else "",
        tags=() if tag is None else (tag,),
    )


def refuse(error: BaseException, kind: Kind, request: IncomingRequest, number: str) -> Refusal:
    """What the peer is told of an error, with its line in the log.

    :param request: whose operation it ended.
    :param number: tells the peer which line of the log is about it, where only the log explains.
    """
    operation, peer = type(request.message).__name__, request.association.peer
    known = refusal(error, kind)
    if known is not None:
        _log.warn(
            "{operation} of {peer} was refused, status {status:04X}H: {error}",
            operation=operation,
            peer=peer,
            status=known.status,
            error=error,
        )
        return known
    log_unplanned(error, f"{operation} of {peer}", number)
    return Refusal(status=UNPLANNED[kind], comment=f"failed, see the log at {number}")


def log_unplanned(error: BaseException, what: str, number: str) -> None:
    """One line about an error that nobody planned, without its text.

    :param what: what failed, and of whom.
    :param number: by which the line is found.
    """
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "no known place"
    _log.error(
        "{what} failed, number {number}: {kind} at {where}",
        what=what,
        number=number,
        kind=type(error).__name__,
        where=where,
    )


_log = Logger()
