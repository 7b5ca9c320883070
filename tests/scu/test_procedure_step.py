"""Modality Performed Procedure Steps."""

from __future__ import annotations

from tests.scu.cases import ConnectCase, dataset, heard
from txdicomtls import uids
from txdicomtls.dimse import MAY_NO_LONGER_BE_UPDATED, Status
from txdicomtls.errors import LocalProtocolError, OperationFailed
from txdicomtls.scu import ProcedureStepStatus, procedure_step_contexts

BEGUN = dataset(PerformedProcedureStepStatus="IN PROGRESS", PerformedProcedureStepID="1")
STEP_ID = 3


class ProcedureStepTests(ConnectCase):
    def setUp(self) -> None:
        super().setUp()
        self.association, self.peer = self.played(procedure_step_contexts())

    def test_one_is_created_under_the_uid_it_was_given(self) -> None:
        creating = self.association.create_procedure_step(BEGUN, "1.2.3")
        self.flush()
        ((_, request, _),) = heard(self.peer)
        self.assertEqual(
            (uids.MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.3"),
            (request.affected_sop_class_uid, request.affected_sop_instance_uid),
        )
        self.tell(self.peer, STEP_ID, request.response(Status.SUCCESS))
        self.assertEqual("1.2.3", self.successResultOf(creating))

    def test_or_under_one_that_the_peer_makes(self) -> None:
        creating = self.association.create_procedure_step(BEGUN)
        self.flush()
        ((_, request, _),) = heard(self.peer)
        response = request.response(Status.SUCCESS, affected_sop_instance_uid="1.2.9")
        self.tell(self.peer, STEP_ID, response)
        self.assertEqual("1.2.9", self.successResultOf(creating))

    def test_one_that_does_not_begin_in_progress_is_never_sent(self) -> None:
        for wrong in ("COMPLETED", "DISCONTINUED", "", None):
            attributes = dataset(PerformedProcedureStepStatus=wrong)
            self.failureResultOf(
                self.association.create_procedure_step(attributes), LocalProtocolError
            )
        self.failureResultOf(self.association.create_procedure_step(dataset()), LocalProtocolError)
        self.flush()
        self.assertEqual([], heard(self.peer))

    def test_it_is_completed(self) -> None:
        completed = dataset(PerformedProcedureStepStatus=ProcedureStepStatus.COMPLETED.value)
        setting = self.association.set_procedure_step("1.2.3", completed)
        self.flush()
        ((_, request, _),) = heard(self.peer)
        self.assertEqual("1.2.3", request.requested_sop_instance_uid)
        self.tell(self.peer, STEP_ID, request.response(Status.SUCCESS))
        self.assertEqual(0, self.successResultOf(setting).status)

    def test_a_status_that_there_is_not_is_never_sent(self) -> None:
        wrong = dataset(PerformedProcedureStepStatus="DONE")
        self.failureResultOf(
            self.association.set_procedure_step("1.2.3", wrong), LocalProtocolError
        )

    def test_one_that_is_over_cannot_be_changed_and_says_so(self) -> None:
        setting = self.association.set_procedure_step(
            "1.2.3", dataset(CommentsOnThePerformedProcedureStep="x")
        )
        self.flush()
        ((_, request, _),) = heard(self.peer)
        response = request.response(Status.PROCESSING_FAILURE, error_id=MAY_NO_LONGER_BE_UPDATED)
        self.tell(self.peer, STEP_ID, response)
        error = self.failureResultOf(setting, OperationFailed).value
        self.assertEqual(("mpps", MAY_NO_LONGER_BE_UPDATED), (error.service, error.error_id))
        self.assertIn("may no longer be updated", str(error))
