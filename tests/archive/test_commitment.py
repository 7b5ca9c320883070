"""Tests of :mod:`txdicomtls.archive.commitment` and :mod:`txdicomtls.archive.reports`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from tests.archive.doubles import Jobs, as_any
from tests.archive.instances import NOW
from tests.archive.provided import CT, ProviderCase, at_once
from txdicomtls.archive import ArchiveCommitments, QueuedReports, Safety, Verified
from txdicomtls.archive import commitment as module
from txdicomtls.archive.payloads import reported_event
from txdicomtls.dimse import FailureReason
from txdicomtls.errors import (
    IndexUnavailable,
    InvalidArgumentValue,
    OutOfResources,
    ResourceLimitation,
)
from txdicomtls.index import TaskKind
from txdicomtls.interfaces import (
    CommitmentRequest,
    EventReport,
    ICommitmentProvider,
    IEventReporter,
    SOPReference,
)

MR = "1.2.840.10008.5.1.4.1.1.4"


def request(*uids: str, transaction: str = "1.2.9", sop_class: str = CT) -> CommitmentRequest:
    return CommitmentRequest(
        transaction_uid=transaction,
        references=tuple(SOPReference(sop_class, uid) for uid in uids),
        ae_title="CT_ROOM_1",
        own_ae_title="ARCHIVE",
        user="astrid",
    )


class CommitmentTests(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.today = NOW
        self.provider = self.commitments()

    def commitments(self, node: str = "a", archive: Any = None, **more: Any) -> ArchiveCommitments:
        return ArchiveCommitments(
            archive or self.kept_in,
            self.open_index(),
            at_once,
            node=node,
            now=lambda: self.today,
            **more,
        )

    def failures(self, *uids: str, **more: str) -> dict[str, int]:
        found = self.result(self.provider.commit(request(*uids, **more)))
        return {reference.sop_instance_uid: reason for reference, reason in found.items()}

    def test_they_are_what_they_should_be(self) -> None:
        self.assertTrue(verifyObject(ICommitmentProvider, self.provider))

    def test_what_is_kept_as_it_was_is_safe(self) -> None:
        uids = [f"1.2.3.4.{number}" for number in range(5)]
        for uid in uids:
            self.keep(uid, pixels=bytes(1 << 20))
        self.assertEqual({}, self.failures(*uids))

    def test_each_reason_has_its_code(self) -> None:
        for number in range(4):
            self.keep(f"1.2.3.4.{number}")
        self.damage("1.2.3.4.1")
        self.path_of("1.2.3.4.2").unlink()
        self.assertEqual(
            {"1.2.3.4.1": 0x0110, "1.2.3.4.2": 0x0110, "1.2.3.4.9": 0x0112},
            self.failures(*(f"1.2.3.4.{number}" for number in (0, 1, 2, 3, 9))),
        )
        self.assertEqual({"1.2.3.4.0": 0x0119}, self.failures("1.2.3.4.0", sop_class=MR))

    def test_one_bit_anywhere_is_enough(self) -> None:
        self.keep("1.2.3.4.1", pixels=bytes(3 << 20))
        for at in (-1, -(2 << 20), 400):
            self.damage("1.2.3.4.1", at)
            self.assertEqual({"1.2.3.4.1": 0x0110}, self.failures("1.2.3.4.1"))
            self.damage("1.2.3.4.1", at)
        self.assertEqual({}, self.failures("1.2.3.4.1"))

    def test_what_cannot_be_read_now_is_not_called_lost(self) -> None:
        self.keep("1.2.3.4.1")
        self.provider = self.commitments(archive=Unreadable())
        self.assertEqual({"1.2.3.4.1": 0x0213}, self.failures("1.2.3.4.1"))

        def away(uids: Iterable[str]) -> dict[str, Any]:
            raise IndexUnavailable("here", "gone")

        self.patch(self.provider._index, "get", away)
        self.assertEqual({"1.2.3.4.1": 0x0213}, self.failures("1.2.3.4.1"))

    def test_a_transaction_outlives_a_restart(self) -> None:
        asked = request("1.2.3.4.1", "1.2.3.4.2")
        self.result(self.provider.accept(asked))
        again = self.commitments()
        self.assertEqual([asked], self.result(again.unfinished()))
        self.assertEqual([], self.result(again.unfinished()))
        self.result(again.reported(asked))
        self.assertEqual([], self.result(self.commitments().unfinished()))
        self.assertEqual([], self.known.tasks.backlog())

    def test_what_was_reported_is_forgotten(self) -> None:
        asked = request("1.2.3.4.1")
        self.result(self.provider.accept(asked))
        self.result(self.provider.reported(asked))
        self.assertEqual([], self.result(self.commitments().unfinished()))
        self.result(self.provider.reported(asked))

    def test_what_is_under_way_here_is_not_taken_on_twice(self) -> None:
        asked = request("1.2.3.4.1")
        self.result(self.provider.accept(asked))
        self.assertEqual([], self.result(self.provider.unfinished()))
        archive = Manual()
        self.patch(self.provider, "_archive", archive)
        self.keep("1.2.3.4.1")
        committing = Deferred.fromCoroutine(self.provider.commit(asked))
        self.today += timedelta(days=1)
        self.assertEqual([], self.result(self.provider.unfinished()))
        archive.answer()
        self.successResultOf(committing)
        self.today += timedelta(minutes=14)
        self.assertEqual([], self.result(self.provider.unfinished()))

    def test_what_could_not_be_reported_is_not_forgotten(self) -> None:
        asked = request("1.2.3.4.1")
        self.result(self.provider.accept(asked))
        self.result(self.provider.commit(asked))
        # Whoever should have reported it has failed: the index was away, say.
        self.today += timedelta(minutes=16)
        self.assertEqual([asked], self.result(self.provider.unfinished()))
        self.assertEqual([], self.result(self.provider.unfinished()))
        self.result(self.provider.reported(asked))
        self.assertEqual([], self.known.tasks.backlog())

    def test_another_node_takes_it_on_once_this_one_is_silent(self) -> None:
        asked = request("1.2.3.4.1")
        self.result(self.provider.accept(asked))
        other = self.commitments("b")
        self.assertEqual([], self.result(other.unfinished()))
        self.today += timedelta(minutes=16)
        self.assertEqual([asked], self.result(other.unfinished()))

    def test_a_long_transaction_is_kept_while_it_is_worked_on(self) -> None:
        asked = request(*(f"1.2.3.4.{number}" for number in range(10)))
        for reference in asked.references:
            self.keep(reference.sop_instance_uid)
        self.provider = self.commitments(archive=Slow(self))
        self.result(self.provider.accept(asked))
        self.assertEqual({}, self.result(self.provider.commit(asked)))
        self.assertEqual(NOW + timedelta(minutes=60), self.today)
        self.assertEqual([], self.result(self.commitments("b").unfinished()))

    def test_the_same_request_again_is_the_same_transaction(self) -> None:
        asked = request("1.2.3.4.1")
        self.result(self.provider.accept(asked))
        self.result(self.provider.accept(asked))
        error = self.fails(self.provider.accept(request("1.2.3.4.2")), InvalidArgumentValue)
        self.assertEqual((0x00081195,), error.tags)
        other = dataclasses.replace(request("1.2.3.4.2"), ae_title="MR_ROOM")
        self.result(self.provider.accept(other))
        self.assertEqual(2, len(self.result(self.commitments().unfinished())))

    def test_what_cannot_be_noted_is_not_promised(self) -> None:
        def away(*_: object, **more: object) -> None:
            raise IndexUnavailable("here", "gone")

        self.patch(self.provider._tasks, "put_leased", away)
        self.fails(self.provider.accept(request("1.2.3.4.1")), ResourceLimitation)

    def test_very_many_references_are_looked_up_in_parts(self) -> None:
        self.patch(module, "_PAGE", 3)
        for number in range(8):
            self.keep(f"1.2.3.4.{number}")
        wanted = {f"1.2.3.4.{number}": FailureReason.NO_SUCH_OBJECT_INSTANCE for number in (8, 9)}
        self.assertEqual(wanted, self.failures(*(f"1.2.3.4.{number}" for number in range(10))))

    def test_transactions_take_turns_a_file_each(self) -> None:
        uids = ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"]
        for uid in uids:
            self.keep(uid)
        archive = Manual()
        self.provider = self.commitments(archive=archive, at_once=1)
        working = [
            Deferred.fromCoroutine(self.provider.commit(request(*some)))
            for some in (uids, reversed(uids))
        ]
        while archive.waiting:
            self.assertEqual(1, len(archive.waiting))
            archive.answer()
        self.assertEqual([uids[0], uids[2], uids[1], uids[1], uids[2], uids[0]], archive.asked)
        for each in working:
            self.assertEqual({}, self.successResultOf(each))

    def test_one_that_is_cancelled_lets_the_others_go_on(self) -> None:
        self.keep("1.2.3.4.1")
        archive = Manual()
        self.provider = self.commitments(archive=archive, at_once=1)
        working = [
            Deferred.fromCoroutine(self.provider.commit(request("1.2.3.4.1"))) for _ in range(3)
        ]
        for each in (working[1], working[0]):  # one waits for its turn, one reads
            each.cancel()
            self.failureResultOf(each, CancelledError)
        archive.answer()
        archive.answer()
        self.assertEqual({}, self.successResultOf(working[2]))


class Unreadable:
    """An archive whose disk is away."""

    async def verify(self, uids: Iterable[str]) -> Mapping[str, Verified]:
        raise OutOfResources("the disk is away")


class Slow:
    """An archive that takes six minutes for a file."""

    def __init__(self, case: CommitmentTests) -> None:
        self.case = case

    async def verify(self, uids: Iterable[str]) -> Mapping[str, Verified]:
        self.case.today += timedelta(minutes=6)
        return await self.case.kept_in.verify(uids)


class Manual:
    """An archive that finds out when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.waiting: list[tuple[str, Deferred[dict[str, Verified]]]] = []

    def verify(self, uids: Iterable[str]) -> Deferred[dict[str, Verified]]:
        (uid,) = uids
        self.asked.append(uid)
        self.waiting.append((uid, Deferred()))
        return self.waiting[-1][1]

    def answer(self) -> None:
        uid, found = self.waiting.pop(0)
        if not found.called:
            found.callback({uid: Verified(safety=Safety.SAFE, sop_class_uid=CT)})


