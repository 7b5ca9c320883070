"""DICOM files for tests, made of a head and whatever bytes."""

from __future__ import annotations

from pathlib import Path

from tests.association.pair import CT, EXPLICIT
from tests.datasets import identity
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import meta_bytes

#: The beginning of any data set, so that a file without more is one too.
ELEMENT = identity(CT, "", EXPLICIT)


def make_file(
    path: Path,
    data: bytes = ELEMENT,
    *,
    sop_class: str = CT,
    uid: str = "1.2.3",
    transfer_syntax: str = EXPLICIT,
) -> Path:
    """Write a file whose data set is these bytes."""
    head = meta_bytes(
        IncomingInstance(
            sop_class_uid=sop_class, sop_instance_uid=uid, transfer_syntax_uid=transfer_syntax
        )
    )
    path.write_bytes(head + data)
    return path
