"""Tests of :mod:`txdicomtls.index.query`, and of what it works out for a page."""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.index.databases import IndexCase, InPostgres
from tests.index.identifiers import ask, data_set, found, identifier
from tests.index.records import MR, record, uid_of
from txdicomtls.dataset.matching import MatchOptions
from txdicomtls.errors import InvalidQuery, QueryTimeout
from txdicomtls.index import FindOptions, Flaw, InstanceRecord, Level, Root
from txdicomtls.index.sequences import sequence_text

#: Study number, Patient ID, name, date, time, accession number.
STUDIES = (
    (1, "P1", "Müller^Hans", "20200101", "080000", "A1"),
    (2, "P1", "Müller^Hans", "20200315", "2359", "A_2"),
    (3, "P2", "SMITH^John^^Dr", "20200315", "120000.5", "A%3"),
    (4, "P2", "SMITH^John^^Dr", "2021.12.31", "12:00:00", "a1"),
    (5, "P3", "Yamada^Tarou=山田^太郎=やまだ^たろう", "20220615", "00", "B/5"),
    (6, "", "Smithers^Wayland", "", "", ""),
)


def records() -> list[InstanceRecord]:
    """One instance for each of these studies."""
    return [
        record(
            study,
            PatientID=patient,
            PatientName=name,
            StudyDate=date,
            StudyTime=time,
            AccessionNumber=accession,
        )
        for study, patient, name, date, time, accession in STUDIES
    ]


