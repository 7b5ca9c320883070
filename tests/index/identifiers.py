"""Identifiers for tests, and answers in a form that can be compared."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from txdicomtls.index import FindOptions, Index, Root
from txdicomtls.index.candidates import value_of


def data_set(**values: str) -> Dataset:
    """Make a data set of texts by keyword, whatever they are: pydicom is not asked about them."""
    dataset = Dataset()
    for keyword, text in values.items():
        number = tag_for_keyword(keyword)
        assert number is not None, keyword
        tag, vr = BaseTag(number), dictionary_VR(number)
        dataset[tag] = DataElement(tag, vr, value_of(vr, text), already_converted=True)
    return dataset


def identifier(level: str, **keys: str) -> Dataset:
    """Make an identifier, with the unique key of its level as a return key."""
    unique = {
        "PATIENT": "PatientID",
        "STUDY": "StudyInstanceUID",
        "SERIES": "SeriesInstanceUID",
        "IMAGE": "SOPInstanceUID",
    }[level]
    return data_set(**{"QueryRetrieveLevel": level, unique: "", **keys})


def ask(index: Index, asked: Dataset, *, root: Root = Root.STUDY, **options: Any) -> list[Dataset]:
    """Give all results of a query."""
    search = index.find(asked, root=root, options=FindOptions(**options))
    return [response for page in search for response in page]


def found(index: Index, asked: Dataset, keyword: str, **options: Any) -> list[str]:
    """Give one attribute of all results of a query, in order."""
    return sorted(str(response[keyword].value) for response in ask(index, asked, **options))
