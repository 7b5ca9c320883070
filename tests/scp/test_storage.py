"""The Storage service class as SCP."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from twisted.logger import ILogObserver, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT, IMPLICIT, VERIFICATION
from tests.datasets import identity
from tests.net.doubles import Receiver
from tests.net.pair import echo_request, store_request
from txdicomtls import uids
from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CStoreRSP, Request, Status
from txdicomtls.errors import (
    CannotUnderstand,
    DuplicateInstance,
    InvalidInstance,
    OutOfResources,
    StorageError,
)
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IOperation, IService
from txdicomtls.net import AssociationFacts, Exchange, IncomingRequest
from txdicomtls.scp import Storage

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
MR = "1.2.840.10008.5.1.4.1.1.4"
PRIVATE = "1.3.12.2.1107.5.9.1"

#: Says that it is what :meth:`OperationTests.begin` is asked to keep.
DATA_SET = identity(CT, "1.2.3.9", EXPLICIT)


def incoming(message: Request) -> IncomingRequest:
    link: Any = None  # a service never looks at it
    return IncomingRequest(
        message=message,
        context=PresentationContext(context_id=3, abstract_syntax=CT, transfer_syntax=EXPLICIT),
        association=AssociationFacts(
            calling_ae_title="CT_ROOM_1", called_ae_title="PACS", peer="192.0.2.1:5", link=link
        ),
        exchange=cast("Exchange", None),
    )


class AcceptanceTests(SynchronousTestCase):
    def storage(self, *, private: bool | Collection[str] = False) -> Storage:
        return Storage(Receiver(), private=private)

    def test_it_is_a_service(self) -> None:
        verifyObject(IService, self.storage())
        verifyObject(IInstanceReceiver, Receiver())

    def test_every_storage_sop_class_of_the_standard_is_accepted_and_no_other(self) -> None:
        storage = self.storage()
        for sop_class in uids.STORAGE_SOP_CLASSES:
            self.assertTrue(storage.accepts(sop_class))
        for other in (VERIFICATION, uids.MEDIA_STORAGE_DIRECTORY_STORAGE, PRIVATE, "", "x"):
            self.assertFalse(storage.accepts(other))

    def test_private_sop_classes_are_accepted_where_they_are_named(self) -> None:
        storage = self.storage(private=(PRIVATE,))
        self.assertTrue(storage.accepts(PRIVATE))
        self.assertTrue(storage.accepts(CT))
        self.assertFalse(storage.accepts("1.3.12.2.1107.5.9.2"))

    def test_any_private_sop_class_is_accepted_where_that_is_wanted(self) -> None:
        storage = self.storage(private=True)
        self.assertTrue(storage.accepts(PRIVATE))
        for other in (VERIFICATION, "1.2.840.10008.5.1.4.1.2.2.1", "1.02", "..", ""):
            self.assertFalse(storage.accepts(other), other)

    def test_the_first_transfer_syntax_that_is_one_is_taken(self) -> None:
        choose = self.storage().choose
        self.assertEqual(JPEG_BASELINE, choose(CT, (JPEG_BASELINE, IMPLICIT)))
        self.assertEqual(IMPLICIT, choose(CT, ("1.2.3", IMPLICIT)))
        self.assertIsNone(choose(CT, ("1.2.3", VERIFICATION)))

    def test_private_transfer_syntaxes_are_taken_where_any_private_sop_class_is(self) -> None:
        for private, taken in ((True, PRIVATE), ((PRIVATE,), None), (False, None)):
            self.assertEqual(taken, self.storage(private=private).choose(PRIVATE, (PRIVATE,)))


class OperationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.receiver = Receiver()
        self.storage = Storage(self.receiver)
        self.events: list[Any] = []
        observer = cast("ILogObserver", self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def begin(self, storage: Storage | None = None) -> Any:
        operation = (storage or self.storage).begin(incoming(store_request(9)))
        verifyObject(IOperation, operation)
        return operation

    def status_of(self, operation: Any) -> int:
        answer = self.successResultOf(operation.finish())
        assert isinstance(answer, CStoreRSP)
        self.assertEqual(
            (9, CT, "1.2.3.9"),
            (
                answer.message_id_being_responded_to,
                answer.affected_sop_class_uid,
                answer.affected_sop_instance_uid,
            ),
        )
        return answer.status

    def warnings(self) -> list[str]:
        return [event["log_format"] for event in self.events if event["log_level"].name == "warn"]

    def test_a_store_tells_the_receiver_all_that_is_known(self) -> None:
        self.begin()
        self.assertEqual(
            [
                IncomingInstance(
                    sop_class_uid=CT,
                    sop_instance_uid="1.2.3.9",
                    transfer_syntax_uid=EXPLICIT,
                    calling_ae_title="CT_ROOM_1",
                    called_ae_title="PACS",
                    peer="192.0.2.1:5",
                )
            ],
            self.receiver.instances,
        )

    def test_success_is_answered_when_the_sink_says_that_it_is_safe(self) -> None:
        kept = self.receiver.will_wait()
        operation = self.begin()
        self.assertIsNone(operation.write(memoryview(DATA_SET)))
        answering = operation.finish()
        self.assertNoResult(answering)
        kept.callback(None)
        self.assertEqual(Status.SUCCESS, self.successResultOf(answering).status)
        self.assertEqual(DATA_SET, bytes(self.receiver.sinks[0].data))

    def test_a_sink_that_wants_the_peer_to_wait_is_heard(self) -> None:
        room = self.receiver.will_have_no_room()
        self.assertIs(room, self.begin().write(memoryview(b"ab")))

    def test_a_data_set_that_says_it_is_another_instance_is_refused_and_discarded(self) -> None:
        for data in (
            identity(MR, "1.2.3.9", EXPLICIT),
            identity(CT, "1.2.3.8", EXPLICIT),
            identity("", "1.2.3.8", EXPLICIT),
            identity(CT, "1.2.3.90", EXPLICIT),
        ):
            for pieces in ((data, b"more"), [data[at : at + 1] for at in range(len(data))]):
                self.events.clear()
                operation = self.begin()
                for piece in pieces:
                    self.assertIsNone(operation.write(memoryview(piece)))
                sink = self.receiver.sinks[-1]
                self.assertEqual((0, 1), (sink.finished, sink.discarded))
                self.assertLess(len(sink.data), len(data))
                self.assertEqual(
                    Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, self.status_of(operation)
                )
                self.assertEqual(1, len(self.warnings()))
                operation.abandon()
                self.assertEqual((0, 1), (sink.finished, sink.discarded))

    def test_a_data_set_that_does_not_say_what_it_is_is_kept_with_a_warning(self) -> None:
        for data in (b"", identity(CT, "", EXPLICIT), identity("", "1.2.3.9", EXPLICIT)):
            self.events.clear()
            operation = self.begin()
            operation.write(memoryview(data))
            self.assertEqual(
                Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING, self.status_of(operation)
            )
            self.assertEqual(data, bytes(self.receiver.sinks[-1].data))
            self.assertEqual(1, len(self.warnings()))

    def test_each_error_of_a_sink_has_its_status_and_a_line_in_the_log(self) -> None:
        for error, status in (
            (OutOfResources("disk full"), 0xA700),
            (DuplicateInstance("other bytes"), 0x0111),
            (InvalidInstance("no UID"), 0x0117),
            (CannotUnderstand("odd"), 0xC000),
            (StorageError("something else"), 0x0110),
        ):
            self.events.clear()
            kept = self.receiver.will_wait()
            operation = self.begin()
            kept.errback(error)
            self.assertEqual(status, self.status_of(operation))
            self.assertEqual(1, len(self.warnings()))
            self.assertEqual([str(error)], [str(event["error"]) for event in self.events])

    def test_each_error_of_the_receiver_has_its_status_once_the_data_set_was_read(self) -> None:
        for error, status in (
            (OutOfResources("disk full"), 0xA700),
            (InvalidInstance("no UID"), 0x0117),
        ):
            self.receiver.error = error
            operation = self.begin()
            self.assertIsNone(operation.write(memoryview(b"abcd")))
            self.assertEqual(status, self.status_of(operation))
            operation.abandon()
        self.assertEqual([], self.receiver.sinks)

    def test_what_is_no_error_of_storage_is_left_to_the_dispatcher(self) -> None:
        kept = self.receiver.will_wait()
        operation = self.begin()
        kept.errback(ZeroDivisionError())
        self.failureResultOf(operation.finish(), ZeroDivisionError)

    def test_an_abandoned_store_is_discarded(self) -> None:
        operation = self.begin()
        operation.write(memoryview(b"ab"))
        operation.abandon()
        (sink,) = self.receiver.sinks
        self.assertEqual((0, 1), (sink.finished, sink.discarded))

    def test_there_is_no_operation_but_c_store(self) -> None:
        self.assertIsNone(self.storage.begin(incoming(echo_request(sop_class=CT))))
        self.assertEqual([], self.receiver.instances)


class LargestTests(OperationTests):
    """With a limit everything else is as without one."""

    def setUp(self) -> None:
        super().setUp()
        self.storage = Storage(self.receiver, largest=100)

    def write(self, operation: Any, *lengths: int) -> None:
        for length in lengths:
            operation.write(memoryview(bytes(length)))

    def test_a_data_set_of_exactly_the_limit_is_kept(self) -> None:
        operation = self.begin()
        operation.write(memoryview(DATA_SET))
        self.write(operation, 100 - len(DATA_SET))
        self.assertEqual(Status.SUCCESS, self.status_of(operation))
        (sink,) = self.receiver.sinks
        self.assertEqual((100, 1, 0), (len(sink.data), sink.finished, sink.discarded))

    def test_one_byte_more_is_out_of_resources_and_nothing_of_it_is_kept(self) -> None:
        operation = self.begin()
        self.write(operation, 50, 51, 1000, 1000)
        (sink,) = self.receiver.sinks
        self.assertEqual((50, 0, 1), (len(sink.data), sink.finished, sink.discarded))
        self.assertEqual(Status.OUT_OF_RESOURCES, self.status_of(operation))
        self.assertEqual((0, 1), (sink.finished, sink.discarded))

    def test_what_was_too_large_is_not_discarded_again_when_it_is_abandoned(self) -> None:
        operation = self.begin()
        self.write(operation, 101)
        operation.abandon()
        self.assertEqual(1, self.receiver.sinks[0].discarded)

    def test_each_data_set_has_the_whole_limit(self) -> None:
        for _ in range(3):
            operation = self.begin()
            operation.write(memoryview(DATA_SET.ljust(80, b"\0")))
            self.assertEqual(Status.SUCCESS, self.status_of(operation))
