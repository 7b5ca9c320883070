"""Storage commitment as SCP: the promise, the report, and who is told when nobody is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT, VERIFICATION
from tests.scp.asking import Asking, ProviderCase, ask_for, at_once
from txdicomtls import uids
from txdicomtls.dataset import decode
from txdicomtls.dimse import FailureReason, NActionRQ, NEventReportRQ, NGetRQ
from txdicomtls.errors import OutOfResources, ResourceLimitation
from txdicomtls.interfaces import (
    CommitmentRequest,
    EventReport,
    ICommitmentProvider,
    IEventReporter,
    IService,
    SOPReference,
)
from txdicomtls.scp import Commitment

COMMIT = 1
TRANSACTION = "1.2.3.4.5"


def wanted(*numbers: int, transaction: str = TRANSACTION) -> Dataset:
    """The information of a request for these instances."""
    information = Dataset()
    if transaction:
        information.TransactionUID = transaction
    items = []
    for number in numbers:
        item = Dataset()
        item.ReferencedSOPClassUID = CT
        item.ReferencedSOPInstanceUID = f"1.2.{number}"
        items.append(item)
    information.ReferencedSOPSequence = items
    return information


def reference(number: int) -> SOPReference:
    """One of them."""
    return SOPReference(CT, f"1.2.{number}")


def action(
    message_id: int = 7, *, uid: str = "", kind: int = 1, has_data: bool = True
) -> NActionRQ:
    """The request."""
    return NActionRQ(
        requested_sop_class_uid=uids.STORAGE_COMMITMENT,
        requested_sop_instance_uid=uid or uids.STORAGE_COMMITMENT_INSTANCE,
        message_id=message_id,
        action_type_id=kind,
        has_data_set=has_data,
    )


@implementer(ICommitmentProvider)
class Provider:
    """Answers as it is told to.

    :ivar accepting: what :meth:`accept` answers.
    :ivar committing: what :meth:`commit` answers.
    """

    def __init__(self) -> None:
        self.accepted: list[CommitmentRequest] = []
        self.asked: list[CommitmentRequest] = []
        self.forgotten: list[CommitmentRequest] = []
        self.accepting: Any = None
        self.committing: Any = {}

    def accept(self, request: CommitmentRequest) -> Any:
        self.accepted.append(request)
        if isinstance(self.accepting, Exception):
            raise self.accepting
        return self.accepting

    def commit(self, request: CommitmentRequest) -> Any:
        self.asked.append(request)
        if isinstance(self.committing, Exception):
            raise self.committing
        return self.committing

    def reported(self, request: CommitmentRequest) -> None:
        self.forgotten.append(request)


@implementer(IEventReporter)
class Reporter:
    """Takes reports.

    :ivar answer: what :meth:`report` answers.
    """

    def __init__(self) -> None:
        self.events: list[EventReport] = []
        self.answer: Any = None

    def report(self, event: EventReport) -> Any:
        self.events.append(event)
        return self.answer


class CommitmentCase(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.provider = Provider()
        self.reporter = Reporter()

    def service(self, **more: Any) -> Commitment:
        reporter = more.pop("reporter", self.reporter)
        return Commitment(self.provider, reporter, self.means, **more)

    def asked(self, information: Dataset | None = None, **more: Any) -> Asking:
        """A peer that has asked, and what it asked for has been looked at."""
        self.committing = self.service(**more)
        asking = self.asking(ask_for((uids.STORAGE_COMMITMENT, (EXPLICIT,))), self.committing)
        asking.send(COMMIT, action(), wanted(1, 2) if information is None else information)
        self.advance(0)
        return asking

    def reports(self, asking: Asking) -> list[tuple[NEventReportRQ, Dataset]]:
        """The reports that came."""
        return [
            (message, decode(data, EXPLICIT))
            for message, data in asking.heard
            if isinstance(message, NEventReportRQ)
        ]


class RequestTests(CommitmentCase):
    def test_it_is_a_service(self) -> None:
        service = self.service()
        verifyObject(IService, service)
        verifyObject(ICommitmentProvider, self.provider)
        verifyObject(IEventReporter, self.reporter)
        self.assertTrue(service.accepts(uids.STORAGE_COMMITMENT))
        self.assertFalse(service.accepts(VERIFICATION))

    def test_success_is_answered_once_the_transaction_is_noted(self) -> None:
        noted = self.provider.accepting = Deferred()
        asking = self.asked()
        self.assertEqual(([], []), (asking.statuses, self.provider.asked))
        noted.callback(None)
        asking.wire.flush()
        self.assertEqual([0], asking.statuses)
        self.advance(0)
        self.assertEqual(1, len(self.provider.asked))

    def test_the_provider_is_told_what_and_for_whom(self) -> None:
        self.asked(wanted(1, 2, 1))
        (request,) = self.provider.accepted
        self.assertEqual((reference(1), reference(2)), request.references)
        self.assertEqual(
            (TRANSACTION, "REQUESTOR", "ACCEPTOR"),
            (request.transaction_uid, request.ae_title, request.own_ae_title),
        )
        self.assertEqual(self.provider.accepted, self.provider.asked)

    def test_a_request_that_cannot_be_noted_is_refused_and_nothing_is_promised(self) -> None:
        for error, status in (
            (ResourceLimitation("too much"), 0x0213),
            (OutOfResources("no room"), 0x0213),
            (ZeroDivisionError("Doe^John"), 0x0110),
        ):
            self.provider.accepting = error
            self.assertEqual([status], self.asked().statuses)
            self.provider.accepting = fail(error)
            self.assertEqual([status], self.asked().statuses)
        self.assertEqual([], self.provider.asked)

    def test_what_is_no_request_is_refused(self) -> None:
        bad = wanted(1)
        bad.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "../../etc"
        for information, status in (
            (wanted(1, transaction=""), 0x0115),
            (wanted(1, transaction="1..2"), 0x0115),
            (wanted(), 0x0115),
            (bad, 0x0115),
        ):
            self.assertEqual([status], self.asked(information).statuses)
        asking = self.asked()
        for message, status in (
            (action(9, kind=2), 0x0123),
            (action(9, uid="1.2.3"), 0x0112),
            (action(9, has_data=False), 0x0114),
        ):
            asking.send(COMMIT, message, wanted(1) if message.has_data_set else None)
            self.assertEqual(status, asking.statuses[-1])
        self.assertEqual(1, len(self.provider.accepted))

    def test_there_is_no_other_operation(self) -> None:
        asking = self.asked()
        message = NGetRQ(
            requested_sop_class_uid=uids.STORAGE_COMMITMENT,
            requested_sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
            message_id=8,
        )
        asking.send(COMMIT, message)
        self.assertEqual(0x0211, asking.statuses[-1])

    def test_what_grows_with_the_transaction_is_done_in_threads(self) -> None:
        called: list[str] = []

        def in_thread(function: Any, /, *args: Any, **kwargs: Any) -> Deferred[Any]:
            called.append(function.__name__)
            return at_once(function, *args, **kwargs)

        means = replace(self.means, in_thread=in_thread)
        service = Commitment(self.provider, self.reporter, means)
        asking = self.asking(ask_for((uids.STORAGE_COMMITMENT, (EXPLICIT,))), service)
        asking.send(COMMIT, action(), wanted(*range(1000)))
        self.advance(0)
        self.assertEqual(["decode", "read_transaction", "report_of", "encode"], called)
        self.assertEqual(1000, len(self.reports(asking)[0][1].ReferencedSOPSequence))

    def test_transactions_that_are_being_read_count_as_well(self) -> None:
        reading: list[Deferred[Any]] = []

        def in_thread(*_: Any, **__: Any) -> Deferred[Any]:
            reading.append(Deferred())
            return reading[-1]

        means = replace(self.means, in_thread=in_thread)
        service = Commitment(self.provider, self.reporter, means, most=1)
        asking = self.asking(ask_for((uids.STORAGE_COMMITMENT, (EXPLICIT,)), window=2), service)
        for message_id in (1, 2):
            asking.send(COMMIT, action(message_id=message_id), wanted(1))
        self.assertEqual(([0x0213], 1), (asking.statuses, len(reading)))
        reading[0].callback((TRANSACTION, (reference(1),)))
        asking.wire.flush()
        self.assertEqual([0x0213, 0], asking.statuses)
        service.stop()
        self.advance(0)

    def test_too_many_transactions_at_once_are_refused(self) -> None:
        self.provider.committing = Deferred()
        asking = self.asked(most=1)
        asking.send(COMMIT, action(8), wanted(1, transaction="1.2.9"))
        self.assertEqual([0, 0x0213], asking.statuses)
        self.committing.stop()


class ReportTests(CommitmentCase):
    def test_all_committed_is_one_kind_of_event(self) -> None:
        asking = self.asked(retrieve_ae_title="ARCHIVE")
        ((message, information),) = self.reports(asking)
        self.assertEqual(1, message.event_type_id)
        self.assertEqual(uids.STORAGE_COMMITMENT_INSTANCE, message.affected_sop_instance_uid)
        self.assertEqual(
            (TRANSACTION, "ARCHIVE"), (information.TransactionUID, information.RetrieveAETitle)
        )
        self.assertEqual(
            ["1.2.1", "1.2.2"],
            [item.ReferencedSOPInstanceUID for item in information.ReferencedSOPSequence],
        )
        self.assertNotIn("FailedSOPSequence", information)

    def test_failures_are_another_with_their_reasons(self) -> None:
        self.provider.committing = succeed({reference(2): FailureReason.NO_SUCH_OBJECT_INSTANCE})
        ((message, information),) = self.reports(self.asked())
        self.assertEqual(2, message.event_type_id)
        self.assertEqual(
            ["1.2.1"],
            [item.ReferencedSOPInstanceUID for item in information.ReferencedSOPSequence],
        )
        (failed,) = information.FailedSOPSequence
        self.assertEqual(
            (CT, "1.2.2", 0x0112),
            (failed.ReferencedSOPClassUID, failed.ReferencedSOPInstanceUID, failed.FailureReason),
        )

    def test_where_all_failed_no_committed_ones_are_listed(self) -> None:
        self.provider.committing = {reference(1): 0x0112, reference(2): 0x0119}
        ((_, information),) = self.reports(self.asked())
        self.assertNotIn("ReferencedSOPSequence", information)
        self.assertEqual(2, len(information.FailedSOPSequence))

    def test_the_answer_to_the_request_comes_before_the_report(self) -> None:
        kinds = [type(message).__name__ for message, _ in self.asked().heard]
        self.assertEqual(["NActionRSP", "NEventReportRQ"], kinds)

    def test_a_report_that_is_taken_on_the_association_is_told_nobody_else(self) -> None:
        asking = self.asked()
        ((message, _),) = self.reports(asking)
        self.assertEqual([], self.provider.forgotten)
        asking.send(COMMIT, message.response(0))
        self.assertEqual(([], 1), (self.reporter.events, len(self.provider.forgotten)))

    def test_a_report_that_is_refused_goes_to_the_reporter(self) -> None:
        asking = self.asked()
        ((message, _),) = self.reports(asking)
        asking.send(COMMIT, message.response(0x0110))
        self.assert_reported()

    def test_a_requestor_that_is_gone_is_told_by_the_reporter(self) -> None:
        committing = self.provider.committing = Deferred()
        asking = self.asked()
        asking.peer.do(asking.peer.connection.release())
        asking.wire.flush()
        committing.callback({})
        self.assert_reported()

    def test_an_association_that_ends_before_the_answer_leads_to_the_reporter(self) -> None:
        asking = self.asked()
        asking.peer.do(asking.peer.connection.abort())
        asking.wire.flush()
        self.assert_reported()

    def test_the_association_may_be_left_out(self) -> None:
        asking = self.asked(same_association=False)
        self.assertEqual([], self.reports(asking))
        self.assert_reported()

    def test_a_transaction_is_forgotten_only_when_the_reporter_has_it(self) -> None:
        taken = self.reporter.answer = Deferred()
        self.asked(same_association=False)
        self.assertEqual([], self.provider.forgotten)
        taken.callback(None)
        self.assertEqual(1, len(self.provider.forgotten))

    def test_what_the_reporter_does_not_take_is_not_forgotten(self) -> None:
        self.reporter.answer = fail(ZeroDivisionError("Doe^John"))
        with capturedLogs() as events:
            self.asked(same_association=False)
        self.assertEqual([], self.provider.forgotten)
        self.assertNotIn("Doe", "".join(self.logged(events)))

    def test_without_a_reporter_it_is_not_forgotten_either(self) -> None:
        with capturedLogs() as events:
            self.asked(same_association=False, reporter=None)
        self.assertEqual([], self.provider.forgotten)
        self.assertIn("could not be told", "".join(self.logged(events)))

    def test_what_cannot_be_found_out_has_failed(self) -> None:
        with capturedLogs() as events:
            for committing in (ZeroDivisionError("Doe^John"), fail(ZeroDivisionError("Doe^John"))):
                self.provider.committing = committing
                ((message, information),) = self.reports(self.asked())
                self.assertEqual(2, message.event_type_id)
                self.assertEqual(
                    [0x0110, 0x0110],
                    [item.FailureReason for item in information.FailedSOPSequence],
                )
        self.assertNotIn("Doe", "".join(self.logged(events)))

    def test_what_takes_too_long_has_failed(self) -> None:
        cancelled: list[Any] = []
        self.provider.committing = Deferred(cancelled.append)
        self.asked(same_association=False, seconds=600)
        self.advance(600)
        (event,) = self.reporter.events
        self.assertEqual((2, 1), (event.event_type_id, len(cancelled)))

    def test_what_was_noted_before_a_restart_goes_on(self) -> None:
        service = self.service()
        noted = CommitmentRequest(
            transaction_uid=TRANSACTION,
            references=(reference(1),),
            ae_title="REQUESTOR",
            own_ae_title="ACCEPTOR",
        )
        service.resume(noted)
        self.advance(0)
        self.assert_reported()
        self.assertEqual([noted], self.provider.forgotten)

    def test_a_service_that_is_stopped_reports_nothing_and_forgets_nothing(self) -> None:
        committing: Deferred[Mapping[SOPReference, int]] = Deferred(lambda _: None)
        self.provider.committing = committing
        self.asked(same_association=False)
        self.committing.stop()
        self.assertEqual(([], []), (self.reporter.events, self.provider.forgotten))

    def assert_reported(self) -> None:
        """The reporter was given the report, once, and the transaction is forgotten."""
        (event,) = self.reporter.events
        self.assertEqual(
            ("REQUESTOR", "ACCEPTOR", uids.STORAGE_COMMITMENT, 1),
            (event.ae_title, event.own_ae_title, event.sop_class_uid, event.event_type_id),
        )
        self.assertEqual(TRANSACTION, event.information.TransactionUID)
        self.assertEqual(1, len(self.provider.forgotten))