class MatchingTests(IndexCase):
    """All kinds of matching, at study level (PS3.4 C.2.2.2)."""

    def setUp(self) -> None:
        super().setUp()
        self.index.add(records())

    def check(self, wanted: str, **keys: str) -> None:
        """Check which studies match.

        :param wanted: their numbers.
        """
        self.assertEqual(wanted, self.matching(keys), keys)

    def matching(self, keys: dict[str, str], *, combined: bool = False) -> str:
        """The numbers of the studies that match."""
        match = MatchOptions(combined_date_time=combined)
        uids = found(self.index, identifier("STUDY", **keys), "StudyInstanceUID", match=match)
        return "".join(uid[-1] for uid in uids)

    def test_universal(self) -> None:
        self.check("123456")
        self.check("123456", PatientID="*", StudyDate="")

    def test_single_value(self) -> None:
        self.check("12", PatientID="P1")
        self.check("", PatientID="p1")
        self.check("1", AccessionNumber="A1")
        self.check("4", StudyDate="20211231")

    def test_several_single_values_all_have_to_match(self) -> None:
        self.check("2", PatientID="P1", StudyDate="20200315")

    def test_list_of_uids(self) -> None:
        self.check("24", StudyInstanceUID="1.2.2\\1.2.4\\1.2.9")

    def test_wild_cards(self) -> None:
        self.check("12345", PatientID="P*")
        self.check("12345", PatientID="?*")
        self.check("123", AccessionNumber="A*")
        self.check("1", AccessionNumber="A?")
        self.check("1", AccessionNumber="?1*", PatientID="P1")

    def test_what_is_special_in_sql_is_not_so_in_a_key(self) -> None:
        self.check("2", AccessionNumber="A_*")
        self.check("3", AccessionNumber="A%*")
        self.check("5", AccessionNumber="*/5")
        self.check("", AccessionNumber="' OR 1=1 --")
        self.check("", AccessionNumber="*'*")

    def test_names_are_matched_without_regard_to_case(self) -> None:
        self.check("12", PatientName="MÜLLER^hans")
        self.check("12", PatientName="mu\u0308ller*")
        self.check("34", PatientName="smith^john^^dr^")
        self.check("346", PatientName="Smith*")
        self.check("34", PatientName="*JOHN*")
        self.check("", PatientName="Smith")

    def test_names_are_matched_in_any_group_or_in_the_one_given(self) -> None:
        self.check("5", PatientName="山田*")
        self.check("5", PatientName="=山田*")
        self.check("5", PatientName="yamada*==やまだ*")
        self.check("", PatientName="==山田*")

    def test_ranges_of_dates(self) -> None:
        self.check("123", StudyDate="20200101-20200315")
        self.check("2345", StudyDate="20200102-")
        self.check("1", StudyDate="-20200101")
        self.check("4", StudyDate="20211231-20211231")

    def test_ranges_of_times(self) -> None:
        self.check("34", StudyTime="120000-120001")
        self.check("1", StudyTime="0800-08")
        self.check("15", StudyTime="-0800")
        self.check("2", StudyTime="23-")

    def test_a_range_of_dates_and_one_of_times_are_two_or_one_as_agreed(self) -> None:
        for dates, times, apart, together in (
            ("20200101-20200315", "0900-1300", "3", "3"),
            ("20200101-20200315", "0700-0900", "1", "1"),
            ("20200102-20211231", "1200-1300", "34", "234"),
        ):
            keys = {"StudyDate": dates, "StudyTime": times}
            self.assertEqual(apart, self.matching(keys))
            self.assertEqual(together, self.matching(keys, combined=True))

    def test_keys_that_are_not_supported_are_as_if_they_were_not_there(self) -> None:
        asked = identifier("STUDY", PatientID="P3", Modality="MR", PregnancyStatus="")
        asked.ReasonForRequestedProcedureCodeSequence = Sequence([data_set(CodeValue="X")])
        search = self.index.find(asked, root=Root.STUDY)
        self.assertEqual({0x00080060, 0x001021C0, 0x0040100A}, set(search.unsupported))
        ((response,),) = search
        self.assertEqual("P3", response.PatientID)
        for tag in search.unsupported:
            self.assertNotIn(tag, response)

    def test_what_a_database_cannot_hold_is_in_no_value(self) -> None:
        self.check("", PatientID="a\0b")
        self.check("", PatientName="\udc80*")

    def test_too_many_uids_are_refused(self) -> None:
        many = "\\".join(f"1.2.{number}" for number in range(10_001))
        with self.assertRaises(InvalidQuery) as raised:
            self.index.find(identifier("STUDY", StudyInstanceUID=many), root=Root.STUDY)
        self.assertEqual(0xA700, raised.exception.status)

    def test_a_key_that_cannot_be_matched_is_refused_by_its_tag(self) -> None:
        for keyword, text, tag in (
            ("StudyDate", "20201301", 0x00080020),
            ("StudyTime", "-", 0x00080030),
            ("StudyInstanceUID", "1.2.*", 0x0020000D),
        ):
            with self.assertRaises(InvalidQuery) as raised:
                self.index.find(identifier("STUDY", **{keyword: text}), root=Root.STUDY)
            self.assertEqual(tag, raised.exception.tag)
            self.assertEqual(0xA900, raised.exception.status)
            self.assertNotIn(text, raised.exception.problem)


class MatchingInPostgresTests(InPostgres, MatchingTests):
    pass


#: Series number, and the items of its Request Attributes Sequence: procedure, step, accession.
REQUESTS: tuple[tuple[int, tuple[tuple[str, str, str], ...]], ...] = (
    (1, (("RP1", "STEP1", "A1"),)),
    (2, (("RP1", "STEP2", "A1"), ("RP2", "STEP3", "A2"))),
    (3, (('R"P%_', "SCHÄDEL", ""),)),
    (4, ()),
)
PROCEDURE, STEP, ACCESSION = 0x00401001, 0x00400009, 0x00080050


