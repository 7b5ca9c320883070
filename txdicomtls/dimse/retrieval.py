"""The messages of C-GET and C-MOVE, and the counters of their sub-operations (PS3.7 9.3).

Both operations do their work in C-STORE sub-operations, and their responses count
these: each pending response has all four counters, a final one leaves out how many
remain, because none do (PS3.4 C.4.2.1.6 to C.4.2.1.9, C.4.3.1.5 to C.4.3.1.8).
"""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.dimse.composite import Priority
from txdicomtls.dimse.messages import (
    CommandField,
    Request,
    Response,
    fit_comment,
    register,
    repeatable_uid,
)
from txdicomtls.dimse.status import category
from txdicomtls.dimse.status_tables import StatusCategory

#: The most that a counter can say; there may well be more instances than that in a study.
MOST_SUBOPERATIONS = 0xFFFF

#: The categories of responses that say how many sub-operations remain (PS3.4 C.4.2.1.6).
_UNFINISHED = (StatusCategory.PENDING, StatusCategory.CANCEL)

#: The categories of responses that never have a data set (PS3.4 C.4.2.1.4.2, C.4.3.1.3.2).
_WITHOUT_FAILURES = (StatusCategory.PENDING, StatusCategory.SUCCESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suboperations:
    """How far a retrieval is: its C-STORE sub-operations, each counted once.

    In a response that was received, None is a counter that the peer left out.

    :param remaining: not begun yet.
    :param completed: ended with success.
    :param failed: ended with a failure, or could not be begun.
    :param warning: ended with a warning.
    """

    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None

    def clamped(self) -> Suboperations:
        """The counters as they fit in a response: at most :data:`MOST_SUBOPERATIONS` each."""
        return Suboperations(
            remaining=_clamped(self.remaining),
            completed=_clamped(self.completed),
            failed=_clamped(self.failed),
            warning=_clamped(self.warning),
        )


def _clamped(count: int | None) -> int | None:
    return None if count is None else min(count, MOST_SUBOPERATIONS)


_NOT_COUNTED = Suboperations()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveRSP(Response):
    """What C-GET-RSP and C-MOVE-RSP have in common, which is all but the Command Field.

    :param has_data_set: it brings the Failed SOP Instance UID List (0008,0058).
    :param number_of_remaining_suboperations: and the other counters: as in
        :class:`Suboperations`.
    :param offending_element: tags of the elements in which an error was found.
    """

    has_data_set: bool = False
    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None
    offending_element: tuple[int, ...] = ()
    error_comment: str = ""

    @property
    def suboperations(self) -> Suboperations:
        """The counters."""
        return Suboperations(
            remaining=self.number_of_remaining_suboperations,
            completed=self.number_of_completed_suboperations,
            failed=self.number_of_failed_suboperations,
            warning=self.number_of_warning_suboperations,
        )

    def contradiction(self) -> str:
        """Counters or a data set that do not go with the status (PS3.4 C.4.2.1, C.4.3.1)."""
        kind = category(self.status)
        counters = self.suboperations
        if self.has_data_set and kind in _WITHOUT_FAILURES:
            return f"with the status {kind.value} it has no data set"
        if kind not in _UNFINISHED and counters.remaining is not None:
            return f"with the status {kind.value} no sub-operations remain"
        if kind is StatusCategory.PENDING and None in (
            counters.remaining,
            counters.completed,
            counters.failed,
            counters.warning,
        ):
            return "a pending one has all four counters"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveRQ(Request):
    """What C-GET-RQ and C-MOVE-RQ have in common; the data set says what to retrieve.

    :param affected_sop_class_uid: the information model.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param priority: a :class:`~txdicomtls.dimse.Priority`, or what the peer sent instead.
    """

    has_data_set = True

    affected_sop_class_uid: str
    message_id: int
    priority: int = Priority.MEDIUM

    def response(
        self,
        status: int,
        *,
        suboperations: Suboperations = _NOT_COUNTED,
        has_data_set: bool = False,
        offending_element: tuple[int, ...] = (),
        error_comment: str = "",
    ) -> RetrieveRSP:
        """One of the responses to this request, pending ones and then the final one.

        :param status: Status (0000,0900).
        :param suboperations: the counters, of any size; how many remain is left out where the
            status does not allow it.
        :param has_data_set: the Failed SOP Instance UID List (0008,0058) follows; only with
            a warning, a failure, or after a C-CANCEL-RQ.
        :param offending_element: tags of the elements in which an error was found.
        :param error_comment: why it failed; cut to what fits.
        """
        counters = suboperations.clamped()
        return _RESPONSES[type(self)](
            has_data_set=has_data_set,
            message_id_being_responded_to=self.message_id,
            status=status,
            affected_sop_class_uid=repeatable_uid(self.affected_sop_class_uid),
            number_of_remaining_suboperations=(
                counters.remaining if category(status) in _UNFINISHED else None
            ),
            number_of_completed_suboperations=counters.completed,
            number_of_failed_suboperations=counters.failed,
            number_of_warning_suboperations=counters.warning,
            offending_element=offending_element,
            error_comment=fit_comment(error_comment),
        )


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRQ(RetrieveRQ):
    """C-GET-RQ (PS3.7 9.3.3.1)."""

    command_field = CommandField.C_GET_RQ


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRSP(RetrieveRSP):
    """C-GET-RSP (PS3.7 9.3.3.2)."""

    command_field = CommandField.C_GET_RSP


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRQ(RetrieveRQ):
    """C-MOVE-RQ (PS3.7 9.3.4.1).

    :param move_destination: AE title of the node that is to receive the instances.
    """

    command_field = CommandField.C_MOVE_RQ

    move_destination: str


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRSP(RetrieveRSP):
    """C-MOVE-RSP (PS3.7 9.3.4.2)."""

    command_field = CommandField.C_MOVE_RSP


_RESPONSES: dict[type[RetrieveRQ], type[RetrieveRSP]] = {CGetRQ: CGetRSP, CMoveRQ: CMoveRSP}
