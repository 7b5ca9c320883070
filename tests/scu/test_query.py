"""Queries: matches, limits, cancellation, failures."""

from __future__ import annotations

import gc
from threading import Thread
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.archive.doubles import at_once
from tests.net.pair import Outcome, Peer, watch
from tests.scu.cases import ConnectCase, dataset, encoded, heard
from txdicomtls import uids
from txdicomtls.dataset import decode
from txdicomtls.dimse import CCancelRQ, CFindRQ, Priority, QueryRetrieveStatus, Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationTimeout,
    LocalProtocolError,
    MalformedDataSet,
    NoPresentationContext,
    QueryFailed,
    RemoteProtocolError,
)
from txdicomtls.net.invocation import MOST_UNREAD
from txdicomtls.scu import Association, Matches, query_contexts, worklist_contexts

#: Verification is on 1.
FIND_ID = 3

IDENTIFIER = dataset(QueryRetrieveLevel="STUDY", PatientName="Müller*", StudyInstanceUID="")


@implementer(IReactorFromThreads)
class Threaded(Clock):
    """A clock that threads may ask to call something."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def callFromThread(self, callable: Any, *args: object, **kwargs: object) -> None:  # noqa: A002  # Twisted's name
        self.calls.append(callable)


class FindCase(ConnectCase):
    def setUp(self) -> None:
        super().setUp()
        self.association: Association
        self.peer: Peer
        self.association, self.peer = self.played(query_contexts(), window=4)

    def request(self) -> CFindRQ:
        """The C-FIND-RQ that the peer got last."""
        requests = [message for _, message, _ in heard(self.peer) if isinstance(message, CFindRQ)]
        return requests[-1]

    def match(self, number: int) -> None:
        """The peer sends one match."""
        pending = self.request().response(Status.PENDING)
        self.tell(self.peer, FIND_ID, pending, encoded(StudyInstanceUID=f"1.2.{number}"))

    def end(self, status: int = Status.SUCCESS, **more: Any) -> None:
        """The peer ends the query."""
        self.tell(self.peer, FIND_ID, self.request().response(status, **more))

    @property
    def cancels(self) -> int:
        return sum(isinstance(message, CCancelRQ) for _, message, _ in heard(self.peer))

    def finding(self, **more: Any) -> tuple[Matches, list[Dataset], Outcome]:
        matches = self.association.find(IDENTIFIER, **more)
        found, outcome = self.collect(matches)
        return matches, found, outcome


class MatchTests(FindCase):
    def test_the_identifier_is_sent_as_it_is(self) -> None:
        self.finding(priority=Priority.HIGH)
        ((context_id, request, data),) = heard(self.peer)
        self.assertEqual((FIND_ID, Priority.HIGH), (context_id, request.priority))
        self.assertEqual(uids.STUDY_ROOT_FIND, request.affected_sop_class_uid)
        sent = decode(data, uids.EXPLICIT_VR_LITTLE_ENDIAN)
        self.assertEqual("Müller*", sent.PatientName)

    def test_matches_come_as_they_arrive_until_the_final_response(self) -> None:
        matches, found, outcome = self.finding()
        for number in range(3):
            self.match(number)
            self.assertEqual(number + 1, len(found))
            self.assertIsNone(matches.status)
        self.end()
        self.assertEqual([None], outcome.results)
        self.assertEqual(["1.2.0", "1.2.1", "1.2.2"], [each.StudyInstanceUID for each in found])
        self.assertEqual((0, 3), (matches.status, matches.count))
        self.assertEqual(0, self.cancels)

    def test_no_match_is_no_error(self) -> None:
        matches, found, outcome = self.finding()
        self.end()
        self.assertEqual(([], [None], 0), (found, outcome.results, matches.status))

    def test_all_gathers_them(self) -> None:
        gathering = self.association.find(IDENTIFIER).all()
        self.flush()
        self.match(1)
        self.match(2)
        self.end()
        self.assertEqual(2, len(self.successResultOf(gathering)))

    def test_a_slow_reader_makes_the_peer_wait_and_loses_nothing(self) -> None:
        matches = self.association.find(IDENTIFIER)
        self.flush()
        for number in range(3 * MOST_UNREAD):
            self.match(number)
        waiting = matches._invocation._answers
        self.assertLessEqual(len(waiting), 2 * MOST_UNREAD)
        found, outcome = self.collect(matches)
        self.end()
        self.assertEqual(3 * MOST_UNREAD, len(found))
        self.assertTrue(outcome.results)

    def test_two_queries_at_once_are_kept_apart(self) -> None:
        _, first, _ = self.finding()
        self.match(1)
        _, second, _ = self.finding()
        self.match(2)
        self.match(3)
        self.assertEqual((1, 2), (len(first), len(second)))

    def test_a_large_match_is_decoded_in_a_thread_and_a_small_one_is_not(self) -> None:
        in_thread: list[Any] = []

        def counted(function: Any, *args: Any) -> Any:
            in_thread.append(function)
            return at_once(function, *args)

        requestor: Any = self.association._requestor
        requestor.in_thread = counted
        _, found, _ = self.finding()
        self.match(1)
        self.assertEqual([], in_thread)
        data = encoded(TextValue="x" * 50_000)
        self.tell(self.peer, FIND_ID, self.request().response(Status.PENDING), data)
        self.assertEqual("x" * 50_000, found[1].TextValue)
        self.assertEqual(1, len(in_thread))

    def test_a_worklist_is_asked_for_in_its_own_model(self) -> None:
        association, peer = self.played(worklist_contexts())
        _, outcome = self.collect(association.worklist(dataset(PatientName="")))
        ((_, request, _),) = heard(peer)
        self.assertEqual(uids.MODALITY_WORKLIST_FIND, request.affected_sop_class_uid)
        self.tell(peer, FIND_ID, request.response(0xA700))
        self.assertEqual(["worklist"], [each.service for each in outcome.failures])  # type: ignore[attr-defined]  # QueryFailed


class CancelTests(FindCase):
    def test_a_limit_stops_the_peer_and_what_still_comes_is_passed_over(self) -> None:
        matches, found, outcome = self.finding(limit=2)
        for number in range(5):
            self.match(number)
        self.assertEqual((2, 1, False), (len(found), self.cancels, outcome.is_known))
        self.end(Status.CANCEL)
        self.assertEqual([None], outcome.results)
        self.assertEqual(Status.CANCEL, matches.status)

    def test_as_many_matches_as_the_limit_are_a_success(self) -> None:
        _, found, outcome = self.finding(limit=2)
        self.match(1)
        self.match(2)
        self.end()
        self.assertEqual((2, [None]), (len(found), outcome.results))

    def test_no_match_at_all_is_no_limit(self) -> None:
        self.assertRaises(LocalProtocolError, self.association.find, IDENTIFIER, limit=0)

    def test_who_cancels_gets_what_came_before(self) -> None:
        matches, found, outcome = self.finding()
        self.match(1)
        matches.cancel()
        self.flush()
        self.assertEqual(1, self.cancels)
        self.match(2)
        self.end(Status.CANCEL)
        self.assertEqual((2, [None]), (len(found), outcome.results))
        matches.cancel()
        self.flush()
        self.assertEqual(1, self.cancels)

    def test_who_leaves_the_loop_within_the_block_cancels(self) -> None:
        async def first() -> Dataset:
            async with self.association.find(IDENTIFIER) as matches:
                async for match in matches:
                    return match
            raise AssertionError

        finding = Deferred.fromCoroutine(first())
        self.flush()
        self.match(1)
        self.assertEqual("1.2.1", self.successResultOf(finding).StudyInstanceUID)
        self.match(2)
        self.end(Status.CANCEL)
        self.assertEqual(1, self.cancels)
        self.still_usable()

    def test_who_drops_the_iterator_cancels_too(self) -> None:
        async def first() -> Dataset:
            async for match in self.association.find(IDENTIFIER):
                return match
            raise AssertionError

        finding = Deferred.fromCoroutine(first())
        self.flush()
        self.match(1)
        self.successResultOf(finding)
        gc.collect()
        self.flush()
        self.assertEqual(1, self.cancels)

    def test_what_is_dropped_in_another_thread_is_cancelled_in_that_of_the_reactor(self) -> None:
        reactor = Threaded()
        self.association._requestor.protocol.clock = reactor
        matches = self.association.find(IDENTIFIER)
        self.flush()
        dropping = Thread(target=matches.__del__)
        dropping.start()
        dropping.join()
        self.flush()
        self.assertEqual(0, self.cancels)
        (call,) = reactor.calls
        call()
        self.flush()
        self.assertEqual(1, self.cancels)

    def test_a_cancelled_deferred_cancels_the_query_and_not_the_association(self) -> None:
        gathering = self.association.find(IDENTIFIER).all()
        self.flush()
        self.match(1)
        gathering.cancel()
        self.flush()
        self.failureResultOf(gathering, CancelledError)
        self.assertEqual(1, self.cancels)
        self.match(2)
        self.end(Status.CANCEL)
        self.still_usable()

    def test_a_peer_that_ignores_the_cancel_is_aborted(self) -> None:
        gathering = self.association.find(IDENTIFIER).all()
        self.flush()
        gathering.cancel()
        self.failureResultOf(gathering, CancelledError)
        self.flush()
        self.advance(60)
        self.assertIsInstance(self.association.error, AssociationTimeout)
        self.advance(60)
        self.assertFalse(self.wires[-1].is_open)

    def test_one_that_was_not_sent_yet_never_is(self) -> None:
        association, peer = self.played(query_contexts())
        first = watch(association.find(IDENTIFIER).all())
        second = association.find(IDENTIFIER).all()
        self.flush()
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.flush()
        self.assertEqual(1, len(heard(peer)))
        self.assertFalse(first.is_known)

    def still_usable(self) -> None:
        _, _, outcome = self.finding()
        self.end()
        self.assertEqual([None], outcome.results)


class FailureTests(FindCase):
    def test_a_failure_says_all_that_the_peer_said(self) -> None:
        matches, found, outcome = self.finding()
        self.match(1)
        self.end(
            QueryRetrieveStatus.IDENTIFIER_DOES_NOT_MATCH_SOP_CLASS,
            error_comment="no such key",
            offending_element=(0x00100010,),
        )
        (error,) = outcome.failures
        assert isinstance(error, QueryFailed)
        self.assertEqual(
            ("find", 0xA900, "no such key", (0x00100010,)),
            (error.service, error.status, error.comment, error.elements),
        )
        self.assertIn("A900H: error: identifier does not match SOP class", str(error))
        self.assertEqual((1, 0xA900), (len(found), matches.status))

    def test_an_unknown_status_is_a_failure(self) -> None:
        _, _, outcome = self.finding()
        self.end(0x1234)
        self.assertIsInstance(outcome.failures[0], QueryFailed)

    def test_a_warning_at_the_end_is_none(self) -> None:
        matches, _, outcome = self.finding()
        self.end(QueryRetrieveStatus.RESPONSE_LIMIT_REACHED)
        self.assertEqual(([None], 0xB001), (outcome.results, matches.status))

    def test_a_match_that_is_no_data_set_ends_the_query(self) -> None:
        _, _, outcome = self.finding()
        pending = self.request().response(Status.PENDING)
        self.tell(self.peer, FIND_ID, pending, b"\x08\x00\x20\x00DA\xff\xff")
        self.assertIsInstance(outcome.failures[0], MalformedDataSet)
        self.flush()
        self.assertEqual(1, self.cancels)

    def test_a_match_without_identifier_ends_the_query(self) -> None:
        _, _, outcome = self.finding()
        self.tell(self.peer, FIND_ID, self.request().response(Status.PENDING), b"")
        self.assertIsInstance(outcome.failures[0], RemoteProtocolError)
        self.flush()
        self.assertEqual(1, self.cancels)

    def test_the_end_of_the_association_is_the_end_of_the_query(self) -> None:
        _, _, outcome = self.finding()
        self.match(1)
        self.peer.do(self.peer.connection.abort())
        self.flush()
        self.assertIsInstance(outcome.failures[0], AssociationAborted)

    def test_a_peer_that_stops_in_between_is_not_waited_for_for_ever(self) -> None:
        _, _, outcome = self.finding()
        self.match(1)
        self.advance(59)
        self.assertFalse(outcome.is_known)
        self.match(2)
        self.advance(59)
        self.assertFalse(outcome.is_known)
        self.advance(1)
        self.assertIsInstance(outcome.failures[0], AssociationTimeout)

    def test_a_model_that_was_not_accepted_is_told_at_once(self) -> None:
        self.assertRaises(
            NoPresentationContext,
            self.association.find,
            IDENTIFIER,
            model=uids.PATIENT_ROOT_FIND,
        )

    def test_what_cannot_be_encoded_is_never_sent(self) -> None:
        wrong = Dataset()
        wrong.add_new(0x00020010, "UI", "1.2.3")
        self.assertRaises(LocalProtocolError, self.association.find, wrong)
        self.flush()
        self.assertEqual([], heard(self.peer))
