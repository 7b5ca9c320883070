"""Counting sub-operations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.scp.instances import Kept
from txdicomtls.dimse import Suboperations
from txdicomtls.errors import DicomTLSError
from txdicomtls.interfaces import Outcome
from txdicomtls.scp.tally import MOST_FAILED, Tally


class TallyTests(SynchronousTestCase):
    @given(
        st.one_of(st.none(), st.integers(0, 12)),
        st.lists(st.sampled_from([0x0000, 0xB000, 0xA700, 0x0110, None])),
        st.booleans(),
    )
    def test_the_counters_add_up_at_every_moment(
        self, count: int | None, answers: list[int | None], is_cut_short: bool
    ) -> None:
        tally = Tally(count)
        begun = 0

        def check() -> Suboperations:
            counters = tally.counters
            numbers = (
                counters.remaining,
                counters.completed,
                counters.failed,
                counters.warning,
            )
            self.assertTrue(all(number is not None and number >= 0 for number in numbers))
            self.assertEqual(max(count or 0, begun), sum(number or 0 for number in numbers))
            return counters

        check()
        for number, status in enumerate(answers):
            instance = Kept(number).instance
            tally.begin(instance)
            begun += 1
            check()
            error = None if status is not None else DicomTLSError("no")
            tally.end(Outcome(instance=instance, status=status, error=error))
            check()
        if is_cut_short:
            tally.fail_the_rest("no more")
            self.assertEqual(0, check().remaining)

    def test_nothing_failed_is_a_success_even_of_nothing(self) -> None:
        self.assertEqual(0x0000, Tally(0).final_status())

    def test_what_was_begun_and_has_no_outcome_fails_in_the_end(self) -> None:
        tally = Tally(None)
        kept = [Kept(1), Kept(2)]
        for each in kept:
            tally.begin(each.instance)
        self.assertTrue(tally.is_open)
        tally.end(Outcome(instance=kept[0].instance, status=0))
        tally.end_all("gone")
        self.assertFalse(tally.is_open)
        self.assertEqual((["1.2.3.2"], "gone"), (tally.failed_uids, tally.first_failure))

    def test_the_first_failure_is_the_one_that_is_told(self) -> None:
        tally = Tally(None)
        for number, status in enumerate((0xA700, 0xC000)):
            instance = Kept(number).instance
            tally.begin(instance)
            tally.end(Outcome(instance=instance, status=status))
        self.assertIn("A700H", tally.first_failure)

    def test_the_list_of_what_failed_has_an_end(self) -> None:
        tally = Tally(None)
        for number in range(MOST_FAILED + 5):
            tally.begin(Kept(number).instance)
        tally.end_all("gone")
        self.assertEqual(MOST_FAILED, len(tally.failed_uids))
        self.assertEqual(MOST_FAILED + 5, tally.counters.failed)
