"""Tests of :mod:`txdicomtls.archive.query`; what matches is tested with the index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.archive.doubles import Jobs, as_any
from tests.archive.provided import ProviderCase, all_of, at_once
from tests.index.identifiers import identifier
from txdicomtls.archive import ArchiveQueries
from txdicomtls.codes import Level, Root
from txdicomtls.errors import InvalidQuery, QueryTimeout
from txdicomtls.interfaces import IQueryProvider, Match, Query, QueryOptions


def query(asked: Dataset, *, root: Root = Root.STUDY, **options: bool) -> Query:
    return Query(
        root=root,
        level=Level[asked.QueryRetrieveLevel],
        keys=asked,
        options=QueryOptions(**options),
        association=None,
    )


class QueryTests(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        for study, date, patient in (
            (1, "20260101", "Lindgren^Astrid"),
            (2, "20260315", "Kästner^Erich"),
            (3, "20270101", "Lindgren^Astrid"),
        ):
            for number in (1, 2):
                self.keep(
                    f"1.2.{study}.1.{number}",
                    study=f"1.2.{study}",
                    series=f"1.2.{study}.1",
                    study_date=date,
                    patient=patient.replace("ä", "ae"),
                )
        self.provider = ArchiveQueries(self.known, at_once, retrieve_ae_title="ARCHIVE", page=2)

    def ask(self, asked: Query) -> list[Match]:
        return self.result(all_of(self.provider.find(asked)))

    def test_it_is_a_provider(self) -> None:
        self.assertTrue(verifyObject(IQueryProvider, self.provider))

    def test_what_matches_comes_with_what_was_asked_for(self) -> None:
        found = self.ask(query(identifier("STUDY", PatientName="lindgren*", StudyDate="")))
        self.assertEqual(
            [("1.2.1", "20260101"), ("1.2.3", "20270101")],
            sorted((each.identifier.StudyInstanceUID, each.identifier.StudyDate) for each in found),
        )
        for each in found:
            self.assertTrue(each.all_keys_supported)
            self.assertEqual("ARCHIVE", each.identifier.RetrieveAETitle)
            self.assertEqual("STUDY", each.identifier.QueryRetrieveLevel)
            self.assertNotIn("PatientID", each.identifier)

    def test_availability_is_told_where_it_is_asked_for(self) -> None:
        self.path_of("1.2.2.1.1").unlink()
        self.failureResultOf(self.kept_in.open_instance("1.2.2.1.1"))
        asked = identifier("STUDY", InstanceAvailability="")
        found = {
            each.identifier.StudyInstanceUID: each.identifier.InstanceAvailability
            for each in self.ask(query(asked))
        }
        self.assertEqual({"1.2.1": "ONLINE", "1.2.2": "UNAVAILABLE", "1.2.3": "ONLINE"}, found)

    def test_a_key_that_is_not_supported_is_told_of(self) -> None:
        found = self.ask(query(identifier("STUDY", StationName="")))
        self.assertEqual([False] * 3, [each.all_keys_supported for each in found])

    def test_a_relational_query_needs_no_unique_keys_above(self) -> None:
        asked = identifier("IMAGE", PatientName="Kaestner*")
        found = self.ask(query(asked, relational=True))
        uids = sorted(each.identifier.SOPInstanceUID for each in found)
        self.assertEqual(["1.2.2.1.1", "1.2.2.1.2"], uids)
        self.fails(all_of(self.provider.find(query(asked))), InvalidQuery)

    def test_what_makes_no_sense_is_an_error_before_the_first_match(self) -> None:
        asked = identifier("STUDY", StudyDate="tomorrow")
        self.fails(all_of(self.provider.find(query(asked))), InvalidQuery)


class Counted(Dataset):
    """A data set that can be counted."""

    def __hash__(self) -> int:
        return id(self)


class FakeSearch(Iterator[list[Dataset]]):
    """An answer of many pages, which knows how many of its data sets are still in memory."""

    unsupported = ()

    def __init__(self, pages: int, page: int) -> None:
        self.alive: WeakSet[Counted] = WeakSet()
        self.left = pages
        self.page = page
        self.read = 0
        self.failing: Exception | None = None

    def find(self, *_: object, **options: Any) -> Any:
        return self

    def __next__(self) -> list[Dataset]:
        if self.failing is not None:
            raise self.failing
        if not self.left:
            raise StopIteration
        self.left -= 1
        self.read += 1
        page = [Counted() for _ in range(self.page)]
        self.alive.update(page)
        return list(page)


class StreamTests(ProviderCase):
    def provider(self, search: FakeSearch, jobs: Any = at_once) -> Any:
        asked = query(identifier("STUDY"))
        return as_any(ArchiveQueries(as_any(search), jobs)).find(asked)

    def test_memory_holds_two_pages_of_a_hundred_thousand_results(self) -> None:
        search = FakeSearch(pages=500, page=200)
        most = 0

        async def take_slowly() -> int:
            nonlocal most
            count = 0
            async for _ in self.provider(search):
                count += 1
                if count % 97 == 0:
                    most = max(most, len(search.alive))
            return count

        self.assertEqual(100_000, self.result(take_slowly()))
        self.assertLessEqual(most, 401)
        self.assertGreater(most, 200)

    def test_one_page_is_read_ahead_and_no_more(self) -> None:
        search = FakeSearch(pages=10, page=3)
        jobs = Jobs()
        matches = self.provider(search, jobs)
        first = Deferred.fromCoroutine(anext(matches))
        jobs.do_one()  # the question
        jobs.do_one()
        self.successResultOf(first)
        self.assertEqual((1, 1), (search.read, len(jobs.waiting)))
        jobs.do_all()
        for _ in range(2):
            self.successResultOf(Deferred.fromCoroutine(anext(matches)))
        self.assertEqual((2, 0), (search.read, len(jobs.waiting)))
        self.successResultOf(Deferred.fromCoroutine(anext(matches)))
        self.assertEqual((2, 1), (search.read, len(jobs.waiting)))
        self.successResultOf(Deferred.fromCoroutine(matches.aclose()))
        jobs.do_all()

    def test_who_closes_it_waits_for_no_page(self) -> None:
        search = FakeSearch(pages=10, page=3)
        jobs = Jobs()
        matches = self.provider(search, jobs)
        first = Deferred.fromCoroutine(anext(matches))
        jobs.do_one()
        jobs.do_one()
        self.successResultOf(first)
        self.successResultOf(Deferred.fromCoroutine(matches.aclose()))
        search.failing = QueryTimeout(1)  # of the page that nobody waits for: it is dropped
        jobs.do_all()
        self.assertEqual([], self.flushLoggedErrors())

    def test_a_page_that_fails_ends_it_with_its_error(self) -> None:
        search = FakeSearch(pages=10, page=3)
        matches = self.provider(search)
        self.result(anext(matches))
        search.failing = QueryTimeout(30)
        for _ in range(5):
            self.result(anext(matches))
        self.fails(anext(matches), QueryTimeout)

    def test_pages_without_results_are_passed_over(self) -> None:
        self.assertEqual([], self.result(all_of(self.provider(FakeSearch(pages=5, page=0)))))
