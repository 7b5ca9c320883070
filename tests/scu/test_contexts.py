"""Which presentation contexts a requestor proposes."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, IMPLICIT, VERIFICATION
from txdicomtls import uids
from txdicomtls.part10 import FileHeader
from txdicomtls.pdu import RoleSelection
from txdicomtls.scu.contexts import (
    MOST_CONTEXTS,
    batches,
    commitment_contexts,
    commitment_report_contexts,
    contexts_for,
    get_contexts,
    move_contexts,
    normalized_contexts,
    procedure_step_contexts,
    query_contexts,
    storage_contexts,
    verification_context,
    worklist_contexts,
)


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


class SumTests(SynchronousTestCase):
    def test_a_sum_is_numbered_anew_and_proposes_nothing_twice(self) -> None:
        contexts = query_contexts() + verification_context() + query_contexts()
        self.assertEqual(
            [(1, uids.STUDY_ROOT_FIND), (3, VERIFICATION)],
            [(each.context_id, each.abstract_syntax) for each in contexts],
        )
        self.assertEqual((), contexts.roles)

    def test_plain_contexts_can_be_added(self) -> None:
        plain = tuple(query_contexts())
        self.assertEqual(2, len(verification_context() + plain))

    def test_what_is_got_is_received_as_scp(self) -> None:
        contexts = get_contexts([CT, CT])
        self.assertEqual([uids.STUDY_ROOT_GET, CT], [each.abstract_syntax for each in contexts])
        self.assertEqual((RoleSelection(sop_class_uid=CT, scu=False, scp=True),), contexts.roles)

    def test_what_is_got_and_stored_is_in_both_roles(self) -> None:
        for contexts in (
            get_contexts([CT]) + contexts_for([header(CT)]),
            contexts_for([header(CT)]) + get_contexts([CT]),
        ):
            self.assertEqual((RoleSelection(sop_class_uid=CT, scu=True, scp=True),), contexts.roles)

    def test_a_report_is_given_as_scp_and_asked_for_as_scu(self) -> None:
        self.assertEqual((), commitment_contexts().roles)
        (role,) = commitment_report_contexts().roles
        self.assertEqual((uids.STORAGE_COMMITMENT, False, True), astuple(role))

    def test_each_service_proposes_its_sop_class(self) -> None:
        for contexts, wanted in (
            (worklist_contexts(), [uids.MODALITY_WORKLIST_FIND]),
            (move_contexts(), [uids.STUDY_ROOT_MOVE]),
            (procedure_step_contexts(), [uids.MODALITY_PERFORMED_PROCEDURE_STEP]),
            (normalized_contexts("1.2.3", "1.2.4"), ["1.2.3", "1.2.4"]),
            (storage_contexts([CT]), [CT, CT]),
        ):
            self.assertEqual(wanted, [each.abstract_syntax for each in contexts])

    def test_a_sum_of_more_than_128_is_refused(self) -> None:
        full = contexts_for([header(f"1.2.{n}") for n in range(MOST_CONTEXTS)])
        self.assertRaises(ValueError, full.__add__, verification_context())
