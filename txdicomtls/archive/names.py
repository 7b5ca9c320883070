"""Where an instance lies: the only place that makes a path from something that a peer said.

Everything that names a file passes through :class:`Layout`; a test walks through the code and
holds this.  A path that a peer could choose freely would let it write anywhere.

All paths here are relative to the root of an archive, and all instances lie below
``objects/``.  A pattern says where, for example::

    {study_date:year}/{study_instance_uid}/{series_instance_uid}/{sop_instance_uid}.dcm

Its fields are the UIDs of the instance, the Study Date (whole, or its ``year``, ``month`` or
``day``) and ``hash``: two hexadecimal digits that spread instances evenly.  A UID enters a path
only if it is one (PS3.5 9.1) and a date only if it is in the calendar, so no component can be
anything but letters, digits, dots and dashes, or lead anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path, PurePosixPath
from string import Formatter

from txdicomtls.errors import InvalidInstance
from txdicomtls.uids import is_valid_uid

#: The directories that instances are spread over, so that none grows too large to be searched.
FAN_OUT = tuple(f"{number:02x}" for number in range(256))

OBJECTS = "objects"
#: The pattern of an archive that says nothing else.
FAN_OUT_PATTERN = "{hash}/{sop_instance_uid}.dcm"

#: What stands for a study date that is missing or in no calendar.
UNDATED = "undated"
#: Most bytes of a name in the file systems that there are.
_LONGEST_NAME = 255
#: Hexadecimal digits of the hash that tell files of one instance apart.
_HASH_DIGITS = 16

_LITERAL = re.compile(r"[A-Za-z0-9._-]*")
_DATE_PARTS = {"": slice(8), "year": slice(4), "month": slice(4, 6), "day": slice(6, 8)}
#: The fields, and the keyword of the attribute that each is made of; see PS3.3 C.7.
_UID_FIELDS = {
    "study_instance_uid": "StudyInstanceUID",
    "series_instance_uid": "SeriesInstanceUID",
}


class Layout:
    """Says where instances lie.

    :param pattern: of paths below ``objects/``, see above.
    :ivar needs_data_set: whether a path depends on more than the SOP Instance UID: then only an
        index can tell where an instance lies.
    :raises ValueError: the pattern has an unknown field, a character or a component that is not
        allowed, or does not tell instances apart.
    """

    def __init__(self, pattern: str = FAN_OUT_PATTERN) -> None:
        self.pattern = pattern
        parsed = [
            (literal, field or "", part or "")
            for literal, field, part, _ in Formatter().parse(pattern)
        ]
        for literal, field, part in parsed:
            _check(pattern, literal, field, part)
        if "sop_instance_uid" not in [field for _, field, _ in parsed]:
            raise ValueError(f"{pattern!r} does not tell instances apart: {{sop_instance_uid}}")
        self._parts = parsed
        self.needs_data_set = any(
            field in _UID_FIELDS or field == "study_date" for _, field, _ in parsed
        )
        self._check_names()

    def path(self, sop_instance_uid: str, attributes: Mapping[str, str]) -> PurePosixPath:
        """The file of an instance, relative to the root of the archive.

        :param sop_instance_uid: as the peer sent it, without padding.
        :param attributes: StudyInstanceUID, SeriesInstanceUID and StudyDate, where the pattern
            needs them.
        :raises InvalidInstance: one of the UIDs is not a valid UID.
        """
        return self._filled(lambda field, part: _value(field, part, sop_instance_uid, attributes))

    def directories(self) -> tuple[PurePosixPath, ...]:
        """Directories that are worth making beforehand, in the order of making."""
        objects = PurePosixPath(OBJECTS)
        if self.pattern != FAN_OUT_PATTERN:
            return (objects,)
        return (objects, *(objects / name for name in FAN_OUT))

    def _filled(self, value: Callable[[str, str], str]) -> PurePosixPath:
        text = "".join(
            literal + (value(field, part) if field else "") for literal, field, part in self._parts
        )
        return PurePosixPath(OBJECTS, text)

    def _check_names(self) -> None:
        """Try the longest values that there can be."""
        longest = self._filled(lambda field, _: "1" * 64 if field.endswith("uid") else "1" * 8)
        names = "".join(
            literal + (f"<{field}>" if field else "") for literal, field, _ in self._parts
        ).split("/")
        if any(name in ("", ".", "..") or name.startswith((".", "-")) for name in names):
            raise ValueError(f"{self.pattern!r} has a component that is no name of a file")
        if "<sop_instance_uid>" not in names[-1]:
            raise ValueError(f"{self.pattern!r} does not name files by {{sop_instance_uid}}")
        if max(map(len, longest.parts)) + _HASH_DIGITS + 1 > _LONGEST_NAME:
            raise ValueError(f"{self.pattern!r} makes names of more than {_LONGEST_NAME} bytes")


def instance_path(root: Path, sop_instance_uid: str) -> Path:
    """The file of an instance in an archive with the usual layout.

    The name is the UID; the directory comes from a hash of it, because the first
    digits of the UIDs of one manufacturer are all the same.

    :param root: of the archive.
    :param sop_instance_uid: as the peer sent it, without padding.
    :raises InvalidInstance: it is not a valid UID.
    """
    return root / _FAN_OUT_LAYOUT.path(sop_instance_uid, {})


def other_path(path: PurePosixPath, data_set_sha256: str) -> PurePosixPath:
    """Where other bytes of an instance lie, beside the file that has its name already.

    :param path: of that file.
    :param data_set_sha256: hexadecimal, of those other bytes.
    """
    return path.with_name(f"{path.stem}.{data_set_sha256[:_HASH_DIGITS]}{path.suffix}")


def kept_path(text: str) -> PurePosixPath:
    """A path that an index has kept, relative to the root of the archive.

    :raises InvalidInstance: it leads out of the directory of the instances.
    """
    path = PurePosixPath(text)
    if path.is_absolute() or path.parts[:1] != (OBJECTS,) or ".." in path.parts:
        raise InvalidInstance("the index names a file that is none of this archive")
    return path


def _check(pattern: str, literal: str, field: str, part: str) -> None:
    if any(_LITERAL.fullmatch(text) is None for text in literal.split("/")):
        raise ValueError(f"{pattern!r}: only letters, digits, dots, dashes and slashes are allowed")
    if field not in ("", "hash", "sop_instance_uid", "study_date", *_UID_FIELDS):
        raise ValueError(f"{pattern!r}: there is no field {field!r}")
    if part not in (_DATE_PARTS if field == "study_date" else ("",)):
        raise ValueError(f"{pattern!r}: {field!r} has no part {part!r}")


def _value(field: str, part: str, sop_instance_uid: str, attributes: Mapping[str, str]) -> str:
    if field == "study_date":
        text = attributes.get("StudyDate", "")
        return text[_DATE_PARTS[part]] if _in_calendar(text) else UNDATED
    if field in _UID_FIELDS:
        name = _UID_FIELDS[field]
        return _checked(attributes.get(name, ""), name)
    uid = _checked(sop_instance_uid, "SOP Instance UID")
    return uid if field == "sop_instance_uid" else FAN_OUT[sha256(uid.encode("ascii")).digest()[0]]


def _checked(uid: str, name: str) -> str:
    if not is_valid_uid(uid):
        raise InvalidInstance(f"the {name} {uid[:64]!a} is not a valid UID")
    return uid


def _in_calendar(text: str) -> bool:
    if re.fullmatch(r"[0-9]{8}", text) is None:
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


_FAN_OUT_LAYOUT = Layout()
