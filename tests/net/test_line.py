"""Whose turn it is."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.net.line import Line


class LineTests(SynchronousTestCase):
    def enter(self, line: Line, name: str) -> Deferred[None]:
        entering = line.enter()
        entering.addCallback(lambda _: self.entered.append(name))
        return entering

    def setUp(self) -> None:
        self.entered: list[str] = []

    def test_who_comes_first_is_served_first_and_no_more_at_once_than_there_are_places(
        self,
    ) -> None:
        line = Line(2)
        for name in "abcd":
            self.enter(line, name)
        self.assertEqual((["a", "b"], False), (self.entered, line.is_free))
        line.leave()
        self.assertEqual(["a", "b", "c"], self.entered)
        line.leave()
        line.leave()
        self.assertEqual((["a", "b", "c", "d"], True), (self.entered, line.is_free))

    def test_who_gives_up_is_passed_over(self) -> None:
        line = Line()
        self.enter(line, "a")
        given_up = self.enter(line, "b")
        self.enter(line, "c")
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        line.leave()
        self.assertEqual(["a", "c"], self.entered)

    def test_more_places_let_in_those_who_wait(self) -> None:
        line = Line()
        for name in "abc":
            self.enter(line, name)
        line.widen(2)
        self.assertEqual(["a", "b"], self.entered)

    def test_nobody_overtakes_those_who_are_being_let_in(self) -> None:
        line = Line()
        self.enter(line, "a")

        def leave(_: None) -> None:
            line.leave()
            self.enter(line, "late")

        line.enter().addCallback(leave)
        self.enter(line, "c")
        line.leave()
        self.assertEqual(["a", "c"], self.entered)
        line.leave()
        self.assertEqual(["a", "c", "late"], self.entered)

    def test_any_number_may_leave_at_once(self) -> None:
        line = Line()
        self.enter(line, "first")
        for number in range(5000):
            self.enter(line, str(number)).addCallback(lambda _: line.leave())
        line.leave()
        self.assertEqual(5001, len(self.entered))
        self.assertTrue(line.is_free)
