"""Tests of :mod:`txdicomtls.index.adding` and :mod:`txdicomtls.index.counting`."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.index.databases import IndexCase, InPostgres
from tests.index.records import CT, EXPLICIT, IMPLICIT, MR, record, uid_of
from txdicomtls.errors import IndexUnavailable
from txdicomtls.index import Flaw, Index, Outcome
from txdicomtls.index.adding import OTHER_NAME, OTHER_PATIENT, OTHER_STUDY
from txdicomtls.index.schema import studies

PATIENT = ("number_of_studies", "number_of_series", "number_of_instances")
STUDY = PATIENT[1:]
SERIES = PATIENT[2:]


class AddTests(IndexCase):
    def outcomes(self, *records: object, index: Index | None = None) -> list[Outcome]:
        added = (index or self.index).add(list(records))  # type: ignore[arg-type]  # as tests pass
        return [one.outcome for one in added]

    def test_a_new_instance_is_added_with_all_that_is_above_it(self) -> None:
        (added,) = self.index.add([record()])
        self.assertIs(added.outcome, Outcome.ADDED)
        self.assertEqual(record().path, added.path)
        self.assertEqual((), added.remarks)
        self.assertEqual([(1, 1, 1)], self.numbers("patients", *PATIENT))
        self.assertEqual([("1.2.1", 1, 1)], self.numbers("studies", "study_instance_uid", *STUDY))
        self.assertEqual([("1.2.1.1", 1)], self.numbers("series", "series_instance_uid", *SERIES))
        self.assertEqual([(uid_of(),)], self.numbers("instances", "sop_instance_uid"))

    def test_the_same_instance_again_changes_nothing(self) -> None:
        self.index.add([record()])
        (added,) = self.index.add([record(path="elsewhere", PatientName="Other")])
        self.assertIs(added.outcome, Outcome.ALREADY)
        self.assertEqual(record().path, added.path)
        self.assertEqual([(1, 1, 1)], self.numbers("patients", *PATIENT))
        self.assertEqual([(record().path,)], self.numbers("instances", "path"))

    def test_another_data_set_under_the_same_uid_is_a_conflict_and_changes_nothing(self) -> None:
        self.index.add([record()])
        (added,) = self.index.add([record(content="other", path="elsewhere", PatientID="P2")])
        self.assertIs(added.outcome, Outcome.CONFLICT)
        self.assertEqual(record().path, added.path)
        self.assertEqual(record().sha256, added.sha256)
        self.assertEqual([(1, 1, 1)], self.numbers("patients", *PATIENT))

    def test_an_instance_twice_in_one_batch_counts_once(self) -> None:
        first, again, other = record(), record(), record(content="other")
        self.assertEqual(
            [Outcome.ADDED, Outcome.ALREADY, Outcome.CONFLICT],
            self.outcomes(first, again, other),
        )
        self.assertEqual([(1, 1, 1)], self.numbers("patients", *PATIENT))

    def test_an_empty_batch_is_nothing(self) -> None:
        self.assertEqual([], self.index.add([]))

    def test_a_batch_is_answered_in_its_own_order(self) -> None:
        self.index.add([record(instance=2)])
        batch = [record(instance=number) for number in (3, 2, 1)]
        added = self.index.add(batch)
        self.assertEqual(
            [one.sop_instance_uid for one in batch], [one.sop_instance_uid for one in added]
        )
        self.assertEqual(
            [Outcome.ADDED, Outcome.ALREADY, Outcome.ADDED], [one.outcome for one in added]
        )

    def test_numbers_of_related_entities_add_up(self) -> None:
        batch = [
            record(study, series, instance, PatientID=f"P{study % 2}")
            for study in range(4)
            for series in range(3)
            for instance in range(2)
        ]
        self.index.add(batch[:13])
        self.index.add(batch[7:])
        self.assertEqual([(2, 6, 12)] * 2, self.numbers("patients", *PATIENT))
        self.assertEqual([(3, 6)] * 4, self.numbers("studies", *STUDY))
        self.assertEqual([(2,)] * 12, self.numbers("series", *SERIES))
        self.assertEqual([(2,)] * 12, self.numbers("contents", "number_of_instances"))

    def test_a_series_may_have_several_sop_classes_and_transfer_syntaxes(self) -> None:
        self.index.add(
            [
                record(instance=1),
                record(instance=2, sop_class_uid=MR),
                record(instance=3, transfer_syntax_uid=IMPLICIT),
                record(instance=4),
            ]
        )
        self.assertEqual(
            [(CT, IMPLICIT, 1), (CT, EXPLICIT, 2), (MR, EXPLICIT, 1)],
            self.numbers("contents", "sop_class_uid", "transfer_syntax_uid", "number_of_instances"),
        )

    def test_of_those_that_come_together_the_first_one_says_what_its_study_is(self) -> None:
        together = [
            record(1, 2, 9, StudyDescription="first"),
            record(1, 1, 1, StudyDescription="second"),
            record(1, 2, 1, StudyDescription="third"),
        ]
        self.index.add(together)
        with self.index._database.reading(1) as connection:
            (description,) = connection.execute(select(studies.c.study_description)).scalars()
        self.assertEqual("first", description)

    def test_a_study_stays_with_its_first_patient(self) -> None:
        self.index.add([record()])
        for instance, wrong in enumerate(({"PatientID": "P2"}, {"PatientID": ""}), start=2):
            (added,) = self.index.add([record(1, 2, instance, **wrong)])
            self.assertEqual((OTHER_PATIENT,), added.remarks)
        self.assertEqual([("P1", 1, 2, 3)], self.numbers("patients", "patient_id", *PATIENT))

    def test_a_series_stays_with_its_first_study(self) -> None:
        self.index.add([record()])
        (added,) = self.index.add([record(2, 1, 1, SeriesInstanceUID="1.2.1.1")])
        self.assertIs(added.outcome, Outcome.ADDED)
        self.assertEqual((OTHER_STUDY,), added.remarks)
        self.assertEqual([("1.2.1", 1, 2)], self.numbers("studies", "study_instance_uid", *STUDY))

    def test_a_name_that_changes_is_remarked_and_the_first_one_stays(self) -> None:
        self.index.add([record()])
        same, none, other = self.index.add(
            [
                record(instance=2, PatientName="DOE^Jane^"),
                record(instance=3, PatientName=""),
                record(instance=4, PatientName="Roe^Jane"),
            ]
        )
        self.assertEqual(((), ()), (same.remarks, none.remarks))
        self.assertEqual((OTHER_NAME,), other.remarks)
        self.assertEqual([("Doe^Jane",)], self.numbers("patients", "patient_name"))

    def test_the_same_id_of_two_issuers_is_two_patients(self) -> None:
        self.index.add(
            [record(1, IssuerOfPatientID="A"), record(2, IssuerOfPatientID="B"), record(3)]
        )
        self.assertEqual([(1, 1, 1)] * 3, self.numbers("patients", *PATIENT))

    def test_studies_without_a_patient_id_are_not_put_together(self) -> None:
        self.index.add([record(1, PatientID=""), record(2, PatientID=""), record(1, 2)])
        self.assertEqual([(1, 1, 1), (1, 2, 2)], sorted(self.numbers("patients", *PATIENT)))

    def test_what_a_database_cannot_hold_does_no_harm(self) -> None:
        nasty = record(
            PatientName="a\0b\udc80'; DROP TABLE patients; --",
            PatientID="%\\_" * 999,
            IssuerOfPatientID="\U0001f9b4" * 9999,
            StudyDescription="\u0390" * 99999,
            source_ae="\0",
        )
        self.assertEqual([Outcome.ADDED], self.outcomes(nasty))
        self.assertEqual([Outcome.ALREADY], self.outcomes(nasty))
        self.assertEqual([(1, 1, 1)], self.numbers("patients", *PATIENT))

    def test_a_batch_may_be_larger_than_what_one_statement_looks_for(self) -> None:
        batch = [record(number % 3, number % 7, number) for number in range(2500)]
        self.assertEqual([Outcome.ADDED] * 2500, self.outcomes(*batch))
        self.assertEqual([Outcome.ALREADY] * 2500, self.outcomes(*reversed(batch)))
        self.assertEqual(2500, self.index.count())

    def test_a_batch_that_fails_leaves_nothing(self) -> None:
        for table in ("contents", "instances"):
            self.forbid_insertions(table)
        with self.assertRaises(IndexUnavailable):
            self.index.add([record(1), record(2)])
        self.assertEqual([], self.rows("patients"))

    def test_an_error_tells_nothing_of_the_patient(self) -> None:
        self.forbid_insertions("instances")
        error = self.assertRaises(IndexUnavailable, self.index.add, [record(PatientName="Secret")])
        self.assertIsNone(error.__cause__)
        self.assertNotIn("Secret", str(error))
        self.assertNotIn("1.2.1.1.1", str(error))

    def forbid_insertions(self, table: str) -> None:
        """Make the database fail whoever inserts into a table."""
        self.index._database.write(
            lambda connection: connection.exec_driver_sql(
                f"CREATE TRIGGER forbid_{table} BEFORE INSERT ON {table}"
                " BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )

    def test_what_was_added_survives_the_end_of_all_connections(self) -> None:
        self.index.add([record()])
        self.index.close()
        self.index = self.open()
        self.assertEqual([uid_of()], list(self.index.get([uid_of()])))


class AddInPostgresTests(InPostgres, AddTests):
    def forbid_insertions(self, table: str) -> None:
        self.index._database.write(
            lambda connection: connection.exec_driver_sql(
                f"ALTER TABLE {table} ADD CONSTRAINT forbidden CHECK (false) NOT VALID"
            )
        )


class RemoveTests(IndexCase):
    def test_the_last_instance_takes_all_that_is_empty_then_with_it(self) -> None:
        self.index.add([record()])
        removed = self.index.remove(uid_of())
        assert removed is not None
        self.assertEqual(record().path, removed.path)
        for table in ("patients", "studies", "series", "instances", "contents"):
            self.assertEqual([], self.rows(table), table)

    def test_what_is_not_empty_stays_and_its_numbers_are_right(self) -> None:
        self.index.add([record(1, 1, 1), record(1, 1, 2), record(1, 2, 1), record(2, 1, 1)])
        self.index.remove(uid_of(1, 2, 1))
        self.assertEqual([(2, 2, 3)], self.numbers("patients", *PATIENT))
        self.index.remove(uid_of(1, 1, 1))
        self.assertEqual([(1, 1), (1, 1)], self.numbers("studies", *STUDY))
        self.index.remove(uid_of(2, 1, 1))
        self.assertEqual([(1, 1, 1)], self.numbers("patients", *PATIENT))
        self.assertEqual([(1,)], self.numbers("contents", "number_of_instances"))

    def test_what_is_not_there_cannot_be_removed(self) -> None:
        self.assertIsNone(self.index.remove("1.2.3"))
        self.assertIsNone(self.index.remove("1.2\0"))

    def test_a_key_is_never_given_twice(self) -> None:
        self.index.add([record()])
        before = self.numbers("instances", "key")
        self.index.remove(uid_of())
        self.index.add([record()])
        self.assertLess(before, self.numbers("instances", "key"))


class RemoveInPostgresTests(InPostgres, RemoveTests):
    pass


class ReplaceTests(IndexCase):
    def test_the_new_one_is_in_the_place_of_the_old_one(self) -> None:
        self.index.add([record(), record(instance=2)])
        before, added = self.index.replace(record(content="other", path="new"))
        assert before is not None
        self.assertEqual(record().path, before.path)
        self.assertIs(added.outcome, Outcome.ADDED)
        self.assertEqual("new", self.index.get([uid_of()])[uid_of()].path)
        self.assertEqual([(1, 1, 2)], self.numbers("patients", *PATIENT))

    def test_it_may_belong_to_another_study(self) -> None:
        self.index.add([record()])
        self.index.replace(record(content="other", StudyInstanceUID="1.9", SeriesInstanceUID="1.8"))
        self.assertEqual([("1.9",)], self.numbers("studies", "study_instance_uid"))

    def test_where_there_was_nothing_it_is_added(self) -> None:
        before, added = self.index.replace(record())
        self.assertIsNone(before)
        self.assertIs(added.outcome, Outcome.ADDED)

    def test_what_is_known_to_be_wrong_with_the_old_file_is_not_said_of_the_new_one(self) -> None:
        self.index.add([record()])
        self.index.mark(uid_of(), Flaw.DAMAGED)
        (again,) = self.index.add([record()])
        self.assertIs(again.flaw, Flaw.DAMAGED)
        self.index.replace(record())
        self.assertIs(self.index.get([uid_of()])[uid_of()].flaw, Flaw.NONE)


class ReplaceInPostgresTests(InPostgres, ReplaceTests):
    pass


#: Whether to add or to remove, the numbers of study, series and instance, and whether its series
#: is one that belongs to another study already.
STEPS = st.lists(
    st.tuples(
        st.booleans(), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.booleans()
    ),
    max_size=30,
)


class CountCase(IndexCase):
    """Whatever is added and removed: the numbers are what counting the rows would give."""

    def check(self, steps: list[tuple[bool, int, int, int, bool]]) -> None:
        for row in self.rows("instances"):
            self.index.remove(str(row["sop_instance_uid"]))
        for adds, study, series, instance, stray in steps:
            if adds:
                shared = {"SeriesInstanceUID": f"1.2.0.{series}"} if stray else {}
                self.index.add([record(study, series, instance, **shared)])
            else:
                self.index.remove(uid_of(study, series, instance))
        series_of = [row["series_key"] for row in self.rows("instances")]
        studies_of = {row["key"]: row["studies_key"] for row in self.rows("series")}
        self.assertEqual(set(series_of), set(studies_of))
        for row in self.rows("series"):
            self.assertEqual(series_of.count(row["key"]), row["number_of_instances"])
        for row in self.rows("studies"):
            mine = [key for key in studies_of if studies_of[key] == row["key"]]
            self.assertEqual(len(mine), row["number_of_series"])
            self.assertEqual(sum(series_of.count(key) for key in mine), row["number_of_instances"])
        totals = self.numbers("patients", *PATIENT)
        wanted = (len(self.rows("studies")), len(studies_of), len(series_of))
        self.assertEqual([wanted] if series_of else [], totals)


class CountTests(CountCase):
    @settings(deadline=None, max_examples=40)
    @given(STEPS)
    def test_numbers_are_those_of_the_rows(
        self, steps: list[tuple[bool, int, int, int, bool]]
    ) -> None:
        self.check(steps)


class CountInPostgresTests(InPostgres, CountCase):
    @settings(deadline=None, max_examples=20)
    @given(STEPS)
    def test_numbers_are_those_of_the_rows(
        self, steps: list[tuple[bool, int, int, int, bool]]
    ) -> None:
        self.check(steps)
