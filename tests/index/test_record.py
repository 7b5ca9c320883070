"""Tests of :mod:`txdicomtls.index.record`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from twisted.trial.unittest import SynchronousTestCase

from tests.index.records import RECEIVED, record
from txdicomtls.errors import InvalidInstance, MismatchedInstance


class InstanceRecordTests(SynchronousTestCase):
    def test_an_invalid_sop_instance_uid_is_refused(self) -> None:
        for uid in ("", "1.2.x", "../1", "1.02", "1" * 65):
            with self.assertRaises(InvalidInstance):
                replace(record(), sop_instance_uid=uid)

    def test_without_its_study_or_series_an_instance_has_no_place(self) -> None:
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
            for uid in ("", " ", "\0", "\\1.2", "1" * 65):
                with self.assertRaises(MismatchedInstance):
                    replace(record(), attributes={**record().attributes, keyword: uid})

    def test_a_study_whose_uid_breaks_a_rule_is_still_a_study(self) -> None:
        self.assertEqual("1.02.3", record(StudyInstanceUID="1.02.3").attributes["StudyInstanceUID"])

    def test_a_time_without_its_zone_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            replace(record(), received_at=RECEIVED.replace(tzinfo=None))
        self.assertIs(record().received_at.tzinfo, UTC)

    def test_what_is_printed_of_a_record_has_no_data_of_the_patient(self) -> None:
        self.assertNotIn("Doe", repr(record()))
