"""Real objects to send: some of the DICOM files that pydicom ships, each another instance.

Together they have the transfer syntaxes and the kinds of objects that nodes exchange: images of
one frame and of many, uncompressed in all byte orders, compressed in all the usual ways and
deflated; documents, a plan, a segmentation, a waveform; and texts in many character sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.filereader import _read_file_meta_info, read_preamble
from twisted.trial.unittest import TestCase

from txdicomtls.instance import IncomingInstance

_SHIPPED = Path(pydicom.__file__).parent / "data"

#: (FFFC,FFFC): bytes without a meaning (PS3.10 7.2).
_TRAILING_PADDING = 0xFFFCFFFC


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to send.

    :param rewritten: why the data set that DCMTK's storescu sends is not the file's, byte for
        byte: it decodes and encodes every data set.  Empty where it comes to the same.
    """

    path: Path
    rewritten: str = ""

    @property
    def needs_padding(self) -> bool:
        """Whether its data set lacks the byte that makes its length even."""
        return len(_split(self.path)[1]) % 2 == 1

    @property
    def names_another(self) -> bool:
        """Whether its data set is another instance than its head says."""
        data = pydicom.dcmread(self.path, specific_tags=["SOPInstanceUID"])
        return bool(data.SOPInstanceUID != data.file_meta.MediaStorageSOPInstanceUID)

    @property
    def says_its_study(self) -> bool:
        """Whether its data set says of which study and series it is, without which none is kept."""
        keys = ("StudyInstanceUID", "SeriesInstanceUID")
        data = pydicom.dcmread(self.path, specific_tags=list(keys))
        return all(data.get(key) for key in keys)


_PADDING = "the padding at its end is dropped"
_SEQUENCES = "lengths of sequences become explicit"
_SPACES = "superfluous spaces at the ends of texts are dropped"
_GROUPS = "group lengths are calculated anew"

SAMPLES = tuple(
    Sample(_SHIPPED / name, rewritten)
    for name, rewritten in {
        "test_files/CT_small.dcm": _PADDING,
        "test_files/rtdose.dcm": "",
        "test_files/rtplan.dcm": "",
        "test_files/ExplVR_BigEnd.dcm": "",
        "test_files/liver_expb_1frame.dcm": "",
        "test_files/image_dfl.dcm": "it is deflated by another deflater",
        "test_files/MR_small_RLE.dcm": _PADDING,
        "test_files/SC_rgb_small_odd_jpeg.dcm": "",
        "test_files/examples_ybr_color.dcm": _SPACES,
        "test_files/JPGExtended.dcm": _SEQUENCES,
        "test_files/SC_rgb_jpeg_gdcm.dcm": "",
        "test_files/JPEGLSNearLossless_08.dcm": "",
        "test_files/SC_rgb_gdcm_KY.dcm": _SPACES,
        "test_files/GDCMJ2K_TextGBR.dcm": "",
        "test_files/examples_palette.dcm": _SEQUENCES,
        "test_files/test-SR.dcm": "",
        "test_files/reportsi.dcm": _SEQUENCES,
        "test_files/waveform_ecg.dcm": _SEQUENCES,
        "charset_files/chrArab.dcm": "",
        "charset_files/chrFrenMulti.dcm": "",
        "charset_files/chrGreek.dcm": "",
        "charset_files/chrH31.dcm": "",
        "charset_files/chrH32.dcm": "",
        "charset_files/chrHbrw.dcm": "",
        "charset_files/chrI2.dcm": "",
        "charset_files/chrKoreanMulti.dcm": _GROUPS,
        "charset_files/chrRuss.dcm": "",
        "charset_files/chrX1.dcm": "",
    }.items()
)

PATHS = tuple(sample.path for sample in SAMPLES)

#: Those of which a node of ours knows where they belong: it keeps no others.
KEPT = tuple(sample for sample in SAMPLES if sample.says_its_study)


def assert_kept(
    case: TestCase, samples: Iterable[Sample], directory: Path, besides: int = 0
) -> None:
    """Everything sent is in a directory, byte for byte, and so many files besides."""
    received = _by_instance(directory)
    for sample in samples:
        path = received.pop(_instance_of(sample.path))
        case.assertEqual(_kind_of(sample.path), _kind_of(path), sample.path.name)
        case.assertTrue(_data_set(sample.path) == _data_set(path), sample.path.name)
    case.assertEqual(besides, len(received), received)


def assert_same_elements(case: TestCase, samples: Iterable[Sample], directory: Path) -> None:
    """Everything sent is in a directory, element by element, whatever its encoding became.

    Not compared is what depends on the encoding only: group lengths and padding.
    """
    received = _by_instance(directory)
    for sample in samples:
        path = received.pop(_instance_of(sample.path))
        case.assertEqual(_kind_of(sample.path), _kind_of(path), sample.path.name)
        case.assertEqual(_elements(sample.path), _elements(path), sample.path.name)
    case.assertEqual({}, received)


def held(path: Path) -> tuple[IncomingInstance, bytes]:
    """A sample as who keeps it has it: what it is, and the bytes of its data set."""
    sop_class, transfer_syntax = _kind_of(path)
    facts = IncomingInstance(
        sop_class_uid=sop_class,
        sop_instance_uid=_instance_of(path),
        transfer_syntax_uid=transfer_syntax,
    )
    return facts, _data_set(path)


def _split(path: Path) -> tuple[Any, bytes]:
    """File meta information and the bytes of the data set, as pydicom sees them."""
    with path.open("rb") as file:
        read_preamble(file, force=False)
        meta = _read_file_meta_info(file)
        return meta, file.read()


def _data_set(path: Path) -> bytes:
    """The data set as it must go over the wire: of even length (PS3.5 A.5)."""
    _, data = _split(path)
    return data + b"\0" * (len(data) % 2)


def _kind_of(path: Path) -> tuple[str, str]:
    meta, _ = _split(path)
    return str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)


def _instance_of(path: Path) -> str:
    # Of the data set: in some of the files the file meta information has another one.
    return str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)


def _by_instance(directory: Path) -> dict[str, Path]:
    return {_instance_of(path): path for path in directory.rglob("*") if path.is_file()}


def _elements(path: Path) -> pydicom.Dataset:
    data_set = pydicom.dcmread(path)
    for element in list(data_set):
        if element.tag == _TRAILING_PADDING or element.tag.element == 0:
            del data_set[element.tag]
    return data_set
