"""What was invoked and not yet answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.association import OutstandingOperations
from txdicomtls.errors import LocalProtocolError, RemoteProtocolError


class OutstandingOperationsTests(SynchronousTestCase):
    def test_message_ids_begin_at_one_and_go_up(self) -> None:
        operations: OutstandingOperations[str] = OutstandingOperations(3)
        self.assertEqual([1, 2, 3], [operations.invoke(name) for name in "abc"])
        self.assertEqual(3, len(operations))

    def test_an_answer_gives_back_its_operation_once(self) -> None:
        operations: OutstandingOperations[str] = OutstandingOperations(2)
        first, second = operations.invoke("a"), operations.invoke("b")
        self.assertEqual("b", operations.done(second))
        self.assertEqual("a", operations.done(first))
        self.assertRaises(RemoteProtocolError, operations.done, first)

    def test_an_answer_to_what_was_not_asked_is_the_fault_of_the_peer(self) -> None:
        operations: OutstandingOperations[str] = OutstandingOperations(1)
        operations.invoke("a")
        for message_id in (0, 2, 65535):
            error = self.assertRaises(RemoteProtocolError, operations.done, message_id)
            self.assertIn(str(message_id), str(error))

    def test_no_more_than_the_window_can_be_outstanding(self) -> None:
        operations: OutstandingOperations[str] = OutstandingOperations(1)
        self.assertFalse(operations.full)
        first = operations.invoke("a")
        self.assertTrue(operations.full)
        self.assertRaises(LocalProtocolError, operations.invoke, "b")
        operations.done(first)
        self.assertEqual(2, operations.invoke("b"))

    def test_the_window_may_change_once_it_is_agreed(self) -> None:
        operations: OutstandingOperations[str] = OutstandingOperations(1)
        operations.window = 3
        for name in "abc":
            operations.invoke(name)
        self.assertTrue(operations.full)

    def test_message_ids_wrap_around_without_zero_and_pass_over_those_outstanding(self) -> None:
        operations: OutstandingOperations[int] = OutstandingOperations(2)
        operations.invoke(-1)
        for number in range(2, 65536):
            self.assertEqual(number, operations.invoke(number))
            operations.done(number)
        self.assertEqual(2, operations.invoke(0))

    def test_all_can_be_taken_out_in_the_order_of_invocation(self) -> None:
        operations: OutstandingOperations[str] = OutstandingOperations(3)
        for name in "abc":
            operations.invoke(name)
        operations.done(2)
        self.assertEqual(["a", "c"], operations.drain())
        self.assertEqual([], operations.drain())
        self.assertEqual(0, len(operations))

    @given(st.lists(st.integers(0, 5), max_size=200))
    def test_ids_are_never_shared_by_two_that_are_outstanding(self, choices: list[int]) -> None:
        operations: OutstandingOperations[int] = OutstandingOperations(4)
        outstanding: dict[int, int] = {}
        for number, choice in enumerate(choices):
            if operations.full or (outstanding and choice > 3):
                message_id = sorted(outstanding)[choice % len(outstanding)]
                self.assertEqual(outstanding.pop(message_id), operations.done(message_id))
            else:
                message_id = operations.invoke(number)
                self.assertNotIn(message_id, outstanding)
                outstanding[message_id] = number
            self.assertEqual(len(outstanding), len(operations))
