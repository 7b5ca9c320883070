"""Keys of a query as people type them."""

from __future__ import annotations

from pydicom.dataset import Dataset
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls import uids
from txdicomtls.cli.keys import columns_of, identifier_of, parse_key
from txdicomtls.dataset import decode, encode

STEP = "ScheduledProcedureStepSequence"


def identifier(*keys: str) -> Dataset:
    """As a node would have it."""
    made = identifier_of(map(parse_key, keys))
    syntax = uids.EXPLICIT_VR_LITTLE_ENDIAN
    return decode(encode(made, syntax), syntax)


class KeyTests(SynchronousTestCase):
    def test_a_key_is_named_by_its_keyword_or_its_tag(self) -> None:
        for text in ("PatientID=7", "(0010,0020)=7", "0010,0020=7", "00100020=7"):
            self.assertEqual("7", identifier(text).PatientID, text)

    def test_without_a_value_it_is_to_be_returned(self) -> None:
        made = identifier("PatientID", "Rows", "StudyDate=")
        self.assertEqual(["StudyDate", "PatientID", "Rows"], [each.keyword for each in made])
        self.assertTrue(all(not each.value for each in made))

    def test_values_are_what_the_representation_wants(self) -> None:
        made = identifier(
            "StudyDate=20240101-", "Rows=512", "InstanceNumber=3", "ModalitiesInStudy=CT\\MR"
        )
        self.assertEqual("20240101-", made.StudyDate)
        self.assertEqual((512, 3), (made.Rows, made.InstanceNumber))
        self.assertEqual(["CT", "MR"], list(made.ModalitiesInStudy))

    def test_a_value_may_have_an_equals_sign_and_a_dot(self) -> None:
        self.assertEqual("a=b.c", identifier("PatientID=a=b.c").PatientID)

    def test_names_may_be_in_any_script(self) -> None:
        self.assertEqual("김*", str(identifier("PatientName=김*").PatientName))

    def test_keys_in_a_sequence_are_in_one_item(self) -> None:
        made = identifier(f"{STEP}.Modality=CT", "(0040,0100).ScheduledStationAETitle=CT1")
        (item,) = made.ScheduledProcedureStepSequence
        self.assertEqual(("CT", "CT1"), (item.Modality, item.ScheduledStationAETitle))

    def test_the_last_value_of_a_key_counts(self) -> None:
        self.assertEqual("2", identifier("PatientID=1", "PatientID=2").PatientID)

    def test_what_can_be_no_key_is_said_to_be_none(self) -> None:
        for text, reason in (
            ("", "neither a keyword"),
            ("Patient=1", "neither a keyword as PatientID"),
            ("(0010,002)=1", "neither a keyword"),
            ("(0009,1001)=1", "no attribute of the standard"),
            ("PixelData", "cannot be a key"),
            ("PatientID.Modality=CT", "is no sequence"),
            (f"{STEP}=CT", "give values to what is in it"),
            ("Rows=many", "is no value of"),
            ("InstanceNumber=first", "is no value of"),
        ):
            with self.assertRaisesRegex(ValueError, reason, msg=text):
                parse_key(text)


class ColumnTests(SynchronousTestCase):
    def values(self, match: Dataset, *keys: str) -> list[str]:
        return [parse_key(key).values_in(match) for key in keys]

    def test_usual_columns_come_first_and_none_comes_twice(self) -> None:
        keys = [parse_key(key) for key in ("StudyTime", "PatientID=1", f"{STEP}.Modality", STEP)]
        self.assertEqual(
            ["PatientID", "StudyDate", "StudyTime", "Modality"],
            [column.title for column in columns_of(keys, ("PatientID", "StudyDate"))],
        )

    def test_every_value_is_one_text(self) -> None:
        match = identifier("PatientName=Doe^Jane=x", "ModalitiesInStudy=CT\\MR", "Rows=512")
        self.assertEqual(
            ["Doe^Jane=x", "CT\\MR", "512", ""],
            self.values(match, "PatientName", "ModalitiesInStudy", "Rows", "StudyDate"),
        )

    def test_values_in_several_items_are_all_shown(self) -> None:
        match = Dataset()
        items = [Dataset() for _ in range(3)]
        items[0].Modality, items[2].Modality = "CT", "MR"
        match.ScheduledProcedureStepSequence = items
        self.assertEqual(["CT, MR", "3 items"], self.values(match, f"{STEP}.Modality", STEP))
