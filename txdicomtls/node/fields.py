"""Kinds of values in a configuration, each with what makes it wrong in words."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
)

from txdicomtls.tls.profiles import profile_named
from txdicomtls.uids import is_valid_uid


def _ae_title(text: str) -> str:
    # PS3.5 6.2, value representation AE: leading and trailing spaces do not count.
    title = text.strip(" ")
    if not title:
        raise ValueError("an AE title has at least one character that is no space")
    if len(title) > 16:
        raise ValueError(f"an AE title has at most 16 characters, this one has {len(title)}")
    if not (title.isascii() and title.isprintable()) or "\\" in title:
        raise ValueError("an AE title is of printable ASCII characters, without backslash")
    return title


def _resolved(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("directory", "."), path)


def _existing_file(path: Path, info: ValidationInfo) -> Path:
    file = _resolved(path, info)
    try:
        found = file.is_file()
    except OSError as error:
        raise ValueError(f"{str(file)!r}: {error.strerror}") from error
    if not found:
        raise ValueError(f"there is no file {str(file)!r}")
    return file


def _existing(path: Path, info: ValidationInfo) -> Path:
    found = _resolved(path, info)
    try:
        there = found.exists()
    except OSError as error:
        raise ValueError(f"{str(found)!r}: {error.strerror}") from error
    if not there:
        raise ValueError(f"there is no file or directory {str(found)!r}")
    return found


def _directory(path: Path, info: ValidationInfo) -> Path:
    directory = _resolved(path, info)
    try:
        wrong = directory.exists() and not directory.is_dir()
    except OSError as error:
        raise ValueError(f"{str(directory)!r}: {error.strerror}") from error
    if wrong:
        raise ValueError(f"{str(directory)!r} is there, and is no directory")
    return directory


def _existing_directory(path: Path, info: ValidationInfo) -> Path:
    directory = _existing(path, info)
    if not directory.is_dir():
        raise ValueError(f"{str(directory)!r} is no directory")
    return directory


def _interface(text: str) -> str:
    if text:
        try:
            ip_address(text)
        except ValueError:
            raise ValueError("must be an IP address of this machine, or empty for all") from None
    return text


def _profile(name: str) -> str:
    profile_named(name)
    return name


def _uid(text: str) -> str:
    if not is_valid_uid(text):
        raise ValueError("a UID is of numbers with dots between, up to 64 characters (PS3.5 9.1)")
    return text


#: What a number of bytes may be followed by.
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,9}) ?([KMGT]iB)", re.ASCII)


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value)
    if found is None:
        raise ValueError('must be a number of bytes, or a text as "64 KiB", "16 MiB" or "2 GiB"')
    return int(found[1]) * _UNITS[found[2]]


def _several(value: object) -> object:
    # One text may stand for a list of one.
    return (value,) if isinstance(value, str) else value


AETitle = Annotated[str, AfterValidator(_ae_title)]
UID = Annotated[str, AfterValidator(_uid)]
ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
ExistingPath = Annotated[Path, AfterValidator(_existing)]
Directory = Annotated[Path, AfterValidator(_directory)]
ExistingDirectory = Annotated[Path, AfterValidator(_existing_directory)]
Interface = Annotated[str, AfterValidator(_interface)]
ProfileName = Annotated[str, AfterValidator(_profile)]
Port = Annotated[int, Field(strict=True, ge=0, le=65535)]
Count = Annotated[int, Field(strict=True, ge=1, le=65535)]
Size = Annotated[int, BeforeValidator(_size), Field(strict=True, ge=1)]
#: Goes before the type of a list, where one text may stand for a list of one.
OneOrSeveral = BeforeValidator(_several)
Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=86400, allow_inf_nan=False)]


class Section(BaseModel):
    """What all sections share: they never change, and a key that they do not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
