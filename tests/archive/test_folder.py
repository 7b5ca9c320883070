"""Tests of :mod:`txdicomtls.archive.folder`: names from UIDs only, whole files only, none twice."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import HOSTILE, INSTANCE, UID, at_once, files_below, pieces
from tests.archive.instances import SERIES, STUDY, data_set
from txdicomtls.archive.folder import Folder
from txdicomtls.errors import CannotUnderstand, DuplicateInstance, OutOfResources, StorageError
from txdicomtls.part10 import read_header

NAME = f"{STUDY}/{SERIES}/{UID}.dcm"


class FolderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "new" / "folder"
        self.folder = Folder(self.path, in_thread=at_once)
        self.folder.prepare()

    @property
    def files(self) -> set[str]:
        return files_below(self.path)

    def receive(self, data: bytes) -> None:
        sink = self.folder.receive(INSTANCE)
        for piece in pieces(data, 99):
            sink.write(piece)
        finished = sink.finish()
        error = getattr(finished.result, "value", None)
        if error is not None:
            self.failureResultOf(finished)
            raise error
        self.successResultOf(finished)

    def test_a_file_is_named_by_its_uids_and_holds_what_came(self) -> None:
        self.receive(data_set())
        self.assertEqual({NAME}, self.files)
        header = read_header(self.path / NAME)
        self.assertEqual(UID, header.sop_instance_uid)
        content = (self.path / NAME).read_bytes()
        self.assertEqual(data_set(), content[header.data_offset :])
        self.assertEqual(bytes(128), content[:128])

    def test_nobody_else_may_look_into_it(self) -> None:
        self.receive(data_set())
        for path in (self.path, *self.path.rglob("*")):
            self.assertEqual(0, stat.S_IMODE(path.stat().st_mode) & 0o027, path)

    def test_the_same_again_is_no_failure(self) -> None:
        for _ in range(2):
            self.receive(data_set())
        self.assertEqual({NAME}, self.files)

    def test_a_file_that_is_there_is_never_overwritten(self) -> None:
        (self.path / NAME).parent.mkdir(parents=True)
        (self.path / NAME).write_bytes(b"mine")
        self.assertRaises(DuplicateInstance, self.receive, data_set())
        self.assertEqual(b"mine", (self.path / NAME).read_bytes())
        self.assertEqual({NAME}, self.files)

    def test_what_is_not_whole_is_not_there(self) -> None:
        self.assertRaises(CannotUnderstand, self.receive, data_set()[:-2])
        sink = self.folder.receive(INSTANCE)
        sink.write(memoryview(data_set()))
        sink.discard()
        self.assertEqual(set(), self.files)

    def test_no_uid_leads_out_of_the_folder(self) -> None:
        for hostile in HOSTILE:
            if len(hostile.encode()) > 64 or "\\" in hostile or not hostile.isascii():
                continue
            folder = Folder(Path(self.mktemp()), in_thread=at_once)
            folder.prepare()
            sink = folder.receive(INSTANCE)
            sink.write(memoryview(data_set(study=hostile, series="1.2")))
            self.successResultOf(sink.finish())
            (name,) = files_below(folder.path)
            self.assertEqual(f"{UID}.dcm", Path(name).name)
            self.assertTrue(name.count("/") in (0, 2), name)

    def test_a_link_in_the_folder_leads_nowhere(self) -> None:
        elsewhere = Path(self.mktemp()).absolute()
        elsewhere.mkdir()
        (self.path / STUDY).symlink_to(elsewhere)
        self.assertRaises(OutOfResources, self.receive, data_set())
        self.assertEqual([], list(elsewhere.iterdir()))

    def test_a_folder_that_cannot_be_made_is_one_line(self) -> None:
        file = Path(self.mktemp())
        file.write_bytes(b"")
        with self.assertRaisesRegex(StorageError, "cannot be made: not a directory"):
            Folder(file / "below", in_thread=at_once).prepare()


class PoorFileSystemTests(FolderTests):
    """A file system that has neither hard links nor modes, such as that of a memory stick."""

    def setUp(self) -> None:
        super().setUp()

        def refused(*_args: object, **_keywords: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        self.patch(os, "link", refused)
        self.patch(os, "fchmod", refused)
