"""Tests of :mod:`txdicomtls.archive.procedure_steps` and of what is passed on of a step."""

from __future__ import annotations

from datetime import timedelta

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from zope.interface.verify import verifyObject

from tests.archive.instances import NOW
from tests.archive.provided import ProviderCase, at_once
from txdicomtls.archive import ProcedureSteps
from txdicomtls.archive.payloads import StepMessage, StepOperation, step_message
from txdicomtls.dataset import decode, encode
from txdicomtls.errors import (
    DuplicateInstance,
    InvalidAttributeValue,
    NoSuchInstance,
    ProcessingFailure,
)
from txdicomtls.index import TaskKind
from txdicomtls.interfaces import IProcedureStepProvider, NormalizedRequest
from txdicomtls.uids import EXPLICIT_VR_LITTLE_ENDIAN, MODALITY_PERFORMED_PROCEDURE_STEP

UID = "1.2.3"


def about(uid: str = UID) -> NormalizedRequest:
    return NormalizedRequest(
        sop_class_uid=MODALITY_PERFORMED_PROCEDURE_STEP, sop_instance_uid=uid, association=None
    )


def attributes(**values: object) -> Dataset:
    """Attributes as they come from a peer."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return decode(encode(dataset, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)


def begun() -> Dataset:
    return attributes(
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Kästner^Erich",
        PerformedProcedureStepStatus="IN PROGRESS",
        PerformedProcedureStepID="P1",
        PerformedSeriesSequence=[],
    )


class ProcedureStepTests(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.provider = self.steps()

    def steps(self, *forward_to: str) -> ProcedureSteps:
        return ProcedureSteps(self.open_index(), at_once, forward_to=forward_to, now=lambda: NOW)

    def get(self) -> Dataset:
        found = self.result(self.provider.get(about()))
        assert found is not None
        return found

    def test_it_is_a_provider(self) -> None:
        self.assertTrue(verifyObject(IProcedureStepProvider, self.provider))

    def test_a_step_is_kept_as_it_was_created(self) -> None:
        self.result(self.provider.create(about(), begun()))
        self.provider = self.steps()
        expected = begun()
        del expected.SpecificCharacterSet
        self.assertEqual(expected, self.get())
        self.assertIsNone(self.result(self.provider.get(about("1.2.4"))))

    def test_there_is_one_step_of_each_uid(self) -> None:
        self.result(self.provider.create(about(), begun()))
        other = attributes(PerformedProcedureStepID="P2")
        self.fails(self.provider.create(about(), other), DuplicateInstance)
        self.assertEqual("P1", self.get().PerformedProcedureStepID)

    def test_each_attribute_takes_the_place_of_the_one_that_was(self) -> None:
        series = Dataset()
        series.SeriesInstanceUID = "1.2.3.4"
        self.result(self.provider.create(about(), begun()))
        change = attributes(
            PerformedSeriesSequence=[series], CommentsOnThePerformedProcedureStep=""
        )
        self.result(self.provider.set(about(), change))
        now = self.get()
        self.assertEqual("1.2.3.4", now.PerformedSeriesSequence[0].SeriesInstanceUID)
        self.assertIn("CommentsOnThePerformedProcedureStep", now)
        self.assertEqual("Kästner^Erich", str(now.PatientName))

    def test_there_must_be_a_step_to_change(self) -> None:
        self.fails(self.provider.set(about(), attributes(PatientName="A")), NoSuchInstance)

    def test_what_another_node_has_ended_is_not_changed_any_more(self) -> None:
        for state in ("COMPLETED", "DISCONTINUED"):
            uid = f"1.2.{len(state)}"
            self.result(self.provider.create(about(uid), begun()))
            ended = attributes(PerformedProcedureStepStatus=state)
            self.result(self.steps().set(about(uid), ended))
            error = self.fails(
                self.provider.set(about(uid), attributes(PatientName="A")), ProcessingFailure
            )
            self.assertEqual(0xA710, error.error_id)

    def test_a_value_that_cannot_be_kept_is_the_peers_fault(self) -> None:
        wrong = Dataset()
        wrong[0x00101030] = DataElement(0x00101030, "DS", "heavy", already_converted=True)
        error = self.fails(self.provider.create(about(), wrong), InvalidAttributeValue)
        self.assertEqual((0x00101030,), error.tags)
        self.assertNotIn("heavy", str(error))
        self.result(self.provider.create(about(), begun()))
        self.fails(self.provider.set(about(), wrong), InvalidAttributeValue)
        self.assertNotIn("PatientWeight", self.get())

    def due(self, destination: str) -> list[StepMessage]:
        """What a node is told next; it has been told then."""
        leased = self.known.tasks.due(
            TaskKind.PROCEDURE_STEP, now=NOW, owner="n", lease=timedelta(1), destination=destination
        )
        self.known.tasks.done(*(task.key for task in leased), owner="n")
        return [step_message(task) for task in leased]

    def test_other_nodes_are_told_all_of_a_step_in_its_order(self) -> None:
        self.provider = self.steps("RIS", "BACKUP")
        self.result(self.provider.create(about(), begun()))
        change = attributes(PerformedProcedureStepStatus="COMPLETED")
        self.result(self.provider.set(about(), change))
        for destination in ("RIS", "BACKUP"):
            (first,) = self.due(destination)
            self.assertEqual((StepOperation.CREATE, UID), (first.operation, first.sop_instance_uid))
            self.assertEqual("Kästner^Erich", str(first.attributes.PatientName))
            (second,) = self.due(destination)
            self.assertEqual((StepOperation.SET, change), (second.operation, second.attributes))
            self.assertEqual([], self.due(destination))

    def test_what_is_refused_is_told_nobody(self) -> None:
        self.provider = self.steps("RIS")
        self.fails(self.provider.set(about(), begun()), NoSuchInstance)
        self.result(self.steps().create(about(), begun()))
        self.fails(self.provider.create(about(), begun()), DuplicateInstance)
        self.assertEqual([], self.due("RIS"))
