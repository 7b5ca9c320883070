"""Queries on the command lines of DCMTK and pynetdicom, and what DCMTK writes of the answers."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from tests.interop.peers import Words


def keys(level: str = "", **values: str) -> Words:
    """Give the options for an identifier, for each of these programs.

    :param level: Query/Retrieve Level; empty for a worklist, which has none.
    :param values: keys to match, by their keywords; empty for what is to be returned.
    """
    named = {"QueryRetrieveLevel": level, **values} if level else values
    return [word for name, value in named.items() for word in ("-k", f"{name}={value}")]


def responses(directory: Path) -> list[Dataset]:
    """The identifiers that ``findscu -X`` wrote, in the order in which they came."""
    return [pydicom.dcmread(path, force=True) for path in sorted(directory.glob("rsp*.dcm"))]


def names_by_id(found: list[Dataset]) -> dict[str, str]:
    """Patient's Name by Patient ID."""
    return {str(each.PatientID): str(each.PatientName) for each in found}
