"""Tests of :mod:`txdicomtls.archive.inspection`."""

from __future__ import annotations

import dataclasses
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import INSTANCE, pieces
from tests.archive.instances import data_set
from tests.datasets import element
from txdicomtls import uids
from txdicomtls.archive.inspection import Contents, Inspection
from txdicomtls.errors import CannotUnderstand, MismatchedInstance
from txdicomtls.instance import IncomingInstance

DATA = data_set()
PATIENT_NAME = 0x00100010


def inspected(
    data: bytes,
    what: IncomingInstance = INSTANCE,
    *,
    size: int = 7,
    wanted: frozenset[int] = frozenset(),
) -> Contents:
    inspection = Inspection(what, wanted)
    for piece in pieces(data, size):
        inspection.feed(piece)
    return inspection.end()


class InspectionTests(SynchronousTestCase):
    @given(st.integers(1, len(DATA)))
    def test_the_pieces_in_which_it_comes_make_no_difference(self, size: int) -> None:
        contents = inspected(DATA, size=size)
        self.assertEqual(len(DATA), contents.size)
        self.assertEqual(sha256(DATA).hexdigest(), contents.sha256)

    def test_what_is_wanted_is_there_and_nothing_else_of_the_patient(self) -> None:
        self.assertEqual(
            b"Lindgren^Astrid\0",
            inspected(DATA, wanted=frozenset((PATIENT_NAME,))).values[PATIENT_NAME],
        )
        self.assertNotIn(PATIENT_NAME, inspected(DATA).values)

    def test_a_data_set_cut_anywhere_but_between_elements_is_refused(self) -> None:
        whole = {0}
        for end in range(2, len(DATA), 2):
            try:
                inspected(DATA[:end])
            except CannotUnderstand:
                continue
            whole.add(end)
        self.assertEqual(8, len(whole))  # there are eight elements

    def test_an_empty_one_and_one_of_odd_length_are_refused(self) -> None:
        for data in (b"", DATA[:-1], DATA + b"\0"):
            self.assertRaises(CannotUnderstand, inspected, data)

    def test_another_transfer_syntax_than_the_one_it_is_in_is_refused(self) -> None:
        for syntax in (
            uids.IMPLICIT_VR_LITTLE_ENDIAN,
            uids.EXPLICIT_VR_BIG_ENDIAN,
            uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        ):
            other = dataclasses.replace(INSTANCE, transfer_syntax_uid=syntax)
            self.assertRaises(CannotUnderstand, inspected, DATA, other)
            self.assertRaises(CannotUnderstand, inspected, data_set(other)[4:])

    def test_a_length_that_lies_is_refused(self) -> None:
        lying = bytearray(DATA)
        at = DATA.index(b"PN") + 2
        for length in (0, 2, 14, 18, 0xFFFE):
            lying[at : at + 2] = length.to_bytes(2, "little")
            self.assertRaises(CannotUnderstand, inspected, bytes(lying))

    def test_another_instance_or_class_is_refused(self) -> None:
        for field in ("sop_class_uid", "sop_instance_uid"):
            other = dataclasses.replace(INSTANCE, **{field: "1.2.3"})
            self.assertRaises(MismatchedInstance, inspected, data_set(other))

    def test_padding_of_either_kind_is_no_difference(self) -> None:
        syntax = uids.EXPLICIT_VR_LITTLE_ENDIAN
        what = dataclasses.replace(INSTANCE, sop_instance_uid="1.2")
        for padding in (b"\0", b" "):
            inspected(element(8, 0x18, b"UI", b"1.2" + padding, syntax), what)

    def test_what_does_not_say_which_instance_it_is_passes(self) -> None:
        self.assertEqual(20, inspected(element(0x10, 0x10, b"PN", b"A^B^C^D^E^F", "")).size)

    def test_of_a_private_transfer_syntax_only_the_length_is_judged(self) -> None:
        private = dataclasses.replace(INSTANCE, transfer_syntax_uid="1.2.3.4")
        self.assertEqual(6, inspected(b"\xff" * 6, private).size)
        self.assertRaises(CannotUnderstand, inspected, b"\xff" * 5, private)

    def test_one_that_encodes_no_data_sets_is_refused(self) -> None:
        mime = dataclasses.replace(INSTANCE, transfer_syntax_uid="1.2.840.10008.1.2.6.1")
        self.assertRaises(CannotUnderstand, Inspection, mime)

    def test_the_error_names_the_element_and_nothing_of_its_value(self) -> None:
        error = self.assertRaises(CannotUnderstand, inspected, DATA[: DATA.index(b"ndgren")])
        self.assertIn("(0010,0010)", str(error))
        self.assertNotIn("Lindgren", str(error))
