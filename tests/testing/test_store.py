"""Instances in memory that can be found and sent."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT, IMPLICIT
from txdicomtls.codes import Level, Root
from txdicomtls.errors import InvalidQuery, UnknownInstance
from txdicomtls.instance import IncomingInstance, OutgoingInstance
from txdicomtls.interfaces import (
    IInstanceReceiver,
    IQueryProvider,
    IRetrieveProvider,
    Query,
    QueryOptions,
    Retrieval,
)
from txdicomtls.testing import MemoryStore


def instance(number: int, study: int = 1, **more: Any) -> Dataset:
    """An instance with the UID 1.2.STUDY.1.NUMBER."""
    dataset = Dataset()
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID = f"1.2.{study}.1.{number}"
    dataset.StudyInstanceUID = f"1.2.{study}"
    dataset.SeriesInstanceUID = f"1.2.{study}.1"
    dataset.PatientID = "P1"
    dataset.PatientName = "Doe^Jane"
    for name, value in more.items():
        setattr(dataset, name, value)
    return dataset


def query(level: Level, *, date_time: bool = False, **keys: str) -> Query:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level.name
    for name, value in keys.items():
        setattr(identifier, name, value)
    return Query(
        root=Root.PATIENT,
        level=level,
        keys=identifier,
        options=QueryOptions(date_time=date_time),
        association=None,
    )


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.store = MemoryStore()
        for study in (1, 2):
            for number in (1, 2):
                self.store.add(instance(number, study))

    def data_of(self, outgoing: OutgoingInstance, size: int) -> list[tuple[bytes, bool]]:
        """What is sent, in its blocks."""

        async def read() -> list[tuple[bytes, bool]]:
            opened = await outgoing.open(outgoing.transfer_syntaxes[0], size)
            blocks = [(bytes(data), last) async for data, last in opened.blocks()]
            await opened.close()
            return blocks

        return self.successResultOf(Deferred.fromCoroutine(read()))


class KeepingTests(Case):
    def test_it_is_all_that_providers_need(self) -> None:
        for interface in (IInstanceReceiver, IQueryProvider, IRetrieveProvider):
            self.assertTrue(verifyObject(interface, self.store))

    def test_what_it_receives_it_has(self) -> None:
        facts = IncomingInstance(
            sop_class_uid=CT, sop_instance_uid="1.2.3", transfer_syntax_uid=EXPLICIT
        )
        self.successResultOf(self.store.receive(facts).finish())
        self.assertIn("1.2.3", self.store.latest)

    def test_an_instance_that_comes_again_takes_the_place_of_the_first(self) -> None:
        self.store.add(instance(1, PatientID="P2"))
        self.assertEqual(4, len(self.store.latest))
        self.assertEqual("P2", self.store.latest["1.2.1.1.1"].dataset.PatientID)

    def test_it_keeps_an_instance_in_any_transfer_syntax(self) -> None:
        kept = self.store.add(instance(9), IMPLICIT)
        self.assertEqual(IMPLICIT, kept.facts.transfer_syntax_uid)
        self.assertEqual("1.2.1.1.9", kept.dataset.SOPInstanceUID)


class FindTests(Case):
    def test_each_entity_of_the_level_is_found_once(self) -> None:
        for level, count in (
            (Level.PATIENT, 1),
            (Level.STUDY, 2),
            (Level.SERIES, 2),
            (Level.IMAGE, 4),
        ):
            self.assertEqual(count, len(list(self.store.find(query(level)))), level)

    def test_a_match_has_what_was_asked_for(self) -> None:
        asked = query(Level.STUDY, StudyInstanceUID="1.2.2", PatientName="doe*", StudyID="")
        (match,) = self.store.find(asked)
        self.assertEqual(
            {"StudyInstanceUID", "PatientName", "StudyID", "QueryRetrieveLevel"},
            {element.keyword for element in match},
        )
        self.assertEqual("Doe^Jane", match.PatientName)
        self.assertEqual("STUDY", match.QueryRetrieveLevel)
        self.assertEqual([asked], self.store.queries)

    def test_a_date_with_a_time_is_one_range_where_that_was_agreed(self) -> None:
        self.store.add(instance(3, StudyDate="20260102", StudyTime="080000"))
        dates = {"StudyDate": "20260101-20260103", "StudyTime": "100000-110000"}
        for agreed, count in ((True, 1), (False, 0)):
            asked = query(Level.IMAGE, date_time=agreed, **dates)
            self.assertEqual(count, len(list(self.store.find(asked))))

    def test_a_key_that_makes_no_sense_is_an_invalid_query(self) -> None:
        asked = query(Level.IMAGE)
        asked.keys.RequestAttributesSequence = [Dataset(), Dataset()]
        self.assertRaises(InvalidQuery, self.store.find, asked)


class RetrieveTests(Case):
    def retrieval(self, **keys: tuple[str, ...]) -> Retrieval:
        by_level = {Level[name]: values for name, values in keys.items()}
        return Retrieval(
            root=Root.STUDY,
            level=max(by_level),
            keys=by_level,
            relational=False,
            association=None,
        )

    def test_it_selects_what_has_the_unique_keys(self) -> None:
        for keys, count in (
            ({"STUDY": ("1.2.1",)}, 2),
            ({"STUDY": ("1.2.1", "1.2.2")}, 4),
            ({"STUDY": ("1.2.1",), "IMAGE": ("1.2.1.1.2", "1.2.2.1.2")}, 1),
            ({"STUDY": ("1.2.9",)}, 0),
        ):
            selection = self.store.select(self.retrieval(**keys))
            self.assertEqual(count, selection.count)
        self.assertEqual(4, len(self.store.retrievals))

    def test_what_it_selects_can_be_sent(self) -> None:
        selection = self.store.select(self.retrieval(STUDY=("1.2.1",), IMAGE=("1.2.1.1.2",)))
        instances: Any = selection.instances
        (outgoing,) = instances
        self.assertEqual((EXPLICIT,), outgoing.transfer_syntaxes)
        ((data, last),) = self.data_of(outgoing, 1 << 16)
        self.assertEqual((self.store.latest["1.2.1.1.2"].data, True), (data, last))

    def test_an_instance_is_sent_in_whole_fragments(self) -> None:
        facts = IncomingInstance(
            sop_class_uid=CT, sop_instance_uid="1.2.3", transfer_syntax_uid=EXPLICIT
        )
        for data, sizes in ((b"", [0]), (bytes(4), [4]), (bytes(10), [4, 4, 2])):
            self.store.add_bytes(facts, data)
            blocks = self.data_of(self.store.outgoing("1.2.3"), 4)
            self.assertEqual(sizes, [len(block) for block, _ in blocks])
            self.assertEqual([False] * (len(sizes) - 1) + [True], [last for _, last in blocks])

    def test_what_is_not_there_cannot_be_sent(self) -> None:
        self.assertRaises(UnknownInstance, self.store.outgoing, "1.2.99")
