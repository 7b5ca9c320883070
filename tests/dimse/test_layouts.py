"""Every class of messages has the elements that PS3.7 9.3 and 10.3 give it, and misses none."""

from __future__ import annotations

import struct

from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.examples import DATA_SET, EXAMPLES, MANDATORY, OPTIONAL
from tests.dimse.samples import element
from txdicomtls.dimse import (
    CCancelRQ,
    CommandField,
    Message,
    Request,
    Response,
    decode_command,
    encode_command,
)
from txdicomtls.dimse.elements import COMMAND_ELEMENTS
from txdicomtls.dimse.messages import MESSAGES
from txdicomtls.errors import MalformedCommand, UnreadableCommand

MESSAGE_ID = 0x0110
DATA_SET_TYPE = 0x0800


def elements_of(message: Message) -> dict[int, bytes]:
    """The encoded elements of a message by number, without the group length."""
    data, position = encode_command(message), 12
    elements = {}
    while position < len(data):
        _, number, length = struct.unpack_from("<HHI", data, position)
        elements[number] = data[position : position + 8 + length]
        position += 8 + length
    return elements


class LayoutTests(SynchronousTestCase):
    def test_every_command_field_has_its_class_and_its_example(self) -> None:
        self.assertEqual(set(MESSAGES), set(CommandField))
        self.assertEqual({type(message) for message in EXAMPLES}, set(MESSAGES.values()))
        self.assertEqual(len(EXAMPLES), len(MESSAGES))

    def test_each_class_has_the_elements_that_the_standard_lists(self) -> None:
        for field, message_type in MESSAGES.items():
            name = CommandField(field).name
            parameters = message_type.layout.parameters
            mandatory = {p.element.number for p in parameters if p.mandatory}
            optional = {p.element.number for p in parameters if not p.mandatory}
            self.assertEqual(mandatory, {0x0100, *MANDATORY[CommandField(field)]}, name)
            self.assertEqual(optional, set(OPTIONAL[CommandField(field)]), name)

    def test_each_class_has_a_data_set_or_not_as_the_standard_says(self) -> None:
        known = {field: message.layout.has_data_set for field, message in MESSAGES.items()}
        self.assertEqual(known, DATA_SET)

    def test_the_examples_have_every_element(self) -> None:
        for message in EXAMPLES:
            expected = {parameter.element.number for parameter in message.layout.parameters}
            self.assertEqual(set(elements_of(message)), expected, type(message).__name__)

    def test_requests_and_responses_are_told_apart(self) -> None:
        for message in EXAMPLES:
            response = bool(message.command_field & 0x8000)
            self.assertIs(message.is_response, response)
            self.assertIs(isinstance(message, Response), response)
            asks = not response and not isinstance(message, CCancelRQ)
            self.assertIs(isinstance(message, Request), asks)


class MissingElementTests(SynchronousTestCase):
    def test_a_request_without_a_mandatory_element_is_refused_and_can_be_answered(self) -> None:
        for message in EXAMPLES:
            if isinstance(message, Request):
                for number in set(MANDATORY[CommandField(message.command_field)]) - {
                    MESSAGE_ID,
                    DATA_SET_TYPE,
                }:
                    error = self.refusal_without(message, number)
                    self.assertEqual(error.has_data_set, message.has_data_set)

    def test_a_request_without_data_set_type_goes_by_what_its_class_always_does(self) -> None:
        for message in EXAMPLES:
            if isinstance(message, Request):
                fixed = DATA_SET[CommandField(message.command_field)]
                if fixed is None:
                    self.assert_unreadable_without(message, DATA_SET_TYPE)
                else:
                    error = self.refusal_without(message, DATA_SET_TYPE)
                    self.assertIs(error.has_data_set, fixed)

    def test_a_request_without_message_id_cannot_be_answered(self) -> None:
        for message in EXAMPLES:
            if isinstance(message, Request):
                self.assert_unreadable_without(message, MESSAGE_ID)

    def test_a_response_or_cancel_without_a_mandatory_element_cannot_be_answered(self) -> None:
        for message in EXAMPLES:
            if not isinstance(message, Request):
                for number in MANDATORY[CommandField(message.command_field)]:
                    self.assert_unreadable_without(message, number)

    def test_no_message_is_read_without_its_command_field(self) -> None:
        for message in EXAMPLES:
            self.assert_unreadable_without(message, 0x0100)

    def test_a_message_without_an_optional_element_is_read(self) -> None:
        names = {known.number: known.name for known in COMMAND_ELEMENTS}
        for message in EXAMPLES:
            for number in OPTIONAL[CommandField(message.command_field)]:
                elements = elements_of(message)
                del elements[number]
                read = decode_command(b"".join(elements.values()))
                self.assertIn(getattr(read, names[number]), (None, "", ()), names[number])
                self.assertEqual(type(read), type(message))

    def test_a_data_set_that_must_or_must_not_be_there_is_insisted_on(self) -> None:
        for message in EXAMPLES:
            fixed = DATA_SET[CommandField(message.command_field)]
            elements = elements_of(message)
            other = 0x0101 if message.has_data_set else 0x0001
            elements[DATA_SET_TYPE] = element(DATA_SET_TYPE, other.to_bytes(2, "little"))
            data = b"".join(elements.values())
            if fixed is None:
                self.assertIs(decode_command(data).has_data_set, not message.has_data_set)
            elif isinstance(message, Request):
                error = self.assertRaises(MalformedCommand, decode_command, data)
                self.assertEqual(error.status, 0x0212)
                self.assertIs(error.has_data_set, not fixed)
            else:
                self.assertRaises(UnreadableCommand, decode_command, data)

    def refusal_without(self, message: Request, number: int) -> MalformedCommand:
        elements = elements_of(message)
        del elements[number]
        error = self.assertRaises(MalformedCommand, decode_command, b"".join(elements.values()))
        assert isinstance(error, MalformedCommand)
        self.assertEqual(error.status, 0x0212)
        self.assertEqual(error.message_id, message.message_id)
        self.assertEqual(error.command_field, message.command_field)
        named = "" if number in (0x0002, 0x0003) else message.sop_class_uid
        self.assertEqual(error.affected_sop_class_uid, named)
        return error

    def assert_unreadable_without(self, message: Message, number: int) -> None:
        elements = elements_of(message)
        del elements[number]
        self.assertRaises(UnreadableCommand, decode_command, b"".join(elements.values()))
