"""Messages into PDUs."""

from __future__ import annotations

import struct
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.strategies import messages, odd_context_ids
from txdicomtls.dimse import (
    CEchoRQ,
    Message,
    command_fragments,
    data_fragments,
    encode_command,
    fragment_size,
)
from txdicomtls.errors import LocalProtocolError

ECHO = CEchoRQ(affected_sop_class_uid="1.2.840.10008.1.1", message_id=1)

#: Small ones make many PDUs; the others are what peers announce.
max_lengths = st.integers(8, 40) | st.sampled_from([0, 16382, 16384, 65537, 2**32 - 1])
even_data = st.binary(max_size=300).map(lambda data: data[: len(data) // 2 * 2])


class Sent(NamedTuple):
    """One PDU as it lies on the wire."""

    pdu_length: int
    context_id: int
    control: int
    data: bytes


def read_pdus(stream: bytes) -> list[Sent]:
    """Read P-DATA-TF PDUs of one PDV each, without the code under test."""
    pdus = []
    while stream:
        pdu_type, reserved, pdu_length, pdv_length, context_id, control = struct.unpack_from(
            ">BBIIBB", stream
        )
        assert (pdu_type, reserved, pdu_length) == (4, 0, pdv_length + 4)
        pdus.append(Sent(pdu_length, context_id, control, stream[12 : 6 + pdu_length]))
        stream = stream[6 + pdu_length :]
    return pdus


class FragmentSizeTests(SynchronousTestCase):
    def test_it_is_even_and_leaves_room_for_the_header_of_the_value(self) -> None:
        for max_length, size in ((8, 2), (9, 2), (10, 4), (16384, 16378), (16383, 16376)):
            self.assertEqual(fragment_size(max_length), size)

    def test_no_limit_or_an_enormous_one_does_not_make_enormous_pdus(self) -> None:
        for max_length in (0, 1 << 20, 2**32 - 1):
            self.assertEqual(fragment_size(max_length), (1 << 20) - 6)

    def test_a_maximum_length_without_room_for_data_is_refused(self) -> None:
        for max_length in range(1, 8):
            self.assertRaises(LocalProtocolError, fragment_size, max_length)
            self.assertRaises(LocalProtocolError, command_fragments, 1, ECHO, max_length)
            with self.assertRaises(LocalProtocolError):
                data_fragments(1, b"", last=True, max_length=max_length)


class CommandFragmentsTests(SynchronousTestCase):
    def test_a_command_that_fits_goes_in_one_pdu(self) -> None:
        command_set = encode_command(ECHO)
        self.assertEqual(
            command_fragments(5, ECHO, 16384),
            [bytes.fromhex("0400 0000004a 00000046 05 03") + command_set],
        )

    def test_the_last_fragment_is_full_where_it_comes_out_even(self) -> None:
        half = len(encode_command(ECHO)) // 2
        pdus = read_pdus(b"".join(command_fragments(1, ECHO, half + 6)))
        self.assertEqual([(len(pdu.data), pdu.control) for pdu in pdus], [(half, 1), (half, 3)])

    @settings(deadline=None)
    @given(message=messages(), context_id=odd_context_ids, max_length=max_lengths)
    def test_no_pdu_exceeds_the_maximum_length_and_nothing_is_lost(
        self, message: Message, context_id: int, max_length: int
    ) -> None:
        fragments = command_fragments(context_id, message, max_length)
        for fragment in fragments:
            self.assertEqual(len(read_pdus(fragment)), 1)
        pdus = read_pdus(b"".join(fragments))
        self.assertEqual(b"".join(pdu.data for pdu in pdus), encode_command(message))
        self.assertEqual([pdu.control for pdu in pdus], [1] * (len(pdus) - 1) + [3])
        for pdu in pdus:
            self.assertEqual(pdu.context_id, context_id)
            self.assertTrue(pdu.data)
            self.assertEqual(len(pdu.data) % 2, 0)
            self.assertLessEqual(pdu.pdu_length, max_length or 1 << 20)


class DataFragmentsTests(SynchronousTestCase):
    def test_headers_and_views_alternate(self) -> None:
        data = b"abcdef"
        buffers = data_fragments(3, data, last=True, max_length=10)
        self.assertEqual(
            [bytes(buffer) for buffer in buffers],
            [
                bytes.fromhex("0400 0000000a 00000006 03 00"),
                b"abcd",
                bytes.fromhex("0400 00000008 00000004 03 02"),
                b"ef",
            ],
        )

    def test_the_data_is_not_copied(self) -> None:
        data = bytes(range(200)) * 10
        for view in data_fragments(1, data, last=False, max_length=100)[1::2]:
            assert isinstance(view, memoryview)
            self.assertIs(view.obj, data)

    def test_a_piece_that_is_not_the_last_says_so(self) -> None:
        pdus = read_pdus(b"".join(data_fragments(1, b"abcd", last=False, max_length=8)))
        self.assertEqual([pdu.control for pdu in pdus], [0, 0])

    def test_nothing_makes_no_fragment_unless_it_is_the_end(self) -> None:
        self.assertEqual(data_fragments(1, b"", last=False, max_length=0), [])
        self.assertEqual(
            b"".join(data_fragments(1, b"", last=True, max_length=0)),
            bytes.fromhex("0400 00000006 00000002 01 02"),
        )

    def test_an_odd_length_is_refused(self) -> None:
        for last in (True, False):
            with self.assertRaises(LocalProtocolError):
                data_fragments(1, b"abc", last=last, max_length=0)

    @settings(deadline=None)
    @given(
        parts=st.lists(even_data, min_size=1, max_size=4),
        context_id=odd_context_ids,
        max_length=max_lengths,
    )
    def test_no_pdu_exceeds_the_maximum_length_and_nothing_is_lost(
        self, parts: list[bytes], context_id: int, max_length: int
    ) -> None:
        stream = b"".join(
            b"".join(
                data_fragments(
                    context_id, part, last=index == len(parts) - 1, max_length=max_length
                )
            )
            for index, part in enumerate(parts)
        )
        pdus = read_pdus(stream)
        self.assertEqual(b"".join(pdu.data for pdu in pdus), b"".join(parts))
        self.assertEqual([pdu.control for pdu in pdus], [0] * (len(pdus) - 1) + [2])
        for pdu in pdus:
            self.assertEqual(pdu.context_id, context_id)
            self.assertEqual(len(pdu.data) % 2, 0)
            self.assertLessEqual(pdu.pdu_length, max_length or 1 << 20)
        for pdu in pdus[:-1]:
            self.assertTrue(pdu.data)
