"""The sub-items of user information as bytes, written and read (PS3.8 Annex D, PS3.7 D.3.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from txdicomtls.errors import LocalProtocolError, RemoteProtocolError
from txdicomtls.pdu.fields import (
    FieldReader,
    item,
    number_field,
    prefixed_field,
    read_items,
    read_text,
    uid_field,
    uid_item,
)
from txdicomtls.pdu.items import ItemType
from txdicomtls.pdu.user_information import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentityAC,
    UserIdentityRQ,
    UserInformation,
)

_VERSION_NAME = re.compile(r"[ -~]{0,15}[!-~]")

_Value = TypeVar("_Value")


# -- writing -------------------------------------------------------------------------------


def encode_user_information(user: UserInformation) -> bytes:
    """Item 50H with its sub-items in increasing order of their type.

    What is None or empty is left out, be it mandatory or not: to put it in is the
    business of those who negotiate.

    :raises LocalProtocolError: a field holds what the standard does not allow.
    """
    return item(ItemType.USER_INFORMATION, b"".join(_sub_items(user)))


def _sub_items(user: UserInformation) -> Iterator[bytes]:
    if user.maximum_length is not None:
        length = number_field(user.maximum_length, 4, "Maximum-length-received")
        yield item(ItemType.MAXIMUM_LENGTH, length)
    if user.implementation_class_uid:
        yield uid_item(ItemType.IMPLEMENTATION_CLASS_UID, user.implementation_class_uid)
    if user.window is not None:
        invoked = number_field(user.window.invoked, 2, "Maximum-number-operations-invoked")
        performed = number_field(user.window.performed, 2, "Maximum-number-operations-performed")
        yield item(ItemType.ASYNCHRONOUS_OPERATIONS_WINDOW, invoked + performed)
    yield from map(_role_selection, user.roles)
    if user.implementation_version_name:
        yield _implementation_version_name(user.implementation_version_name)
    yield from map(_extended_negotiation, user.extended)
    yield from map(_common_extended_negotiation, user.common_extended)
    if user.user_identity is not None:
        yield _user_identity(user.user_identity)
    if user.user_identity_response is not None:
        response = prefixed_field(user.user_identity_response.response, "Server-response")
        yield item(ItemType.USER_IDENTITY_AC, response)


def _role_selection(role: RoleSelection) -> bytes:
    uid = _prefixed_uid(role.sop_class_uid, "SOP-class-uid")
    return item(ItemType.ROLE_SELECTION, uid + bytes((role.scu, role.scp)))


def _implementation_version_name(name: str) -> bytes:
    if not _VERSION_NAME.fullmatch(name):
        raise LocalProtocolError(
            f"Implementation-version-name {name!r} is not 1 to 16 printable ASCII characters "
            "without a space at its end"
        )
    return item(ItemType.IMPLEMENTATION_VERSION_NAME, name.encode("ascii"))


def _extended_negotiation(negotiation: ExtendedNegotiation) -> bytes:
    uid = _prefixed_uid(negotiation.sop_class_uid, "SOP-class-uid")
    return item(ItemType.SOP_CLASS_EXTENDED_NEGOTIATION, uid + negotiation.information)


def _common_extended_negotiation(negotiation: CommonExtendedNegotiation) -> bytes:
    related = b"".join(
        _prefixed_uid(uid, "Related-general-sop-class-uid")
        for uid in negotiation.related_general_sop_classes
    )
    value = (
        _prefixed_uid(negotiation.sop_class_uid, "SOP-class-uid")
        + _prefixed_uid(negotiation.service_class_uid, "Service-class-uid")
        + prefixed_field(related, "Related-general-sop-class-identification")
    )
    (version,) = number_field(negotiation.version, 1, "Sub-item-version")
    return item(ItemType.SOP_CLASS_COMMON_EXTENDED_NEGOTIATION, value, version)


def _user_identity(identity: UserIdentityRQ) -> bytes:
    value = (
        number_field(identity.identity_type, 1, "User-Identity-Type")
        + bytes((identity.positive_response_requested,))
        + prefixed_field(identity.primary, "Primary-field")
        + prefixed_field(identity.secondary, "Secondary-field")
    )
    return item(ItemType.USER_IDENTITY_RQ, value)


def _prefixed_uid(uid: str, field: str) -> bytes:
    return prefixed_field(uid_field(uid, field), field)


# -- reading -------------------------------------------------------------------------------


def decode_user_information(variable: memoryview) -> UserInformation:
    """The value of item 50H; unknown sub-items are skipped.

    :param variable: the item after its header.
    :raises RemoteProtocolError: a length in it lies, a UID in it is empty, or a sub-item
        of which there can only be one is there twice.
    """
    found = _SubItems(variable)
    return UserInformation(
        maximum_length=found.one(ItemType.MAXIMUM_LENGTH, _read_maximum_length),
        implementation_class_uid=found.one(ItemType.IMPLEMENTATION_CLASS_UID, _read_text) or "",
        implementation_version_name=found.one(ItemType.IMPLEMENTATION_VERSION_NAME, _read_text)
        or "",
        window=found.one(ItemType.ASYNCHRONOUS_OPERATIONS_WINDOW, _read_window),
        roles=found.each(ItemType.ROLE_SELECTION, _read_role_selection),
        extended=found.each(ItemType.SOP_CLASS_EXTENDED_NEGOTIATION, _read_extended_negotiation),
        common_extended=found.each(
            ItemType.SOP_CLASS_COMMON_EXTENDED_NEGOTIATION, _read_common_extended_negotiation
        ),
        user_identity=found.one(ItemType.USER_IDENTITY_RQ, _read_user_identity),
        user_identity_response=found.one(ItemType.USER_IDENTITY_AC, _read_user_identity_response),
    )


class _SubItems:
    """The sub-items of one user information item, by type."""

    def __init__(self, variable: memoryview) -> None:
        self._found: dict[int, list[FieldReader]] = {}
        for item_type, second, value in read_items(variable, "user information"):
            fields = FieldReader(value, f"sub-item {item_type:02X}H", second)
            self._found.setdefault(item_type, []).append(fields)

    def each(
        self, item_type: ItemType, read: Callable[[FieldReader], _Value]
    ) -> tuple[_Value, ...]:
        """The values of all sub-items of one type, none of which holds more than its fields."""
        values = []
        for fields in self._found.get(item_type, ()):
            values.append(read(fields))
            fields.end()
        return tuple(values)

    def one(self, item_type: ItemType, read: Callable[[FieldReader], _Value]) -> _Value | None:
        """The value of the only sub-item of one type, None if there is none."""
        count = len(self._found.get(item_type, ()))
        if count > 1:
            raise RemoteProtocolError(f"user information has {count} sub-items {item_type:02X}H")
        return next(iter(self.each(item_type, read)), None)


def _read_maximum_length(fields: FieldReader) -> int:
    return fields.number(4, "Maximum-length-received")


def _read_text(fields: FieldReader) -> str:
    return read_text(fields.take_rest())


def _read_window(fields: FieldReader) -> AsynchronousOperationsWindow:
    return AsynchronousOperationsWindow(
        invoked=fields.number(2, "Maximum-number-operations-invoked"),
        performed=fields.number(2, "Maximum-number-operations-performed"),
    )


def _read_role_selection(fields: FieldReader) -> RoleSelection:
    # 1 is the role, 0 is none, and what the standard does not define grants nothing.
    return RoleSelection(
        sop_class_uid=fields.prefixed_uid("SOP-class-uid"),
        scu=fields.number(1, "SCU-role") == 1,
        scp=fields.number(1, "SCP-role") == 1,
    )


def _read_extended_negotiation(fields: FieldReader) -> ExtendedNegotiation:
    return ExtendedNegotiation(
        sop_class_uid=fields.prefixed_uid("SOP-class-uid"),
        information=bytes(fields.take_rest()),
    )


def _read_common_extended_negotiation(fields: FieldReader) -> CommonExtendedNegotiation:
    sop_class_uid = fields.prefixed_uid("SOP-class-uid")
    service_class_uid = fields.prefixed_uid("Service-class-uid")
    identification = fields.prefixed("Related-general-sop-class-identification")
    related = FieldReader(identification, "related general SOP class identification")
    uids = []
    while related.rest:
        uids.append(related.prefixed_uid("Related-general-sop-class-uid"))
    return CommonExtendedNegotiation(
        sop_class_uid=sop_class_uid,
        service_class_uid=service_class_uid,
        related_general_sop_classes=tuple(uids),
        version=fields.second,
    )


def _read_user_identity(fields: FieldReader) -> UserIdentityRQ:
    return UserIdentityRQ(
        identity_type=fields.number(1, "User-Identity-Type"),
        positive_response_requested=fields.number(1, "Positive-response-requested") == 1,
        primary=bytes(fields.prefixed("Primary-field")),
        secondary=bytes(fields.prefixed("Secondary-field")),
    )


def _read_user_identity_response(fields: FieldReader) -> UserIdentityAC:
    return UserIdentityAC(response=bytes(fields.prefixed("Server-response")))
