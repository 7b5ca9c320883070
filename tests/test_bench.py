"""The arithmetic of the benchmark, and the objects that it sends."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.uid import UID
from twisted.trial.unittest import SynchronousTestCase

from bench.objects import ObjectSet, is_dicom_file
from bench.orthanc import Orthanc
from bench.rows import ROWS
from bench.run import kinds_for
from bench.servers import Dcmtk, Txdicomtls
from bench.table import (
    Measurement,
    Memory,
    RowResult,
    median_ratio,
    number,
    render,
    rotated,
    size_text,
)


def row_of(**rates: list[float]) -> RowResult:
    """A row in which each server reached the given rates, round by round."""
    return RowResult(
        title="a row",
        unit="objects/s",
        measurements=[
            Measurement(round_number=index, server=server, rate=rate, cpu_seconds=rate / 100)
            for server, each in rates.items()
            for index, rate in enumerate(each)
        ],
    )


class MedianRatioTests(SynchronousTestCase):
    def test_the_ratio_is_taken_within_each_round_before_the_median(self) -> None:
        ours = {0: 100.0, 1: 10.0, 2: 30.0}
        theirs = {0: 20.0, 1: 20.0, 2: 50.0}
        # 5.0, 0.5 and 0.6; the ratio of the medians would be 30 / 20.
        self.assertEqual(median_ratio(ours, theirs), 0.6)

    def test_a_round_that_one_of_them_missed_does_not_count(self) -> None:
        self.assertEqual(median_ratio({0: 10.0, 1: 99.0}, {0: 5.0, 2: 1.0}), 2.0)

    def test_without_a_common_round_there_is_no_ratio(self) -> None:
        self.assertIsNone(median_ratio({0: 1.0}, {1: 1.0}))


class RotatedTests(SynchronousTestCase):
    def test_each_server_takes_every_place_in_turn(self) -> None:
        orders = [rotated(["a", "b", "c"], index) for index in range(4)]
        self.assertEqual(
            orders, [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]
        )

    def test_no_servers_are_no_order(self) -> None:
        self.assertEqual(rotated([], 3), [])


class RowResultTests(SynchronousTestCase):
    def test_growth_is_the_peak_above_where_the_server_stood_when_ready(self) -> None:
        self.assertEqual(Memory(before=40, peak=100).growth, 60)

    def test_cpu_seconds_are_the_median_of_the_rounds(self) -> None:
        self.assertEqual(row_of(ours=[100.0, 900.0, 200.0]).cpu_seconds("ours"), 2.0)

    def test_a_server_that_failed_leaves_nothing_but_a_line(self) -> None:
        row = row_of(ours=[1.0], theirs=[2.0])
        row.leave_out("theirs", "it fell over")
        self.assertEqual(row.servers, ["ours"])
        self.assertEqual(row.failures, ["theirs left out: it fell over"])

    def test_the_round_that_warms_up_is_dropped(self) -> None:
        row = row_of(ours=[5.0, 6.0])
        row.measurements.insert(
            0, Measurement(round_number=-1, server="ours", rate=0.1, cpu_seconds=9.0)
        )
        row.drop_warm_up()
        self.assertEqual(row.rates("ours"), {0: 5.0, 1: 6.0})


class RenderTests(SynchronousTestCase):
    def test_a_line_has_the_rates_and_how_ours_compares(self) -> None:
        row = row_of(ours=[300.0, 100.0, 200.0], theirs=[100.0, 100.0, 100.0])
        row.memory["theirs"] = Memory(before=1_000_000, peak=13_000_000)
        title, headings, ours, theirs = render(row, "ours").splitlines()
        self.assertEqual(title, "a row")
        self.assertIn("ratio", headings)
        self.assertEqual(ours.split(), ["ours", "200", "100", "300", "objects/s", "2.00"])
        self.assertEqual(
            theirs.split(),
            ["theirs", "100", "100", "100", "objects/s", "2.00", "1.00", "13.0", "12.0"],
        )

    def test_a_row_without_servers_says_why(self) -> None:
        row = row_of()
        row.leave_out("ours", "it fell over")
        self.assertEqual(render(row, "ours"), "a row\n  ours left out: it fell over")

    def test_numbers_have_three_digits_that_matter(self) -> None:
        written = [number(each) for each in (12345.6, 123.4, 12.34, 1.234, 0.0)]
        self.assertEqual(written, ["12346", "123", "12.3", "1.23", "0.00"])

    def test_sizes_have_the_unit_that_suits_them(self) -> None:
        written = [size_text(each) for each in (500_000_000, 500_000, 1000, 99)]
        self.assertEqual(written, ["500 MB", "0.5 MB", "1 kB", "99 bytes"])


class ObjectSetTests(SynchronousTestCase):
    def test_renewed_objects_are_whole_and_have_never_been_seen(self) -> None:
        objects = ObjectSet.make(Path(self.mktemp()), 3, rows=2, columns=8)
        seen: set[str] = set()
        for _ in range(2):
            objects.renew()
            for path in objects.files:
                self.assertTrue(is_dicom_file(path))
                data_set = pydicom.dcmread(path)
                uid = UID(data_set.SOPInstanceUID)
                self.assertTrue(uid.is_valid)
                self.assertEqual(data_set.file_meta.MediaStorageSOPInstanceUID, uid)
                self.assertEqual(len(data_set.PixelData), 16)
                seen.add(uid)
        self.assertEqual(len(seen), 6)


class KindsTests(SynchronousTestCase):
    def names(self, row: str) -> list[tuple[str, bool]]:
        known = [Txdicomtls(), Dcmtk(Path("storescp")), Orthanc(Path("Orthanc"))]
        return [(kind.name, kind.durable) for kind in kinds_for(ROWS[row], known)]

    def test_who_syncs_is_compared_with_who_syncs(self) -> None:
        self.assertEqual([("txdicomtls", False), ("dcmtk", False)], self.names("small"))
        self.assertEqual([("txdicomtls", True), ("orthanc", True)], self.names("durable-small"))

    def test_many_associations_are_compared_with_one(self) -> None:
        names = self.names("durable-small-8")
        self.assertEqual([("txdicomtls", True), ("txdicomtls, 1", True), ("orthanc", True)], names)

    def test_a_title_says_what_is_done(self) -> None:
        self.assertEqual(
            "1000 objects of 1 kB with a window of 8, each on the disk before it is acknowledged",
            ROWS["durable-small-window"].title,
        )
