"""The messages of N-GET, N-SET, N-CREATE and N-DELETE, which work on attributes (PS3.7 10.3).

A normalized request names its SOP class and instance as *Requested* where the instance is
there already, and as *Affected* where the request itself brings it about; every response
names them as *Affected*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from txdicomtls.dimse.messages import (
    CommandField,
    Request,
    Response,
    fit_comment,
    register,
    repeatable_uid,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizedRSP(Response):
    """What all responses of the normalized services have in common.

    :param error_comment: why it failed.
    :param error_id: a code of the service class, or of the implementation, for the error.
    """

    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""
    error_comment: str = ""
    error_id: int | None = None


class Repeated(TypedDict):
    """The fields of :class:`NormalizedRSP`, as a request fills them in."""

    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    error_comment: str
    error_id: int | None


class NormalizedRQ(Request):
    """A request of a normalized service."""

    __slots__ = ()

    def repeated(self, status: int, error_comment: str, error_id: int | None) -> Repeated:
        """What each response to this request has, with what it repeats of the request."""
        return {
            "message_id_being_responded_to": self.message_id,
            "status": status,
            "affected_sop_class_uid": repeatable_uid(self.sop_class_uid),
            "affected_sop_instance_uid": repeatable_uid(self.sop_instance_uid),
            "error_comment": fit_comment(error_comment),
            "error_id": error_id,
        }


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRSP(NormalizedRSP):
    """N-GET-RSP (PS3.7 10.3.2.2).

    :param has_data_set: it brings the attributes that could be read.
    :param attribute_identifier_list: tags of the attributes that were not recognized.
    """

    command_field = CommandField.N_GET_RSP

    has_data_set: bool = False
    attribute_identifier_list: tuple[int, ...] = ()


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRQ(NormalizedRQ):
    """N-GET-RQ (PS3.7 10.3.2.1).

    :param requested_sop_class_uid: SOP Class of the instance.
    :param requested_sop_instance_uid: the instance to read.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param attribute_identifier_list: tags of the attributes to read; empty for all.
    """

    command_field = CommandField.N_GET_RQ
    has_data_set = False

    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    message_id: int
    attribute_identifier_list: tuple[int, ...] = ()

    def response(
        self,
        status: int,
        *,
        has_data_set: bool = False,
        attribute_identifier_list: tuple[int, ...] = (),
        error_comment: str = "",
        error_id: int | None = None,
    ) -> NGetRSP:
        """The N-GET-RSP to this request.

        :param status: Status (0000,0900).
        :param has_data_set: the attributes follow.
        :param attribute_identifier_list: tags of the attributes that were not recognized.
        :param error_comment: why it failed; cut to what fits.
        :param error_id: a code for the error.
        """
        return NGetRSP(
            **self.repeated(status, error_comment, error_id),
            has_data_set=has_data_set,
            attribute_identifier_list=attribute_identifier_list,
        )


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRSP(NormalizedRSP):
    """N-SET-RSP (PS3.7 10.3.3.2).

    :param has_data_set: it brings the attributes as they are now, or those that were wrong.
    :param attribute_identifier_list: tags of the attributes that were not recognized.
    """

    command_field = CommandField.N_SET_RSP

    has_data_set: bool = False
    attribute_identifier_list: tuple[int, ...] = ()


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRQ(NormalizedRQ):
    """N-SET-RQ (PS3.7 10.3.3.1); its data set is the modification list.

    :param requested_sop_class_uid: SOP Class of the instance.
    :param requested_sop_instance_uid: the instance to change.
    :param message_id: 0 to 65535, of no other outstanding operation.
    """

    command_field = CommandField.N_SET_RQ
    has_data_set = True

    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    message_id: int

    def response(
        self,
        status: int,
        *,
        has_data_set: bool = False,
        attribute_identifier_list: tuple[int, ...] = (),
        error_comment: str = "",
        error_id: int | None = None,
    ) -> NSetRSP:
        """The N-SET-RSP to this request.

        :param status: Status (0000,0900).
        :param has_data_set: attributes follow.
        :param attribute_identifier_list: tags of the attributes that were not recognized.
        :param error_comment: why it failed; cut to what fits.
        :param error_id: a code for the error.
        """
        return NSetRSP(
            **self.repeated(status, error_comment, error_id),
            has_data_set=has_data_set,
            attribute_identifier_list=attribute_identifier_list,
        )


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRSP(NormalizedRSP):
    """N-CREATE-RSP (PS3.7 10.3.5.2).

    :param has_data_set: it brings the attributes as they were made, or those that were wrong.
    :param attribute_identifier_list: tags of the attributes that were not recognized, or missing.
    """

    command_field = CommandField.N_CREATE_RSP

    has_data_set: bool = False
    attribute_identifier_list: tuple[int, ...] = ()


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRQ(NormalizedRQ):
    """N-CREATE-RQ (PS3.7 10.3.5.1).

    :param has_data_set: it brings the attributes of the new instance.
    :param affected_sop_class_uid: SOP Class of the new instance.
    :param message_id: 0 to 65535, of no other outstanding operation.
    :param affected_sop_instance_uid: the new instance; empty where the SCP gives it its UID.
    """

    command_field = CommandField.N_CREATE_RQ

    has_data_set: bool
    affected_sop_class_uid: str
    message_id: int
    affected_sop_instance_uid: str = ""

    def response(
        self,
        status: int,
        *,
        affected_sop_instance_uid: str = "",
        has_data_set: bool = False,
        attribute_identifier_list: tuple[int, ...] = (),
        error_comment: str = "",
        error_id: int | None = None,
    ) -> NCreateRSP:
        """The N-CREATE-RSP to this request.

        :param status: Status (0000,0900).
        :param affected_sop_instance_uid: the UID that the new instance was given, where the
            request gave none; a success has to say it (PS3.7 10.1.5.1.4).
        :param has_data_set: attributes follow.
        :param attribute_identifier_list: tags of the attributes not recognized, or missing.
        :param error_comment: why it failed; cut to what fits.
        :param error_id: a code for the error.
        """
        repeated = self.repeated(status, error_comment, error_id)
        if affected_sop_instance_uid:
            repeated["affected_sop_instance_uid"] = affected_sop_instance_uid
        return NCreateRSP(
            **repeated,
            has_data_set=has_data_set,
            attribute_identifier_list=attribute_identifier_list,
        )


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRSP(NormalizedRSP):
    """N-DELETE-RSP (PS3.7 10.3.6.2)."""

    command_field = CommandField.N_DELETE_RSP
    has_data_set = False


@register
@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRQ(NormalizedRQ):
    """N-DELETE-RQ (PS3.7 10.3.6.1).

    :param requested_sop_class_uid: SOP Class of the instance.
    :param requested_sop_instance_uid: the instance to delete.
    :param message_id: 0 to 65535, of no other outstanding operation.
    """

    command_field = CommandField.N_DELETE_RQ
    has_data_set = False

    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    message_id: int

    def response(
        self, status: int, *, error_comment: str = "", error_id: int | None = None
    ) -> NDeleteRSP:
        """The N-DELETE-RSP to this request.

        :param status: Status (0000,0900).
        :param error_comment: why it failed; cut to what fits.
        :param error_id: a code for the error.
        """
        return NDeleteRSP(**self.repeated(status, error_comment, error_id))
