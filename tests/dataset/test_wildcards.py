from __future__ import annotations

import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dataset import wildcard_match


def oracle(pattern: str, text: str) -> bool:
    """The definition, word for word; exponential."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(oracle(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and oracle(pattern[1:], text[1:])


class WildcardTests(SynchronousTestCase):
    def test_by_hand(self) -> None:
        for pattern, text, expected in (
            ("", "", True),
            ("", "a", False),
            ("*", "", True),
            ("*", "abc", True),
            ("?", "", False),
            ("?", "a", True),
            ("?", "ab", False),
            ("a*c", "abbbc", True),
            ("a*c", "abbbcd", False),
            ("*b?", "abbc", True),
            ("*.5", "1.5", True),
            ("[a-z]", "b", False),
            ("[a-z]", "[a-z]", True),
            ("a", "A", False),
        ):
            self.assertEqual(expected, wildcard_match(pattern, text), (pattern, text))

    @settings(max_examples=1000, deadline=None)
    @given(st.text("ab*?", max_size=7), st.text("ab*?", max_size=8))
    def test_as_it_is_defined(self, pattern: str, text: str) -> None:
        self.assertEqual(oracle(pattern, text), wildcard_match(pattern, text))

    def test_a_wild_card_bomb_does_not_go_off(self) -> None:
        for pattern in ("*a" * 30 + "b", "*a?" * 20 + "b", "*" * 60 + "b", "?*" * 30 + "b"):
            self.assertLess(self.lines(pattern, "a" * 300), 4 * 61 * 300, pattern)

    def test_literal_segments_are_found_in_one_go(self) -> None:
        self.assertLess(self.lines("*" + "a" * 5000 + "b*", "a" * 10_000), 100)

    def lines(self, pattern: str, text: str) -> int:
        """How many lines are run to find that a text does not match."""
        lines = 0

        def count(*_: object) -> Any:
            nonlocal lines
            lines += 1
            return count

        previous = sys.gettrace()
        sys.settrace(count)
        try:
            matched = wildcard_match(pattern, text)
        finally:
            sys.settrace(previous)
        self.assertFalse(matched)
        return lines
