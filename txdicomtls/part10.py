"""The head of a DICOM file: preamble and File Meta Information (PS3.10 7.1).

A data set travels through this package as bytes, so of a file only its head is
ever read or written here: group 0002, which is explicit VR little endian
whatever the transfer syntax of the data set that follows.

The head of a file that somebody else wrote is read by walking from element to
element until the group changes.  File Meta Information Group Length would save
the walk, but it is wrong in too many files to be believed.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from struct import pack, unpack
from typing import BinaryIO

from txdicomtls.errors import InvalidInstance, NotADicomFile
from txdicomtls.instance import IncomingInstance
from txdicomtls.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    is_valid_uid,
)

#: A preamble that is anything but zeros can make the file an executable as well (PS3.10 7.5).
_PREAMBLE_AND_PREFIX = bytes(128) + b"DICM"
_PREFIX_OFFSET = 128
_META_GROUP = b"\x02\x00"

#: The head of a real file has some hundred bytes; private information may make it larger.
_LONGEST_META = 1 << 20

#: Value representations with a length of 32 bits (PS3.5 7.1.2).
_LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)

#: The UIDs that a file cannot be sent without, by element number.
_NEEDED = {
    0x0002: "Media Storage SOP Class UID (0002,0002)",
    0x0003: "Media Storage SOP Instance UID (0002,0003)",
    0x0010: "Transfer Syntax UID (0002,0010)",
}

#: Source Application Entity Title.
_SOURCE = 0x0016

# More lenient than is_valid_uid: there are old objects whose UIDs have leading zeros, and they
# must be sent as they are.  What no command set could carry is refused here.
_SENDABLE_UID = re.compile(r"[0-9.]{1,64}")

_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHeader:
    """What the head of a file says about the instance in it, and where its data set lies.

    :param path: the file.
    :param sop_class_uid: Media Storage SOP Class UID (0002,0002).
    :param sop_instance_uid: Media Storage SOP Instance UID (0002,0003).
    :param transfer_syntax_uid: of the data set (0002,0010).
    :param data_offset: bytes before the data set.
    :param data_length: bytes of the data set.
    :param source_ae_title: Source Application Entity Title (0002,0016); empty where there is none.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_offset: int
    data_length: int
    source_ae_title: str = ""


def read_header(path: Path) -> FileHeader:
    """Read the head of a file, and nothing of its data set.  Blocks: to be called in a thread.

    :param path: the file.
    :return: what is needed to send it.
    :raises NotADicomFile: it cannot be opened, is no DICOM file, or cannot be sent.

    See PS3.10 7.1.
    """
    try:
        with open(path, "rb", opener=_open) as file:
            return header_of(file, path)
    except OSError as error:
        raise NotADicomFile(path, (error.strerror or str(error)).lower()) from error


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # opening a FIFO must not wait for a writer


def header_of(file: BinaryIO, path: Path) -> FileHeader:
    """Read the head of a file that is open already, and leave it at the first byte of its data set.

    :param file: at its first byte.
    :param path: its name, for the result and for errors.
    :raises NotADicomFile: it is no DICOM file, or cannot be sent.
    :raises OSError: it cannot be read.
    """
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise NotADicomFile(path, "is not a regular file")
    if not status.st_size:
        raise NotADicomFile(path, "is empty")
    if file.read(len(_PREAMBLE_AND_PREFIX))[_PREFIX_OFFSET:] != b"DICM":
        raise NotADicomFile(
            path,
            "is not a DICOM file: there is no 'DICM' after a preamble of 128 bytes; if it is a "
            "bare data set, write it anew as a file, for example with dcmconv",
        )
    uids, source, offset = _read_meta(file, path)
    file.seek(offset)
    length = status.st_size - offset
    if not length:
        raise NotADicomFile(path, "holds no data set")
    if length % 2 and uids[0x0010] != DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        raise NotADicomFile(path, "is damaged: the length of its data set is odd")
    return FileHeader(
        path=path,
        sop_class_uid=uids[0x0002],
        sop_instance_uid=uids[0x0003],
        transfer_syntax_uid=uids[0x0010],
        data_offset=offset,
        data_length=length,
        source_ae_title=source,
    )


