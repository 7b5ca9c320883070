"""Statuses and their categories."""

from __future__ import annotations

from pynetdicom.status import (
    GENERAL_STATUS,
    MODALITY_WORKLIST_SERVICE_CLASS_STATUS,
    PROCEDURE_STEP_STATUS,
    QR_FIND_SERVICE_CLASS_STATUS,
    QR_GET_SERVICE_CLASS_STATUS,
    QR_MOVE_SERVICE_CLASS_STATUS,
    STORAGE_SERVICE_CLASS_STATUS,
    VERIFICATION_SERVICE_CLASS_STATUS,
)
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dimse.status import (
    MAY_NO_LONGER_BE_UPDATED,
    FailureReason,
    QueryRetrieveStatus,
    Status,
    category,
    describe,
    describe_failure_reason,
)
from txdicomtls.dimse.status_tables import GENERAL_STATUSES, SERVICE_STATUSES, StatusCategory

#: The tables of pynetdicom for the services that both have.
PYNETDICOM = {
    "echo": VERIFICATION_SERVICE_CLASS_STATUS,
    "store": STORAGE_SERVICE_CLASS_STATUS,
    "find": QR_FIND_SERVICE_CLASS_STATUS,
    "worklist": MODALITY_WORKLIST_SERVICE_CLASS_STATUS,
    "get": QR_GET_SERVICE_CLASS_STATUS,
    "move": QR_MOVE_SERVICE_CLASS_STATUS,
    "mpps": PROCEDURE_STEP_STATUS,
}


def statuses_of(service: str) -> set[int]:
    """All single statuses of a service."""
    return {n for line in SERVICE_STATUSES[service] for n in range(line.first, line.last + 1)}


class TableTests(SynchronousTestCase):
    def test_no_two_lines_of_one_service_overlap(self) -> None:
        for service, lines in SERVICE_STATUSES.items():
            total = sum(line.last - line.first + 1 for line in lines)
            self.assertEqual(len(statuses_of(service)), total, service)

    def test_each_line_is_a_range_with_words(self) -> None:
        for lines in (GENERAL_STATUSES.values(), *SERVICE_STATUSES.values()):
            for line in lines:
                self.assertLessEqual(line.first, line.last)
                self.assertTrue(line.meaning.strip())

    def test_the_category_of_each_line_is_that_of_its_numbers(self) -> None:
        for lines in (GENERAL_STATUSES.values(), *SERVICE_STATUSES.values()):
            for line in lines:
                for status in (line.first, line.last):
                    self.assertIs(category(status), line.category, hex(status))

    def test_every_service_can_succeed_and_be_misunderstood(self) -> None:
        for service in SERVICE_STATUSES:
            self.assertLess({0x0000, 0x0210, 0x0211, 0x0212}, statuses_of(service), service)

    def test_only_queries_and_retrievals_are_ever_pending_or_cancelled(self) -> None:
        for service in SERVICE_STATUSES:
            pending = service in ("find", "worklist", "get", "move")
            self.assertEqual({0xFF00, 0xFE00} <= statuses_of(service), pending, service)

    def test_each_normalized_service_has_the_failures_of_the_standard(self) -> None:
        common = {0x0000, 0x0110, 0x0112, 0x0117, 0x0118, 0x0119, 0x0210, 0x0211, 0x0212, 0x0213}
        for service, added in (
            ("n-event-report", {0x0113, 0x0114, 0x0115}),
            ("n-get", {0x0107, 0x0122, 0x0124}),
            ("n-set", {0x0105, 0x0106, 0x0107, 0x0116, 0x0121, 0x0124}),
            ("n-action", {0x0114, 0x0115, 0x0123, 0x0124}),
            ("n-delete", {0x0124}),
            ("commitment", {0x0113, 0x0114, 0x0115, 0x0123, 0x0124}),
        ):
            self.assertEqual(statuses_of(service), common | added, service)

    def test_pynetdicom_knows_the_same_statuses_of_each_service(self) -> None:
        general = set(GENERAL_STATUS) | {0x0001}
        for service, known in PYNETDICOM.items():
            self.assertEqual(statuses_of(service) - general, set(known) - general, service)

    def test_pynetdicom_puts_every_status_in_the_same_category(self) -> None:
        for known in PYNETDICOM.values():
            for status, (name, _) in known.items():
                self.assertEqual(category(status).value, name.lower(), f"0x{status:04X}")


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

    def test_every_status_of_a_service_has_words(self) -> None:
        for service in SERVICE_STATUSES:
            for status in statuses_of(service):
                self.assertTrue(describe(status, service))

    def test_one_number_means_what_its_service_says(self) -> None:
        for status, service, meaning in (
            (0xA900, "store", "error: data set does not match SOP class"),
            (0xA900, "find", "error: identifier does not match SOP class"),
            (0xB000, "store", "coercion of data elements"),
            (0xB000, "move", "sub-operations complete: some failed or had warnings"),
            (0xFF00, "find", "matches are continuing"),
            (0xFF00, "get", "sub-operations are continuing"),
            (0xFF00, "", "pending"),
            (0xA801, "move", "refused: move destination unknown"),
            (0xA801, "get", "failure"),
        ):
            self.assertEqual(describe(status, service), meaning)

    def test_every_named_status_of_queries_and_retrievals_is_known(self) -> None:
        listed = statuses_of("find") | statuses_of("move")
        self.assertEqual({int(s) for s in QueryRetrieveStatus} - listed, set())

    def test_an_error_id_is_told_where_its_service_defines_it(self) -> None:
        self.assertEqual(
            describe(0x0110, "mpps", error_id=MAY_NO_LONGER_BE_UPDATED),
            "processing failure: performed procedure step object may no longer be updated",
        )
        for status, service, error_id in (
            (0x0110, "mpps", None),
            (0x0110, "mpps", 1),
            (0x0110, "commitment", MAY_NO_LONGER_BE_UPDATED),
            (0x0112, "mpps", MAY_NO_LONGER_BE_UPDATED),
        ):
            self.assertEqual(
                describe(status, service, error_id=error_id), GENERAL_STATUSES[status].meaning
            )


class FailureReasonTests(SynchronousTestCase):
    def test_the_reasons_are_those_of_the_standard(self) -> None:
        self.assertEqual(
            {int(reason) for reason in FailureReason},
            {0x0110, 0x0112, 0x0119, 0x0122, 0x0131, 0x0213},
        )

    def test_each_reason_has_words(self) -> None:
        self.assertEqual(describe_failure_reason(0x0131), "duplicate transaction UID")
        self.assertEqual(describe_failure_reason(0x0122), "referenced SOP class not supported")

    def test_what_is_no_reason_is_described_as_a_status(self) -> None:
        self.assertEqual(describe_failure_reason(0x0124), "refused: not authorized")
        self.assertEqual(describe_failure_reason(0xA700), "failure")
