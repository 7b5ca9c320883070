"""The messages of the composite services: C-ECHO and C-STORE (PS3.7 9.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from txdicomtls.dimse.messages import (
    CommandField,
    Request,
    Response,
    fit_comment,
    register,
    repeatable_uid,
)


class Priority(IntEnum):
    """Priority (0000,0700) of a composite operation (PS3.7 9.3.1.1)."""

    MEDIUM = 0x0000
    HIGH = 0x0001
    LOW = 0x0002


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRSP(Response):
    """C-ECHO-RSP (PS3.7 9.3.5.2)."""

    command_field = CommandField.C_ECHO_RSP
    has_data_set = False

    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    error_comment: str = ""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRQ(Request):
    """C-ECHO-RQ (PS3.7 9.3.5.1).

    :param affected_sop_class_uid: the Verification SOP Class.
    :param message_id: 0 to 65535, of no other outstanding operation.
    """

    command_field = CommandField.C_ECHO_RQ
    has_data_set = False

    affected_sop_class_uid: str
    message_id: int

    def response(self, status: int, *, error_comment: str = "") -> CEchoRSP:
        """The C-ECHO-RSP to this request.

        :param status: Status (0000,0900).
        :param error_comment: why it failed; cut to what fits.
        """
        return CEchoRSP(
            message_id_being_responded_to=self.message_id,
            status=status,
            affected_sop_class_uid=repeatable_uid(self.affected_sop_class_uid),
            error_comment=fit_comment(error_comment),
        )


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRSP(Response):
    """C-STORE-RSP (PS3.7 9.3.1.2).

    :param offending_element: tags of the elements in which an error was found.
    """

    command_field = CommandField.C_STORE_RSP
    has_data_set = False

    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""
    offending_element: tuple[int, ...] = ()
    error_comment: str = ""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRQ(Request):
    """C-STORE-RQ (PS3.7 9.3.1.1).

    :param affected_sop_class_uid: SOP Class of the instance.
    :param affected_sop_instance_uid: the instance.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param priority: a :class:`Priority`, or what the peer sent instead.
    :param move_originator_ae_title: who asked for the C-MOVE that this is part of; empty if none.
    :param move_originator_message_id: Message ID of that C-MOVE-RQ.
    """

    command_field = CommandField.C_STORE_RQ
    has_data_set = True

    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    message_id: int
    priority: int = Priority.MEDIUM
    move_originator_ae_title: str = ""
    move_originator_message_id: int | None = None

    def response(
        self,
        status: int,
        *,
        offending_element: tuple[int, ...] = (),
        error_comment: str = "",
    ) -> CStoreRSP:
        """The C-STORE-RSP to this request.

        :param status: Status (0000,0900).
        :param offending_element: tags of the elements in which an error was found.
        :param error_comment: why it failed; cut to what fits.
        """
        return CStoreRSP(
            message_id_being_responded_to=self.message_id,
            status=status,
            affected_sop_class_uid=repeatable_uid(self.affected_sop_class_uid),
            affected_sop_instance_uid=repeatable_uid(self.affected_sop_instance_uid),
            offending_element=offending_element,
            error_comment=fit_comment(error_comment),
        )
