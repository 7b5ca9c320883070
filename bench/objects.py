"""The DICOM files that are sent: valid Secondary Captures of any size, each of its own identity.

A server may refuse an instance that it has already, so every round sends new ones.  Writing
500 MB anew for each would measure the disk; instead, the UIDs of an object have a fixed length
and :meth:`ObjectSet.renew` overwrites the SOP Instance UID in the two places where it stands.
"""

from __future__ import annotations

import random
import struct
import uuid
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

#: Pixels are written a block at a time.
_PIXELS = random.Random(2762).randbytes(1 << 20)

#: All UIDs of a run are of one root and, from this number on, of one length.
_ROOT = f"2.25.{uuid.uuid4().int}"
_serials = count(1_000_000_000)


def new_uid() -> str:
    """Make a UID that was never used; all of one run are equally long."""
    return f"{_ROOT}.{next(_serials)}"


def head(sop_instance_uid: str, *, rows: int, columns: int) -> bytes:
    """Encode a file up to the value of its Pixel Data (PS3.10 7.1, PS3.3 A.8.1).

    :param sop_instance_uid: SOP Instance UID.
    :param rows: height of the image, one byte a pixel.
    :param columns: width of the image; even, because a value has an even length.
    :return: all bytes that go before the pixels.
    """
    data_set = Dataset()
    data_set.SOPClassUID = SecondaryCaptureImageStorage
    data_set.SOPInstanceUID = sop_instance_uid
    data_set.StudyDate = data_set.StudyTime = data_set.AccessionNumber = ""
    data_set.Modality = "OT"
    data_set.ConversionType = "SYN"
    data_set.ReferringPhysicianName = ""
    data_set.PatientName = "Bench^Mark"
    data_set.PatientID = "BENCH"
    data_set.PatientBirthDate = data_set.PatientSex = ""
    data_set.StudyInstanceUID = f"{_ROOT}.1"
    data_set.SeriesInstanceUID = f"{_ROOT}.2"
    data_set.StudyID = ""
    data_set.SeriesNumber = data_set.InstanceNumber = "1"
    data_set.PatientOrientation = ""
    data_set.SamplesPerPixel = 1
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.Rows = rows
    data_set.Columns = columns
    data_set.BitsAllocated = data_set.BitsStored = 8
    data_set.HighBit = 7
    data_set.PixelRepresentation = 0
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    pydicom.dcmwrite(stream, data_set, enforce_file_format=True)
    pixel_data = struct.pack("<HH2s2xI", 0x7FE0, 0x0010, b"OB", rows * columns)
    return stream.getvalue() + pixel_data


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSet:
    """Files of one size.

    :param files: where they are.
    :param places: the offsets at which the SOP Instance UID stands in each of them.
    """

    files: tuple[Path, ...]
    places: tuple[int, ...]

    @classmethod
    def make(cls, directory: Path, number: int, *, rows: int, columns: int) -> ObjectSet:
        """Write the files.

        :param directory: an empty directory, or none yet.
        :param number: how many.
        :param rows: height of each image, one byte a pixel.
        :param columns: width of each image; even.
        """
        directory.mkdir(parents=True, exist_ok=True)
        uid = new_uid()
        start = head(uid, rows=rows, columns=columns)
        places = _places(start, uid.encode())
        blocks, rest = divmod(rows * columns, len(_PIXELS))
        files = tuple(directory / f"{index:05}.dcm" for index in range(number))
        for path in files:
            with path.open("wb") as stream:
                stream.write(start)
                for _ in range(blocks):
                    stream.write(_PIXELS)
                stream.write(_PIXELS[:rest])
        return cls(files=files, places=places)

    def renew(self) -> None:
        """Give each object another SOP Instance UID."""
        for path in self.files:
            uid = new_uid().encode()
            with path.open("r+b") as stream:
                for place in self.places:
                    stream.seek(place)
                    stream.write(uid)


def _places(text: bytes, part: bytes) -> tuple[int, ...]:
    """All offsets at which `part` stands in `text`."""
    found = []
    at = text.find(part)
    while at >= 0:
        found.append(at)
        at = text.find(part, at + 1)
    return tuple(found)


def is_dicom_file(path: Path) -> bool:
    """Tell whether a file starts as PS3.10 7.1 says: a preamble, then DICM."""
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"
