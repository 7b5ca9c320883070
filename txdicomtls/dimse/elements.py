"""The command elements of PS3.7 Annex E as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class VR(Enum):
    """The value representations that command elements have (PS3.5 6.2)."""

    AE = "Application Entity"
    AT = "Attribute Tag"
    LO = "Long String"
    UI = "Unique Identifier"
    UL = "Unsigned Long"
    US = "Unsigned Short"


@dataclass(frozen=True, slots=True)
class CommandElement:
    """One line of PS3.7 Table E.1-1.

    :param number: element number; the group is always 0000.
    :param name: the element's keyword in snake_case, which is also the name of the field of
        the messages that have it.
    :param vr: its value representation; AT may have several values, all others have one.
    :param informative: nothing that is done depends on it, so that a received value
        that cannot be read is taken as absent instead of spoiling the message.
    """

    number: int
    name: str
    vr: VR
    informative: bool = False


COMMAND_ELEMENTS = (
    CommandElement(0x0000, "command_group_length", VR.UL),
    CommandElement(0x0002, "affected_sop_class_uid", VR.UI),
    CommandElement(0x0003, "requested_sop_class_uid", VR.UI),
    CommandElement(0x0100, "command_field", VR.US),
    CommandElement(0x0110, "message_id", VR.US),
    CommandElement(0x0120, "message_id_being_responded_to", VR.US),
    CommandElement(0x0600, "move_destination", VR.AE),
    CommandElement(0x0700, "priority", VR.US),
    CommandElement(0x0800, "command_data_set_type", VR.US),
    CommandElement(0x0900, "status", VR.US),
    CommandElement(0x0901, "offending_element", VR.AT, informative=True),
    CommandElement(0x0902, "error_comment", VR.LO, informative=True),
    CommandElement(0x0903, "error_id", VR.US, informative=True),
    CommandElement(0x1000, "affected_sop_instance_uid", VR.UI),
    CommandElement(0x1001, "requested_sop_instance_uid", VR.UI),
    CommandElement(0x1002, "event_type_id", VR.US),
    CommandElement(0x1005, "attribute_identifier_list", VR.AT),
    CommandElement(0x1008, "action_type_id", VR.US),
    CommandElement(0x1020, "number_of_remaining_suboperations", VR.US, informative=True),
    CommandElement(0x1021, "number_of_completed_suboperations", VR.US, informative=True),
    CommandElement(0x1022, "number_of_failed_suboperations", VR.US, informative=True),
    CommandElement(0x1023, "number_of_warning_suboperations", VR.US, informative=True),
    CommandElement(0x1030, "move_originator_ae_title", VR.AE, informative=True),
    CommandElement(0x1031, "move_originator_message_id", VR.US, informative=True),
)

ELEMENTS_BY_NAME = {element.name: element for element in COMMAND_ELEMENTS}
