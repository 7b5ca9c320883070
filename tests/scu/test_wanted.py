"""Instances held against the request that they are said to answer."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import HOSTILE
from tests.association.pair import CT, EXPLICIT, IMPLICIT
from tests.net.doubles import Receiver
from tests.scu.cases import dataset
from txdicomtls import uids
from txdicomtls.dataset import encode
from txdicomtls.errors import CannotUnderstand, InvalidInstance, NotAskedFor, StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.scu.wanted import MOST_REFUSED, Guard, ReceiveLimits, Wanted

BY_SERIES = dataset(StudyInstanceUID="1.2.3", SeriesInstanceUID=["1.2.3.1", "1.2.3.2"])
BY_PATIENT = dataset(QueryRetrieveLevel="PATIENT", PatientID="P1")


def instance(uid: str = "1.2.9", syntax: str = EXPLICIT, sop_class: str = CT) -> IncomingInstance:
    return IncomingInstance(
        sop_class_uid=sop_class, sop_instance_uid=uid, transfer_syntax_uid=syntax
    )


class GuardCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.receiver = Receiver()

    def guard(self, identifier: Dataset = BY_SERIES, **limits: Any) -> Guard:
        return Guard(self.receiver, Wanted(identifier), ReceiveLimits(**limits))

    def send(
        self, guard: Guard, data: bytes, *, piece: int = 1 << 20, syntax: str = EXPLICIT
    ) -> StorageError | None:
        """Send one data set; why it was not kept."""
        sink = guard.receive(instance(syntax=syntax))
        for start in range(0, len(data), piece):
            sink.write(memoryview(data)[start : start + piece])
        finished = sink.finish()
        error: list[Any] = []
        finished.addErrback(lambda failure: error.append(failure.value))
        return error[0] if error else None


class UIDTests(GuardCase):
    def test_nothing_hostile_is_received_as_any_of_the_uids(self) -> None:
        guard = self.guard(BY_PATIENT)
        for uid in HOSTILE:
            self.assertRaises(InvalidInstance, guard.receive, instance(uid))
            self.assertRaises(InvalidInstance, guard.receive, instance(sop_class=uid))
        self.assertEqual([], self.receiver.instances)
        self.assertEqual(2 * len(HOSTILE), guard.refused)


class KeyTests(GuardCase):
    def test_every_key_of_the_request_is_held_against(self) -> None:
        for study, series, is_wanted in (
            ("1.2.3", "1.2.3.1", True),
            ("1.2.3", "1.2.3.2", True),
            ("1.2.3", "1.2.3.3", False),
            ("1.2.4", "1.2.3.1", False),
        ):
            data = encode(dataset(StudyInstanceUID=study, SeriesInstanceUID=series), EXPLICIT)
            error = self.send(self.guard(), data)
            self.assertEqual(None if is_wanted else NotAskedFor, error and type(error))

    def test_it_is_found_however_the_data_set_comes(self) -> None:
        wanted = dataset(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.2", Rows=2)
        for syntax in (
            EXPLICIT,
            IMPLICIT,
            uids.EXPLICIT_VR_BIG_ENDIAN,
            uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        ):
            data = encode(wanted, syntax)
            for piece in (1, 7, len(data)):
                self.assertIsNone(self.send(self.guard(), data, piece=piece, syntax=syntax))

    def test_a_study_that_stands_in_a_sequence_is_not_that_of_the_instance(self) -> None:
        referenced = dataset(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1")
        data = encode(dataset(RequestAttributesSequence=[referenced]), EXPLICIT)
        self.assertIsInstance(self.send(self.guard(), data), NotAskedFor)

    def test_a_patient_cannot_be_held_against_and_takes_all(self) -> None:
        self.assertIsNone(self.send(self.guard(BY_PATIENT), b"\x10\x00\x20\x00LO\x02\x00P2"))

    def test_a_transfer_syntax_that_nobody_knows_cannot_be_looked_at(self) -> None:
        guard = self.guard()
        self.assertRaises(CannotUnderstand, guard.receive, instance(syntax="1.2.3.4"))
        self.assertEqual(1, self.receiver.sinks[0].discarded)
        self.assertIsInstance(guard.log[0].error, CannotUnderstand)

    def test_what_follows_a_wrong_value_is_passed_over(self) -> None:
        guard = self.guard()
        sink = guard.receive(instance())
        sink.write(memoryview(encode(dataset(StudyInstanceUID="1.2.4"), EXPLICIT)))
        sink.write(memoryview(b"more"))
        sink.discard()
        (beneath,) = self.receiver.sinks
        self.assertEqual((b"", 1), (bytes(beneath.data), beneath.discarded))


class LogTests(GuardCase):
    def test_refusals_are_counted_and_not_all_written_down(self) -> None:
        guard = self.guard()
        for _ in range(MOST_REFUSED + 10):
            self.assertRaises(InvalidInstance, guard.receive, instance("x"))
        self.assertEqual((MOST_REFUSED, MOST_REFUSED + 10), (len(guard.log), guard.refused))
