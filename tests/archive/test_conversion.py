"""Tests of :mod:`txdicomtls.archive.conversion`, with real files."""

from __future__ import annotations

import subprocess
import tracemalloc
from array import array
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from pydicom import config, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import files_below, open_descriptors
from tests.archive.test_transcoder import long, values
from tests.interop.peers import dcmtk
from txdicomtls.archive import Converter, InstanceReader, convertible
from txdicomtls.archive.conversion import UNCOMPRESSED
from txdicomtls.archive.disk import reason_of
from txdicomtls.dataset import decode
from txdicomtls.errors import DamagedInstance, NotADicomFile, OutOfResources
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import header_of, meta_bytes, read_header
from txdicomtls.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

JPEG = "1.2.840.10008.1.2.4.50"

#: One of each encoding, with pixels of eight and of sixteen bits.
FILES = ("MR_small.dcm", "MR_small_implicit.dcm", "ExplVR_BigEnd.dcm", "image_dfl.dcm")


def instance(syntax: str) -> IncomingInstance:
    return IncomingInstance(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.7",
        sop_instance_uid="1.2.3",
        transfer_syntax_uid=syntax,
    )


def pixels(dataset: Dataset, syntax: str) -> bytes:
    """Pixel Data as it is in little endian."""
    value: bytes = dataset.PixelData
    if syntax != EXPLICIT_VR_BIG_ENDIAN or dataset["PixelData"].VR == "OB":
        return value
    words = array("H", value)
    words.byteswap()
    return words.tobytes()


class ConverterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.converter = Converter(self.directory)

    def reader(self, path: Path, digest: str = "") -> InstanceReader:
        file = path.open("rb")
        return InstanceReader(header_of(file, path), file, digest, DamagedInstance)

    def file(self, syntax: str, data: bytes) -> Path:
        path = Path(self.mktemp())
        path.write_bytes(meta_bytes(instance(syntax)) + data)
        return path

    def converted(self, path: Path, syntax: str, converter: Converter | None = None) -> bytes:
        converted = (converter or self.converter).convert(self.reader(path), syntax)
        with converted.file as file:
            data = file.read()
        self.assertEqual(converted.size, len(data))
        return data

    def sources(self) -> Iterator[tuple[Path, str]]:
        for name in FILES:
            found = get_testdata_file(name)
            assert isinstance(found, str)
            yield Path(found), read_header(Path(found)).transfer_syntax_uid

    def test_uncompressed_transfer_syntaxes_are_converted_into_each_other(self) -> None:
        for syntax in UNCOMPRESSED:
            self.assertEqual(set(UNCOMPRESSED) - {syntax}, set(convertible(syntax)))
        self.assertEqual((), convertible(JPEG))
        self.assertEqual((), convertible("1.2.3"))

    def test_pydicom_reads_the_same_values_out_of_each(self) -> None:
        self.patch(config.settings, "reading_validation_mode", config.IGNORE)
        for path, syntax in self.sources():
            before = dcmread(path)
            for other in convertible(syntax):
                data = self.converted(path, other)
                self.assertEqual(0, len(data) % 2)
                after = dcmread(BytesIO(meta_bytes(instance(other)) + data))
                tags = [each.tag for each in before if each.tag.element]  # without group lengths
                self.assertEqual(tags, list(after.keys()), path)
                for element in (before[tag] for tag in tags):
                    if element.VR not in ("OW", "OB", "OB or OW", "UN"):
                        self.assertEqual(element.value, after[element.tag].value, path)
                self.assertEqual(pixels(before, syntax), pixels(after, other), path)

    def test_dcmconv_comes_to_the_same_deflated_data_set(self) -> None:
        program = dcmtk("dcmconv")
        for path, syntax in self.sources():
            if syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
                continue
            theirs = Path(self.mktemp())
            subprocess.run([program, "-e", "-g", "+td", path, theirs], check=True)
            expected = self.converted(theirs, EXPLICIT_VR_LITTLE_ENDIAN)
            ours = self.file(
                DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
                self.converted(path, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
            )
            inflated = self.converted(ours, EXPLICIT_VR_LITTLE_ENDIAN)
            self.assertEqual(
                values(expected, EXPLICIT_VR_LITTLE_ENDIAN),
                values(inflated, EXPLICIT_VR_LITTLE_ENDIAN),
                path,
            )

    def test_nothing_is_left_behind_small_or_large(self) -> None:
        before = open_descriptors()
        for size in (100, 10 << 20):
            pixels = long(0x7FE00010, b"OW", bytes(size))
            path = self.file(EXPLICIT_VR_LITTLE_ENDIAN, pixels)
            data = self.converted(path, EXPLICIT_VR_BIG_ENDIAN)
            self.assertEqual(long(0x7FE00010, b"OW", bytes(size), ">"), data)
            self.assertEqual(set(), files_below(self.directory))
        self.assertEqual(before, open_descriptors())

    def test_memory_does_not_grow_with_the_data_set(self) -> None:
        path = self.file(EXPLICIT_VR_LITTLE_ENDIAN, long(0x7FE00010, b"OW", bytes(64 << 20)))
        tracemalloc.start()
        try:
            self.converter.convert(self.reader(path), EXPLICIT_VR_BIG_ENDIAN).file.close()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        self.assertLess(most, 24 << 20)

    def test_what_is_larger_than_allowed_is_not_converted(self) -> None:
        converter = Converter(self.directory, largest=1000)
        path = self.file(EXPLICIT_VR_LITTLE_ENDIAN, long(0x7FE00010, b"OW", bytes(2000)))
        self.assertEqual((), converter.converts(EXPLICIT_VR_LITTLE_ENDIAN, 1001))
        self.assertEqual(3, len(converter.converts(EXPLICIT_VR_LITTLE_ENDIAN, 1000)))
        with self.assertRaises(NotADicomFile):
            self.converted(path, EXPLICIT_VR_BIG_ENDIAN, converter)
        deflated = self.file(
            DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            self.converted(path, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
        )
        self.assertLess(deflated.stat().st_size, 1000)
        with self.assertRaises(NotADicomFile):
            self.converted(deflated, IMPLICIT_VR_LITTLE_ENDIAN, converter)

    def test_what_is_not_what_was_received_is_not_converted(self) -> None:
        path = self.file(EXPLICIT_VR_LITTLE_ENDIAN, long(0x7FE00010, b"OW", bytes(2000)))
        before = open_descriptors()
        reader = self.reader(path, sha256(b"other").hexdigest())
        with self.assertRaises(DamagedInstance):
            self.converter.convert(reader, EXPLICIT_VR_BIG_ENDIAN)
        self.assertEqual(before, open_descriptors())

    def test_what_is_not_sound_is_not_converted_and_no_value_is_told(self) -> None:
        for syntax, data in (
            (EXPLICIT_VR_LITTLE_ENDIAN, long(0x7FE00010, b"OW", b"SECRET")[:-2]),
            (DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, b"SECRET"),
        ):
            before = open_descriptors()
            error = self.assertRaises(
                NotADicomFile,
                self.converter.convert,
                self.reader(self.file(syntax, data)),
                IMPLICIT_VR_LITTLE_ENDIAN,
            )
            self.assertNotIn("SECRET", str(error))
            self.assertEqual(before, open_descriptors())

    def test_what_is_compressed_is_not_converted(self) -> None:
        path = self.file(JPEG, long(0x00100010, b"UT", b"ab"))
        with self.assertRaises(NotADicomFile):
            self.converted(path, EXPLICIT_VR_LITTLE_ENDIAN)
        path = self.file(EXPLICIT_VR_LITTLE_ENDIAN, long(0x00100010, b"UT", b"ab"))
        with self.assertRaises(NotADicomFile):
            self.converted(path, JPEG)

    def test_where_there_is_no_room_it_is_an_error_that_may_pass(self) -> None:
        path = self.file(EXPLICIT_VR_LITTLE_ENDIAN, long(0x7FE00010, b"OW", bytes(5 << 20)))
        converter = Converter(self.directory / "missing")
        error = self.assertRaises(
            OutOfResources, converter.convert, self.reader(path), IMPLICIT_VR_LITTLE_ENDIAN
        )
        self.assertIn(reason_of(FileNotFoundError(2, "No such file or directory")), str(error))

    def test_a_text_in_an_unknown_character_set_stays_bit_by_bit(self) -> None:
        text = long(0x00104000, b"UT", b"\xff\xfe\x80 ")
        implicit = self.converted(
            self.file(EXPLICIT_VR_LITTLE_ENDIAN, text), IMPLICIT_VR_LITTLE_ENDIAN
        )
        self.assertTrue(implicit.endswith(b"\xff\xfe\x80 "))
        self.assertIn(0x00104000, decode(implicit, IMPLICIT_VR_LITTLE_ENDIAN))
