"""What it costs to decode a request that is as long as it may be."""

from __future__ import annotations

import gc
import sys
import tracemalloc

from twisted.trial.unittest import SynchronousTestCase

from tests.pdu.octets import (
    VERIFICATION,
    associate,
    item,
    proposed,
    variable_field,
)
from txdicomtls.pdu import PDUType, decode


class EffortTests(SynchronousTestCase):
    def calls(self, variable: bytes) -> int:
        """How many calls, of Python or of C, it takes to decode these items of a request.

        Nothing is collected meanwhile: others (Hypothesis, for one) hang calls of theirs on that.
        """
        body = associate(variable)
        count = 0

        def count_call(*_: object) -> None:
            nonlocal count
            count += 1

        previous = sys.getprofile()
        gc.disable()
        sys.setprofile(count_call)
        try:
            decode(PDUType.A_ASSOCIATE_RQ, body)
        finally:
            sys.setprofile(previous)
            gc.enable()
        return count

    def assert_linear(self, once: bytes, twice: bytes) -> None:
        self.assertLessEqual(self.calls(twice), 2 * self.calls(once))

    def test_unknown_items_cost_a_constant_each(self) -> None:
        plain = variable_field(proposed(1))
        small = item(0x99, b"")
        self.assert_linear(plain + small * 100_000, plain + small * 200_000)

    def test_transfer_syntaxes_cost_a_constant_each(self) -> None:
        def many(each: int) -> bytes:
            syntaxes = VERIFICATION + item(0x40, b"1") * each
            return variable_field(*(proposed(context_id, syntaxes) for context_id in (1, 3, 5)))

        self.assert_linear(many(5_000), many(10_000))

    def test_sub_items_of_user_information_cost_a_constant_each(self) -> None:
        role = item(0x54, b"\0\0011\1\0")

        def many(count: int) -> bytes:
            return variable_field(proposed(1), user_information=item(0x50, role * count))

        self.assert_linear(many(3_000), many(6_000))

    def test_nothing_is_copied_of_what_is_skipped(self) -> None:
        body = associate(variable_field(proposed(1)) + item(0x99, bytes(60_000)) * 17)
        self.assertGreater(len(body), 1_000_000)
        tracemalloc.start()
        try:
            decode(PDUType.A_ASSOCIATE_RQ, body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertLess(peak, 20_000)
