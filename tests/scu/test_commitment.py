"""Storage commitment: asked for, and reported on the same association or on another."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from tests.archive.doubles import at_once
from tests.net.pair import Outcome, watch
from tests.scu.cases import ConnectCase, dataset, encoded, heard
from txdicomtls import uids
from txdicomtls.dataset import decode
from txdicomtls.dimse import FailureReason, NActionRQ, NEventReportRQ, Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationTimeout,
    LocalProtocolError,
    OperationFailed,
)
from txdicomtls.net import AssociationFactory
from txdicomtls.scu import (
    Association,
    CommitmentListener,
    Committed,
    Instance,
    NotCommitted,
    Reference,
    Sent,
    commitment_contexts,
    commitment_report_contexts,
    commitment_reports,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
FIRST, SECOND = Reference(CT, "1.2.3.1"), Reference(CT, "1.2.3.2")
COMMITMENT_ID = 3


def items(*references: Reference, reason: int | None = None) -> list[Any]:
    made = []
    for reference in references:
        item = dataset(
            ReferencedSOPClassUID=reference.sop_class_uid,
            ReferencedSOPInstanceUID=reference.sop_instance_uid,
        )
        if reason is not None:
            item.FailureReason = reason
        made.append(item)
    return made


def report(transaction_uid: str, *committed: Reference, failed: Any = ()) -> bytes:
    values: dict[str, Any] = {"ReferencedSOPSequence": items(*committed)}
    if failed:
        values["FailedSOPSequence"] = items(*failed, reason=0x0112)
    return encoded(TransactionUID=transaction_uid, **values)


def event(
    message_id: int = 1,
    event_type: int = 1,
    instance: str = uids.STORAGE_COMMITMENT_INSTANCE,
) -> NEventReportRQ:
    return NEventReportRQ(
        affected_sop_class_uid=uids.STORAGE_COMMITMENT,
        affected_sop_instance_uid=instance,
        message_id=message_id,
        event_type_id=event_type,
        has_data_set=True,
    )


class CommitCase(ConnectCase):
    def setUp(self) -> None:
        super().setUp()
        self.association: Association
        self.association, self.peer = self.played(commitment_contexts())

    def asked(self) -> tuple[NActionRQ, Any]:
        """What the peer was asked last."""
        requests = [each for each in heard(self.peer) if isinstance(each[1], NActionRQ)]
        _, request, data = requests[-1]
        return request, decode(data, uids.EXPLICIT_VR_LITTLE_ENDIAN)

    def committing(self, *references: Any) -> tuple[Outcome, str]:
        """Ask, and the peer takes it; the Transaction UID."""
        outcome = watch(self.association.commit(references or (FIRST, SECOND)))
        self.flush()
        request, information = self.asked()
        self.tell(self.peer, COMMITMENT_ID, request.response(Status.SUCCESS))
        return outcome, information.TransactionUID

    def reported(self, data: bytes, message: NEventReportRQ | None = None) -> int:
        """The peer reports; what it is answered."""
        self.tell(self.peer, COMMITMENT_ID, message or event(), data)
        self.advance(0)
        _, answer, _ = heard(self.peer)[-1]
        status: int = answer.status
        return status


class CommitTests(CommitCase):
    def test_it_names_the_instances_and_a_transaction_of_its_own(self) -> None:
        _, first = self.committing(FIRST, SECOND, FIRST)
        request, information = self.asked()
        self.assertEqual(
            (1, uids.STORAGE_COMMITMENT_INSTANCE),
            (request.action_type_id, request.requested_sop_instance_uid),
        )
        self.assertEqual(
            [FIRST, SECOND],
            [
                (each.ReferencedSOPClassUID, each.ReferencedSOPInstanceUID)
                for each in information.ReferencedSOPSequence
            ],
        )
        _, second = self.committing()
        self.assertNotEqual(first, second)
        self.assertTrue(uids.is_valid_uid(first))

    def test_a_report_on_the_same_association_is_the_result(self) -> None:
        outcome, transaction = self.committing()
        self.assertEqual(0, self.reported(report(transaction, FIRST, SECOND)))
        (committed,) = outcome.results
        self.assertEqual(
            Committed(transaction_uid=transaction, committed=(FIRST, SECOND), failed=()), committed
        )
        self.assertTrue(committed.is_complete)

    def test_what_failed_has_its_reason_and_what_is_not_mentioned_has_none(self) -> None:
        third = Reference(CT, "1.2.3.3")
        outcome, transaction = self.committing(FIRST, SECOND, third)
        self.reported(report(transaction, FIRST, failed=[SECOND]), event(event_type=2))
        (committed,) = outcome.results
        self.assertEqual((FIRST,), committed.committed)
        self.assertEqual(
            (
                NotCommitted(SECOND, FailureReason.NO_SUCH_OBJECT_INSTANCE),
                NotCommitted(third, None),
            ),
            committed.failed,
        )
        self.assertFalse(committed.is_complete)

    def test_what_is_both_has_failed_and_what_nobody_asked_for_is_nothing(self) -> None:
        stranger = Reference(CT, "1.2.9")
        outcome, transaction = self.committing(FIRST)
        self.reported(report(transaction, FIRST, stranger, failed=[FIRST]))
        (committed,) = outcome.results
        self.assertEqual(((), 1), (committed.committed, len(committed.failed)))

    def test_a_report_may_overtake_the_answer_to_the_request(self) -> None:
        outcome = watch(self.association.commit([FIRST]))
        self.flush()
        request, information = self.asked()
        self.reported(report(information.TransactionUID, FIRST))
        self.assertFalse(outcome.is_known)
        self.tell(self.peer, COMMITMENT_ID, request.response(Status.SUCCESS))
        self.assertTrue(outcome.results[0].is_complete)

    def test_two_transactions_at_once_are_kept_apart(self) -> None:
        self.association, self.peer = self.played(commitment_contexts(), window=2)
        first, one = self.committing(FIRST)
        second, other = self.committing(SECOND)
        self.assertEqual(0, self.reported(report(one, FIRST)))
        self.assertTrue(first.results[0].is_complete)
        self.assertEqual(0, self.reported(report(other, SECOND)))
        self.assertTrue(second.results[0].is_complete)
        again = self.reported(report(other, SECOND))
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, again)

    def test_a_listener_that_is_offered_hears_its_own_reports_meanwhile(self) -> None:
        listener = CommitmentListener(self.clock, at_once)
        self.association, self.peer = self.played(
            commitment_contexts(), window=2, services=[listener]
        )
        report_of = listener.expect("1.2.3", (FIRST,))
        committing, _ = self.committing(SECOND)
        self.assertEqual(0, self.reported(report("1.2.3", FIRST)))
        self.assertTrue(self.successResultOf(report_of).is_complete)
        self.association.abort()
        self.flush()
        self.assertIsInstance(committing.failures[0], AssociationAborted)
        self.assertFalse(listener.awaits_any)

    def test_what_was_stored_is_named_by_its_outcome(self) -> None:
        sent = Sent(sop_class_uid=CT, sop_instance_uid="1.2.3.1", status=0)
        outcome, transaction = self.committing(sent)
        self.reported(report(transaction, FIRST))
        self.assertTrue(outcome.results[0].is_complete)

    def test_the_answer_goes_out_before_the_caller_does_anything(self) -> None:
        async def work() -> None:
            await self.association.commit([FIRST])
            await self.association.release()

        working = watch(Deferred.fromCoroutine(work()))
        self.flush()
        request, information = self.asked()
        self.tell(self.peer, COMMITMENT_ID, request.response(Status.SUCCESS))
        self.assertEqual(0, self.reported(report(information.TransactionUID, FIRST)))
        self.assertFalse(working.failures)
        self.association.abort()
        self.flush()


class RefusedReportTests(CommitCase):
    def test_a_report_whose_sequences_are_none_says_nothing(self) -> None:
        outcome, transaction = self.committing(FIRST)
        data = report(transaction, FIRST).replace(b"\x99\x11SQ", b"\x99\x11OB")
        self.assertEqual(0, self.reported(data))
        self.assertEqual((NotCommitted(FIRST, None),), outcome.results[0].failed)

    def test_what_is_wrong_with_a_report_is_answered_and_it_is_waited_on(self) -> None:
        outcome, transaction = self.committing(FIRST)
        good = report(transaction, FIRST)
        for data, message, status in (
            (report("1.2.3.4", FIRST), event(), Status.INVALID_ARGUMENT_VALUE),
            (encoded(PatientName="A"), event(), Status.INVALID_ARGUMENT_VALUE),
            (b"\x08\x00", event(), Status.INVALID_ARGUMENT_VALUE),
            (b"", event(), Status.INVALID_ARGUMENT_VALUE),
            (good, event(event_type=3), Status.NO_SUCH_EVENT_TYPE),
            (good, event(instance="1.2.3"), Status.NO_SUCH_SOP_INSTANCE),
        ):
            self.assertEqual(status, self.reported(data, message))
            self.assertFalse(outcome.is_known)
        self.assertEqual(0, self.reported(good))
        self.assertTrue(outcome.results)

    def test_a_report_that_is_endless_is_not_kept(self) -> None:
        self.patch(commitment_reports, "MOST_REPORT", 1000)
        outcome, transaction = self.committing(FIRST)
        many = [Reference(CT, f"1.2.3.{number}") for number in range(100)]
        self.assertEqual(Status.RESOURCE_LIMITATION, self.reported(report(transaction, *many)))
        self.assertFalse(outcome.is_known)

    def test_where_none_was_asked_for_none_is_taken(self) -> None:
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, self.reported(report("1.2.3", FIRST)))
        outcome, transaction = self.committing(FIRST)
        self.reported(report(transaction, FIRST))
        self.assertTrue(outcome.results)
        again = self.reported(report(transaction, FIRST), event(2))
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, again)


class EndTests(CommitCase):
    def test_a_request_that_is_refused_is_a_failure(self) -> None:
        outcome = watch(self.association.commit([FIRST]))
        self.flush()
        request, _ = self.asked()
        self.tell(self.peer, COMMITMENT_ID, request.response(Status.RESOURCE_LIMITATION))
        (error,) = outcome.failures
        assert isinstance(error, OperationFailed)
        self.assertEqual(("commitment", 0x0213), (error.service, error.status))

    def test_nothing_to_commit_is_never_sent(self) -> None:
        self.failureResultOf(self.association.commit([]), LocalProtocolError)

    def test_a_report_that_never_comes_is_not_waited_for_for_ever(self) -> None:
        outcome, _ = self.committing()
        self.advance(60)
        (error,) = outcome.failures
        assert isinstance(error, AssociationTimeout)
        self.assertEqual(60, error.seconds)
        self.assertIsNone(self.association.error)

    def test_an_association_that_ends_ends_the_wait(self) -> None:
        outcome, _ = self.committing()
        self.peer.do(self.peer.connection.abort())
        self.flush()
        self.assertIsInstance(outcome.failures[0], AssociationAborted)

    def test_who_cancels_leaves_nothing(self) -> None:
        committing = self.association.commit([FIRST])
        self.flush()
        request, _ = self.asked()
        self.tell(self.peer, COMMITMENT_ID, request.response(Status.SUCCESS))
        committing.cancel()
        self.failureResultOf(committing, CancelledError)
        self.assertIsNone(self.association.error)


class ListenerTests(CommitCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = CommitmentListener(self.clock, at_once)
        node = self.factory(services=[self.listener])
        self.node: AssociationFactory = node

    def requested(self) -> Any:
        """A request that was taken, on an association that is released then."""
        requesting = self.association.request_commitment([FIRST], self.listener, timeout=3600)
        self.flush()
        request, _ = self.asked()
        self.tell(self.peer, COMMITMENT_ID, request.response(Status.SUCCESS))
        awaited = self.successResultOf(requesting)
        self.peer.do(self.peer.connection.release())
        self.flush()
        return awaited

    def reporting(self, information: Any) -> int:
        """The peer opens an association as SCP and reports on it."""
        association = self.connected(self.node.buildProtocol(None), commitment_report_contexts())
        instance = Instance(
            sop_class_uid=uids.STORAGE_COMMITMENT,
            sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
        )
        reporting = association.event_report(instance, 1, information)
        outcome = watch(reporting)
        self.flush()
        self.advance(0)
        if outcome.failures:
            (error,) = outcome.failures
            assert isinstance(error, OperationFailed)
            return error.status
        status: int = outcome.results[0].status
        return status

    def test_a_report_on_another_association_is_the_result(self) -> None:
        awaited = self.requested()
        self.assertNoResult(awaited.report)
        information = dataset(
            TransactionUID=awaited.transaction_uid, ReferencedSOPSequence=items(FIRST)
        )
        self.assertEqual(0, self.reporting(information))
        self.assertTrue(self.successResultOf(awaited.report).is_complete)

    def test_a_report_that_nobody_waits_for_is_refused_there(self) -> None:
        information = dataset(TransactionUID="1.2.3", ReferencedSOPSequence=items(FIRST))
        self.assertEqual(Status.INVALID_ARGUMENT_VALUE, self.reporting(information))

    def test_one_that_never_comes_is_forgotten(self) -> None:
        awaited = self.requested()
        self.advance(3600)
        self.failureResultOf(awaited.report, AssociationTimeout)
        information = dataset(
            TransactionUID=awaited.transaction_uid, ReferencedSOPSequence=items(FIRST)
        )
        self.assertEqual(Status.INVALID_ARGUMENT_VALUE, self.reporting(information))

    def test_one_transaction_is_waited_for_once(self) -> None:
        self.listener.expect("1.2.3", (FIRST,)).addErrback(lambda _: None)
        self.assertRaises(LocalProtocolError, self.listener.expect, "1.2.3", (FIRST,))

    def test_a_listener_commits_itself_to_nothing(self) -> None:
        self.assertFalse(self.listener.accepts(uids.STORAGE_COMMITMENT))
        association = self.connected(self.node.buildProtocol(None), commitment_contexts())
        self.failureResultOf(association.commit([FIRST]))
