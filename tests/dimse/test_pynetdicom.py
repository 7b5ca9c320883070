"""The same messages, made and read by pynetdicom."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pydicom.datadict import keyword_for_tag
from pynetdicom import dimse_messages
from pynetdicom.dimse_messages import _DATASET_KEYWORDS as DATA_SETS
from pynetdicom.dimse_messages import _MSG_TO_PRIMITVE as PRIMITIVES
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dsutils import decode as decode_data_set
from pynetdicom.pdu_primitives import P_DATA
from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.examples import EXAMPLES
from txdicomtls.dimse import CommandField, Message, decode_command, encode_command
from txdicomtls.dimse.elements import ELEMENTS_BY_NAME

#: What its classes do not know, though PS3.7 C.4 and C.5 allow it.
NOT_KNOWN = {CommandField.N_CREATE_RSP: {"attribute_identifier_list"}}

#: Any data set: pynetdicom announces one only where it has it.
IDENTIFIER = BytesIO(b"\x08\x00\x05\x00\0\0\0\0")


def theirs(message: Message) -> DIMSEMessage:
    """The message that pynetdicom makes of the same values, through its own primitives."""
    name = CommandField(message.command_field).name
    made: DIMSEMessage = getattr(dimse_messages, name)()
    primitive: Any = PRIMITIVES[name.removesuffix("_RQ").removesuffix("_RSP")]()
    for parameter in message.layout.parameters:
        value = getattr(message, parameter.element.name)
        keyword = keyword_for_tag(parameter.element.number)
        if value not in (None, "", ()) and hasattr(primitive, keyword):
            setattr(primitive, keyword, list(value) if isinstance(value, tuple) else value)
    if message.has_data_set:
        setattr(primitive, DATA_SETS[name], IDENTIFIER)
    made.primitive_to_message(primitive)
    return made


def known_values(message: Message) -> dict[str, Any]:
    """The values of a message, but for those that pynetdicom cannot have."""
    unknown = NOT_KNOWN.get(CommandField(message.command_field), set())
    names = {parameter.element.name for parameter in message.layout.parameters} - unknown
    return {name: getattr(message, name) for name in names}


class PynetdicomTests(SynchronousTestCase):
    def test_its_messages_are_read_as_ours(self) -> None:
        for message in EXAMPLES:
            (fragment, *_) = theirs(message).encode_msg(1, 0)
            read = decode_command(fragment.presentation_data_value_list[0][1][1:])
            self.assertEqual(type(read), type(message))
            self.assertEqual(known_values(read), known_values(message))

    def test_our_messages_are_read_as_its_own(self) -> None:
        for message in EXAMPLES:
            arriving = P_DATA()
            arriving.presentation_data_value_list.append((1, b"\x03" + encode_command(message)))
            read = DIMSEMessage()
            self.assertIs(read.decode_msg(arriving), not message.has_data_set)
            self.assertEqual(type(read).__name__, CommandField(message.command_field).name, message)
            primitive = read.message_to_primitive()
            for name, value in known_values(message).items():
                keyword = keyword_for_tag(ELEMENTS_BY_NAME[name].number)
                if hasattr(primitive, keyword):
                    its = getattr(primitive, keyword)
                    self.assertEqual(tuple(its) if isinstance(value, tuple) else its, value, name)

    def test_what_both_know_is_encoded_to_the_same_bytes(self) -> None:
        for message in EXAMPLES:
            if message.command_field in NOT_KNOWN:
                continue
            made = theirs(message)
            (fragment, *_) = made.encode_msg(1, 0)
            encoded = fragment.presentation_data_value_list[0][1][1:]
            ours = encode_command(message)
            self.assertEqual(encoded, ours, decode_data_set(BytesIO(encoded), True, True))
