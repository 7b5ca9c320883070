"""Statuses and their categories."""

from __future__ import annotations

from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dimse.status import Status, StatusCategory, category, describe


class CategoryTests(SynchronousTestCase):
    def test_each_range_of_the_standard_has_its_category(self) -> None:
        expected = {
            0x0000: StatusCategory.SUCCESS,
            0x0001: StatusCategory.WARNING,
            0x0106: StatusCategory.FAILURE,
            0x0107: StatusCategory.WARNING,
            0x0110: StatusCategory.FAILURE,
            0x0116: StatusCategory.WARNING,
            0x0117: StatusCategory.FAILURE,
            0x0213: StatusCategory.FAILURE,
            0xA000: StatusCategory.FAILURE,
            0xAFFF: StatusCategory.FAILURE,
            0xB000: StatusCategory.WARNING,
            0xBFFF: StatusCategory.WARNING,
            0xC000: StatusCategory.FAILURE,
            0xCFFF: StatusCategory.FAILURE,
            0xFE00: StatusCategory.CANCEL,
            0xFF00: StatusCategory.PENDING,
            0xFF01: StatusCategory.PENDING,
        }
        self.assertEqual({status: category(status) for status in expected}, expected)

    def test_a_status_that_the_standard_leaves_undefined_is_a_failure(self) -> None:
        for status in (0x0002, 0x1234, 0xD000, 0xFE01, 0xFF02, 0xFFFF):
            self.assertIs(category(status), StatusCategory.FAILURE)

    def test_only_zero_is_success(self) -> None:
        successes = [n for n in range(0x10000) if category(n) is StatusCategory.SUCCESS]
        self.assertEqual(successes, [0])

    def test_pynetdicom_puts_every_storage_status_in_the_same_category(self) -> None:
        for status, (name, _) in STORAGE_SERVICE_CLASS_STATUS.items():
            self.assertEqual(category(status).value, name.lower(), f"0x{status:04X}")


class DescribeTests(SynchronousTestCase):
    def test_every_named_status_is_known(self) -> None:
        for status in Status:
            self.assertNotIn(describe(status, "store"), ("failure", "warning"), hex(status))

    def test_a_status_of_a_service_needs_its_service(self) -> None:
        self.assertEqual(describe(0xA712, "store"), "refused: out of resources")
        self.assertEqual(describe(0xA712), "failure")
        self.assertEqual(describe(0xA712, "unheard-of"), "failure")

    def test_a_general_status_needs_no_service(self) -> None:
        self.assertEqual(describe(0x0124), "refused: not authorized")
        self.assertEqual(describe(0x0000), "success")

    def test_a_status_without_a_name_is_described_by_its_category(self) -> None:
        self.assertEqual(describe(0x0999, "store"), "failure")
        self.assertEqual(describe(0xB123, "store"), "warning")

    def test_pynetdicom_knows_the_same_statuses_of_the_storage_service(self) -> None:
        known = {n for n in range(0xA000, 0xD000) if describe(n, "store") != describe(n)}
        self.assertEqual(known, {n for n in STORAGE_SERVICE_CLASS_STATUS if 0xA000 <= n < 0xD000})