class SequenceTests(IndexCase):
    """Sequence matching: one item has to match all that the item of the key asks (C.2.2.2.6)."""

    def setUp(self) -> None:
        super().setUp()
        tags = (PROCEDURE, STEP, ACCESSION)
        for series, items in REQUESTS:
            text = sequence_text(dict(zip(tags, item, strict=True)) for item in items)
            self.index.add([record(1, series, RequestAttributesSequence=text)])

    def asked(self, *items: dict[str, str], **more: str) -> Dataset:
        keys = identifier("SERIES", StudyInstanceUID="1.2.1", **more)
        keys.RequestAttributesSequence = Sequence([data_set(**item) for item in items])
        return keys

    def check(self, wanted: str, **item: str) -> None:
        uids = found(self.index, self.asked(item), "SeriesInstanceUID")
        self.assertEqual(wanted, "".join(uid[-1] for uid in uids), item)

    def test_one_item_has_to_match_all_keys(self) -> None:
        self.check("12", RequestedProcedureID="RP1")
        self.check("2", RequestedProcedureID="RP2", ScheduledProcedureStepID="STEP3")
        self.check("", RequestedProcedureID="RP1", ScheduledProcedureStepID="STEP3")
        self.check("2", RequestedProcedureID="RP1", ScheduledProcedureStepID="STEP2")

    def test_in_an_item_all_kinds_of_matching_are_possible(self) -> None:
        self.check("12", ScheduledProcedureStepID="STEP*")
        self.check("123", ScheduledProcedureStepID="S*")
        self.check("12", ScheduledProcedureStepID="STEP1\\STEP3")
        self.check("3", ScheduledProcedureStepID="SCHÄDEL")
        self.check("", ScheduledProcedureStepID="step1")

    def test_what_is_special_in_sql_or_json_is_not_so_in_a_key(self) -> None:
        self.check("3", RequestedProcedureID='R"P%_')
        self.check("", RequestedProcedureID="R_P%_")
        self.check("", RequestedProcedureID="RP%")

    def test_a_key_without_values_is_universal(self) -> None:
        self.check("1234", RequestedProcedureID="")
        for universal in (self.asked(), self.asked({})):
            self.assertEqual(4, len(ask(self.index, universal)))

    def test_a_response_has_the_items_that_match_and_of_each_what_was_asked_for(self) -> None:
        for procedure, expected in (
            ("RP2", [("RP2", "A2")]),
            ("RP*", [("RP1", "A1"), ("RP2", "A2")]),
        ):
            item = {"RequestedProcedureID": procedure, "AccessionNumber": ""}
            (response,) = ask(self.index, self.asked(item, SeriesInstanceUID="1.2.1.2"))
            told = [
                (item.RequestedProcedureID, item.AccessionNumber)
                for item in response.RequestAttributesSequence
            ]
            self.assertEqual(expected, told)
            self.assertEqual({2}, {len(item) for item in response.RequestAttributesSequence})

    def test_what_is_longer_than_any_value_is_found_nowhere(self) -> None:
        keys = self.asked({})
        item = keys.RequestAttributesSequence[0]
        item[0x00401001] = DataElement(0x00401001, "UT", '"' * 60_000, already_converted=True)
        self.assertEqual([], ask(self.index, keys))

    def test_an_item_that_only_says_how_it_is_encoded_asks_for_all(self) -> None:
        keys = self.asked({"SpecificCharacterSet": "ISO_IR 192"}, SeriesInstanceUID="1.2.1.1")
        (response,) = ask(self.index, keys)
        self.assertEqual(3, len(response.RequestAttributesSequence[0]))

    def test_without_an_item_in_the_key_a_response_has_all_that_is_kept(self) -> None:
        responses = ask(self.index, self.asked(SeriesInstanceUID="1.2.1.1"))
        (item,) = responses[0].RequestAttributesSequence
        self.assertEqual(
            ("RP1", "STEP1", "A1"),
            (item.RequestedProcedureID, item.ScheduledProcedureStepID, item.AccessionNumber),
        )
        (response,) = ask(self.index, self.asked(SeriesInstanceUID="1.2.1.4"))
        self.assertEqual(0, len(response.RequestAttributesSequence))

    def test_what_is_not_kept_of_an_item_is_as_if_it_were_not_asked(self) -> None:
        keys = self.asked({"RequestedProcedureID": "RP2", "ReasonForTheRequestedProcedure": "x"})
        search = self.index.find(keys, root=Root.STUDY, options=FindOptions())
        self.assertEqual((0x00401002,), search.unsupported)
        self.assertEqual(1, len([each for page in search for each in page]))
        keys = self.asked({"ReasonForTheRequestedProcedure": "x"})
        search = self.index.find(keys, root=Root.STUDY, options=FindOptions())
        self.assertEqual((0x00401002,), search.unsupported)
        responses = [each for page in search for each in page]
        self.assertEqual(4, len(responses))
        self.assertFalse(any("RequestAttributesSequence" in each for each in responses))

    def test_more_than_one_item_is_refused(self) -> None:
        keys = self.asked({"RequestedProcedureID": "RP1"}, {"RequestedProcedureID": "RP2"})
        error = self.assertRaises(InvalidQuery, ask, self.index, keys)
        self.assertEqual(0x00400275, error.tag)

    def test_the_code_of_a_procedure_is_found_at_study_level(self) -> None:
        code = sequence_text([{0x00080100: "CTHEAD", 0x00080102: "99SITE", 0x00080104: "Head"}])
        self.index.add([record(9, ProcedureCodeSequence=code), record(8)])
        keys = identifier("STUDY")
        keys.ProcedureCodeSequence = Sequence([data_set(CodeValue="CTHEAD", CodeMeaning="")])
        (response,) = ask(self.index, keys)
        self.assertEqual("1.2.9", response.StudyInstanceUID)
        self.assertEqual("Head", response.ProcedureCodeSequence[0].CodeMeaning)


