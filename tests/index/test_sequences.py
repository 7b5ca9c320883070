"""Tests of :mod:`txdicomtls.index.sequences`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.index.sequences import items_of, sequence_text, written

STEP, PROCEDURE = 0x00400009, 0x00401001

item = st.dictionaries(st.sampled_from((STEP, PROCEDURE)), st.text(max_size=10))


class SequenceTests(SynchronousTestCase):
    @given(st.lists(item, max_size=5))
    def test_what_is_kept_comes_back_without_what_is_empty(
        self, items: list[dict[int, str]]
    ) -> None:
        full = [{tag: text for tag, text in each.items() if text} for each in items]
        self.assertEqual([each for each in full if each], items_of(sequence_text(items)))

    @given(st.lists(item, min_size=1, max_size=5), st.text(max_size=10))
    def test_a_value_stands_in_the_text_of_every_sequence_that_has_it(
        self, items: list[dict[int, str]], text: str
    ) -> None:
        items[-1][STEP] = text
        self.assertIn(written(text), sequence_text(items))

    def test_a_text_has_a_longest_length_and_is_whole_all_the_same(self) -> None:
        items = [{STEP: "x" * 100, PROCEDURE: str(number)} for number in range(500)]
        text = sequence_text(items, longest=10_000)
        self.assertLessEqual(len(text), 10_000)
        self.assertGreater(len(text), 10_000 - 200)
        kept = items_of(text)
        self.assertEqual(items[: len(kept)], kept)

    @given(st.text() | st.sampled_from(("[", "{}", "[1]", '[{"x":"y"}]', "null", "[" * 100_000)))
    def test_any_other_text_has_no_items_and_nothing_fails(self, text: str) -> None:
        for each in items_of(text):
            self.assertIsInstance(each, dict)
