"""Errors of the operations that a requestor invokes: what the peer answered, or left out."""

from __future__ import annotations

from collections.abc import Sequence

from txdicomtls.errors.instances import StorageError
from txdicomtls.errors.root import DicomTLSError
from txdicomtls.errors.upper_layer import AssociationError


class OperationFailed(DicomTLSError):
    """The peer answered with a status that is a failure (PS3.7 C).

    The association goes on: it is this operation alone that came to nothing.

    :param service: short name of the service, as "find".
    :param status: Status (0000,0900).
    :param meaning: what that status means there.
    :param comment: Error Comment (0000,0902), as received.
    :param elements: Offending Element (0000,0901) or Attribute Identifier List (0000,1005).
    :param error_id: Error ID (0000,0903); None where there was none.
    """

    def __init__(
        self,
        service: str,
        status: int,
        meaning: str,
        *,
        comment: str = "",
        elements: Sequence[int] = (),
        error_id: int | None = None,
    ) -> None:
        said = f" ({comment!r})" if comment else ""
        super().__init__(f"{service} failed with status {status:04X}H: {meaning}{said}")
        self.service = service
        self.status = status
        self.meaning = meaning
        self.comment = comment
        self.elements = tuple(elements)
        self.error_id = error_id


class QueryFailed(OperationFailed):
    """A C-FIND ended with a failure; the matches that came before it are good (PS3.4 C.4.1)."""


class RetrievalFailed(OperationFailed):
    """A C-GET or C-MOVE ended with a failure (PS3.4 C.4.2, C.4.3).

    :ivar completed: sub-operations that succeeded before, as the peer counted them.
    :ivar failed: likewise, those that failed.
    :ivar failed_instances: Failed SOP Instance UID List (0008,0058).
    """

    completed: int | None = None
    failed: int | None = None
    failed_instances: tuple[str, ...] = ()


class IdentityNotAcknowledged(AssociationError):
    """The peer gave no positive response to the user identity, and one was required.

    An acceptor that knows nothing of user identities accepts the association all the same
    (PS3.7 D.3.3.7), so a silent one may not have looked at who the user is.
    """


class NotAskedFor(StorageError):
    """A peer sends an instance within a C-GET that did not ask for it (status 0x0124)."""


class CannotBeSent(DicomTLSError):
    """A data set in memory cannot be sent as an instance.

    :param problem: why, without any value of the data set.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"the data set cannot be sent: {problem}")
        self.problem = problem