class SequenceInPostgresTests(InPostgres, SequenceTests):
    pass


class LevelTests(IndexCase):
    """Each level, in each information model."""

    def setUp(self) -> None:
        super().setUp()
        self.index.add(
            [
                record(1, 1, 1, PatientID="P1", Modality="CT"),
                record(1, 2, 1, PatientID="P1", Modality="MR", sop_class_uid=MR),
                record(1, 2, 2, PatientID="P1", Modality="MR", sop_class_uid=MR),
                record(2, 1, 1, PatientID="P2", Modality=""),
            ]
        )

    def test_patients(self) -> None:
        asked = identifier("PATIENT", PatientName="")
        self.assertEqual(["P1", "P2"], found(self.index, asked, "PatientID", root=Root.PATIENT))

    def test_studies_of_a_patient(self) -> None:
        asked = identifier("STUDY", PatientID="P1")
        for root in (Root.PATIENT, Root.PATIENT_STUDY_ONLY):
            self.assertEqual(["1.2.1"], found(self.index, asked, "StudyInstanceUID", root=root))

    def test_series_of_a_study(self) -> None:
        asked = identifier("SERIES", StudyInstanceUID="1.2.1", Modality="MR")
        self.assertEqual(["1.2.1.2"], found(self.index, asked, "SeriesInstanceUID"))

    def test_instances_of_a_series(self) -> None:
        asked = identifier("IMAGE", StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.2")
        uids = [uid_of(1, 2, 1), uid_of(1, 2, 2)]
        self.assertEqual(uids, found(self.index, asked, "SOPInstanceUID"))
        asked.InstanceNumber = 2
        self.assertEqual(uids[1:], found(self.index, asked, "SOPInstanceUID"))

    def test_relational_queries_need_nothing_from_above(self) -> None:
        asked = identifier("IMAGE", PatientID="P1", Modality="MR", SOPClassUID=MR)
        self.assertEqual(
            [uid_of(1, 2, 1), uid_of(1, 2, 2)],
            found(self.index, asked, "SOPInstanceUID", relational=True),
        )

    def test_a_response_has_what_was_asked_for_and_where_to_retrieve_it(self) -> None:
        asked = identifier(
            "STUDY",
            PatientID="P1",
            StudyDescription="",
            SpecificCharacterSet="ISO_IR 100",
            RetrieveAETitle="",
        )
        (response,) = ask(self.index, asked, retrieve_ae_title="TXDICOM")
        wanted = data_set(
            QueryRetrieveLevel="STUDY",
            RetrieveAETitle="TXDICOM",
            StudyDescription="",
            PatientID="P1",
            StudyInstanceUID="1.2.1",
        )
        self.assertEqual(wanted, response)

    def test_numbers_of_related_entities(self) -> None:
        asked = identifier(
            "STUDY",
            PatientID="P1",
            NumberOfPatientRelatedStudies="",
            NumberOfPatientRelatedSeries="",
            NumberOfPatientRelatedInstances="",
            NumberOfStudyRelatedSeries="",
            NumberOfStudyRelatedInstances="99",
        )
        (response,) = ask(self.index, asked)
        self.assertEqual(1, response.NumberOfPatientRelatedStudies)
        self.assertEqual(2, response.NumberOfPatientRelatedSeries)
        self.assertEqual(3, response.NumberOfPatientRelatedInstances)
        self.assertEqual(2, response.NumberOfStudyRelatedSeries)
        self.assertEqual(3, response.NumberOfStudyRelatedInstances)
        asked = identifier("SERIES", StudyInstanceUID="1.2.1", NumberOfSeriesRelatedInstances="")
        self.assertEqual(["1", "2"], found(self.index, asked, "NumberOfSeriesRelatedInstances"))

    def test_modalities_and_sop_classes_of_a_study(self) -> None:
        asked = identifier("STUDY", PatientID="P1", ModalitiesInStudy="", SOPClassesInStudy="")
        (response,) = ask(self.index, asked)
        self.assertEqual(["CT", "MR"], list(response.ModalitiesInStudy))
        self.assertEqual([record().sop_class_uid, MR], list(response.SOPClassesInStudy))
        asked.PatientID = "P2"
        (response,) = ask(self.index, asked)
        self.assertFalse(response.ModalitiesInStudy)

    def test_studies_by_modality_and_sop_class(self) -> None:
        for keys, wanted in (
            ({"ModalitiesInStudy": "MR"}, ["1.2.1"]),
            ({"ModalitiesInStudy": "MR\\US"}, ["1.2.1"]),
            ({"ModalitiesInStudy": "M*"}, ["1.2.1"]),
            ({"ModalitiesInStudy": "US"}, []),
            ({"ModalitiesInStudy": "**"}, ["1.2.1", "1.2.2"]),
            ({"SOPClassesInStudy": MR}, ["1.2.1"]),
            ({"SOPClassesInStudy": f"{MR}\\{record().sop_class_uid}"}, ["1.2.1", "1.2.2"]),
        ):
            asked = identifier("STUDY", **keys)
            self.assertEqual(wanted, found(self.index, asked, "StudyInstanceUID"), keys)

    def test_an_instance_that_is_lost_makes_all_above_it_unavailable(self) -> None:
        self.index.mark(uid_of(1, 2, 1), Flaw.MISSING)
        for level, keyword in (
            ("PATIENT", "PatientID"),
            ("STUDY", "StudyInstanceUID"),
            ("SERIES", "SeriesInstanceUID"),
            ("IMAGE", "SOPInstanceUID"),
        ):
            asked = identifier(level, InstanceAvailability="")
            answers = ask(self.index, asked, root=Root.PATIENT, relational=True)
            lost = [
                str(answer[keyword].value)
                for answer in answers
                if answer.InstanceAvailability == "UNAVAILABLE"
            ]
            self.assertEqual(1, len(lost), level)
            online = [one for one in answers if one.InstanceAvailability == "ONLINE"]
            self.assertEqual(len(answers) - 1, len(online), level)
            self.assertIn(lost[0], ("P1", "1.2.1", "1.2.1.2", uid_of(1, 2, 1)))

    def test_availability_is_told_only_if_it_is_asked_for(self) -> None:
        (response, _) = ask(self.index, identifier("STUDY"))
        self.assertNotIn("InstanceAvailability", response)

    def test_values_have_the_types_of_their_representations(self) -> None:
        self.index.add(
            [record(3, Rows="512", Columns="wide", NumberOfFrames="x", SliceLocation="-1.50")]
        )
        asked = identifier(
            "IMAGE",
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID="1.2.3.1",
            Rows="",
            Columns="",
            NumberOfFrames="",
            SliceLocation="",
        )
        (response,) = ask(self.index, asked)
        self.assertEqual(512, response.Rows)
        self.assertIsNone(response.Columns)
        self.assertEqual("x", response.NumberOfFrames)
        self.assertEqual("-1.50", str(response.SliceLocation))


class LevelInPostgresTests(InPostgres, LevelTests):
    pass


class PageTests(IndexCase):
    def setUp(self) -> None:
        super().setUp()
        self.index.add([record(study, PatientID=f"P{study % 2}") for study in range(20)])

    def pages(self, *, page: int, asked: Dataset | None = None) -> list[list[str]]:
        asked = asked or identifier("STUDY")
        search = self.index.find(asked, root=Root.STUDY, options=FindOptions(page=page))
        return [[str(each.StudyInstanceUID) for each in some] for some in search]

    def test_each_result_comes_once_whatever_the_size_of_a_page(self) -> None:
        for size in (1, 7, 20, 21, 500):
            pages = self.pages(page=size)
            self.assertLessEqual(max(map(len, pages)), size)
            uids = [uid for page in pages for uid in page]
            self.assertEqual(sorted(f"1.2.{study}" for study in range(20)), sorted(uids))

    def test_what_comes_and_goes_meanwhile_moves_nothing(self) -> None:
        search = self.index.find(identifier("STUDY"), root=Root.STUDY, options=FindOptions(page=5))
        seen = [str(one.StudyInstanceUID) for one in next(search)]
        self.index.remove(uid_of(1))
        self.index.remove(uid_of(6))
        self.index.add([record(21)])
        seen += [str(one.StudyInstanceUID) for page in search for one in page]
        self.assertEqual(len(set(seen)), len(seen))
        stayed = [study for study in range(20) if study not in (1, 6)]
        self.assertLessEqual({f"1.2.{study}" for study in stayed}, set(seen))

    def test_nothing_is_held_in_the_database_between_pages(self) -> None:
        pool: Any = self.index._database._engine.pool
        held = pool.checkedout()  # the one that is kept for writing, where there is one
        search = self.index.find(identifier("STUDY"), root=Root.STUDY, options=FindOptions(page=5))
        next(search)
        self.assertEqual(held, pool.checkedout())

    def test_a_page_may_be_empty_so_that_one_can_stop_there(self) -> None:
        asked = identifier("STUDY", StudyDescription="*x*x*")
        self.index.add([record(30, StudyDescription="axbx"), record(31, StudyDescription="X x")])
        self.assertEqual([["1.2.30"]], self.pages(page=500, asked=asked))
        only_in_python = identifier("STUDY", PatientWeight="7")
        self.assertEqual([[], [], []], self.pages(page=10, asked=only_in_python))

    def test_a_query_may_only_take_so_much_time_of_the_database(self) -> None:
        time = iter(range(0, 1000, 2))
        self.index._monotonic = lambda: float(next(time))
        search = self.index.find(
            identifier("STUDY"), root=Root.STUDY, options=FindOptions(page=4, seconds=5)
        )
        for _ in range(3):
            self.assertEqual(4, len(next(search)))
        with self.assertRaises(QueryTimeout) as raised:
            next(search)
        self.assertEqual(5, raised.exception.seconds)

    def test_a_search_that_has_ended_stays_at_its_end(self) -> None:
        search = self.index.find(identifier("STUDY"), root=Root.STUDY)
        self.assertEqual(1, len(list(search)))
        self.assertEqual([], list(search))

    def test_the_level_that_was_asked_for_is_known(self) -> None:
        search = self.index.find(identifier("STUDY"), root=Root.STUDY)
        self.assertIs(search.level, Level.STUDY)


class PageInPostgresTests(InPostgres, PageTests):
    pass
