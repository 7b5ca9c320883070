"""Tests of :mod:`txdicomtls.archive.json_model`."""

from __future__ import annotations

import json
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.archive.json_model import from_json, to_json
from txdicomtls.dataset import decode, encode
from txdicomtls.errors import MalformedDataSet
from txdicomtls.uids import EXPLICIT_VR_LITTLE_ENDIAN


def element(tag: int, vr: str, value: Any) -> Dataset:
    dataset = Dataset()
    dataset[tag] = DataElement(tag, vr, value, already_converted=True)
    return dataset


class JsonModelTests(SynchronousTestCase):
    def test_what_was_written_is_read_again(self) -> None:
        step = Dataset()
        step.ScheduledProcedureStepStartDate = "20261125"
        step.ScheduledProcedureStepID = ""
        dataset = Dataset()
        dataset.SpecificCharacterSet = "ISO_IR 100"
        dataset.PatientName = "Kästner^Erich"
        dataset.OtherPatientNames = ["A^B", "山田^太郎=やまだ^たろう"]
        dataset.PatientWeight = "71.50"
        dataset.PixelAspectRatio = ["1", "2"]
        dataset.Rows = 512
        dataset.FrameIncrementPointer = 0x00181063
        dataset.PixelData = b"\0\1\2\3"
        dataset.ScheduledProcedureStepSequence = [step, Dataset()]
        dataset.AccessionNumber = ""
        dataset.add_new(0x00291010, "UN", b"\1\2")
        # As it comes from a peer.
        received = decode(encode(dataset, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
        read = from_json(to_json(received))
        self.assertNotIn("SpecificCharacterSet", read)
        del received.SpecificCharacterSet
        self.assertEqual(received, read)

    def test_it_is_json_in_ascii_that_any_database_takes(self) -> None:
        dataset = Dataset()
        dataset.PatientName = "Kästner^Erich"
        dataset.PatientComments = "\0 \U0001f600"
        text = to_json(dataset)
        self.assertTrue(text.isascii())
        self.assertNotIn("\0", text)
        self.assertEqual("PN", json.loads(text)["00100010"]["vr"])

    def test_what_has_no_form_is_named_by_its_tag_and_not_by_its_value(self) -> None:
        for tag, vr, value in (
            (0x00101030, "DS", "secret"),
            (0x00200013, "IS", "secret"),
            (0x00181041, "DS", "nan"),
            # From a device that writes Latin-1 where only ASCII may be (PS3.5 6.1.2.3).
            (0x00180015, "CS", "sécret"),
            (0x00400241, "AE", "secrét"),
            (0x00104000, "LT", "secret \ud83d"),
        ):
            error = self.assertRaises(MalformedDataSet, to_json, element(tag, vr, value))
            self.assertEqual(tag, error.tag)
            self.assertNotIn("secret", str(error))

    def test_what_is_no_model_is_refused_whatever_it_is(self) -> None:
        for model in (
            "",
            "[]",
            "7",
            "{",
            '{"x": {"vr": "PN"}}',
            '{"00100010": {}}',
            '{"00100010": {"vr": "XX", "Value": ["a"]}}',
            '{"00100010": {"vr": "LO", "Value": "a"}}',
            '{"00280010": {"vr": "US", "Value": ["a"]}}',
            '{"00280010": {"vr": "US", "Value": [70000]}}',
            '{"00020010": {"vr": "UI", "Value": ["1.2"]}}',
            '{"7FE00010": {"vr": "OB", "InlineBinary": 7}}',
            '{"00400100": {"vr": "SQ", "Value": [7]}}',
            '{"00400100": {"vr": "SQ", "Value": ' + "[" * 100_000,
            b"\xff\xfe",
        ):
            with self.assertRaises(MalformedDataSet):
                from_json(model)

    def test_sequences_inside_each_other_are_bounded(self) -> None:
        model: dict[str, Any] = {}
        for _ in range(100):
            model = {"00400100": {"vr": "SQ", "Value": [model]}}
        with self.assertRaises(MalformedDataSet):
            from_json(model)

    def test_no_warning_shows_a_value(self) -> None:
        from_json('{"00100030": {"vr": "DA", "Value": ["secret"]}}')
        self.assertEqual([], self.flushWarnings())
