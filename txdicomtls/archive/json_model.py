"""Data sets as text, in the DICOM JSON Model (PS3.18 F): what a database or a person can read.

What comes back is as if it had been received: checked, with all values read, so that no later
access fails.  A character set that the data set named is not kept, because JSON is in Unicode.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

from pydicom.dataset import Dataset

from txdicomtls.dataset import decode, encode
from txdicomtls.dataset.text import SPECIFIC_CHARACTER_SET
from txdicomtls.errors import MalformedDataSet
from txdicomtls.uids import EXPLICIT_VR_LITTLE_ENDIAN


def to_json(dataset: Dataset) -> str:
    """Write a data set as JSON.

    :param dataset: has no pixel data worth mentioning: values of bytes become long texts.
    :raises MalformedDataSet: a value of it cannot be written, or could not be read again: text with
        a character that its representation cannot have; names its tag.
    """
    model: dict[str, Any] = {}
    for element in dataset:
        if element.tag == SPECIFIC_CHARACTER_SET or not element.tag.element:
            continue
        try:
            written = element.to_json_dict(None, 0)
            json.dumps(written, allow_nan=False)
            alone = Dataset()
            alone[element.tag] = element
            encode(alone, EXPLICIT_VR_LITTLE_ENDIAN)  # as whoever reads it does
        except Exception as error:
            # pydicom raises whatever comes of a value that is none of its representation.
            raise MalformedDataSet("a value has no form in JSON", tag=int(element.tag)) from error
        model[f"{int(element.tag):08X}"] = written
    return json.dumps(model, separators=(",", ":"))


def from_json(model: str | bytes | dict[str, Any]) -> Dataset:
    """Read a data set from JSON.

    Values that are somewhere else ("BulkDataURI") are empty.

    :param model: the text, or what it stands for.
    :raises MalformedDataSet: it is no DICOM JSON Model of a data set.
    """
    try:
        with warnings.catch_warnings():
            # They would show values; what is wrong with these is decided below.
            warnings.simplefilter("ignore")
            dataset = Dataset.from_json(model)
            data = encode(dataset, EXPLICIT_VR_LITTLE_ENDIAN)
    except Exception as error:
        # Likewise: a key that is missing, a number that is none, a list that is too short.
        raise MalformedDataSet("this is no data set in the DICOM JSON Model") from error
    read = decode(data, EXPLICIT_VR_LITTLE_ENDIAN)
    read.pop(SPECIFIC_CHARACTER_SET, None)
    return read
