"""Tests of :mod:`txdicomtls.uids`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import AllStoragePresentationContexts
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import HOSTILE
from txdicomtls import uids
from txdicomtls.uids import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES, is_valid_uid, uid_name


class ValidityTests(SynchronousTestCase):
    def test_registered_uids_are_valid(self) -> None:
        for uid in STORAGE_SOP_CLASSES | TRANSFER_SYNTAXES:
            self.assertTrue(is_valid_uid(uid), uid)

    def test_a_uid_of_64_characters_is_valid(self) -> None:
        self.assertTrue(is_valid_uid("1." + "2" * 62))
        self.assertFalse(is_valid_uid("1." + "2" * 63))

    def test_zero_is_a_component_but_not_the_beginning_of_one(self) -> None:
        self.assertTrue(is_valid_uid("1.0.2"))
        self.assertFalse(is_valid_uid("1.00.2"))
        self.assertFalse(is_valid_uid("1.01.2"))

    def test_what_could_lead_astray_is_refused(self) -> None:
        for text in HOSTILE:
            self.assertFalse(is_valid_uid(text), repr(text))

    @given(st.lists(st.integers(min_value=0, max_value=10**8), min_size=1, max_size=6))
    def test_numbers_between_dots_are_valid(self, numbers: list[int]) -> None:
        self.assertTrue(is_valid_uid(".".join(map(str, numbers))))

    @given(st.text(alphabet="012.\n \u0661\uff12/", max_size=70))
    def test_what_is_valid_is_numbers_between_dots(self, text: str) -> None:
        numbers = text.split(".")
        plain = all(n.isascii() and n.isdigit() and str(int(n)) == n for n in numbers)
        self.assertEqual(plain and len(text) <= 64, is_valid_uid(text))


class GroupTests(SynchronousTestCase):
    def test_every_storage_class_of_another_implementation_is_known(self) -> None:
        theirs = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
        self.assertEqual(set(), theirs - STORAGE_SOP_CLASSES)

    def test_retired_storage_classes_are_known(self) -> None:
        self.assertIn("1.2.840.10008.5.1.4.1.1.6", STORAGE_SOP_CLASSES)  # Ultrasound Image
        self.assertIn("1.2.840.10008.5.1.1.29", STORAGE_SOP_CLASSES)  # Hardcopy Grayscale

    def test_storage_classes_outside_the_usual_arc_are_known(self) -> None:
        self.assertIn("1.2.840.10008.5.1.4.34.7", STORAGE_SOP_CLASSES)  # RT Beams Delivery
        self.assertIn("1.2.840.10008.5.1.4.38.1", STORAGE_SOP_CLASSES)  # Hanging Protocol

    def test_other_services_are_not_storage(self) -> None:
        for uid in (
            uids.VERIFICATION,
            uids.MEDIA_STORAGE_DIRECTORY_STORAGE,
            "1.2.840.10008.1.20.1",  # Storage Commitment Push Model
            "1.2.840.10008.5.1.4.1.2.1.1",  # Patient Root Query/Retrieve - FIND
            "1.2.840.10008.5.1.4.1.1.200.4",  # Protocol Approval - FIND
        ):
            self.assertNotIn(uid, STORAGE_SOP_CLASSES)

    def test_the_transfer_syntaxes_with_a_constant_are_known(self) -> None:
        for uid, name in (
            (uids.IMPLICIT_VR_LITTLE_ENDIAN, "Implicit VR Little Endian"),
            (uids.EXPLICIT_VR_LITTLE_ENDIAN, "Explicit VR Little Endian"),
            (uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "Deflated Explicit VR Little Endian"),
            (uids.EXPLICIT_VR_BIG_ENDIAN, "Explicit VR Big Endian"),
        ):
            self.assertIn(uid, TRANSFER_SYNTAXES)
            self.assertTrue(uid_name(uid).startswith(name))

    def test_storage_classes_and_transfer_syntaxes_have_nothing_in_common(self) -> None:
        self.assertEqual(frozenset(), STORAGE_SOP_CLASSES & TRANSFER_SYNTAXES)


class NameTests(SynchronousTestCase):
    def test_a_registered_uid_has_its_name(self) -> None:
        self.assertEqual("CT Image Storage", uid_name("1.2.840.10008.5.1.4.1.1.2"))
        self.assertEqual("Label Map Segmentation Storage", uid_name("1.2.840.10008.5.1.4.1.1.66.7"))

    def test_any_other_uid_stands_for_itself(self) -> None:
        self.assertEqual("1.2.3", uid_name("1.2.3"))
        self.assertEqual("1.2.840.10008.5.1.4.1.1.40", uid_name("1.2.840.10008.5.1.4.1.1.40"))


class ImplementationTests(SynchronousTestCase):
    def test_our_own_uid_and_version_name_can_be_sent(self) -> None:
        self.assertTrue(is_valid_uid(uids.IMPLEMENTATION_CLASS_UID))
        self.assertLess(int(uids.IMPLEMENTATION_CLASS_UID.removeprefix("2.25.")), 2**128)
        self.assertLessEqual(len(uids.IMPLEMENTATION_VERSION_NAME), 16)
