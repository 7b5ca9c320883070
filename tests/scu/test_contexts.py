"""Which presentation contexts a requestor proposes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, IMPLICIT, VERIFICATION
from txdicomtls.part10 import FileHeader
from txdicomtls.scu.contexts import MOST_CONTEXTS, batches, contexts_for, verification_context


def header(sop_class: str, transfer_syntax: str = EXPLICIT) -> FileHeader:
    return FileHeader(
        path=Path("file.dcm"),
        sop_class_uid=sop_class,
        sop_instance_uid="1.2.3",
        transfer_syntax_uid=transfer_syntax,
        data_offset=400,
        data_length=1000,
    )


class ContextTests(SynchronousTestCase):
    def test_an_echo_needs_one_context(self) -> None:
        (context,) = verification_context()
        self.assertEqual(
            (1, VERIFICATION, (IMPLICIT,)),
            (context.context_id, context.abstract_syntax, context.transfer_syntaxes),
        )

    def test_each_pair_of_sop_class_and_transfer_syntax_gets_one_context(self) -> None:
        contexts = contexts_for(
            [header(CT), header(CT, IMPLICIT), header(CT), header("1.2.3"), header(CT)]
        )
        self.assertEqual(
            {(CT, (EXPLICIT,)), (CT, (IMPLICIT,)), ("1.2.3", (EXPLICIT,))},
            {(each.abstract_syntax, each.transfer_syntaxes) for each in contexts},
        )
        self.assertEqual([1, 3, 5], [each.context_id for each in contexts])

    def test_the_same_files_in_any_order_get_the_same_contexts(self) -> None:
        headers = [header(CT), header(CT, IMPLICIT), header("1.2.3")]
        self.assertEqual(contexts_for(headers), contexts_for(reversed(headers)))

    def test_no_file_needs_no_context(self) -> None:
        self.assertEqual((), tuple(contexts_for([])))

    def test_128_fit_into_one_association_and_129_do_not(self) -> None:
        headers = [header(f"1.2.{n}") for n in range(MOST_CONTEXTS + 1)]
        self.assertEqual(255, contexts_for(headers[:-1]).proposed[-1].context_id)
        self.assertRaises(ValueError, contexts_for, headers)


class BatchTests(SynchronousTestCase):
    def test_no_file_is_no_batch(self) -> None:
        self.assertEqual([], list(batches([])))

    def test_files_of_few_kinds_are_one_batch_however_many(self) -> None:
        headers = [header(f"1.2.{n % MOST_CONTEXTS}") for n in range(1000)]
        self.assertEqual([headers], list(batches(headers)))

    def test_the_129th_kind_begins_another_association(self) -> None:
        headers = [header(f"1.2.{n}") for n in range(MOST_CONTEXTS + 1)]
        self.assertEqual([headers[:-1], headers[-1:]], list(batches(headers)))

    @given(st.lists(st.integers(0, 300), max_size=600))
    def test_nothing_is_lost_or_moved_and_every_batch_fits(self, kinds: list[int]) -> None:
        headers = [header(f"1.2.{kind}") for kind in kinds]
        parts = list(batches(headers))
        self.assertEqual(headers, [each for part in parts for each in part])
        for part in parts:
            self.assertTrue(part)
            contexts_for(part)
