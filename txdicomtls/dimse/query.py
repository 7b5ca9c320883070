"""The messages of C-FIND, and C-CANCEL-RQ, which ends C-FIND, C-GET and C-MOVE (PS3.7 9.3)."""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.dimse.composite import Priority
from txdicomtls.dimse.messages import (
    CommandField,
    Message,
    Request,
    Response,
    fit_comment,
    register,
    repeatable_uid,
)
from txdicomtls.dimse.status import category
from txdicomtls.dimse.status_tables import StatusCategory


def _is_pending(status: int) -> bool:
    return category(status) is StatusCategory.PENDING


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CCancelRQ(Message):
    """C-CANCEL-RQ (PS3.7 9.3.2.3, 9.3.3.3, 9.3.4.3).

    It is not answered itself: the operation that it cancels is, with what that came to.

    :param message_id_being_responded_to: Message ID of the request that is to be cancelled.
    """

    command_field = CommandField.C_CANCEL_RQ
    has_data_set = False

    message_id_being_responded_to: int


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRSP(Response):
    """C-FIND-RSP (PS3.7 9.3.2.2).

    :param has_data_set: it brings the identifier of one match; each pending response does,
        and no other.
    :param offending_element: tags of the elements in which an error was found.
    """

    command_field = CommandField.C_FIND_RSP

    has_data_set: bool
    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    offending_element: tuple[int, ...] = ()
    error_comment: str = ""

    def contradiction(self) -> str:
        """A match without its identifier, or an identifier that is no match (PS3.7 9.1.2.1.5)."""
        if self.has_data_set == _is_pending(self.status):
            return ""
        return "it has a data set where its status is pending, and only there"


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRQ(Request):
    """C-FIND-RQ (PS3.7 9.3.2.1); its data set is the identifier to be matched.

    :param affected_sop_class_uid: the information model.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param priority: a :class:`~txdicomtls.dimse.Priority`, or what the peer sent instead.
    """

    command_field = CommandField.C_FIND_RQ
    has_data_set = True

    affected_sop_class_uid: str
    message_id: int
    priority: int = Priority.MEDIUM

    def response(
        self,
        status: int,
        *,
        offending_element: tuple[int, ...] = (),
        error_comment: str = "",
    ) -> CFindRSP:
        """One of the C-FIND-RSPs to this request: pending for each match, then the final one.

        :param status: Status (0000,0900); a pending one announces the data set of a match.
        :param offending_element: tags of the elements in which an error was found.
        :param error_comment: why it failed; cut to what fits.
        """
        return CFindRSP(
            has_data_set=_is_pending(status),
            message_id_being_responded_to=self.message_id,
            status=status,
            affected_sop_class_uid=repeatable_uid(self.affected_sop_class_uid),
            offending_element=offending_element,
            error_comment=fit_comment(error_comment),
        )
