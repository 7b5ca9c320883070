"""Errors of the index: it cannot be used, a query took too long, or a query makes no sense."""

from __future__ import annotations

from txdicomtls.errors.root import DicomTLSError


class IndexUnavailable(DicomTLSError):
    """The database of the index cannot be used now; a later try may succeed.

    What was to be written has been written wholly or not at all, and which of the two is
    not known where the connection broke: doing it again is always right.

    :param where: the database, without its password.
    :param problem: what went wrong; never a value out of the database.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"the index {where} cannot be used: {problem}")
        self.where = where
        self.problem = problem


class IndexTooNew(IndexUnavailable):
    """A newer release of this program has changed the database: this one must not touch it.

    :param revision: the revision of the schema that was found.
    """

    def __init__(self, where: str, revision: str) -> None:
        super().__init__(
            where, f"its schema {revision!r} is newer than this program: install the newer release"
        )
        self.revision = revision


class QueryTimeout(DicomTLSError):
    """The database worked for longer than it may on one query.

    :param seconds: the limit.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the query took more than {seconds:g} s of the database's time")
        self.seconds = seconds


class InvalidQuery(DicomTLSError):
    """An identifier that cannot be answered (PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4).

    :param problem: what is wrong; no value of an element, only its tag.
    :param tag: the element, as 0x0020000D; None where it is not about one.
    :param status: what to answer: 0xA900 (the identifier does not match the SOP class) or
        0xC000 (unable to process).
    """

    def __init__(self, problem: str, *, tag: int | None = None, status: int = 0xA900) -> None:
        at = f" ({tag >> 16:04X},{tag & 0xFFFF:04X})" if tag is not None else ""
        super().__init__(f"{problem}{at}")
        self.problem = problem
        self.tag = tag
        self.status = status
