"""Performed procedure steps as SCP: what is required, which state follows which."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.association.pair import EXPLICIT, VERIFICATION
from tests.scp.asking import Asking, ProviderCase, ask_for
from txdicomtls import uids
from txdicomtls.dimse import (
    MAY_NO_LONGER_BE_UPDATED,
    NCreateRQ,
    NDeleteRQ,
    NGetRQ,
    NormalizedRQ,
    NSetRQ,
)
from txdicomtls.errors import DuplicateInstance
from txdicomtls.interfaces import IProcedureStepProvider, IService, NormalizedRequest
from txdicomtls.scp import ProcedureStep

STEP, RETRIEVE = 1, 3
UID = "1.2.3"


def new_step(**more: Any) -> Dataset:
    """A step that has just begun."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID = "1.2"
    step = Dataset()
    step.ScheduledStepAttributesSequence = [scheduled]
    step.PatientName = "Doe^John"
    step.PerformedProcedureStepID = "S1"
    step.PerformedStationAETitle = "CT1"
    step.PerformedProcedureStepStartDate = "20260101"
    step.PerformedProcedureStepStartTime = "120000"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    step.Modality = "CT"
    return changed(step, **more)


def changes(**more: Any) -> Dataset:
    """What is to be changed."""
    return changed(Dataset(), **more)


def ending(state: str = "COMPLETED", **more: Any) -> Dataset:
    """What a step is set to at its end."""
    series = Dataset()
    series.SeriesInstanceUID = "1.2.4"
    series.ProtocolName = "head"
    end = Dataset()
    end.PerformedProcedureStepStatus = state
    end.PerformedProcedureStepEndDate = "20260101"
    end.PerformedProcedureStepEndTime = "130000"
    end.PerformedSeriesSequence = [series]
    return changed(end, **more)


def changed(dataset: Dataset, **more: Any) -> Dataset:
    """With these attributes, or without those that are None."""
    for keyword, value in more.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


@implementer(IProcedureStepProvider)
class Steps:
    """Keeps steps in memory.

    :ivar writing: what the next change waits for.
    """

    def __init__(self) -> None:
        self.kept: dict[str, Dataset] = {}
        self.writing: Deferred[None] = succeed(None)

    def get(self, request: NormalizedRequest) -> Any:
        return self.kept.get(request.sop_instance_uid)

    async def create(self, request: NormalizedRequest, attributes: Dataset) -> None:
        if request.sop_instance_uid in self.kept:
            raise DuplicateInstance("there is such a step")
        self.kept[request.sop_instance_uid] = attributes

    async def set(self, request: NormalizedRequest, modifications: Dataset) -> None:
        writing, self.writing = self.writing, succeed(None)
        await writing
        self.kept[request.sop_instance_uid].update(modifications)


