"""One message of each class with every element that it may have, and what each class must have.

The elements stand here by their numbers, as PS3.7 9.3 and 10.3 list them, apart from
the classes that are tested with them.
"""

from __future__ import annotations

from tests.dimse.samples import (
    PERFORMED_PROCEDURE_STEP,
    SECONDARY_CAPTURE,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from txdicomtls.dimse import (
    CCancelRQ,
    CEchoRQ,
    CFindRQ,
    CGetRQ,
    CMoveRQ,
    CommandField,
    CStoreRQ,
    Message,
    NActionRQ,
    NCreateRQ,
    NDeleteRQ,
    NEventReportRQ,
    NGetRQ,
    NSetRQ,
    Priority,
    Suboperations,
)

#: Tags of SOP Instance UID and Patient ID.
TAGS = (0x00080018, 0x00100020)

_ECHO = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)
_STORE = CStoreRQ(
    affected_sop_class_uid=SECONDARY_CAPTURE,
    affected_sop_instance_uid="1.2.3.4",
    message_id=2,
    priority=Priority.HIGH,
    move_originator_ae_title="MOVER",
    move_originator_message_id=9,
)
_FIND = CFindRQ(affected_sop_class_uid=STUDY_ROOT_FIND, message_id=3, priority=Priority.LOW)
_GET = CGetRQ(affected_sop_class_uid=STUDY_ROOT_GET, message_id=4, priority=Priority.LOW)
_MOVE = CMoveRQ(
    affected_sop_class_uid=STUDY_ROOT_MOVE,
    message_id=5,
    priority=Priority.LOW,
    move_destination="ARCHIVE",
)
_EVENT = NEventReportRQ(
    has_data_set=True,
    affected_sop_class_uid=STORAGE_COMMITMENT,
    affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
    message_id=6,
    event_type_id=2,
)
_N_GET = NGetRQ(
    requested_sop_class_uid=PERFORMED_PROCEDURE_STEP,
    requested_sop_instance_uid="1.2.3.4",
    message_id=7,
    attribute_identifier_list=TAGS,
)
_SET = NSetRQ(
    requested_sop_class_uid=PERFORMED_PROCEDURE_STEP,
    requested_sop_instance_uid="1.2.3.4",
    message_id=8,
)
_ACTION = NActionRQ(
    has_data_set=True,
    requested_sop_class_uid=STORAGE_COMMITMENT,
    requested_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
    message_id=9,
    action_type_id=1,
)
_CREATE = NCreateRQ(
    has_data_set=True,
    affected_sop_class_uid=PERFORMED_PROCEDURE_STEP,
    affected_sop_instance_uid="1.2.3.4",
    message_id=10,
)
_DELETE = NDeleteRQ(
    requested_sop_class_uid=PERFORMED_PROCEDURE_STEP,
    requested_sop_instance_uid="1.2.3.4",
    message_id=11,
)

_COUNTERS = Suboperations(remaining=1, completed=2, failed=3, warning=4)

#: Each class once, all its elements there.
EXAMPLES: tuple[Message, ...] = (
    _ECHO,
    _ECHO.response(0x0122, error_comment="not here"),
    _STORE,
    _STORE.response(0xC000, offending_element=TAGS, error_comment="odd"),
    _FIND,
    _FIND.response(0xA900, offending_element=TAGS, error_comment="no level"),
    CCancelRQ(message_id_being_responded_to=3),
    _GET,
    _GET.response(
        0xFE00,
        suboperations=_COUNTERS,
        has_data_set=True,
        offending_element=TAGS,
        error_comment="cancelled",
    ),
    _MOVE,
    _MOVE.response(
        0xFE00,
        suboperations=_COUNTERS,
        has_data_set=True,
        offending_element=TAGS,
        error_comment="cancelled",
    ),
    _EVENT,
    _EVENT.response(0x0110, has_data_set=True, error_comment="full", error_id=1),
    _N_GET,
    _N_GET.response(
        0x0107,
        has_data_set=True,
        attribute_identifier_list=TAGS,
        error_comment="not all",
        error_id=2,
    ),
    _SET,
    _SET.response(
        0x0107,
        has_data_set=True,
        attribute_identifier_list=TAGS,
        error_comment="not all",
        error_id=3,
    ),
    _ACTION,
    _ACTION.response(0x0110, has_data_set=True, error_comment="full", error_id=4),
    _CREATE,
    _CREATE.response(
        0x0107,
        has_data_set=True,
        attribute_identifier_list=TAGS,
        error_comment="not all",
        error_id=5,
    ),
    _DELETE,
    _DELETE.response(0x0110, error_comment="in use", error_id=6),
)

_RESPONSE = (0x0120, 0x0800, 0x0900)

