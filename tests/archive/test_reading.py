"""Tests of :mod:`txdicomtls.archive.reading`: what is kept is read back, and known to be right."""

from __future__ import annotations

import dataclasses
import errno
import itertools
from pathlib import Path

from twisted.internet.defer import Deferred

from tests.archive.cases import ArchiveCase
from tests.archive.doubles import INSTANCE, UID, FaultyDisk, open_descriptors
from tests.archive.instances import data_set, instance
from txdicomtls.archive import DuplicatePolicy, FileArchive, InstanceReader, Safety, Verified
from txdicomtls.errors import DamagedInstance, OutOfResources, UnknownInstance
from txdicomtls.index.record import Flaw
from txdicomtls.part10 import meta_bytes

DATA = data_set(pixels=bytes(range(256)) * 10_000)
HEAD = len(meta_bytes(INSTANCE))


class ReadingTests(ArchiveCase):
    def setUp(self) -> None:
        super().setUp()
        self.kept_in = self.archive()
        self.successResultOf(self.store(self.kept_in, data=DATA))
        self.path = self.kept_in.path_of(UID)

    def open(self, archive: FileArchive | None = None) -> InstanceReader:
        reader = self.successResultOf((archive or self.kept_in).open_instance(UID))
        assert isinstance(reader, InstanceReader)
        self.addCleanup(reader.close)
        return reader

    def read(self, reader: InstanceReader) -> bytes:
        return b"".join(iter(lambda: reader.read(1000), b""))

    def verified(self, uid: str = UID, archive: FileArchive | None = None) -> Verified:
        found = self.successResultOf(
            Deferred.fromCoroutine((archive or self.kept_in).verify([uid]))
        )
        return found[uid]

    def alter(self, at: int) -> None:
        content = bytearray(self.path.read_bytes())
        content[at] ^= 1
        self.path.write_bytes(content)

    def test_a_data_set_is_read_back_bit_by_bit(self) -> None:
        reader = self.open()
        self.assertEqual(DATA, self.read(reader))
        self.assertEqual(b"", reader.read(1))
        self.assertEqual(INSTANCE.transfer_syntax_uid, reader.header.transfer_syntax_uid)
        self.assertEqual((HEAD, len(DATA)), (reader.header.data_offset, reader.header.data_length))

    def test_without_an_index_it_is_found_by_its_uid(self) -> None:
        self.kept_in.close()
        archive = self.archive(index=None)
        self.assertEqual(DATA, self.read(self.open(archive)))
        for uid in (f"{UID}.1", "../x"):
            self.failureResultOf(archive.open_instance(uid), UnknownInstance)
        self.assertIs(Safety.SAFE, self.verified(archive=archive).safety)

    def test_what_is_not_kept_is_unknown(self) -> None:
        self.failureResultOf(self.kept_in.open_instance("1.2"), UnknownInstance)
        self.assertIs(Safety.UNKNOWN, self.verified("1.2").safety)

    def test_what_is_kept_is_safe_and_says_its_class(self) -> None:
        found = self.verified()
        self.assertEqual((Safety.SAFE, INSTANCE.sop_class_uid), (found.safety, found.sop_class_uid))

    def test_one_bit_that_has_changed_is_found_at_the_end_and_noted(self) -> None:
        for at in (HEAD + 9, HEAD + len(DATA) // 2, HEAD + len(DATA) - 1):
            self.alter(at)
            reader = self.open()
            self.assertRaises(DamagedInstance, self.read, reader)
            self.assertIs(Flaw.DAMAGED, self.index.rows[UID].flaw)
            self.assertIs(Safety.DAMAGED, self.verified().safety)
            self.alter(at)
        self.assertIs(Safety.SAFE, self.verified().safety)

    def test_another_length_is_found_before_anything_is_read(self) -> None:
        content = self.path.read_bytes()
        for wrong in (b"", content[:100], content[:-2], content + b"xx"):
            self.path.write_bytes(wrong)
            self.failureResultOf(self.kept_in.open_instance(UID), DamagedInstance)

    def test_another_instance_under_the_name_is_found(self) -> None:
        other = instance(1)
        self.path.write_bytes(meta_bytes(other) + data_set(other))
        self.failureResultOf(self.kept_in.open_instance(UID), DamagedInstance)

    def test_a_missing_file_is_noted(self) -> None:
        self.path.unlink()
        self.failureResultOf(self.kept_in.open_instance(UID), DamagedInstance)
        self.assertIs(Flaw.MISSING, self.index.rows[UID].flaw)

    def test_an_archive_that_is_not_there_has_lost_nothing(self) -> None:
        self.root.rename(Path(self.mktemp()))
        self.failureResultOf(self.kept_in.open_instance(UID), OutOfResources)
        self.assertIs(Flaw.NONE, self.index.rows[UID].flaw)

    def test_what_cannot_be_read_now_is_not_damaged(self) -> None:
        self.kept_in.close()
        for number in (1, 2):
            disk = FaultyDisk(code=errno.EMFILE)
            archive = self.archive(disk=disk)
            disk.failing = len(disk.calls) + number
            before = open_descriptors()
            self.failureResultOf(archive.open_instance(UID), OutOfResources)
            self.assertEqual(before, open_descriptors())
            self.assertIs(Flaw.NONE, self.index.rows[UID].flaw)
            archive.close()

    def test_a_link_is_not_followed(self) -> None:
        away = Path(self.mktemp())
        self.path.rename(away)
        self.path.symlink_to(away.absolute())
        self.failureResultOf(self.kept_in.open_instance(UID), OutOfResources)

    def test_a_path_that_leads_out_of_the_archive_is_not_opened(self) -> None:
        for path in ("/etc/passwd", "objects/../../x", "../x", "lock", ""):
            row = dataclasses.replace(self.index.rows[UID], path=path)
            self.index.rows[UID] = row
            self.failureResultOf(self.kept_in.open_instance(UID), DamagedInstance)

    def test_one_that_is_replaced_before_it_is_opened_is_not_damaged(self) -> None:
        new = data_set(pixels=b"new bytes!")
        self.kept_in.close()
        archive = self.archive(duplicates=DuplicatePolicy.REPLACE)
        stale = self.index.rows[UID]
        self.successResultOf(self.store(archive, data=new))
        get = self.index.get
        rows = iter([{UID: stale}])
        self.patch(self.index, "get", lambda uids: next(rows, None) or get(uids))
        self.assertEqual(new, self.read(self.open(archive)))
        self.assertIs(Flaw.NONE, self.index.rows[UID].flaw)

    def test_one_that_is_replaced_again_and_again_is_tried_later(self) -> None:
        row = self.index.rows[UID]
        names = itertools.count()
        self.patch(
            self.index,
            "get",
            lambda _: {UID: dataclasses.replace(row, path=f"objects/00/{next(names)}.dcm")},
        )
        self.failureResultOf(self.kept_in.open_instance(UID), OutOfResources)
        self.assertIs(Flaw.NONE, self.index.rows[UID].flaw)

    def test_who_reads_keeps_what_is_replaced_meanwhile(self) -> None:
        reader = self.open()
        first = reader.read(1000)
        self.path.unlink()
        self.assertEqual(DATA, first + self.read(reader))
