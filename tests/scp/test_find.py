"""C-FIND as SCP: matches as fast as the peer reads, cancel, errors, what is agreed on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, cast

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import LogLevel, capturedLogs
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.association.pair import EXPLICIT, IMPLICIT, VERIFICATION
from tests.net.pair import echo_request
from tests.scp.asking import NUMBER, Asking, ProviderCase, ask_for
from txdicomtls import uids
from txdicomtls.codes import Level, Root
from txdicomtls.dimse import CFindRQ
from txdicomtls.errors import (
    IndexUnavailable,
    InvalidKey,
    InvalidQuery,
    NotAuthorized,
    OutOfResources,
    QueryTimeout,
)
from txdicomtls.interfaces import (
    ICancellableOperation,
    INegotiatingService,
    IQueryProvider,
    Match,
    Query,
    QueryOptions,
)
from txdicomtls.scp import Find, OperationLimits, Verification

FIND = 1


def keys(level: str = "STUDY", **more: Any) -> Dataset:
    """An identifier."""
    identifier = Dataset()
    if level:
        identifier.QueryRetrieveLevel = level
    for keyword, value in more.items():
        setattr(identifier, keyword, value)
    return identifier


def study(number: int, **more: Any) -> Dataset:
    """A match."""
    return keys("STUDY", StudyInstanceUID=f"1.2.{number}", **more)


def find(message_id: int = 7, model: str = uids.STUDY_ROOT_FIND) -> CFindRQ:
    """A C-FIND request."""
    return CFindRQ(affected_sop_class_uid=model, message_id=message_id)


@implementer(IQueryProvider)
class Provider:
    """Answers as it is told to.

    :ivar queries: what it was asked.
    """

    def __init__(self, answer: Callable[[Query], Any]) -> None:
        self.queries: list[Query] = []
        self._answer = answer

    def find(self, query: Query) -> Any:
        self.queries.append(query)
        return self._answer(query)


class Source:
    """Matches that are counted as they are asked for.

    :ivar given: how many were.
    :ivar ended: how it ended: by what it was thrown, or "closed".
    """

    def __init__(self, matches: Iterable[Dataset | Deferred[Dataset]]) -> None:
        self.given = 0
        self.ended: list[Any] = []
        self._matches = matches

    async def __call__(self, _: Query) -> AsyncIterator[Dataset]:
        try:
            for match in self._matches:
                found = await match if isinstance(match, Deferred) else match
                self.given += 1
                yield found
        except BaseException as error:
            self.ended.append(type(error))
            raise


def provider_of(*matches: Any) -> Provider:
    """Finds these, whatever it is asked."""
    return Provider(lambda _: list(matches))


class FindCase(ProviderCase):
    def finding(self, provider: Provider, *, extended: bytes = b"", **more: Any) -> Asking:
        """A peer that may query."""
        asked = {uids.STUDY_ROOT_FIND: extended} if extended else {}
        return self.asking(
            ask_for(
                (uids.STUDY_ROOT_FIND, (EXPLICIT,)),
                (uids.PATIENT_ROOT_FIND, (EXPLICIT,)),
                (VERIFICATION, (IMPLICIT,)),
                extended=asked,
                window=4,
            ),
            Find(provider, self.means, **more),
            Verification(),
        )

    def answered(self, answer: Callable[[Query], Any], identifier: Any = None) -> Asking:
        """One query with this answer."""
        asking = self.finding(Provider(answer))
        asking.send(FIND, find(), keys() if identifier is None else identifier)
        return asking

    def refused_with(self, status: int, error: Exception) -> Asking:
        """One query whose provider fails so, in each way that it can."""

        def raises(_: Query) -> Any:
            raise error

        async def later(_: Query) -> AsyncIterator[Dataset]:
            yield study(1)
            raise error

        for answer, statuses in (
            (raises, [status]),
            (lambda _: fail(error), [status]),
            (later, [0xFF00, status]),
        ):
            asking = self.answered(answer)
            self.assertEqual(statuses, asking.statuses)
        return asking


class MatchTests(FindCase):
    def test_it_is_a_service_with_operations_that_can_be_cancelled(self) -> None:
        service = Find(provider_of(), self.means)
        verifyObject(INegotiatingService, service)
        verifyObject(IQueryProvider, provider_of())
        verifyObject(ICancellableOperation, service.begin(cast("Any", _Incoming())))

    def test_each_match_is_a_pending_response_and_success_comes_last(self) -> None:
        asking = self.finding(provider_of(study(1), study(2)))
        asking.send(FIND, find(), keys())
        self.assertEqual([0xFF00, 0xFF00, 0x0000], asking.statuses)
        self.assertEqual(["1.2.1", "1.2.2"], [each.StudyInstanceUID for each in asking.data_sets()])
        self.assertEqual(7, asking.last.message_id_being_responded_to)

    def test_a_provider_may_answer_in_every_way_that_the_contract_names(self) -> None:
        async def one_by_one(_: Query) -> AsyncIterator[Dataset]:
            yield study(1)

        async def all_at_once(_: Query) -> list[Dataset]:
            return [study(1)]

        async def an_iterator(query: Query) -> AsyncIterator[Dataset]:
            return one_by_one(query)

        for answer in (
            one_by_one,
            all_at_once,
            an_iterator,
            lambda _: [study(1)],
            lambda _: succeed([study(1)]),
            lambda _: iter([Match(study(1))]),
        ):
            self.assertEqual([0xFF00, 0x0000], self.answered(answer).statuses)

    def test_a_match_without_all_keys_says_so(self) -> None:
        asking = self.answered(lambda _: [Match(study(1), all_keys_supported=False)])
        self.assertEqual([0xFF01, 0x0000], asking.statuses)

    def test_nothing_found_is_a_success(self) -> None:
        self.assertEqual([0x0000], self.answered(lambda _: []).statuses)

    def test_a_match_says_its_level_and_is_in_the_character_set_of_the_query(self) -> None:
        found = Dataset()
        found.PatientName = "Ångström^Anders"
        wanted = keys("STUDY", SpecificCharacterSet="ISO_IR 100", PatientName="")
        (match,) = self.answered(lambda _: [found], wanted).data_sets()
        self.assertEqual(
            ("STUDY", "ISO_IR 100", "Ångström^Anders"),
            (match.QueryRetrieveLevel, match.SpecificCharacterSet, str(match.PatientName)),
        )

    def test_text_that_the_character_set_of_the_query_lacks_comes_in_unicode(self) -> None:
        found = Dataset()
        found.PatientName = "山田^太郎"
        wanted = keys("STUDY", SpecificCharacterSet="ISO_IR 100", PatientName="")
        (match,) = self.answered(lambda _: [found], wanted).data_sets()
        self.assertEqual(
            ("ISO_IR 192", "山田^太郎"), (match.SpecificCharacterSet, str(match.PatientName))
        )

    def test_the_match_of_a_provider_is_not_changed(self) -> None:
        found = Dataset()
        found.StudyInstanceUID = "1.2.3"
        self.answered(lambda _: [found])
        self.assertEqual(1, len(found))


class FlowTests(FindCase):
    def test_a_peer_that_does_not_read_makes_the_provider_wait(self) -> None:
        source = Source(study(n, StudyDescription="x" * 60) for n in range(8_000))
        asking = self.finding(Provider(source))
        asking.peer.send(FIND, find(), _encoded(keys()))
        asking.wire.client.pauseProducing()
        asking.wire.flush()
        given = source.given
        self.assertLess(given, 4000)  # what fits into the buffers of the network
        asking.wire.flush()
        self.assertEqual(given, source.given)
        asking.wire.client.resumeProducing()
        asking.wire.flush()
        self.assertEqual(8_000, source.given)
        self.assertEqual(8_001, len(asking.statuses))

    def test_no_match_is_asked_for_before_the_one_before_was_written(self) -> None:
        first: Deferred[Dataset] = Deferred()
        second: Deferred[Dataset] = Deferred()
        source = Source([first, second])
        asking = self.finding(Provider(source))
        asking.send(FIND, find(), keys())
        first.callback(study(1))
        asking.wire.flush()
        self.assertEqual((1, [0xFF00]), (source.given, asking.statuses))
        second.callback(study(2))
        asking.wire.flush()
        self.assertEqual([0xFF00, 0xFF00, 0x0000], asking.statuses)

    def test_two_queries_and_an_echo_run_side_by_side_on_one_association(self) -> None:
        waiting: list[Deferred[Any]] = [Deferred(), Deferred()]
        asking = self.finding(Provider(lambda query: waiting[len(provider.queries) - 1]))
        provider = _provider_of(asking)
        asking.send(FIND, find(7), keys())
        asking.send(FIND, find(8), keys())
        asking.send(5, echo_request(9))
        self.assertEqual(9, asking.last.message_id_being_responded_to)
        waiting[1].callback([study(8)])
        asking.wire.flush()
        self.assertEqual(8, asking.last.message_id_being_responded_to)
        waiting[0].callback([study(7)])
        asking.wire.flush()
        self.assertEqual(7, asking.last.message_id_being_responded_to)
        self.assertEqual([0, 0xFF00, 0, 0xFF00, 0], asking.statuses)

    def test_a_query_that_never_waits_lets_others_have_their_turn(self) -> None:
        clock = self.clock
        source = Source(_taking_time(clock, 100))
        asking = self.finding(Provider(source))
        asking.send(FIND, find(), keys())
        self.assertLess(source.given, 5)  # each takes 4 ms of the 10 that it may work
        for _ in range(100):
            self.advance(0)
        self.assertEqual(101, len(asking.statuses))


class CancelTests(FindCase):
    def test_the_provider_sees_the_cancellation_in_the_turn_in_which_it_arrives(self) -> None:
        source = Source([study(1), Deferred()])
        asking = self.finding(Provider(source))
        asking.send(FIND, find(), keys())
        self.assertEqual([], source.ended)
        asking.cancel(FIND, 7)
        self.assertEqual([CancelledError], source.ended)
        self.assertEqual([0xFF00, 0xFE00], asking.statuses)

    def test_a_deferred_that_was_returned_is_cancelled(self) -> None:
        seen: list[Any] = []
        asking = self.answered(lambda _: Deferred(seen.append))
        asking.cancel(FIND, 7)
        self.assertEqual((1, [0xFE00]), (len(seen), asking.statuses))

    def test_one_that_waits_for_the_peer_to_read_closes_its_provider(self) -> None:
        source = Source(study(n, StudyDescription="x" * 60) for n in range(8_000))
        asking = self.finding(Provider(source))
        asking.peer.send(FIND, find(), _encoded(keys()))
        asking.wire.client.pauseProducing()
        asking.wire.flush()
        asking.cancel(FIND, 7)
        self.assertEqual([GeneratorExit], source.ended)
        asking.wire.client.resumeProducing()
        asking.wire.flush()
        self.assertEqual(0xFE00, asking.statuses[-1])
        self.assertLess(len(asking.statuses), 4000)

    def test_one_that_does_not_listen_is_answered_within_a_second_and_heard_no_more(self) -> None:
        late: Deferred[None] = Deferred()

        async def deaf(_: Query) -> AsyncIterator[Dataset]:
            try:
                await Deferred()
            except CancelledError:
                await late
            yield study(1)

        asking = self.answered(deaf)
        asking.cancel(FIND, 7)
        self.assertEqual([], asking.statuses)
        self.advance(1)
        self.assertEqual([0xFE00], asking.statuses)
        late.callback(None)
        asking.wire.flush()
        self.assertEqual([0xFE00], asking.statuses)

    def test_a_provider_that_fails_on_its_way_out_is_cancelled_all_the_same(self) -> None:
        async def clumsy(_: Query) -> AsyncIterator[Dataset]:
            try:
                await Deferred()
            finally:
                raise ZeroDivisionError("Doe^John")
            yield study(1)

        asking = self.answered(clumsy)
        with capturedLogs() as events:
            asking.cancel(FIND, 7)
        self.assertEqual([0xFE00], asking.statuses)
        (line,) = self.logged(events)
        self.assertIn("ZeroDivisionError", line)
        self.assertNotIn("Doe", line)

    def test_the_end_of_the_association_cancels_it(self) -> None:
        source = Source([study(1), Deferred()])
        asking = self.finding(Provider(source))
        asking.send(FIND, find(), keys())
        asking.peer.do(asking.peer.connection.abort())
        asking.wire.flush()
        self.assertEqual([CancelledError], source.ended)

    def test_one_that_arrives_together_with_the_request_cancels_it(self) -> None:
        source = Source([Deferred()])
        asking = self.finding(Provider(source))
        asking.peer.send(FIND, find(), _encoded(keys()))
        asking.cancel(FIND, 7)
        self.assertEqual([0xFE00], asking.statuses)
        self.assertEqual([CancelledError], source.ended)

    def test_a_cancel_of_another_message_changes_nothing(self) -> None:
        waiting: Deferred[Any] = Deferred()
        asking = self.answered(lambda _: waiting)
        asking.cancel(FIND, 8)
        waiting.callback([])
        asking.wire.flush()
        self.assertEqual([0x0000], asking.statuses)


class LimitTests(FindCase):
    def test_an_identifier_beyond_the_limit_is_read_past_and_refused(self) -> None:
        self.limits = OperationLimits(data=100)
        provider = provider_of(study(1))
        asking = self.finding(provider)
        asking.send(
            FIND, find(), keys("STUDY", StudyDescription="x" * 64, AccessionNumber="1" * 16)
        )
        self.assertEqual(([0xA700], []), (asking.statuses, provider.queries))
        asking.send(FIND, find(8), keys())
        self.assertEqual([0xA700, 0xFF00, 0x0000], asking.statuses)

    def test_an_identifier_of_too_many_elements_is_refused(self) -> None:
        self.limits = OperationLimits(elements=3)
        wanted = keys("STUDY", StudyDescription="", AccessionNumber="", StudyID="")
        asking = self.finding(provider_of())
        asking.send(FIND, find(), wanted)
        self.assertEqual([0xC000], asking.statuses)

    def test_more_matches_than_are_told_end_in_0xa700(self) -> None:
        source = Source(study(n) for n in range(10))
        asking = self.finding(Provider(source), most=3)
        asking.send(FIND, find(), keys())
        self.assertEqual([0xFF00] * 3 + [0xA700], asking.statuses)
        self.assertEqual((4, [GeneratorExit]), (source.given, source.ended))

    def test_as_many_matches_as_are_told_are_a_success(self) -> None:
        asking = self.finding(provider_of(study(1), study(2)), most=2)
        asking.send(FIND, find(), keys())
        self.assertEqual([0xFF00, 0xFF00, 0x0000], asking.statuses)

    def test_a_provider_that_takes_too_long_for_a_match_ends_in_0xa700(self) -> None:
        source = Source([study(1), Deferred()])
        asking = self.finding(Provider(source))
        asking.send(FIND, find(), keys())
        self.advance(self.limits.patience - 1)
        self.assertEqual([0xFF00], asking.statuses)
        self.advance(1)
        self.assertEqual(([0xFF00, 0xA700], [CancelledError]), (asking.statuses, source.ended))

    def test_the_time_that_a_peer_takes_to_read_does_not_count(self) -> None:
        self.limits = OperationLimits(patience=5)
        source = Source(study(n, StudyDescription="x" * 60) for n in range(5000))
        asking = self.finding(Provider(source))
        asking.peer.send(FIND, find(), _encoded(keys()))
        asking.wire.client.pauseProducing()
        asking.wire.flush()
        self.advance(20)
        asking.wire.client.resumeProducing()
        asking.wire.flush()
        self.advance(0)
        self.assertEqual(0, asking.statuses[-1])


class RefusalTests(FindCase):
    def test_each_error_of_a_provider_has_its_status(self) -> None:
        for error, status in (
            (InvalidQuery("no such thing", tag=0x00080020), 0xA900),
            (InvalidQuery("cannot be done", status=0xC001), 0xC001),
            (InvalidKey("a range without an end", tag=0x00080020), 0xA900),
            (OutOfResources("no room"), 0xA700),
            (QueryTimeout(30), 0xA700),
            (IndexUnavailable("sqlite", "locked"), 0xA700),
            (NotAuthorized("not for you"), 0x0124),
        ):
            self.refused_with(status, error)

    def test_what_is_wrong_with_the_query_is_told_with_its_element(self) -> None:
        response = self.refused_with(0xA900, InvalidQuery("no date", tag=0x00080020)).last
        self.assertEqual((0x00080020,), response.offending_element)
        self.assertIn("no date", response.error_comment)

    def test_what_is_wrong_within_this_node_is_not_told(self) -> None:
        response = self.refused_with(0xA700, IndexUnavailable("/secret/db", "locked")).last
        self.assertEqual("", response.error_comment)

    def test_what_nobody_planned_is_one_line_with_a_number_and_no_text(self) -> None:
        with capturedLogs() as events:
            response = self.refused_with(0xC000, ZeroDivisionError("Doe^John")).last
        self.assertIn(NUMBER, response.error_comment)
        lines = self.logged([e for e in events if e["log_level"] is LogLevel.error])
        self.assertEqual(3, len(lines))
        for line in lines:
            self.assertIn(NUMBER, line)
            self.assertIn("ZeroDivisionError", line)
            self.assertIn(":", line)
            self.assertNotIn("Doe", line)
            self.assertNotIn("\n", line)

    def test_a_match_that_cannot_be_encoded_ends_in_a_failure(self) -> None:
        broken = study(1)
        broken[0x00280010] = DataElement(0x00280010, "US", "many", already_converted=True)
        self.assertEqual([0xC000], self.answered(lambda _: [broken]).statuses)

    def test_an_identifier_that_is_none_is_refused(self) -> None:
        provider = provider_of(study(1))
        for data in (b"\x08\x00\x52\x00CS\xff\x00", b"garbage!", b"\0" * 8):
            asking = self.finding(provider)
            asking.send(FIND, find(), data)
            self.assertEqual(1, len(asking.statuses))
            self.assertIn(asking.statuses[0], (0xC000, 0xA900))
        self.assertEqual([], provider.queries)

    def test_an_identifier_without_a_level_of_the_model_is_refused(self) -> None:
        for level in ("", "PATIENT", "study", "FRAME", "IMAGE'; DROP TABLE"):
            asking = self.answered(lambda _: [], keys(level))
            self.assertEqual([0xA900], asking.statuses, level)
            self.assertEqual((0x00080052,), asking.last.offending_element)


class HierarchyTests(FindCase):
    def test_a_level_needs_one_value_of_each_unique_key_above_it(self) -> None:
        above = {"StudyInstanceUID": "1.2.3"}
        for wanted, status in (
            (keys("SERIES"), 0xA900),
            (keys("SERIES", StudyInstanceUID=""), 0xA900),
            (keys("SERIES", StudyInstanceUID=["1.2", "1.3"]), 0xA900),
            (keys("SERIES", **above), 0x0000),
            (keys("IMAGE", **above), 0xA900),
            (keys("IMAGE", SeriesInstanceUID="1.2.4", **above), 0x0000),
        ):
            self.assertEqual([status], self.answered(lambda _: [], wanted).statuses)

    def test_the_patient_root_needs_the_patient(self) -> None:
        for wanted, status in (
            (keys("STUDY"), 0xA900),
            (keys("STUDY", PatientID="*"), 0xA900),
            (keys("STUDY", PatientID="P1"), 0x0000),
            (keys("PATIENT"), 0x0000),
        ):
            asking = self.finding(provider_of())
            asking.send(3, find(7, uids.PATIENT_ROOT_FIND), wanted)
            self.assertEqual([status], asking.statuses)

    def test_a_relational_query_needs_none_of_them(self) -> None:
        provider = provider_of()
        asking = self.finding(provider, extended=b"\1", supports=QueryOptions(relational=True))
        asking.send(FIND, find(), keys("IMAGE"))
        self.assertEqual([0x0000], asking.statuses)
        self.assertTrue(provider.queries[0].options.relational)

    def test_a_relational_query_that_was_not_agreed_on_is_a_hierarchical_one(self) -> None:
        asking = self.finding(provider_of(), extended=b"\1")
        asking.send(FIND, find(), keys("IMAGE"))
        self.assertEqual([0xA900], asking.statuses)

    def test_the_provider_is_told_what_is_asked_and_by_whom(self) -> None:
        provider = provider_of()
        asking = self.finding(provider)
        asking.send(FIND, find(), keys("STUDY", PatientID="P1"))
        (query,) = provider.queries
        self.assertEqual((Root.STUDY, Level.STUDY), (query.root, query.level))
        self.assertEqual("P1", query.keys.PatientID)
        self.assertEqual("REQUESTOR", query.association.calling_ae_title)
        self.assertEqual(QueryOptions(), query.options)


class OfferTests(FindCase):
    def test_the_three_models_are_accepted_and_no_others(self) -> None:
        service = Find(provider_of(), self.means)
        for uid in (
            uids.PATIENT_ROOT_FIND,
            uids.STUDY_ROOT_FIND,
            "1.2.840.10008.5.1.4.1.2.3.1",
        ):
            self.assertTrue(service.accepts(uid))
        for uid in (uids.STUDY_ROOT_MOVE, uids.MODALITY_WORKLIST_FIND, VERIFICATION):
            self.assertFalse(service.accepts(uid))

    def test_identifiers_are_never_compressed(self) -> None:
        choose = Find(provider_of(), self.means).choose
        jpeg = "1.2.840.10008.1.2.4.50"
        self.assertEqual(IMPLICIT, choose("", (jpeg, IMPLICIT, EXPLICIT)))
        self.assertIsNone(choose("", (jpeg,)))

    def test_what_is_agreed_on_is_what_is_asked_for_and_supported(self) -> None:
        supports = QueryOptions(relational=True, fuzzy_names=True)
        asking = self.finding(provider_of(), extended=b"\1\1\0\1", supports=supports)
        answers = asking.accepted.acceptance.user_information.extended
        self.assertEqual([b"\1\0\0\0"], [answer.information for answer in answers])

    def test_a_store_request_on_its_context_is_no_operation_of_it(self) -> None:
        service = Find(provider_of(), self.means)
        self.assertIsNone(service.begin(cast("Any", _Incoming(echo_request()))))


class _Incoming:
    """As much of an IncomingRequest as it takes to begin."""

    def __init__(self, message: Any = None) -> None:
        self.message = message or find()


def _encoded(dataset: Dataset) -> bytes:
    from txdicomtls.dataset import encode

    return encode(dataset, EXPLICIT)


def _provider_of(asking: Asking) -> Any:
    (service, _) = asking.server.messages.services._services
    return service._provider


def _taking_time(clock: Any, count: int) -> Iterable[Dataset]:
    for number in range(count):
        clock.rightNow += 0.004
        yield study(number)