class ReportTests(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.put: list[int] = []
        self.jobs = Jobs()
        self.reporter = QueuedReports(
            self.known.tasks, self.jobs, now=lambda: NOW, put=lambda: self.put.append(1)
        )

    def event(self) -> EventReport:
        item = Dataset()
        item.ReferencedSOPClassUID = CT
        item.ReferencedSOPInstanceUID = "1.2.3.4.1"
        item.FailureReason = 0x0112
        information = Dataset()
        information.TransactionUID = "1.2.9"
        information.FailedSOPSequence = [item]
        return EventReport(
            ae_title="CT_ROOM_1",
            own_ae_title="ARCHIVE",
            sop_class_uid="1.2.840.10008.1.20.1",
            sop_instance_uid="1.2.840.10008.1.20.1.1",
            event_type_id=2,
            information=information,
        )

    def test_it_is_a_reporter(self) -> None:
        self.assertTrue(verifyObject(IEventReporter, self.reporter))

    def test_a_report_is_kept_before_it_is_taken_on(self) -> None:
        event = self.event()
        kept = Deferred.fromCoroutine(self.reporter.report(event))
        self.assertNoResult(kept)
        self.jobs.do_all()
        self.successResultOf(kept)
        self.assertEqual([1], self.put)
        (task,) = self.open_index().tasks.due(
            TaskKind.REPORT, now=NOW, owner="n", lease=timedelta(1), destination="CT_ROOM_1"
        )
        self.assertEqual(event, reported_event(task))
        self.assertNotIn("1.2.3.4.1", repr(task))

    def test_what_cannot_be_kept_is_not_taken_on(self) -> None:
        def away(*_: object, **more: object) -> None:
            raise IndexUnavailable("here", "gone")

        self.patch(self.known.tasks, "put", away)
        kept = Deferred.fromCoroutine(self.reporter.report(self.event()))
        self.jobs.do_all()
        self.failureResultOf(kept, IndexUnavailable)
        self.assertEqual([], as_any(self.put))
