"""Extended negotiation of queries and retrievals, byte by byte."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.interfaces import QueryOptions
from txdicomtls.scp.extended import (
    agreed_options,
    agreed_relational,
    answer_query,
    answer_retrieval,
    answer_worklist,
)

ALL = QueryOptions(**{field.name: True for field in fields(QueryOptions)})


class AnswerTests(SynchronousTestCase):
    def test_each_byte_stands_for_one_thing(self) -> None:
        for index, name in enumerate(
            ("relational", "date_time", "fuzzy_names", "time_zone", None, "empty_values",
             "multiple_values")
        ):  # fmt: skip
            asked = bytes(index) + b"\1"
            answer = answer_query(asked, ALL)
            self.assertEqual(asked if name else bytes(index + 1), answer)
            expected = QueryOptions(**{name: True}) if name else QueryOptions()
            self.assertEqual(expected, agreed_options(answer))

    def test_what_is_not_supported_is_not_agreed_on(self) -> None:
        self.assertEqual(bytes(7), answer_query(b"\1" * 7, QueryOptions()))

    def test_what_is_not_asked_for_is_not_agreed_on(self) -> None:
        self.assertEqual(b"\0\0", answer_query(b"\0\2", ALL))

    def test_bytes_that_nobody_defined_are_turned_down(self) -> None:
        self.assertEqual(b"\1\1\1\1\0\1\1\0\0", answer_query(b"\1" * 9, ALL))

    def test_nothing_negotiated_is_the_default(self) -> None:
        self.assertEqual(QueryOptions(), agreed_options(None))
        self.assertFalse(agreed_relational(None))

    def test_a_retrieval_has_one_byte_that_can_be_agreed_on(self) -> None:
        for asked, relational, answer in (
            (b"\1", True, b"\1"),
            (b"\1\1", True, b"\1\0"),
            (b"\1", False, b"\0"),
            (b"\0", True, b"\0"),
            (b"", True, b""),
        ):
            answered = answer_retrieval(asked, relational=relational)
            self.assertEqual(answer, answered)
            self.assertEqual(answer[:1] == b"\1", agreed_relational(answered))

    @given(st.binary(max_size=20), st.builds(QueryOptions))
    def test_an_answer_has_the_length_of_the_question(
        self, asked: bytes, supported: QueryOptions
    ) -> None:
        for answer in (
            answer_query(asked, supported),
            answer_worklist(asked, supported),
            answer_retrieval(asked, relational=supported.relational),
        ):
            self.assertEqual(len(asked), len(answer))
