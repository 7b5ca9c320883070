"""UIDs: what is one (PS3.5 9.1), what the registered ones are called (PS3.6 A), which are ours."""

from __future__ import annotations

import re
from functools import lru_cache

from pydicom._uid_dict import UID_dictionary

VERIFICATION = "1.2.840.10008.1.1"
MEDIA_STORAGE_DIRECTORY_STORAGE = "1.2.840.10008.1.3.10"

#: The information models of Query/Retrieve (PS3.4 C.6.1.3, C.6.2.3).
PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

#: Modality Worklist (PS3.4 K.6.1) and Modality Performed Procedure Step (PS3.4 F.7, F.8).
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
MODALITY_PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"
MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE = "1.2.840.10008.3.1.2.3.4"

#: The Storage Commitment Push Model, and the one instance that it has (PS3.4 J.3).
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

#: Says which implementation wrote a file or opened an association (PS3.7 D.3.3.2, PS3.10 7.1).
#: Derived from a UUID once (PS3.5 B.2) and the same in every release.
IMPLEMENTATION_CLASS_UID = "2.25.24577408085350856417874928552103716005"
IMPLEMENTATION_VERSION_NAME = "TXDICOMTLS_0.1"

#: SOP classes that the standard has and the dictionary of pydicom 3.0 has not yet (PS3.6 A).
_NEWER_STORAGE = {
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation Storage",
}

_LONGEST = 64
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def _is_storage(uid: str, name: str, kind: str) -> bool:
    # A directory names files of a medium, and Storage Commitment is no object: neither is stored.
    return (
        kind == "SOP Class"
        and "Storage" in name
        and not name.startswith("Storage Commitment")
        and uid != MEDIA_STORAGE_DIRECTORY_STORAGE
    )


#: Every SOP class whose instances can be stored, retired ones included (PS3.4 B.5, PS3.6 A).
STORAGE_SOP_CLASSES = frozenset(
    uid for uid, (name, kind, *_) in UID_dictionary.items() if _is_storage(uid, name, kind)
).union(_NEWER_STORAGE)

#: Every transfer syntax, retired ones included (PS3.6 A).
TRANSFER_SYNTAXES = frozenset(
    uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"
)


def is_valid_uid(text: str) -> bool:
    """Whether a text is a UID: numbers without leading zeros, between dots, 64 characters at most.

    Only what passes here may name a file.  Padding must have been taken off before.

    See PS3.5 9.1.
    """
    return len(text) <= _LONGEST and _is_uid(text)


@lru_cache(maxsize=1024)  # those of one instance are asked about several times
def _is_uid(text: str) -> bool:
    return _UID.fullmatch(text) is not None


def uid_name(uid: str) -> str:
    """The registered name of a UID, as "CT Image Storage"; the UID itself where there is none.

    See PS3.6 A.
    """
    entry = UID_dictionary.get(uid)
    name = entry[0] if entry else _NEWER_STORAGE.get(uid, "")
    return name or uid
