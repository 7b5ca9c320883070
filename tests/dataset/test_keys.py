from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dataset import Key, Matching, parse_key, parse_keys
from txdicomtls.dataset.keys import MOST_ALTERNATIVES
from txdicomtls.errors import InvalidKey


def element(tag: int, vr: str, value: Any) -> DataElement:
    return DataElement(tag, vr, value, validation_mode=config.IGNORE)


def key(tag: int, vr: str, value: Any) -> Key:
    return parse_key(element(tag, vr, value))


class KindTests(SynchronousTestCase):
    def test_the_kind_follows_from_the_value_and_its_representation(self) -> None:
        for vr, value, kind in (
            ("LO", "", Matching.UNIVERSAL),
            ("LO", None, Matching.UNIVERSAL),
            ("LO", "*", Matching.UNIVERSAL),
            ("DA", "*", Matching.UNIVERSAL),
            ("UI", "*", Matching.UNIVERSAL),
            ("PN", "^^", Matching.UNIVERSAL),
            ("UN", b"ab", Matching.UNIVERSAL),
            ("US", None, Matching.UNIVERSAL),
            ("SQ", [], Matching.UNIVERSAL),
            ("SQ", [Dataset()], Matching.UNIVERSAL),
            ("LO", "abc", Matching.SINGLE),
            ("LO", "a-c", Matching.SINGLE),
            ("PN", "Doe^John", Matching.SINGLE),
            ("UI", "1.2.3", Matching.SINGLE),
            ("US", 5, Matching.SINGLE),
            ("IS", "5", Matching.SINGLE),
            ("DA", "20240101", Matching.SINGLE),
            ("DT", "20240101-0500", Matching.SINGLE),
            ("UI", ["1.2", "1.3"], Matching.UID_LIST),
            ("CS", ["CT", "MR"], Matching.MULTIPLE),
            ("CS", ["CT", "*"], Matching.UNIVERSAL),
            ("LO", "a*", Matching.WILDCARD),
            ("PN", "Do?", Matching.WILDCARD),
            ("LT", "a\\b*", Matching.WILDCARD),
            ("DA", "20240101-", Matching.RANGE),
            ("TM", "10-11", Matching.RANGE),
        ):
            self.assertEqual(kind, key(0x00091001, vr, value).matching, (vr, value))

    def test_a_key_has_what_its_kind_needs(self) -> None:
        self.assertEqual(frozenset(("1.2", "1.3")), key(0x0020000D, "UI", ["1.2", "1.3"]).uids)
        self.assertEqual(Decimal(5), key(0x00200013, "IS", "5 ").number)
        self.assertEqual("a*", key(0x00100020, "LO", "a* ").text)
        self.assertEqual(("doe^j*",), key(0x00100010, "PN", "Doe^J*").name)
        texts = [one.text for one in key(0x00080060, "CS", ["CT", "M*"]).alternatives]
        self.assertEqual(["CT", "M*"], texts)

    def test_a_sequence_has_the_keys_of_its_item(self) -> None:
        item = Dataset()
        item.Modality = "CT"
        item.ScheduledStationName = ""
        parsed = key(0x00400100, "SQ", Sequence([item]))
        self.assertEqual(Matching.SEQUENCE, parsed.matching)
        self.assertEqual([0x00080060], [one.tag for one in parsed.item])

    def test_what_says_how_to_ask_is_no_key(self) -> None:
        identifier = Dataset()
        identifier.SpecificCharacterSet = "ISO_IR 100"
        identifier.QueryRetrieveLevel = "STUDY"
        identifier.RetrieveAETitle = "X"
        identifier.InstanceAvailability = "ONLINE"
        identifier.TimezoneOffsetFromUTC = "+0100"
        identifier.PatientID = "1"
        self.assertEqual([0x00100020], [one.tag for one in parse_keys(identifier)])


class InvalidTests(SynchronousTestCase):
    def test_what_cannot_be_matched_on_is_refused_with_its_tag(self) -> None:
        for vr, value in (
            ("DA", "-"),
            ("DA", "20240230"),
            ("DA", "2024*"),
            ("DA", "20240101-20240101-20240101"),
            ("TM", "25"),
            ("DT", "tomorrow"),
            ("IS", "1*"),
            ("DS", "NaN"),
            ("DS", "x"),
            ("AS", "04?Y"),
            ("UI", "1.2.*"),
            ("CS", "A" * 17),
            ("LO", "A" * 65),
            ("PN", "A" * 195),
            ("LT", "*" + "a" * 256),
            ("UI", "1." * 32 + "1"),
            ("SQ", [Dataset(), Dataset()]),
        ):
            made = DataElement(0x00091001, vr, value, already_converted=True)
            error = self.assertRaises(InvalidKey, parse_key, made)
            self.assertEqual(0x00091001, error.tag)

    def test_a_representation_that_is_none_is_refused(self) -> None:
        made = DataElement(0x00091001, "ZZ", "x", already_converted=True)
        self.assertRaises(InvalidKey, parse_key, made)

    def test_alternatives_are_bounded_and_lists_of_uids_are_not(self) -> None:
        several = key(0x00100020, "LO", [str(number) for number in range(MOST_ALTERNATIVES)])
        self.assertEqual(MOST_ALTERNATIVES, len(several.alternatives))
        for vr, value in (("LO", "a"), ("PN", "a*"), ("DA", "20260101-"), ("IS", "1")):
            many = [value] * (MOST_ALTERNATIVES + 1)
            error = self.assertRaises(InvalidKey, key, 0x00100020, vr, many)
            self.assertEqual(0x00100020, error.tag)
        listed = key(0x0020000D, "UI", [f"1.{number}" for number in range(1000)])
        self.assertEqual(1000, len(listed.uids))

    def test_the_text_of_the_error_has_no_value(self) -> None:
        error = self.assertRaises(InvalidKey, key, 0x00100030, "DA", "19700230")
        self.assertNotIn("1970", str(error))
        self.assertIn("(0010,0030)", str(error))