def _read_meta(file: BinaryIO, path: Path) -> tuple[dict[int, str], str, int]:
    """Walk through group 0002.

    :return: the needed UIDs by element number, the AE title of the source, and the offset of
        the data set.
    """
    values: dict[int, bytes] = {}
    offset = len(_PREAMBLE_AND_PREFIX)
    while (head := file.read(8))[:2] == _META_GROUP:
        if len(head) < 8:
            raise NotADicomFile(path, "is truncated in its file meta information")
        element, vr, length = unpack("<2xH2sH", head)
        offset += 8
        if not (vr.isalpha() and vr.isupper()):
            raise NotADicomFile(
                path,
                "is not a DICOM file: its file meta information is not explicit VR little endian",
            )
        if vr in _LONG_VRS:
            length = int.from_bytes(file.read(4), "little")
            offset += 4
        if offset + length > _LONGEST_META:
            raise NotADicomFile(path, "has more than 1 MiB of file meta information")
        value = file.read(length)
        if len(value) < length:
            raise NotADicomFile(path, "is truncated in its file meta information")
        if element in _NEEDED or element == _SOURCE:
            values[element] = value
        offset += length
    uids = {element: _uid(values.get(element, b""), element, path) for element in _NEEDED}
    source = values.get(_SOURCE, b"").decode("ascii", "replace").strip("\0 ")
    return uids, source if _AE_TITLE.fullmatch(source) else "", offset


def _uid(value: bytes, element: int, path: Path) -> str:
    text = value.rstrip(b"\0 ").decode("ascii", "replace")
    if not text:
        raise NotADicomFile(path, f"has no {_NEEDED[element]} in its file meta information")
    if not _SENDABLE_UID.fullmatch(text):
        raise NotADicomFile(path, f"has a {_NEEDED[element]} that is not a UID")
    return text


def meta_bytes(instance: IncomingInstance) -> bytes:
    """What a file begins with before the data set of a received instance.

    The preamble is zeros.  The AE titles of the association are kept where they are valid.

    :raises InvalidInstance: one of its three UIDs is not a UID.

    See PS3.10 7.1.
    """
    for name, uid in (
        ("SOP Instance UID", instance.sop_instance_uid),
        ("SOP Class UID", instance.sop_class_uid),
        ("Transfer Syntax UID", instance.transfer_syntax_uid),
    ):
        if not is_valid_uid(uid):
            raise InvalidInstance(f"the {name} {uid[:64]!a} is not a valid UID")
    elements = (
        _before_instance(instance.sop_class_uid)
        + _text(0x0003, b"UI", instance.sop_instance_uid)
        + _after_instance(
            instance.transfer_syntax_uid, instance.calling_ae_title, instance.called_ae_title
        )
    )
    group_length = _element(0x0000, b"UL", pack("<L", len(elements)))
    return _PREAMBLE_AND_PREFIX + group_length + elements


# What goes before and after is the same for very many instances, one after the other.


@lru_cache(maxsize=64)
def _before_instance(sop_class_uid: str) -> bytes:
    return _element(0x0001, b"OB", b"\x00\x01") + _text(0x0002, b"UI", sop_class_uid)


@lru_cache(maxsize=64)
def _after_instance(transfer_syntax_uid: str, calling: str, called: str) -> bytes:
    return b"".join(
        (
            _text(0x0010, b"UI", transfer_syntax_uid),
            _text(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _text(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
            _ae_title(0x0016, calling),  # Source
            _ae_title(0x0017, calling),  # Sending
            _ae_title(0x0018, called),  # Receiving
        )
    )


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    if vr in _LONG_VRS:
        return _META_GROUP + pack("<H2s2xL", element, vr, len(value)) + value
    return _META_GROUP + pack("<H2sH", element, vr, len(value)) + value


def _text(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii")
    padding = b"\0" if vr == b"UI" else b" "
    return _element(element, vr, value + padding * (len(value) % 2))


def _ae_title(element: int, title: str) -> bytes:
    title = title.strip(" ")
    return _text(element, b"AE", title) if _AE_TITLE.fullmatch(title) else b""
