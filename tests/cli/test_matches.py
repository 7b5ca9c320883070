"""Matches of a query, printed as they come."""

from __future__ import annotations

import json
from typing import Any, Self

import click
from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.keys import parse_key
from txdicomtls.cli.matches import Printer, print_matches
from txdicomtls.dimse import Status
from txdicomtls.errors import AssociationAborted


class FakeMatches:
    """A query whose matches the test has made; the peer ends it when it is told to."""

    def __init__(self, *matches: Dataset, error: Exception | None = None) -> None:
        self._matches = list(matches)
        self._error = error
        self.status: int | None = None
        self.count = 0
        self.cancelled = False
        self.closed = False

    def cancel(self) -> None:
        self.cancelled = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Dataset:
        if self._matches and not self.cancelled:
            self.count += 1
            return self._matches.pop(0)
        if self._error is not None:
            raise self._error
        self.status = Status.CANCEL if self.cancelled else Status.SUCCESS
        raise StopAsyncIteration


def match(number: int) -> Dataset:
    found = Dataset()
    found.PatientID = f"P{number}"
    found.PatientName = "김희중"
    return found


class PrintTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.said: list[str] = []
        self.complained: list[str] = []

        def echo(text: str, *, err: bool = False) -> None:
            (self.complained if err else self.said).append(text)

        self.patch(click, "echo", echo)
        self.interruption = Interruption(lambda: None)

    def printed(self, matches: Any, *, as_json: bool = True) -> Deferred[bool]:
        printer = Printer([parse_key("PatientID")], as_json=as_json)
        return Deferred.fromCoroutine(print_matches(matches, printer, self.interruption))

    def test_each_is_an_object_of_the_json_model_on_a_line_of_ascii(self) -> None:
        self.assertTrue(self.successResultOf(self.printed(FakeMatches(match(1), match(2)))))
        self.assertTrue(all(line.isascii() and "\n" not in line for line in self.said))
        values = [json.loads(line) for line in self.said]
        self.assertEqual(["P1", "P2"], [each["00100020"]["Value"][0] for each in values])
        self.assertEqual("김희중", values[0]["00100010"]["Value"][0]["Alphabetic"])
        self.assertEqual(["2 matches"], self.complained)

    def test_ctrl_c_cancels_and_what_came_is_printed(self) -> None:
        matches = FakeMatches(*map(match, range(9)))

        class Asking(Printer):
            def add(self, found: Dataset) -> None:
                super().add(found)
                if found.PatientID == "P2":
                    asked()

        asked = self.interruption.ask
        printer = Asking([parse_key("PatientID")], as_json=False)
        query: Any = matches
        done = Deferred.fromCoroutine(print_matches(query, printer, self.interruption))
        self.assertFalse(self.successResultOf(done))
        self.assertTrue(matches.cancelled and matches.closed)
        self.assertEqual(["PatientID", "P0", "P1", "P2"], [line.strip() for line in self.said])
        self.assertEqual("3 matches, interrupted", self.complained[-1])

    def test_what_came_before_a_failure_is_printed(self) -> None:
        matches = FakeMatches(match(1), error=AssociationAborted(2, 0))
        self.failureResultOf(self.printed(matches, as_json=False), AssociationAborted)
        self.assertEqual(["PatientID", "P1"], [line.strip() for line in self.said])
        self.assertEqual(["1 match"], self.complained)
