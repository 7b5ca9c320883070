"""The level of an identifier, and the unique keys above it."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.codes import Level, Root
from txdicomtls.dataset.hierarchy import check_unique_keys, read_level
from txdicomtls.errors import InvalidQuery


def identifier(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


class LevelTests(SynchronousTestCase):
    def test_each_model_has_its_levels(self) -> None:
        for root in Root:
            for level in Level:
                asked = identifier(QueryRetrieveLevel=level.name)
                if level in root.levels:
                    self.assertIs(level, read_level(asked, root))
                else:
                    self.assertRaises(InvalidQuery, read_level, asked, root)

    def test_no_level_and_one_that_is_none_are_refused(self) -> None:
        for values in ({}, {"QueryRetrieveLevel": ""}, {"QueryRetrieveLevel": "PATIENTS"}):
            error = self.assertRaises(InvalidQuery, read_level, identifier(**values), Root.PATIENT)
            self.assertEqual(0x00080052, error.tag)


class UniqueKeyTests(SynchronousTestCase):
    def test_one_value_pins_down_each_level_above(self) -> None:
        check_unique_keys(identifier(), Root.PATIENT, Level.PATIENT)
        check_unique_keys(identifier(), Root.STUDY, Level.STUDY)
        check_unique_keys(identifier(PatientID="1"), Root.PATIENT, Level.STUDY)
        above = identifier(StudyInstanceUID="1.2", SeriesInstanceUID="1.3")
        check_unique_keys(above, Root.STUDY, Level.IMAGE)

    def test_anything_else_is_refused_with_the_tag_of_the_key(self) -> None:
        for value in (None, "", ["1.2", "1.3"]):
            asked = identifier() if value is None else identifier(StudyInstanceUID=value)
            error = self.assertRaises(
                InvalidQuery, check_unique_keys, asked, Root.STUDY, Level.SERIES
            )
            self.assertEqual(0x0020000D, error.tag)
        error = self.assertRaises(
            InvalidQuery,
            check_unique_keys,
            identifier(PatientID="DOE*"),
            Root.PATIENT,
            Level.STUDY,
        )
        self.assertEqual(0x00100020, error.tag)
