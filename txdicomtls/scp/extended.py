"""Extended negotiation of queries and retrievals (PS3.4 C.5.1.1, C.5.2.1, C.5.3.1, K.5.1).

Each byte of the Service-class-application-information is one thing that the requestor would like:
1 asks for it, and is answered with 1 where it is supported.  The answer has no more bytes than
the question; bytes that no edition of the standard defines are answered with 0.
"""

from __future__ import annotations

from txdicomtls.interfaces import QueryOptions

#: The bytes for C-FIND (PS3.4 Table C.5-1); None for conversion of enhanced images, which is
#: about a model of its own.
QUERY_BYTES = (
    "relational",
    "date_time",
    "fuzzy_names",
    "time_zone",
    None,
    "empty_values",
    "multiple_values",
)

#: Those of the Modality Worklist (PS3.4 K.5.1.1), whose first two say nothing and are always 1.
_WORKLIST_FIXED = 2

_WANTED = 1


def answer_query(information: bytes, supported: QueryOptions) -> bytes:
    """Answer what a requestor would like of C-FIND.

    :param information: the Service-class-application-information, as received.
    :param supported: what the provider can do.
    """
    return bytes(
        _WANTED if value == _WANTED and _supports(supported, index) else 0
        for index, value in enumerate(information)
    )


def answer_worklist(information: bytes, supported: QueryOptions) -> bytes:
    """Answer what a requestor would like of a worklist."""
    answered = answer_query(information, supported)
    fixed = bytes(_WANTED for _ in answered[:_WORKLIST_FIXED])
    return fixed + answered[_WORKLIST_FIXED:]


def answer_retrieval(information: bytes, *, relational: bool) -> bytes:
    """Answer what a requestor would like of C-GET or C-MOVE: relational retrieval, or nothing."""
    wanted = information[:1] == bytes((_WANTED,))
    return bytes((wanted and relational,)) + bytes(len(information) - 1) if information else b""


def agreed_options(answered: bytes | None) -> QueryOptions:
    """What was agreed on.

    :param answered: our answer; None where nothing was negotiated.
    """
    agreed = {
        name: value == _WANTED
        for name, value in zip(QUERY_BYTES, answered or b"", strict=False)
        if name is not None
    }
    return QueryOptions(**agreed)


def agreed_relational(answered: bytes | None) -> bool:
    """Whether relational retrieval was agreed on."""
    return (answered or b"")[:1] == bytes((_WANTED,))


def _supports(supported: QueryOptions, index: int) -> bool:
    name = QUERY_BYTES[index] if index < len(QUERY_BYTES) else None
    return name is not None and bool(getattr(supported, name))
