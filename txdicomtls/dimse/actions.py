"""The messages of N-ACTION and N-EVENT-REPORT (PS3.7 10.3.1, 10.3.4).

What is to be done, or has happened, is a number that the service class defines; the
data set, if any, holds the particulars.
"""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.dimse.messages import CommandField, register
from txdicomtls.dimse.normalized import NormalizedRQ, NormalizedRSP


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRSP(NormalizedRSP):
    """N-ACTION-RSP (PS3.7 10.3.4.2).

    :param has_data_set: it brings the action reply.
    :param action_type_id: that of the request; a response with a reply has to repeat it.
    """

    command_field = CommandField.N_ACTION_RSP

    has_data_set: bool = False
    action_type_id: int | None = None

    def contradiction(self) -> str:
        """A reply to an unnamed action (PS3.7 10.1.4.1)."""
        if self.has_data_set and self.action_type_id is None:
            return "with an action reply it has an action_type_id"
        return ""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRQ(NormalizedRQ):
    """N-ACTION-RQ (PS3.7 10.3.4.1).

    :param has_data_set: it brings the action information.
    :param requested_sop_class_uid: SOP Class of the instance.
    :param requested_sop_instance_uid: the instance that the action is for.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param action_type_id: what to do, as the service class numbers it.
    """

    command_field = CommandField.N_ACTION_RQ

    has_data_set: bool
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    message_id: int
    action_type_id: int

    def response(
        self,
        status: int,
        *,
        has_data_set: bool = False,
        error_comment: str = "",
        error_id: int | None = None,
    ) -> NActionRSP:
        """The N-ACTION-RSP to this request.

        :param status: Status (0000,0900).
        :param has_data_set: the action reply follows.
        :param error_comment: why it failed; cut to what fits.
        :param error_id: a code for the error.
        """
        return NActionRSP(
            **self.repeated(status, error_comment, error_id),
            has_data_set=has_data_set,
            action_type_id=self.action_type_id,
        )


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRSP(NormalizedRSP):
    """N-EVENT-REPORT-RSP (PS3.7 10.3.1.2).

    :param has_data_set: it brings the event reply.
    :param event_type_id: that of the request; a response with a reply has to repeat it.
    """

    command_field = CommandField.N_EVENT_REPORT_RSP

    has_data_set: bool = False
    event_type_id: int | None = None

    def contradiction(self) -> str:
        """A reply to an unnamed event (PS3.7 10.1.1.1)."""
        if self.has_data_set and self.event_type_id is None:
            return "with an event reply it has an event_type_id"
        return ""


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRQ(NormalizedRQ):
    """N-EVENT-REPORT-RQ (PS3.7 10.3.1.1), which the SCP of the service sends to the SCU.

    :param has_data_set: it brings the event information.
    :param affected_sop_class_uid: SOP Class of the instance.
    :param affected_sop_instance_uid: the instance to which it happened.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param event_type_id: what happened, as the service class numbers it.
    """

    command_field = CommandField.N_EVENT_REPORT_RQ

    has_data_set: bool
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    message_id: int
    event_type_id: int

    def response(
        self,
        status: int,
        *,
        has_data_set: bool = False,
        error_comment: str = "",
        error_id: int | None = None,
    ) -> NEventReportRSP:
        """The N-EVENT-REPORT-RSP to this request.

        :param status: Status (0000,0900).
        :param has_data_set: the event reply follows.
        :param error_comment: why it failed; cut to what fits.
        :param error_id: a code for the error.
        """
        return NEventReportRSP(
            **self.repeated(status, error_comment, error_id),
            has_data_set=has_data_set,
            event_type_id=self.event_type_id,
        )
