"""Tests of :mod:`txdicomtls.archive.check`: what is wrong is found, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from tests.archive.indexed import IndexedCase, bit_flipped, truncated
from tests.archive.instances import data_set, instance
from txdicomtls.archive import DuplicatePolicy
from txdicomtls.archive.check import Check
from txdicomtls.archive.findings import Finding, FindingKind
from txdicomtls.archive.objects import ObjectFile
from txdicomtls.errors import StorageError
from txdicomtls.index import Flaw


class CheckCase(IndexedCase):
    def check(self, *, hashes: bool = True, repair: bool = False) -> list[Finding]:
        checking = Check(self.root, self.real, disk=os, hashes=hashes, repair=repair)
        return [finding for finding in checking() if finding is not None]

    def found(self, *, hashes: bool = True, repair: bool = False) -> list[tuple[FindingKind, str]]:
        return [(each.kind, each.path) for each in self.check(hashes=hashes, repair=repair)]


class FindingTests(CheckCase):
    def test_nothing_is_found_where_nothing_is_wrong(self) -> None:
        self.filled()
        checking = Check(self.root, self.real, disk=os)
        self.assertEqual([], [finding for finding in checking() if finding is not None])
        self.assertEqual((3, 3), (checking.rows, checking.files))

    def test_a_file_that_is_missing_is_found(self) -> None:
        self.filled()
        path = self.row(1).path
        (self.root / path).unlink()
        self.assertEqual([(FindingKind.MISSING, path)], self.found())
        self.assertEqual([(FindingKind.MISSING, path)], self.found(hashes=False))

    def test_a_file_that_is_shorter_is_found_without_reading_it(self) -> None:
        self.filled()
        self.damage(1, truncated)
        self.assertEqual([(FindingKind.DAMAGED, self.row(1).path)], self.found(hashes=False))

    def test_one_bit_is_found_where_all_of_them_are_read(self) -> None:
        self.filled()
        self.damage(1, bit_flipped)
        self.assertEqual([], self.found(hashes=False))
        self.assertEqual([(FindingKind.DAMAGED, self.row(1).path)], self.found())

    def test_a_file_that_holds_another_instance_is_found(self) -> None:
        self.filled()
        shutil.copyfile(self.path_of(0), self.path_of(1))
        # Once, as the file of its row: that it is another copy of the other one says nothing new.
        self.assertEqual([(FindingKind.DAMAGED, self.row(1).path)], self.found())

    def test_a_file_that_is_nothing_any_more_is_found_once(self) -> None:
        self.filled()
        self.damage(1, lambda _: b"noise")
        self.assertEqual([(FindingKind.DAMAGED, self.row(1).path)], self.found())

    def test_a_file_that_is_in_no_index_is_found(self) -> None:
        self.filled()
        path = self.row(2).path
        self.real.remove(self.uid(2))
        self.assertEqual([(FindingKind.NOT_INDEXED, path)], self.found())

    def test_what_is_no_instance_is_found(self) -> None:
        self.filled(1)
        (self.root / "objects" / "note.txt").write_text("remember the milk")
        (self.root / "objects" / "link.dcm").symlink_to(self.path_of(0).absolute())
        os.mkfifo(self.root / "objects" / "pipe")
        self.assertEqual(
            [(FindingKind.FOREIGN, f"objects/{name}") for name in ("link.dcm", "note.txt", "pipe")],
            self.found(),
        )

    def test_other_bytes_that_were_kept_beside_are_right(self) -> None:
        archive = self.archive(index=self.real, duplicates=DuplicatePolicy.KEEP_BOTH)
        self.put(archive, 0)
        what = instance(0)
        self.successResultOf(self.store(archive, what, data_set(what, patient="Other")))
        (finding,) = self.check()
        self.assertEqual(FindingKind.OTHER_BYTES, finding.kind)
        self.assertFalse(finding.is_wrong)

    def test_a_mark_that_is_not_true_any_more_is_found(self) -> None:
        self.filled(1)
        self.real.mark(self.uid(0), Flaw.DAMAGED)
        self.assertEqual([(FindingKind.SOUND, self.row(0).path)], self.found())
        # A look at the length alone cannot tell.
        self.assertEqual([], self.found(hashes=False))

    def test_an_archive_that_is_not_there_is_no_archive_of_missing_files(self) -> None:
        self.filled()
        self.root.rename(self.mktemp())
        self.root.mkdir()
        self.assertRaises(StorageError, self.found)


class BesideANodeTests(CheckCase):
    """A node that runs changes things while they are looked at."""

    def test_an_instance_that_is_being_kept_is_not_reported(self) -> None:
        self.filled(1)
        self.real.remove(self.uid(0))
        (path,) = (self.root / "objects").rglob("*.dcm")
        (self.root / "incoming" / "1.part").hardlink_to(path)
        self.assertEqual([], self.found())

    def test_a_file_that_has_another_name_elsewhere_is_not_being_kept(self) -> None:
        self.filled(1)
        path = self.path_of(0)
        self.real.remove(self.uid(0))
        self.root.joinpath("snapshot").hardlink_to(path)
        self.assertEqual([FindingKind.NOT_INDEXED], [kind for kind, _ in self.found()])

    def test_a_row_that_has_got_another_file_meanwhile_is_right(self) -> None:
        archive = self.archive(index=self.real, duplicates=DuplicatePolicy.REPLACE)
        self.put(archive, 0)
        before = self.real.paths()
        self.put(archive, 0, patient="Other")
        # The page was read before the node replaced the instance and removed its file.
        self.patch(self.real, "paths", lambda after, limit: [] if after else before)
        self.assertEqual([], self.found())

    def test_a_row_that_is_gone_meanwhile_is_right(self) -> None:
        self.filled(1)
        before = self.real.paths()
        self.path_of(0).unlink()
        self.real.remove(self.uid(0))
        self.patch(self.real, "paths", lambda after, limit: [] if after else before)
        self.assertEqual([], self.found())

    def test_a_file_that_is_indexed_meanwhile_is_right(self) -> None:
        self.filled(1)
        get = self.real.get
        asked: list[object] = []

        def late(uids: Iterator[str]) -> object:
            # The first time nothing is indexed yet.
            asked.append(uids)
            return {} if len(asked) == 1 else get(uids)

        self.patch(self.real, "paths", lambda after, limit: [])
        self.patch(self.real, "get", late)
        self.assertEqual([], self.found())
        self.assertEqual(2, len(asked))

    def test_a_file_that_vanishes_meanwhile_is_right(self) -> None:
        self.filled(1)
        path = self.path_of(0)
        self.real.remove(self.uid(0))
        checking = Check(self.root, self.real, disk=os)
        header = checking._header  # the moment between two looks

        def removed(file: ObjectFile) -> object:
            found = header(file)
            path.unlink(missing_ok=True)
            return found

        self.patch(checking, "_header", removed)
        self.assertEqual([], [finding for finding in checking() if finding is not None])

    def test_it_holds_no_lock(self) -> None:
        self.filled(1)
        archive = self.archive(index=self.real)
        self.assertEqual([], self.found())
        archive.close()
        checking = Check(self.root, self.real, disk=os)()
        next(checking)
        self.archive(index=self.real)

    def test_it_stops_when_asked_to(self) -> None:
        self.filled(3)
        stops = iter([False, True, True, True])
        checking = Check(self.root, self.real, disk=os, stop=lambda: next(stops))
        self.assertEqual([None], list(checking()))
        self.assertEqual((1, 0), (checking.rows, checking.files))


class RepairTests(CheckCase):
    def test_nothing_is_changed_without_being_asked_for(self) -> None:
        self.filled()
        self.damage(0, bit_flipped)
        self.path_of(1).unlink()
        path = self.path_of(2)
        self.real.remove(self.uid(2))
        before = {each: each.read_bytes() for each in self.root.rglob("*.dcm")}
        self.assertEqual(3, len(self.check()))
        self.assertEqual([Flaw.NONE, Flaw.NONE], [self.row(0).flaw, self.row(1).flaw])
        self.assertEqual(2, self.real.count())
        self.assertTrue(path.exists())
        self.assertEqual(before, {each: each.read_bytes() for each in self.root.rglob("*.dcm")})

    def test_the_index_is_told_what_is_missing_and_damaged_and_files_stay(self) -> None:
        self.filled()
        self.damage(0, bit_flipped)
        self.path_of(1).unlink()
        before = {each: each.read_bytes() for each in self.root.rglob("*.dcm")}
        findings = self.check(repair=True)
        self.assertEqual(
            [Flaw.DAMAGED, Flaw.MISSING, Flaw.NONE], [self.row(n).flaw for n in range(3)]
        )
        # They are known now, and wrong still.
        self.assertTrue(all(finding.is_wrong for finding in findings))
        self.assertEqual(before, {each: each.read_bytes() for each in self.root.rglob("*.dcm")})

    def test_a_file_is_indexed_as_it_was(self) -> None:
        self.filled()
        before = self.row(2)
        self.real.remove(self.uid(2))
        (finding,) = self.check(repair=True)
        self.assertTrue(finding.repaired)
        self.assertFalse(finding.is_wrong)
        after = self.row(2)
        self.assertEqual(
            (before.path, before.sha256, before.size, before.source_ae, before.series_instance_uid),
            (after.path, after.sha256, after.size, after.source_ae, after.series_instance_uid),
        )
        self.assertEqual([], self.check())

    def test_a_file_that_is_damaged_is_not_indexed(self) -> None:
        self.filled(1)
        path = self.path_of(0)
        self.real.remove(self.uid(0))
        path.write_bytes(truncated(path.read_bytes()))
        (finding,) = self.check(repair=True)
        self.assertEqual(FindingKind.NOT_INDEXED, finding.kind)
        self.assertTrue(finding.is_wrong)
        self.assertIn("cannot be understood", finding.problem)
        self.assertEqual(0, self.real.count())

    def test_a_file_that_is_there_again_is_no_longer_marked(self) -> None:
        self.filled(1)
        self.real.mark(self.uid(0), Flaw.MISSING)
        (finding,) = self.check(repair=True)
        self.assertFalse(finding.is_wrong)
        self.assertEqual(Flaw.NONE, self.row(0).flaw)

    def test_what_was_marked_is_taken_when_it_is_sent_again(self) -> None:
        self.filled(1)
        self.damage(0, bit_flipped)
        self.check(repair=True)
        archive = self.archive(index=self.real)
        self.put(archive, 0)
        self.assertEqual([], self.check())
