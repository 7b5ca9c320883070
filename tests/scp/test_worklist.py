"""The modality worklist as SCP."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.association.pair import EXPLICIT, VERIFICATION
from tests.scp.asking import Asking, ProviderCase, ask_for
from txdicomtls import uids
from txdicomtls.dimse import CFindRQ
from txdicomtls.errors import InvalidKey, OutOfResources
from txdicomtls.interfaces import (
    INegotiatingService,
    IWorklistProvider,
    QueryOptions,
    WorklistQuery,
)
from txdicomtls.scp import Worklist

WORKLIST = 1


def keys() -> Dataset:
    """What a modality asks for."""
    step = Dataset()
    step.Modality = "CT"
    step.ScheduledProcedureStepStartDate = "20260101-20260102"
    identifier = Dataset()
    identifier.PatientName = ""
    identifier.ScheduledProcedureStepSequence = [step]
    return identifier


def item(name: str) -> Dataset:
    """What is scheduled."""
    step = Dataset()
    step.Modality = "CT"
    found = Dataset()
    found.PatientName = name
    found.ScheduledProcedureStepSequence = [step]
    return found


@implementer(IWorklistProvider)
class Schedule:
    """A source of one's own."""

    def __init__(self, answer: Any) -> None:
        self.queries: list[WorklistQuery] = []
        self._answer = answer

    def worklist(self, query: WorklistQuery) -> Any:
        self.queries.append(query)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class WorklistTests(ProviderCase):
    def asked(self, schedule: Schedule, *, extended: bytes = b"", **more: Any) -> Asking:
        asking = self.asking(
            ask_for(
                (uids.MODALITY_WORKLIST_FIND, (EXPLICIT,)),
                extended={uids.MODALITY_WORKLIST_FIND: extended} if extended else None,
            ),
            Worklist(schedule, self.means, **more),
        )
        message = CFindRQ(affected_sop_class_uid=uids.MODALITY_WORKLIST_FIND, message_id=7)
        asking.send(WORKLIST, message, keys())
        return asking

    def test_it_is_a_service_for_the_worklist_alone(self) -> None:
        service = Worklist(Schedule([]), self.means)
        verifyObject(INegotiatingService, service)
        verifyObject(IWorklistProvider, Schedule([]))
        self.assertTrue(service.accepts(uids.MODALITY_WORKLIST_FIND))
        for other in (uids.STUDY_ROOT_FIND, VERIFICATION):
            self.assertFalse(service.accepts(other))

    def test_each_item_is_a_pending_response(self) -> None:
        asking = self.asked(Schedule([item("Doe^John"), item("Roe^Jane")]))
        self.assertEqual([0xFF00, 0xFF00, 0], asking.statuses)
        self.assertEqual(
            ["Doe^John", "Roe^Jane"], [str(each.PatientName) for each in asking.data_sets()]
        )

    def test_the_query_has_no_level_and_its_sequence_is_decoded(self) -> None:
        schedule = Schedule([])
        self.asked(schedule)
        (query,) = schedule.queries
        self.assertEqual("CT", query.keys.ScheduledProcedureStepSequence[0].Modality)
        self.assertEqual("REQUESTOR", query.association.calling_ae_title)

    def test_errors_have_their_status(self) -> None:
        for error, status in (
            (InvalidKey("no date", tag=0x00400002), 0xA900),
            (OutOfResources("no room"), 0xA700),
            (ZeroDivisionError("Doe^John"), 0xC000),
        ):
            self.assertEqual([status], self.asked(Schedule(error)).statuses)

    def test_there_is_a_limit_of_items(self) -> None:
        asking = self.asked(Schedule([item("A"), item("B")]), most=1)
        self.assertEqual([0xFF00, 0xA700], asking.statuses)

    def test_the_first_two_bytes_of_extended_negotiation_say_nothing(self) -> None:
        supports = QueryOptions(fuzzy_names=True)
        schedule = Schedule([])
        asking = self.asked(schedule, extended=b"\1\1\1\1", supports=supports)
        (answer,) = asking.accepted.acceptance.user_information.extended
        self.assertEqual(b"\1\1\1\0", answer.information)
        self.assertTrue(schedule.queries[0].options.fuzzy_names)
        self.assertFalse(schedule.queries[0].options.time_zone)
