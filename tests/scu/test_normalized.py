"""The six N-services, bare."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred

from tests.net.pair import watch
from tests.scu.cases import ConnectCase, dataset, encoded, heard
from txdicomtls import uids
from txdicomtls.dataset import decode
from txdicomtls.dimse import (
    NActionRQ,
    NCreateRQ,
    NDeleteRQ,
    NEventReportRQ,
    NGetRQ,
    NSetRQ,
    Status,
)
from txdicomtls.errors import (
    AssociationAborted,
    MalformedDataSet,
    NoPresentationContext,
    OperationFailed,
)
from txdicomtls.scu import (
    Done,
    Instance,
    commitment_report_contexts,
    normalized_contexts,
)

PRINTER, META = "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.9"
INSTANCE = Instance(sop_class_uid=PRINTER, sop_instance_uid="1.2.840.10008.5.1.1.17")

#: Verification is on 1.
PRINTER_ID = 3


class NormalizedTests(ConnectCase):
    def setUp(self) -> None:
        super().setUp()
        self.association, self.peer = self.played(normalized_contexts(PRINTER))

    def asked(self, deferred: Deferred[Done]) -> tuple[Any, Dataset | None]:
        """What the peer was asked."""
        self.doing = deferred
        self.flush()
        context_id, message, data = heard(self.peer)[-1]
        self.assertEqual(PRINTER_ID, context_id)
        self.assertEqual(message.has_data_set, bool(data))
        return message, decode(data, uids.EXPLICIT_VR_LITTLE_ENDIAN) if data else None

    def answered(self, response: Any, data: bytes = b"") -> Done:
        """What came of the answer."""
        self.tell(self.peer, PRINTER_ID, response, data)
        return self.successResultOf(self.doing)

    def test_n_get_asks_for_attributes_and_gets_them(self) -> None:
        request, data = self.asked(self.association.get_attributes(INSTANCE, 0x21100010))
        self.assertIsInstance(request, NGetRQ)
        self.assertIsNone(data)
        self.assertEqual(
            (PRINTER, INSTANCE.sop_instance_uid, (0x21100010,)),
            (
                request.requested_sop_class_uid,
                request.requested_sop_instance_uid,
                request.attribute_identifier_list,
            ),
        )
        done = self.answered(
            request.response(Status.SUCCESS, has_data_set=True), encoded(PrinterStatus="NORMAL")
        )
        assert done.dataset is not None
        self.assertEqual("NORMAL", done.dataset.PrinterStatus)
        self.assertEqual(INSTANCE.sop_instance_uid, done.sop_instance_uid)

    def test_n_set_sends_modifications(self) -> None:
        request, data = self.asked(
            self.association.set_attributes(INSTANCE, dataset(PrinterName="P"))
        )
        self.assertIsInstance(request, NSetRQ)
        assert data is not None
        self.assertEqual("P", data.PrinterName)
        done = self.answered(
            request.response(
                Status.ATTRIBUTE_LIST_ERROR,
                attribute_identifier_list=(0x21100030,),
                error_comment="read-only",
            )
        )
        self.assertEqual(
            (0x0107, (0x21100030,), "read-only", None),
            (done.status, done.not_recognized, done.comment, done.dataset),
        )

    def test_n_action_with_and_without_information(self) -> None:
        for information in (None, dataset(PrinterName="P")):
            request, data = self.asked(self.association.action(INSTANCE, 7, information))
            self.assertIsInstance(request, NActionRQ)
            self.assertEqual((7, information), (request.action_type_id, data))
            self.answered(request.response(Status.SUCCESS))

    def test_n_create_without_uid_learns_it(self) -> None:
        instance = Instance(sop_class_uid=PRINTER, sop_instance_uid="")
        request, data = self.asked(self.association.create(instance))
        self.assertIsInstance(request, NCreateRQ)
        self.assertIsNone(data)
        self.assertEqual("", request.affected_sop_instance_uid)
        done = self.answered(request.response(Status.SUCCESS, affected_sop_instance_uid="1.2.3.99"))
        self.assertEqual("1.2.3.99", done.sop_instance_uid)

    def test_n_delete_names_the_instance(self) -> None:
        request, _ = self.asked(self.association.delete(INSTANCE))
        self.assertIsInstance(request, NDeleteRQ)
        self.assertEqual(0, self.answered(request.response(Status.SUCCESS)).status)

    def test_a_failure_is_raised_with_all_that_was_said(self) -> None:
        request, _ = self.asked(self.association.get_attributes(INSTANCE))
        response = request.response(
            Status.NO_SUCH_SOP_INSTANCE,
            attribute_identifier_list=(0x21100010,),
            error_comment="gone",
            error_id=5,
        )
        self.tell(self.peer, PRINTER_ID, response)
        error = self.failureResultOf(self.doing, OperationFailed).value
        self.assertEqual(
            ("n-get", 0x0112, "no such SOP instance", "gone", (0x21100010,), 5),
            (
                error.service,
                error.status,
                error.meaning,
                error.comment,
                error.elements,
                error.error_id,
            ),
        )
        self.assertIsNone(self.association.error)

    def test_an_answer_that_is_no_data_set_is_an_error(self) -> None:
        request, _ = self.asked(self.association.get_attributes(INSTANCE))
        response = request.response(Status.SUCCESS, has_data_set=True)
        self.tell(self.peer, PRINTER_ID, response, b"\x08\x00")
        self.failureResultOf(self.doing, MalformedDataSet)

    def test_a_sop_class_that_was_not_accepted_is_told(self) -> None:
        other = Instance(sop_class_uid="1.2.3", sop_instance_uid="1.2")
        self.failureResultOf(self.association.delete(other), NoPresentationContext)

    def test_who_cancels_after_it_was_sent_gives_the_association_up(self) -> None:
        _, _ = self.asked(self.association.delete(INSTANCE))
        self.doing.cancel()
        self.flush()
        self.failureResultOf(self.doing, CancelledError)
        self.assertIsInstance(self.association.error, AssociationAborted)
        self.assertFalse(self.wires[-1].is_open)

    def test_who_cancels_before_it_was_sent_does_not(self) -> None:
        watch(self.association.delete(INSTANCE))
        second = self.association.delete(INSTANCE)
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertIsNone(self.association.error)


class ContextTests(ConnectCase):
    def test_a_meta_sop_class_carries_its_sop_classes(self) -> None:
        association, peer = self.played(normalized_contexts(META))
        instance = Instance(sop_class_uid=PRINTER, sop_instance_uid="1.2", abstract_syntax=META)
        watch(association.get_attributes(instance))
        self.flush()
        ((context_id, request, _),) = heard(peer)
        self.assertEqual((3, PRINTER), (context_id, request.requested_sop_class_uid))

    def test_n_event_report_is_invoked_by_who_is_scp(self) -> None:
        instance = Instance(
            sop_class_uid=uids.STORAGE_COMMITMENT,
            sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
        )
        association, peer = self.played(commitment_report_contexts())
        reporting = association.event_report(instance, 1, dataset(TransactionUID="1.2.3"))
        self.flush()
        ((context_id, request, data),) = heard(peer)
        self.assertIsInstance(request, NEventReportRQ)
        self.assertEqual((1, encoded(TransactionUID="1.2.3")), (request.event_type_id, data))
        self.tell(peer, context_id, request.response(Status.SUCCESS))
        self.assertEqual(0, self.successResultOf(reporting).status)

    def test_n_event_report_of_a_mere_scu_is_not_sent(self) -> None:
        association, _ = self.played(normalized_contexts(PRINTER))
        self.failureResultOf(association.event_report(INSTANCE, 1), NoPresentationContext)
