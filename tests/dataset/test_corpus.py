"""Real files: those that come with pydicom, and its further test data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pydicom
from twisted.trial.unittest import SynchronousTestCase

from tests.interop.peers import dcmtk
from txdicomtls.dataset import SMALL, Walker, WalkLimits, decode, encode
from txdicomtls.errors import MalformedDataSet, NotADicomFile
from txdicomtls.part10 import read_header
from txdicomtls.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)


def _further_files() -> Path:
    """Where pydicom-data keeps its files; it has no types to be imported with."""
    spec = find_spec("data_store")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


_ROOTS = (
    Path(pydicom.__file__).parent / "data",
    _further_files(),
)

#: What is refused, and why; dcmdump refuses it as well.
REFUSED = {
    "MR_truncated.dcm": "the data set is truncated in a value",
    "SC_rgb_jpeg.dcm": "an unknown value representation",  # implicit VR called JPEG
    "emri_small_jpeg_2k_lossless_too_short.dcm": "the data set is truncated in a sequence",
}

#: What is refused, and why, although dcmdump reads it.
LYING = {
    # The last item says that it is 24 bytes longer than its sequence and than the file.
    "DICOMDIR-nooffset": "a sequence or item longer than what it is in",
}

#: What is accepted with a remark.
REMARKED = {
    "winter.dcm": ["an element repeated or out of order: (0008,0018)"],
    "image_dfl.dcm": ["bytes after the end of the deflated data"],  # the trailer of gzip
}

_COMPARED = (
    "ImageType",
    "Modality",
    "PatientID",
    "PatientName",
    "PixelSpacing",
    "Rows",
    "SOPInstanceUID",
    "SliceThickness",
    "StudyDate",
)

_LARGE = WalkLimits(elements=SMALL.elements, inflated=1 << 26)


def files() -> Iterator[tuple[Path, str, bytes]]:
    """Each file that has a head that can be read, its transfer syntax and its data set."""
    for root in _ROOTS:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                try:
                    header = read_header(path)
                except NotADicomFile:
                    continue
                data = path.read_bytes()[header.data_offset :]
                yield path, header.transfer_syntax_uid, data


class CorpusTests(SynchronousTestCase):
    def test_all_files_are_walked_to_their_end_but_those_that_lie(self) -> None:
        problems, remarks, count = {}, {}, 0
        for path, syntax, data in files():
            walker = Walker(syntax)
            count += 1
            try:
                walker.feed(data)
                walker.end()
            except MalformedDataSet as error:
                problems[path.name] = error.problem
            if walker.remarks:
                remarks[path.name] = walker.remarks
        self.assertGreater(count, 200)
        self.assertEqual(REFUSED | LYING, problems)
        self.assertEqual(REMARKED, remarks)

    def test_dcmdump_refuses_the_same_files_but_those_that_are_listed(self) -> None:
        program = dcmtk("dcmdump")
        for path, _, _ in files():
            if path.name in REFUSED or path.name in LYING:
                done = subprocess.run([program, path], capture_output=True, check=False)
                self.assertEqual(path.name in LYING, done.returncode == 0, path)

    def test_what_is_read_is_written_and_read_the_same_in_each_native_syntax(self) -> None:
        count = 0
        for path, syntax, data in files():
            try:
                dataset = decode(data, syntax, limits=_LARGE)
            except MalformedDataSet as error:
                expected = "encapsulated pixel data where none is expected"
                self.assertIn(error.problem, {expected, *REFUSED.values(), *LYING.values()}, path)
                continue
            count += 1
            once = str(decode(encode(dataset, syntax), syntax, limits=_LARGE))
            for other in (
                EXPLICIT_VR_LITTLE_ENDIAN,
                EXPLICIT_VR_BIG_ENDIAN,
                DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            ):
                again = decode(encode(dataset, other), other, limits=_LARGE)
                self.assertEqual(once, str(again), path)
            implicit = encode(dataset, IMPLICIT_VR_LITTLE_ENDIAN)
            decode(implicit, IMPLICIT_VR_LITTLE_ENDIAN, limits=_LARGE)
        self.assertGreater(count, 150)

    def test_values_are_those_that_pydicom_reads(self) -> None:
        for path, syntax, data in files():
            if path.name in REFUSED or path.name in LYING or "1.2.4." in syntax:
                continue
            try:
                ours = decode(data, syntax, limits=_LARGE)
            except MalformedDataSet:
                continue  # encapsulated
            theirs = pydicom.dcmread(path, force=True)
            for keyword in _COMPARED:
                # pydicom keeps some of the padding.
                ours_text = str(ours.get(keyword)).replace(" ", "")
                self.assertEqual(ours_text, str(theirs.get(keyword)).replace(" ", ""), path)
