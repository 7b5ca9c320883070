"""Tests of :mod:`txdicomtls.index.index`: all but queries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from tests.index.databases import IndexCase, InPostgres
from tests.index.records import CT, EXPLICIT, IMPLICIT, MR, RECEIVED, record, uid_of
from txdicomtls.index import Flaw, Level


class IndexTests(IndexCase):
    def test_what_is_given_is_what_was_added(self) -> None:
        here = RECEIVED.astimezone(timezone(timedelta(hours=9)))
        one = replace(record(PatientID="山田"), received_at=here)
        self.index.add([one])
        found = self.index.get([uid_of(), "1.2.3.4", "not a uid\0"])
        self.assertEqual([uid_of()], list(found))
        kept = found[uid_of()]
        for name in (
            "sop_class_uid",
            "sop_instance_uid",
            "transfer_syntax_uid",
            "path",
            "size",
            "sha256",
            "source_ae",
        ):
            self.assertEqual(getattr(one, name), getattr(kept, name))
        self.assertEqual(("1.2.1", "1.2.1.1"), (kept.study_instance_uid, kept.series_instance_uid))
        self.assertEqual("山田", kept.patient_id)
        self.assertEqual(RECEIVED, kept.received_at)
        self.assertEqual(timedelta(0), kept.received_at.utcoffset())
        self.assertIs(kept.flaw, Flaw.NONE)
        self.assertNotIn("山田", repr(kept))

    def test_more_may_be_asked_for_than_one_statement_takes(self) -> None:
        self.index.add([record(instance=number) for number in range(20)])
        uids = [uid_of(instance=number) for number in range(5000)]
        self.assertEqual(20, len(self.index.get(uids)))
        self.assertEqual(20, self.index.count({Level.IMAGE: uids}))
        located = [one for page in self.index.locate({Level.IMAGE: uids}) for one in page]
        self.assertEqual(20, len({one.sop_instance_uid for one in located}))

    def test_what_is_to_be_retrieved_comes_in_pages_each_once(self) -> None:
        self.index.add([record(study, 1, number) for study in (1, 2) for number in range(25)])
        for page in (1, 7, 25, 100):
            pages = list(self.index.locate({Level.STUDY: ["1.2.1"]}, page=page))
            self.assertLessEqual(max(map(len, pages)), page)
            uids = [one.sop_instance_uid for some in pages for one in some]
            self.assertEqual([uid_of(1, 1, number) for number in range(25)], sorted(uids, key=last))

    def test_what_is_to_be_retrieved_fits_all_levels_and_any_value_of_each(self) -> None:
        self.index.add(
            [
                record(study, series, 1, PatientID=f"P{study}")
                for study in (1, 2, 3)
                for series in (1, 2)
            ]
        )
        for keys, wanted in (
            ({Level.PATIENT: ["P1"]}, 2),
            ({Level.PATIENT: ["P1"], Level.STUDY: ["1.2.1", "1.2.2"]}, 2),
            ({Level.PATIENT: ["P1"], Level.STUDY: ["1.2.2"]}, 0),
            ({Level.STUDY: ["1.2.1", "1.2.2", "1.2.9"]}, 4),
            ({Level.STUDY: ["1.2.1"], Level.SERIES: ["1.2.1.1", "1.2.2.1"]}, 1),
            ({Level.IMAGE: [uid_of(3, 1, 1), uid_of(3, 1, 1)]}, 1),
            ({Level.STUDY: []}, 0),
        ):
            located = [one for page in self.index.locate(keys) for one in page]
            self.assertEqual(wanted, len(located), keys)
            self.assertEqual(wanted, self.index.count(keys), keys)

    def test_to_retrieve_without_a_key_would_be_everything_and_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            list(self.index.locate({}))

    def test_an_index_knows_how_many_instances_it_has(self) -> None:
        self.assertEqual(0, self.index.count())
        self.index.add([record(1), record(2), record(3, PatientID="P2")])
        self.assertEqual(3, self.index.count())

    def test_the_commonest_transfer_syntax_comes_first(self) -> None:
        self.index.add(
            [
                record(1, 1, 1, transfer_syntax_uid=IMPLICIT),
                record(1, 2, 1),
                record(2, 1, 1),
                record(3, 1, 1, sop_class_uid=MR),
            ]
        )
        self.assertEqual([EXPLICIT, IMPLICIT], self.index.syntaxes(CT))
        self.assertEqual([], self.index.syntaxes("1.2.3"))
        for study, series in ((1, 2), (2, 1)):
            self.index.remove(uid_of(study, series, 1))
        self.assertEqual([IMPLICIT], self.index.syntaxes(CT))

    def test_a_flaw_can_be_noted_and_taken_back(self) -> None:
        self.index.add([record()])
        for flaw in (Flaw.MISSING, Flaw.DAMAGED, Flaw.NONE):
            self.assertTrue(self.index.mark(uid_of(), flaw))
            self.assertIs(self.index.get([uid_of()])[uid_of()].flaw, flaw)
        self.assertFalse(self.index.mark("1.2.3", Flaw.MISSING))

    def test_all_paths_can_be_walked_through(self) -> None:
        self.index.add([record(1, 1, number) for number in range(10)])
        seen: list[str] = []
        while page := self.index.paths(seen[-1] if seen else "", 3):
            seen += [one.sop_instance_uid for one in page]
        self.assertEqual(sorted(uid_of(1, 1, number) for number in range(10)), seen)


class IndexInPostgresTests(InPostgres, IndexTests):
    pass


def last(uid: str) -> int:
    """The last number of a UID."""
    return int(uid.rpartition(".")[2])
