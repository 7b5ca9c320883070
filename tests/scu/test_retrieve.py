"""C-GET and C-MOVE: what is counted, what is received, and what is refused."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from tests.archive.doubles import HOSTILE
from tests.association.pair import CT, EXPLICIT
from tests.net.pair import Outcome, Peer
from tests.scu.cases import ConnectCase, dataset, encoded, heard
from txdicomtls import uids
from txdicomtls.dimse import (
    CCancelRQ,
    CEchoRQ,
    CGetRQ,
    CMoveRQ,
    CStoreRQ,
    CStoreRSP,
    QueryRetrieveStatus,
    Status,
    Suboperations,
)
from txdicomtls.errors import (
    AssociationAborted,
    AssociationTimeout,
    DuplicateInstance,
    InvalidInstance,
    LocalProtocolError,
    MismatchedInstance,
    NoPresentationContext,
    NotAskedFor,
    OutOfResources,
    RetrievalFailed,
)
from txdicomtls.pdu import RoleSelection
from txdicomtls.scp import Verification
from txdicomtls.scu import ReceiveLimits, Retrieval, get_contexts, move_contexts
from txdicomtls.scu.wanted import MOST_REFUSED

#: Verification is on 1.
RETRIEVE_ID, CT_ID = 3, 5

STUDY, OTHER_STUDY = "1.2.3", "1.2.4"
BY_STUDY = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=STUDY)
BY_INSTANCE = dataset(
    QueryRetrieveLevel="IMAGE", StudyInstanceUID=STUDY, SOPInstanceUID=["1.2.3.1", "1.2.3.2"]
)


def counted(remaining: int, completed: int, failed: int = 0, warning: int = 0) -> Suboperations:
    return Suboperations(remaining=remaining, completed=completed, failed=failed, warning=warning)


class RetrieveCase(ConnectCase):
    contexts: Any = get_contexts([CT])
    kind: Any = CGetRQ

    def setUp(self) -> None:
        super().setUp()
        self.association, self.peer = self.played(self.contexts, window=8)

    def last(self, kind: Any, peer: Peer | None = None) -> Any:
        """The last message of a kind that the peer got."""
        return [each for _, each, _ in heard(peer or self.peer) if isinstance(each, kind)][-1]

    def end(self, status: int = Status.SUCCESS, data: bytes = b"", **more: Any) -> None:
        """The peer sends a response; a pending one does not end it."""
        request = self.last(self.kind)
        response = request.response(status, has_data_set=bool(data), **more)
        self.tell(self.peer, RETRIEVE_ID, response, data)

    @property
    def cancels(self) -> int:
        return sum(isinstance(message, CCancelRQ) for _, message, _ in heard(self.peer))


class MoveTests(RetrieveCase):
    contexts = move_contexts()
    kind = CMoveRQ

    def moving(self) -> tuple[Retrieval, list[Suboperations], Outcome]:
        retrieval = self.association.move(BY_STUDY, "WORKSTATION")
        return retrieval, *self.collect(retrieval)

    def test_the_destination_is_named(self) -> None:
        self.moving()
        request = self.last(CMoveRQ)
        self.assertEqual(
            ("WORKSTATION", uids.STUDY_ROOT_MOVE),
            (request.move_destination, request.affected_sop_class_uid),
        )

    def test_progress_is_told_and_then_the_result(self) -> None:
        retrieval, progress, outcome = self.moving()
        self.end(Status.PENDING, suboperations=counted(1, 1))
        self.assertEqual([counted(1, 1)], progress)
        self.assertIsNone(retrieval.result)
        self.end(suboperations=counted(0, 2))
        self.assertEqual([None], outcome.results)
        result = retrieval.result
        assert result is not None
        self.assertEqual((0, 2), (result.status, result.suboperations.completed))
        self.assertTrue(result.is_complete)

    def test_who_does_not_care_waits_for_the_result(self) -> None:
        finished = self.association.move(BY_STUDY, "WORKSTATION").finished()
        self.flush()
        self.end(Status.PENDING, suboperations=counted(1, 1))
        self.end(
            QueryRetrieveStatus.SUBOPERATIONS_COMPLETE_WITH_FAILURES,
            encoded(FailedSOPInstanceUIDList=["1.2.3.7", "1.2.3.8"]),
            suboperations=counted(0, 1, 2),
        )
        result = self.successResultOf(finished)
        self.assertEqual(("1.2.3.7", "1.2.3.8"), result.failed_instances)
        self.assertFalse(result.is_complete)

    def test_one_failed_instance_is_a_list_of_one(self) -> None:
        finished = self.association.move(BY_STUDY, "WORKSTATION").finished()
        self.flush()
        self.end(0xB000, encoded(FailedSOPInstanceUIDList="1.2.3.7"))
        self.assertEqual(("1.2.3.7",), self.successResultOf(finished).failed_instances)

    def test_a_failure_says_what_was_done_before(self) -> None:
        _, _, outcome = self.moving()
        self.end(
            QueryRetrieveStatus.UNABLE_TO_PERFORM_SUBOPERATIONS,
            encoded(FailedSOPInstanceUIDList="1.2.3.7"),
            suboperations=counted(0, 3, 1),
            error_comment="disk",
        )
        (error,) = outcome.failures
        assert isinstance(error, RetrievalFailed)
        self.assertEqual(
            ("move", 0xA702, "disk", 3, 1, ("1.2.3.7",)),
            (
                error.service,
                error.status,
                error.comment,
                error.completed,
                error.failed,
                error.failed_instances,
            ),
        )

    def test_an_unknown_destination_is_told_in_words(self) -> None:
        _, _, outcome = self.moving()
        self.end(QueryRetrieveStatus.MOVE_DESTINATION_UNKNOWN)
        self.assertIn("move destination unknown", str(outcome.failures[0]))

    def test_who_cancels_gets_the_result_so_far(self) -> None:
        retrieval, _, outcome = self.moving()
        retrieval.cancel()
        self.flush()
        self.assertEqual(1, self.cancels)
        self.end(Status.CANCEL, suboperations=counted(5, 2))
        self.assertEqual([None], outcome.results)
        result = retrieval.result
        assert result is not None
        self.assertEqual((0xFE00, 5), (result.status, result.suboperations.remaining))
        self.assertFalse(result.is_complete)

    def test_a_cancelled_deferred_cancels_the_retrieval_only(self) -> None:
        finished = self.association.move(BY_STUDY, "WORKSTATION").finished()
        self.flush()
        finished.cancel()
        self.flush()
        self.failureResultOf(finished, CancelledError)
        self.assertEqual(1, self.cancels)
        self.end(Status.CANCEL)
        self.assertIsNone(self.association.error)


class OtherServicesTests(RetrieveCase):
    def test_what_else_the_requestor_serves_goes_on_during_a_retrieval(self) -> None:
        both = RoleSelection(sop_class_uid=uids.VERIFICATION, scu=True, scp=True)
        self.association, self.peer = self.played(
            get_contexts([CT]), roles=[both], services=[Verification()]
        )
        retrieval = self.association.get(BY_STUDY, self.receiver)
        self.flush()
        self.tell(self.peer, 1, CEchoRQ(message_id=7, affected_sop_class_uid=uids.VERIFICATION))
        _, answer, _ = heard(self.peer)[-1]
        self.assertEqual((7, 0), (answer.message_id_being_responded_to, answer.status))
        retrieval.cancel()


class GetCase(RetrieveCase):
    def setUp(self) -> None:
        super().setUp()
        self.message_ids = iter(range(100, 100_000))

    def getting(
        self, identifier: Any = BY_STUDY, **more: Any
    ) -> tuple[Retrieval, list[Suboperations], Outcome]:
        retrieval = self.association.get(identifier, self.receiver, **more)
        return retrieval, *self.collect(retrieval)

    def instance(self, uid: str = "1.2.3.1", study: str | None = STUDY, **more: Any) -> bytes:
        values = {"SOPClassUID": CT, "SOPInstanceUID": uid, "PatientName": "A", **more}
        if study is not None:
            values["StudyInstanceUID"] = study
        return encoded(**values)

    def store(self, uid: str = "1.2.3.1", data: bytes | None = None) -> int:
        """The peer stores an instance here; the status that it gets."""
        request = CStoreRQ(
            message_id=next(self.message_ids),
            affected_sop_class_uid=CT,
            affected_sop_instance_uid=uid,
        )
        self.tell(self.peer, CT_ID, request, self.instance(uid) if data is None else data)
        (answer,) = [
            each
            for _, each, _ in heard(self.peer)
            if getattr(each, "message_id_being_responded_to", None) == request.message_id
        ]
        status: int = answer.status
        return status


class GetTests(GetCase):
    def test_what_was_asked_for_reaches_the_receiver_byte_for_byte(self) -> None:
        retrieval, _, outcome = self.getting()
        data = self.instance("1.2.3.1", NumberOfFrames="1")
        self.assertEqual(Status.SUCCESS, self.store("1.2.3.1", data))
        self.assertEqual(Status.SUCCESS, self.store("1.2.3.2"))
        self.end(suboperations=counted(0, 2))
        self.assertEqual([None], outcome.results)
        self.assertEqual(data, bytes(self.receiver.sinks[0].data))
        facts = self.receiver.instances[0]
        self.assertEqual(
            (CT, "1.2.3.1", EXPLICIT),
            (facts.sop_class_uid, facts.sop_instance_uid, facts.transfer_syntax_uid),
        )
        result = retrieval.result
        assert result is not None
        self.assertTrue(result.is_complete)
        self.assertEqual(
            ["1.2.3.1", "1.2.3.2"], [each.sop_instance_uid for each in result.received]
        )

    def test_an_instance_of_another_study_is_refused_and_discarded(self) -> None:
        retrieval, _, _ = self.getting()
        data = self.instance("1.2.3.1", OTHER_STUDY)
        self.assertEqual(Status.NOT_AUTHORIZED, self.store("1.2.3.1", data))
        self.end(suboperations=counted(0, 0, 1))
        (sink,) = self.receiver.sinks
        self.assertEqual((0, 1), (sink.finished, sink.discarded))
        result = retrieval.result
        assert result is not None
        self.assertIsInstance(result.received[0].error, NotAskedFor)
        self.assertEqual((1, False), (result.refused, result.is_complete))

    def test_an_instance_that_does_not_say_of_which_study_it_is_is_refused(self) -> None:
        self.getting()
        data = self.instance("1.2.3.1", None)
        self.assertEqual(Status.NOT_AUTHORIZED, self.store("1.2.3.1", data))
        self.assertEqual(1, self.receiver.sinks[0].discarded)

    def test_an_instance_that_was_not_on_the_list_is_refused_before_its_data(self) -> None:
        self.getting(BY_INSTANCE)
        self.assertEqual(Status.NOT_AUTHORIZED, self.store("1.2.3.9"))
        self.assertEqual([], self.receiver.sinks)
        self.assertEqual(Status.SUCCESS, self.store("1.2.3.2"))

    def test_a_data_set_that_is_another_instance_is_refused(self) -> None:
        retrieval, _, _ = self.getting(BY_INSTANCE)
        status = self.store("1.2.3.1", self.instance("1.2.3.9"))
        self.assertEqual(Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, status)
        self.assertEqual(
            (0, 1), (self.receiver.sinks[0].finished, self.receiver.sinks[0].discarded)
        )
        self.end()
        assert retrieval.result is not None
        self.assertIsInstance(retrieval.result.received[0].error, MismatchedInstance)

    def test_no_hostile_uid_reaches_the_receiver(self) -> None:
        for uid in HOSTILE:
            stand_in = "7" * len(uid)
            if not uid.isascii() or not 3 <= len(uid) <= 64:
                continue  # no command set has room for it; test_wanted has them all
            self.association, self.peer = self.played(self.contexts)
            self.getting()
            self.peer.alter = lambda data, uid=uid, stand_in=stand_in: data.replace(  # type: ignore[misc]  # bound at once
                stand_in.encode(), uid.encode()
            )
            request = CStoreRQ(
                message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid=stand_in
            )
            self.tell(self.peer, CT_ID, request, self.instance("1.2.3.1"))
            answers = [each for _, each, _ in heard(self.peer) if isinstance(each, CStoreRSP)]
            self.assertNotIn(Status.SUCCESS, [each.status for each in answers], uid)
        # What is left once the padding is off is what was meant.
        self.assertEqual({"1.2"}, {each.sop_instance_uid for each in self.receiver.instances})

    def test_an_instance_comes_once(self) -> None:
        retrieval, _, _ = self.getting()
        self.assertEqual(Status.SUCCESS, self.store("1.2.3.1"))
        self.assertEqual(Status.DUPLICATE_SOP_INSTANCE, self.store("1.2.3.1"))
        self.end()
        assert retrieval.result is not None
        self.assertIsInstance(retrieval.result.received[1].error, DuplicateInstance)

    def test_one_that_could_not_be_kept_may_come_again(self) -> None:
        kept = self.receiver.will_wait()
        self.getting()
        request = CStoreRQ(
            message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3.1"
        )
        self.tell(self.peer, CT_ID, request, self.instance())
        kept.errback(OutOfResources("full"))
        self.flush()
        self.assertEqual(Status.SUCCESS, self.store("1.2.3.1"))

    def test_no_more_than_the_limits_is_taken(self) -> None:
        size = len(self.instance())
        for limits in (
            ReceiveLimits(instances=1),
            ReceiveLimits(total=2 * size - 1),
        ):
            retrieval, _, _ = self.getting(limits=limits)
            self.assertEqual(Status.SUCCESS, self.store("1.2.3.1"))
            self.assertEqual(Status.OUT_OF_RESOURCES, self.store("1.2.3.2"))
            self.end()
            assert retrieval.result is not None
            self.assertEqual(1, retrieval.result.refused)
        self.getting(limits=ReceiveLimits(largest=size - 1))
        self.assertEqual(Status.OUT_OF_RESOURCES, self.store("1.2.3.1"))

    def test_what_is_no_data_set_is_refused(self) -> None:
        self.getting()
        self.assertEqual(Status.CANNOT_UNDERSTAND, self.store(data=b"\x08\x00\x05\x00??\x00\x00"))

    def test_the_receiver_has_the_last_word(self) -> None:
        self.receiver.error = InvalidInstance("no")
        self.getting()
        self.assertEqual(Status.INVALID_SOP_INSTANCE, self.store())

    def test_where_nothing_was_asked_for_nothing_is_taken(self) -> None:
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, self.store())
        self.getting()
        self.end()
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, self.store())
        self.assertEqual([], self.receiver.instances)

    def test_a_context_that_was_not_negotiated_for_it_carries_nothing(self) -> None:
        self.getting()
        request = CStoreRQ(
            message_id=1, affected_sop_class_uid=uids.VERIFICATION, affected_sop_instance_uid="1.2"
        )
        self.tell(self.peer, 1, request, b"")
        self.assertEqual(
            Status.SOP_CLASS_NOT_SUPPORTED,
            self.last_status(),
        )
        self.assertEqual([], self.receiver.instances)

    def test_there_is_one_c_get_at_a_time(self) -> None:
        self.getting()
        self.assertRaises(LocalProtocolError, self.association.get, BY_STUDY, self.receiver)
        self.end()
        self.getting()

    def test_who_stops_refuses_what_still_comes(self) -> None:
        retrieval, _, outcome = self.getting()
        self.store("1.2.3.1")
        outcome = self.closing(retrieval)
        self.assertTrue(outcome.results)
        self.assertEqual(1, self.cancels)
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, self.store("1.2.3.2"))
        self.assertRaises(LocalProtocolError, self.association.get, BY_STUDY, self.receiver)
        self.end(Status.CANCEL)
        self.getting()
        self.assertEqual(Status.SUCCESS, self.store("1.2.3.2"))

    def test_a_model_that_was_not_accepted_is_told_and_takes_nothing(self) -> None:
        self.assertRaises(
            NoPresentationContext,
            self.association.get,
            BY_STUDY,
            self.receiver,
            model=uids.PATIENT_ROOT_GET,
        )
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, self.store())

    def test_a_failure_ends_it_and_what_came_stays(self) -> None:
        _, _, outcome = self.getting()
        self.store()
        self.end(0xA702, suboperations=counted(0, 1))
        self.assertIsInstance(outcome.failures[0], RetrievalFailed)
        self.assertEqual(1, self.receiver.sinks[0].finished)
        self.assertEqual(Status.SOP_CLASS_NOT_SUPPORTED, self.store("1.2.3.2"))

    def test_a_peer_that_keeps_sending_what_nobody_wants_is_aborted(self) -> None:
        _, _, outcome = self.getting(BY_INSTANCE)
        for _ in range(MOST_REFUSED + 1):
            self.store("1.2.3.9")
        self.tell(
            self.peer,
            CT_ID,
            CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2"),
            b"",
        )
        self.assertIsInstance(outcome.failures[0], AssociationAborted)

    def last_status(self) -> int:
        status: int = heard(self.peer)[-1][1].status
        return status

    def closing(self, retrieval: Retrieval) -> Outcome:
        async def close() -> None:
            await retrieval.aclose()

        outcome = Outcome()
        Deferred.fromCoroutine(close()).addCallbacks(
            lambda _: outcome.results.append(True), lambda f: outcome.failures.append(f.value)
        )
        self.flush()
        return outcome


class TimeTests(GetCase):
    def test_a_c_get_whose_instances_come_is_not_overdue(self) -> None:
        _, _, outcome = self.getting()
        for number in range(5):
            self.advance(50)
            self.store(f"1.2.3.{number}")
        self.assertFalse(outcome.is_known)
        self.advance(59)
        self.assertFalse(outcome.is_known)
        self.advance(1)
        self.assertIsInstance(outcome.failures[0], AssociationTimeout)

    def test_a_disk_of_ours_that_is_slow_is_not_the_fault_of_the_peer(self) -> None:
        kept = self.receiver.will_wait()
        _, _, outcome = self.getting()
        request = CStoreRQ(
            message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3.1"
        )
        self.tell(self.peer, CT_ID, request, self.instance())
        self.advance(300)
        self.assertFalse(outcome.is_known)
        kept.callback(None)
        self.flush()
        self.advance(60)
        self.assertIsInstance(outcome.failures[0], AssociationTimeout)

    def test_a_sink_without_room_holds_the_peer_and_the_deadline(self) -> None:
        room = self.receiver.will_have_no_room()
        _, _, outcome = self.getting()
        request = CStoreRQ(
            message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3.1"
        )
        data = self.instance() + encoded(PixelData=bytes(1 << 20))
        self.peer.send(CT_ID, request, data)
        self.flush()
        self.assertLess(len(self.receiver.sinks[0].data), len(data))
        self.advance(300)
        self.assertFalse(outcome.is_known)
        room.callback(None)
        self.flush()
        self.assertEqual(data, bytes(self.receiver.sinks[0].data))

    def test_an_association_that_is_lost_leaves_no_half_instance(self) -> None:
        _, _, outcome = self.getting()
        request = CStoreRQ(
            message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3.1"
        )
        self.peer.send(CT_ID, request, self.instance(), last=False)
        self.flush()
        self.peer.do(self.peer.connection.abort())
        self.flush()
        self.assertIsInstance(outcome.failures[0], AssociationAborted)
        (sink,) = self.receiver.sinks
        self.assertEqual((0, 1), (sink.finished, sink.discarded))