class StepCase(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.steps = Steps()
        self._peer: Asking | None = None

    @property
    def peer(self) -> Asking:
        """A modality."""
        if self._peer is None:
            wanted = ask_for(
                (uids.MODALITY_PERFORMED_PROCEDURE_STEP, (EXPLICIT,)),
                (uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE, (EXPLICIT,)),
                window=4,
            )
            self._peer = self.asking(wanted, ProcedureStep(self.steps, self.means))
        return self._peer

    def create(self, attributes: Dataset | None, uid: str = UID, message_id: int = 7) -> Any:
        message = NCreateRQ(
            affected_sop_class_uid=uids.MODALITY_PERFORMED_PROCEDURE_STEP,
            affected_sop_instance_uid=uid,
            message_id=message_id,
            has_data_set=attributes is not None,
        )
        self.peer.send(STEP, message, attributes)
        return self.peer.last

    def set(self, modifications: Dataset, uid: str = UID, message_id: int = 7) -> Any:
        self.peer.send(STEP, step_request(NSetRQ, uid, message_id), modifications)
        return self.peer.last


def step_request(kind: type[Any], uid: str = UID, message_id: int = 7, **more: Any) -> NormalizedRQ:
    """A request about a step."""
    request: NormalizedRQ = kind(
        requested_sop_class_uid=more.pop("sop_class", uids.MODALITY_PERFORMED_PROCEDURE_STEP),
        requested_sop_instance_uid=uid,
        message_id=message_id,
        **more,
    )
    return request


class CreationTests(StepCase):
    def test_it_is_a_service_for_steps_and_their_retrieval(self) -> None:
        service = ProcedureStep(self.steps, self.means)
        verifyObject(IService, service)
        verifyObject(IProcedureStepProvider, self.steps)
        self.assertTrue(service.accepts(uids.MODALITY_PERFORMED_PROCEDURE_STEP))
        self.assertTrue(service.accepts(uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE))
        self.assertFalse(service.accepts(VERIFICATION))

    def test_a_step_is_kept(self) -> None:
        response = self.create(new_step())
        self.assertEqual((0, UID), (response.status, response.affected_sop_instance_uid))
        self.assertEqual("Doe^John", str(self.steps.kept[UID].PatientName))

    def test_a_step_without_a_uid_gets_one(self) -> None:
        uid = self.create(new_step(), uid="").affected_sop_instance_uid
        self.assertTrue(uid.startswith("2.25."))
        self.assertEqual([uid], list(self.steps.kept))

    def test_a_step_that_is_there_already_is_a_duplicate(self) -> None:
        self.create(new_step())
        self.assertEqual(0x0111, self.create(new_step()).status)

    def test_each_attribute_that_is_required_is_missed(self) -> None:
        for keyword, tag in (
            ("ScheduledStepAttributesSequence", 0x00400270),
            ("PerformedProcedureStepID", 0x00400253),
            ("PerformedStationAETitle", 0x00400241),
            ("PerformedProcedureStepStartDate", 0x00400244),
            ("PerformedProcedureStepStartTime", 0x00400245),
            ("PerformedProcedureStepStatus", 0x00400252),
            ("Modality", 0x00080060),
        ):
            response = self.create(new_step(**{keyword: None}))
            self.assertEqual(
                (0x0120, (tag,)), (response.status, response.attribute_identifier_list), keyword
            )
            empty: Any = [] if keyword.endswith("Sequence") else ""
            response = self.create(new_step(**{keyword: empty}))
            self.assertEqual(
                (0x0121, (tag,)), (response.status, response.attribute_identifier_list), keyword
            )
        self.assertEqual({}, self.steps.kept)

    def test_a_step_without_attributes_is_none(self) -> None:
        self.assertEqual(0x0120, self.create(None).status)

    def test_a_scheduled_step_names_its_study(self) -> None:
        response = self.create(new_step(ScheduledStepAttributesSequence=[Dataset()]))
        self.assertEqual(
            (0x0120, (0x0020000D,)), (response.status, response.attribute_identifier_list)
        )

    def test_a_new_step_is_in_progress_and_nothing_else(self) -> None:
        for state in ("COMPLETED", "DISCONTINUED", "BEGUN", "in progress"):
            response = self.create(new_step(PerformedProcedureStepStatus=state))
            self.assertEqual(
                (0x0106, (0x00400252,)), (response.status, response.attribute_identifier_list)
            )


class ChangeTests(StepCase):
    def test_a_step_in_progress_is_changed_any_number_of_times(self) -> None:
        self.create(new_step())
        for text in ("one", "two"):
            modifications = changes(
                PerformedProcedureStepDescription=text, PerformedProcedureStepStatus="IN PROGRESS"
            )
            self.assertEqual(0, self.set(modifications).status)
        self.assertEqual("two", self.steps.kept[UID].PerformedProcedureStepDescription)

    def test_a_step_ends_completed_or_discontinued(self) -> None:
        for number, state in enumerate(("COMPLETED", "DISCONTINUED")):
            uid = f"1.2.{number}"
            self.create(new_step(), uid)
            self.assertEqual(0, self.set(ending(state), uid).status)
            self.assertEqual(state, self.steps.kept[uid].PerformedProcedureStepStatus)

    def test_after_its_end_nothing_is_changed_any_more(self) -> None:
        self.create(new_step())
        self.set(ending())
        for modifications in (
            changes(PerformedProcedureStepDescription="late"),
            changes(PerformedProcedureStepStatus="IN PROGRESS"),
            ending("DISCONTINUED"),
        ):
            response = self.set(modifications)
            self.assertEqual(
                (0x0110, MAY_NO_LONGER_BE_UPDATED), (response.status, response.error_id)
            )
        self.assertEqual("COMPLETED", self.steps.kept[UID].PerformedProcedureStepStatus)

    def test_what_is_required_at_the_end_is_missed(self) -> None:
        self.create(new_step())
        for keyword, tag in (
            ("PerformedProcedureStepEndDate", 0x00400250),
            ("PerformedProcedureStepEndTime", 0x00400251),
            ("PerformedSeriesSequence", 0x00400340),
        ):
            without: dict[str, Any] = {keyword: None}
            response = self.set(ending(**without))
            self.assertEqual(
                (0x0121, (tag,)), (response.status, response.attribute_identifier_list), keyword
            )

    def test_what_was_set_before_counts_at_the_end(self) -> None:
        self.create(new_step())
        self.set(ending("IN PROGRESS"))
        self.assertEqual(0, self.set(changes(PerformedProcedureStepStatus="COMPLETED")).status)

    def test_a_series_has_a_uid(self) -> None:
        self.create(new_step())
        response = self.set(ending(PerformedSeriesSequence=[Dataset()]))
        self.assertEqual(
            (0x0121, (0x0020000E,)), (response.status, response.attribute_identifier_list)
        )

    def test_what_is_discontinued_may_have_come_to_nothing(self) -> None:
        self.create(new_step())
        self.assertEqual(0, self.set(ending("DISCONTINUED", PerformedSeriesSequence=None)).status)

    def test_what_the_step_began_with_stays(self) -> None:
        self.create(new_step())
        for keyword, value in (
            ("PatientID", "P2"),
            ("PatientName", "Roe^Jane"),
            ("Modality", "MR"),
            ("PerformedProcedureStepStartDate", "20260102"),
        ):
            self.assertEqual(0x0106, self.set(changes(**{keyword: value})).status, keyword)

    def test_a_state_that_is_none_is_refused(self) -> None:
        self.create(new_step())
        self.assertEqual(0x0106, self.set(changes(PerformedProcedureStepStatus="DONE")).status)

    def test_a_step_that_is_not_there_is_not_changed(self) -> None:
        self.assertEqual(0x0112, self.set(ending()).status)

    def test_operations_on_one_step_come_one_after_the_other(self) -> None:
        self.create(new_step())
        writing = self.steps.writing = Deferred()
        self.set(ending("COMPLETED"), message_id=8)
        self.set(ending("DISCONTINUED"), message_id=9)
        writing.callback(None)
        self.peer.wire.flush()
        answers = {m.message_id_being_responded_to: m.status for m, _ in self.peer.heard}
        self.assertEqual({7: 0, 8: 0, 9: 0x0110}, answers)
        self.assertEqual("COMPLETED", self.steps.kept[UID].PerformedProcedureStepStatus)

    def test_operations_on_two_steps_run_side_by_side(self) -> None:
        self.create(new_step())
        self.create(new_step(), "1.2.4")
        writing = self.steps.writing = Deferred()
        self.set(ending(), message_id=8)
        self.assertEqual(9, self.set(ending(), "1.2.4", 9).message_id_being_responded_to)
        writing.callback(None)
        self.peer.wire.flush()
        self.assertEqual(8, self.peer.last.message_id_being_responded_to)

    def test_nothing_is_remembered_of_steps_that_nobody_works_on(self) -> None:
        service = ProcedureStep(self.steps, self.means)
        self._peer = self.asking(
            ask_for((uids.MODALITY_PERFORMED_PROCEDURE_STEP, (EXPLICIT,))), service
        )
        self.create(new_step())
        self.set(ending())
        self.assertEqual({}, service._locks)

    def test_a_step_cannot_be_deleted(self) -> None:
        self.peer.send(STEP, step_request(NDeleteRQ))
        self.assertEqual(0x0211, self.peer.last.status)


class RetrievalTests(StepCase):
    def get(self, *tags: int, uid: str = UID) -> Any:
        request = step_request(
            NGetRQ,
            uid,
            sop_class=uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
            attribute_identifier_list=tags,
        )
        self.peer.send(RETRIEVE, request)
        return self.peer.last

    def test_a_step_is_read_whole_or_in_part(self) -> None:
        self.create(new_step())
        self.assertEqual(0, self.get().status)
        self.assertEqual(0, self.get(0x00080060, 0x00100020).status)
        whole, part = self.peer.data_sets()
        self.assertEqual("S1", whole.PerformedProcedureStepID)
        self.assertEqual([(0x00080060, "CT")], [(int(each.tag), each.value) for each in part])

    def test_a_step_that_is_not_there_is_not_read(self) -> None:
        self.assertEqual(0x0112, self.get(uid="1.2.9").status)

    def test_a_step_is_not_changed_through_its_retrieval(self) -> None:
        request = step_request(NSetRQ, sop_class=uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE)
        self.peer.send(RETRIEVE, request, ending())
        self.assertEqual(0x0211, self.peer.last.status)
