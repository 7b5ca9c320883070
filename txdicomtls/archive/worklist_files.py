"""A folder of worklist items: which files there are, and what is in them.

A file ``*.dcm`` or ``*.wl`` is a DICOM file with one item; a file ``*.json`` has one, or a list of
them, in the DICOM JSON Model (PS3.18 F).  A file that has not changed is not read again, and
one that cannot be used is left out; both are told from others by their name and state.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset

from txdicomtls.archive.json_model import from_json
from txdicomtls.dataset import decode
from txdicomtls.errors import MalformedDataSet, NotADicomFile
from txdicomtls.part10 import header_of

SCHEDULED_PROCEDURE_STEP_SEQUENCE = 0x00400100

_DICOM = (".dcm", ".wl")
_JSON = ".json"

_State = tuple[int, ...]
#: Where the bytes of a file are in its state.
_SIZE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistLimits:
    """What a folder may hold.

    :param file: bytes of one file.
    :param files: files, in the order of their names.
    :param items: items in all of them; from the first file on that does not fit, none does.
    :param size: bytes in all of them, likewise; in memory they are some ten times as many.
    """

    file: int = 1 << 20
    files: int = 5000
    items: int = 10_000
    size: int = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistFile:
    """One file, as it was when it was read.

    :param state: changes whenever the file does.
    :param items: what is scheduled, each with one scheduled procedure step.
    :param problem: why it cannot be used; empty if it can.
    """

    state: _State
    items: tuple[Dataset, ...] = field(default=(), repr=False)
    problem: str = ""


#: All files of a folder, by name.
Folder = Mapping[str, WorklistFile]


def read_folder(directory: Path, before: Folder, limits: WorklistLimits) -> dict[str, WorklistFile]:
    """Look at a folder, and read what is new or has changed.  Blocks.

    :param before: what the last look found.
    :raises OSError: the folder cannot be read.
    """
    with os.scandir(directory) as entries:
        names = sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith((*_DICOM, _JSON)) and not entry.name.startswith(".")
        )
    found: dict[str, WorklistFile] = {}
    items = size = 0
    full = ""
    for name in names[: limits.files]:
        # What does not fit has no state: it is looked at again, because there may be room then.
        file = WorklistFile(state=(), problem=full)
        if not full:
            file = _looked_at(directory / name, before.get(name), limits)
            items += len(file.items)
            size += file.state[_SIZE] if file.items else 0
            full = _too_much(items, size, limits)
            if full:
                file = WorklistFile(state=(), problem=full)
        found[name] = file
    for name in names[limits.files :]:
        found[name] = WorklistFile(state=(), problem=f"more than {limits.files} files")
    return found


def _too_much(items: int, size: int, limits: WorklistLimits) -> str:
    if items > limits.items:
        return f"more than {limits.items} items in all"
    return f"more than {limits.size} bytes in all" if size > limits.size else ""


def _looked_at(path: Path, before: WorklistFile | None, limits: WorklistLimits) -> WorklistFile:
    state: _State = ()
    try:
        # To open a FIFO must not wait for whoever writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            if before is not None and before.state == state:
                return before
            datasets = _read(file, path, status, limits)
    except (NotADicomFile, MalformedDataSet) as error:
        return WorklistFile(state=state, problem=error.problem)
    except OSError as error:
        return WorklistFile(state=state, problem=(error.strerror or str(error)).lower())
    return WorklistFile(state=state, items=tuple(_items(datasets)))


def _read(
    file: BinaryIO, path: Path, status: os.stat_result, limits: WorklistLimits
) -> list[Dataset]:
    if not stat.S_ISREG(status.st_mode):
        raise NotADicomFile(path, "is not a regular file")
    if status.st_size > limits.file:
        raise NotADicomFile(path, f"has more than {limits.file} bytes")
    if path.name.lower().endswith(_JSON):
        return _from_json(file.read(limits.file))
    header = header_of(file, path)
    return [decode(file.read(header.data_length), header.transfer_syntax_uid)]


def _from_json(text: bytes) -> list[Dataset]:
    try:
        model = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedDataSet("this is no JSON") from error
    models = model if isinstance(model, list) else [model]
    return [from_json(each) for each in models]


def _items(datasets: list[Dataset]) -> Iterator[Dataset]:
    """What is scheduled, a procedure step each: that is what is looked for (PS3.4 K.6.1.1)."""
    for dataset in datasets:
        steps = (
            dataset[SCHEDULED_PROCEDURE_STEP_SEQUENCE].value
            if SCHEDULED_PROCEDURE_STEP_SEQUENCE in dataset
            else ()
        )
        if len(steps or ()) < 2:
            yield dataset
            continue
        for step in steps:
            item = Dataset()
            for element in dataset:
                item[element.tag] = element
            item.add_new(SCHEDULED_PROCEDURE_STEP_SEQUENCE, "SQ", [step])
            yield item