#: The elements without which a message of the class is none, but for the Command Field.
MANDATORY: dict[CommandField, tuple[int, ...]] = {
    CommandField.C_ECHO_RQ: (0x0002, 0x0110, 0x0800),
    CommandField.C_STORE_RQ: (0x0002, 0x0110, 0x0700, 0x0800, 0x1000),
    CommandField.C_FIND_RQ: (0x0002, 0x0110, 0x0700, 0x0800),
    CommandField.C_GET_RQ: (0x0002, 0x0110, 0x0700, 0x0800),
    CommandField.C_MOVE_RQ: (0x0002, 0x0110, 0x0600, 0x0700, 0x0800),
    CommandField.C_CANCEL_RQ: (0x0120, 0x0800),
    CommandField.N_EVENT_REPORT_RQ: (0x0002, 0x0110, 0x0800, 0x1000, 0x1002),
    CommandField.N_GET_RQ: (0x0003, 0x0110, 0x0800, 0x1001),
    CommandField.N_SET_RQ: (0x0003, 0x0110, 0x0800, 0x1001),
    CommandField.N_ACTION_RQ: (0x0003, 0x0110, 0x0800, 0x1001, 0x1008),
    CommandField.N_CREATE_RQ: (0x0002, 0x0110, 0x0800),
    CommandField.N_DELETE_RQ: (0x0003, 0x0110, 0x0800, 0x1001),
    **{field: _RESPONSE for field in CommandField if field & 0x8000},
}

#: What PS3.7 allows each class besides, in the fields that an answer or an error needs.
OPTIONAL: dict[CommandField, tuple[int, ...]] = {
    CommandField.C_ECHO_RQ: (),
    CommandField.C_ECHO_RSP: (0x0002, 0x0902),
    CommandField.C_STORE_RQ: (0x1030, 0x1031),
    CommandField.C_STORE_RSP: (0x0002, 0x0901, 0x0902, 0x1000),
    CommandField.C_FIND_RQ: (),
    CommandField.C_FIND_RSP: (0x0002, 0x0901, 0x0902),
    CommandField.C_GET_RQ: (),
    CommandField.C_GET_RSP: (0x0002, 0x0901, 0x0902, 0x1020, 0x1021, 0x1022, 0x1023),
    CommandField.C_MOVE_RQ: (),
    CommandField.C_MOVE_RSP: (0x0002, 0x0901, 0x0902, 0x1020, 0x1021, 0x1022, 0x1023),
    CommandField.C_CANCEL_RQ: (),
    CommandField.N_EVENT_REPORT_RQ: (),
    CommandField.N_EVENT_REPORT_RSP: (0x0002, 0x0902, 0x0903, 0x1000, 0x1002),
    CommandField.N_GET_RQ: (0x1005,),
    CommandField.N_GET_RSP: (0x0002, 0x0902, 0x0903, 0x1000, 0x1005),
    CommandField.N_SET_RQ: (),
    CommandField.N_SET_RSP: (0x0002, 0x0902, 0x0903, 0x1000, 0x1005),
    CommandField.N_ACTION_RQ: (),
    CommandField.N_ACTION_RSP: (0x0002, 0x0902, 0x0903, 0x1000, 0x1008),
    CommandField.N_CREATE_RQ: (0x1000,),
    CommandField.N_CREATE_RSP: (0x0002, 0x0902, 0x0903, 0x1000, 0x1005),
    CommandField.N_DELETE_RQ: (),
    CommandField.N_DELETE_RSP: (0x0002, 0x0902, 0x0903, 0x1000),
}

#: Whether a message of the class has a data set; None where it may (PS3.7 9.1, 10.1).
DATA_SET: dict[CommandField, bool | None] = {
    CommandField.C_ECHO_RQ: False,
    CommandField.C_ECHO_RSP: False,
    CommandField.C_STORE_RQ: True,
    CommandField.C_STORE_RSP: False,
    CommandField.C_FIND_RQ: True,
    CommandField.C_FIND_RSP: None,
    CommandField.C_GET_RQ: True,
    CommandField.C_GET_RSP: None,
    CommandField.C_MOVE_RQ: True,
    CommandField.C_MOVE_RSP: None,
    CommandField.C_CANCEL_RQ: False,
    CommandField.N_EVENT_REPORT_RQ: None,
    CommandField.N_EVENT_REPORT_RSP: None,
    CommandField.N_GET_RQ: False,
    CommandField.N_GET_RSP: None,
    CommandField.N_SET_RQ: True,
    CommandField.N_SET_RSP: None,
    CommandField.N_ACTION_RQ: None,
    CommandField.N_ACTION_RSP: None,
    CommandField.N_CREATE_RQ: None,
    CommandField.N_CREATE_RSP: None,
    CommandField.N_DELETE_RQ: False,
    CommandField.N_DELETE_RSP: False,
}
