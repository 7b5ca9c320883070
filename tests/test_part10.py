"""Tests of :mod:`txdicomtls.part10`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from struct import pack

import pydicom
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import HOSTILE, INSTANCE, UID, open_descriptors
from txdicomtls.errors import InvalidInstance, NotADicomFile
from txdicomtls.part10 import meta_bytes, read_header
from txdicomtls.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

DATA = b"\x08\x00\x16\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.2\0"
PREFIX = bytes(128) + b"DICM"


def element(number: int, vr: bytes, value: bytes) -> bytes:
    """One short element of group 0002."""
    return pack("<HH2sH", 2, number, vr, len(value)) + value


CLASS = element(0x0002, b"UI", b"1.2.840.10008.5.1.4.1.1.2\0")
NAME = element(0x0003, b"UI", b"1.2.3\0")
SYNTAX = element(0x0010, b"UI", b"1.2.840.10008.1.2.1\0")


class FileCase(SynchronousTestCase):
    def file(self, content: bytes) -> Path:
        path = Path(self.mktemp())
        path.write_bytes(content)
        return path

    def refused(self, path: Path) -> str:
        error = self.assertRaises(NotADicomFile, read_header, path)
        self.assertEqual(str(path), error.path)
        self.assertEqual(1, len(str(error).splitlines()))
        problem: str = error.problem
        return problem


class ReadHeaderTests(FileCase):
    def test_a_file_that_pydicom_wrote_is_understood(self) -> None:
        dataset = Dataset()
        dataset.SOPClassUID = INSTANCE.sop_class_uid
        dataset.SOPInstanceUID = UID
        dataset.PatientName = "Doe^Jane"
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dataset.file_meta.PrivateInformationCreatorUID = pydicom.uid.UID("1.2.3")
        dataset.file_meta.PrivateInformation = b"x" * 70000
        path = Path(self.mktemp())
        dataset.save_as(path, enforce_file_format=True)

        header = read_header(path)

        self.assertEqual(path, header.path)
        self.assertEqual(INSTANCE.sop_class_uid, header.sop_class_uid)
        self.assertEqual(UID, header.sop_instance_uid)
        self.assertEqual("1.2.840.10008.1.2.1", header.transfer_syntax_uid)
        content = path.read_bytes()
        self.assertTrue(content[header.data_offset :].startswith(b"\x08\x00\x16\x00UI"))
        self.assertEqual(len(content) - header.data_offset, header.data_length)

    def test_what_we_write_is_what_we_read(self) -> None:
        head = meta_bytes(INSTANCE)
        header = read_header(self.file(head + DATA))
        self.assertEqual(
            (INSTANCE.sop_class_uid, UID, INSTANCE.transfer_syntax_uid, len(head), len(DATA)),
            (
                header.sop_class_uid,
                header.sop_instance_uid,
                header.transfer_syntax_uid,
                header.data_offset,
                header.data_length,
            ),
        )

    def test_the_group_length_is_not_believed(self) -> None:
        for length in (b"", *(element(0, b"UL", pack("<L", n)) for n in (0, 1, 50, 2**32 - 1))):
            head = PREFIX + length + CLASS + NAME + SYNTAX
            self.assertEqual(len(head), read_header(self.file(head + DATA)).data_offset)

    def test_the_data_set_is_not_read(self) -> None:
        path = self.file(meta_bytes(INSTANCE))
        size = 1 << 40
        os.truncate(path, size)
        header = read_header(path)
        self.assertEqual(size, header.data_offset + header.data_length)

    def test_a_uid_with_leading_zeros_can_be_sent(self) -> None:
        name = element(0x0003, b"UI", b"1.02.03 ")
        header = read_header(self.file(PREFIX + CLASS + name + SYNTAX + DATA))
        self.assertEqual("1.02.03", header.sop_instance_uid)


class RefusalTests(FileCase):
    def test_a_missing_file(self) -> None:
        self.assertIn("no such file", self.refused(Path(self.mktemp())))

    def test_a_directory_leaves_no_descriptor_behind(self) -> None:
        path = Path(self.mktemp())
        path.mkdir()
        before = open_descriptors()
        self.assertEqual("is a directory", self.refused(path))
        self.assertEqual(before, open_descriptors())

    def test_a_file_that_may_not_be_read(self) -> None:
        path = self.file(meta_bytes(INSTANCE) + DATA)
        path.chmod(0)
        if os.geteuid() == 0:
            os.seteuid(65534)
            self.addCleanup(os.seteuid, 0)
        self.assertIn("permission denied", self.refused(path))

    def test_a_fifo_is_not_waited_for(self) -> None:
        path = Path(self.mktemp())
        os.mkfifo(path)
        self.assertIn("regular file", self.refused(path))

    def test_an_empty_file(self) -> None:
        self.assertEqual("is empty", self.refused(self.file(b"")))

    def test_a_bare_data_set_is_told_its_remedy(self) -> None:
        for content in (DATA, b"\0" * 131, b"x" * 5000, b"%PDF-1.7", b"DICM"):
            problem = self.refused(self.file(content))
            self.assertIn("not a DICOM file", problem)
            self.assertIn("dcmconv", problem)

    def test_a_file_cut_anywhere_in_its_head(self) -> None:
        head = meta_bytes(INSTANCE)
        for length in range(len(head) + 1):
            self.refused(self.file(head[:length]))

    def test_each_uid_that_is_missing_or_empty_is_named(self) -> None:
        for gone, tag in ((CLASS, "(0002,0002)"), (NAME, "(0002,0003)"), (SYNTAX, "(0002,0010)")):
            head = PREFIX + (CLASS + NAME + SYNTAX).replace(gone, b"")
            self.assertIn(tag, self.refused(self.file(head + DATA)))
            empty = PREFIX + (CLASS + NAME + SYNTAX).replace(gone, gone[:6] + b"\0\0")
            self.assertIn(tag, self.refused(self.file(empty + DATA)))

    def test_a_uid_that_no_command_could_carry(self) -> None:
        for uid in (b"../../etc/passwd", b"1.2.x\0", b"1" * 66, b"\xff\xff", b"1\0.2"):
            name = element(0x0003, b"UI", uid)
            problem = self.refused(self.file(PREFIX + CLASS + name + SYNTAX + DATA))
            self.assertIn("not a UID", problem)

    def test_a_file_without_a_data_set(self) -> None:
        self.assertIn("no data set", self.refused(self.file(meta_bytes(INSTANCE))))

    def test_a_data_set_of_odd_length(self) -> None:
        self.assertIn("odd", self.refused(self.file(meta_bytes(INSTANCE) + DATA + b"\0")))

    def test_a_head_of_more_than_a_mebibyte(self) -> None:
        private = pack("<HH2sHL", 2, 0x0102, b"OB", 0, 1 << 20) + bytes(1 << 20)
        problem = self.refused(self.file(PREFIX + CLASS + NAME + SYNTAX + private + DATA))
        self.assertIn("1 MiB", problem)

    def test_a_head_of_very_many_elements(self) -> None:
        many = element(0x0102, b"SH", bytes(60000)) * 20
        problem = self.refused(self.file(PREFIX + CLASS + NAME + SYNTAX + many + DATA))
        self.assertIn("1 MiB", problem)

    def test_a_length_that_nothing_stands_behind(self) -> None:
        for length in (0xFFFFFFFF, 0x7FFFFFFF, 5000):
            private = pack("<HH2sHL", 2, 0x0102, b"OB", 0, length)
            self.refused(self.file(PREFIX + CLASS + NAME + SYNTAX + private + DATA))

    def test_a_head_in_implicit_vr(self) -> None:
        implicit = pack("<HHL", 2, 0x0010, 18) + b"1.2.840.10008.1.2\0"
        self.assertIn("explicit VR", self.refused(self.file(PREFIX + implicit + DATA)))

    @given(st.binary(max_size=400))
    def test_anything_at_all_is_refused_or_understood(self, content: bytes) -> None:
        path = self.file(PREFIX + b"\x02\x00" + content)
        try:
            header = read_header(path)
        except NotADicomFile:
            return
        self.assertEqual(path.stat().st_size, header.data_offset + header.data_length)


class MetaTests(FileCase):
    def test_pydicom_reads_what_is_written(self) -> None:
        path = self.file(meta_bytes(INSTANCE) + DATA)
        meta = pydicom.dcmread(path).file_meta
        self.assertEqual(b"\0\1", meta.FileMetaInformationVersion)
        self.assertEqual(INSTANCE.sop_class_uid, meta.MediaStorageSOPClassUID)
        self.assertEqual(UID, meta.MediaStorageSOPInstanceUID)
        self.assertEqual(INSTANCE.transfer_syntax_uid, meta.TransferSyntaxUID)
        self.assertEqual(IMPLEMENTATION_CLASS_UID, meta.ImplementationClassUID)
        self.assertEqual(IMPLEMENTATION_VERSION_NAME, meta.ImplementationVersionName)
        self.assertEqual("CT_ROOM_1", meta.SourceApplicationEntityTitle)
        self.assertEqual("CT_ROOM_1", meta.SendingApplicationEntityTitle)
        self.assertEqual("ARCHIVE", meta.ReceivingApplicationEntityTitle)

    def test_the_preamble_is_empty_and_the_group_length_right(self) -> None:
        head = meta_bytes(INSTANCE)
        self.assertEqual(PREFIX, head[:132])
        self.assertEqual(element(0, b"UL", pack("<L", len(head) - 144)), head[132:144])

    def test_every_value_has_an_even_length(self) -> None:
        for uid in ("1.2", "1.23"):
            for title in ("A", "AB"):
                instance = dataclasses.replace(
                    INSTANCE, sop_instance_uid=uid, calling_ae_title=title
                )
                self.assertEqual(0, len(meta_bytes(instance)) % 2)

    def test_an_ae_title_that_is_none_is_left_out(self) -> None:
        for title in ("", "   ", "A" * 17, "A\\B", "A\nB", "\xc4RZTE", "A\0"):
            instance = dataclasses.replace(INSTANCE, calling_ae_title=title)
            meta = pydicom.dcmread(self.file(meta_bytes(instance) + DATA)).file_meta
            self.assertNotIn("SourceApplicationEntityTitle", meta, repr(title))
            self.assertNotIn("SendingApplicationEntityTitle", meta, repr(title))
            self.assertIn("ReceivingApplicationEntityTitle", meta)

    def test_a_uid_that_is_none_is_refused_wherever_it_stands(self) -> None:
        for text in HOSTILE:
            for field in ("sop_class_uid", "sop_instance_uid", "transfer_syntax_uid"):
                instance = dataclasses.replace(INSTANCE, **{field: text})
                error = self.assertRaises(InvalidInstance, meta_bytes, instance)
                self.assertEqual(1, len(str(error).splitlines()))
                self.assertTrue(str(error).isascii())
