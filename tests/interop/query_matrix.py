"""Real files, queries about them, and the answers: worked out by reading the files, by hand.

The files are pydicom's and pydicom-data's: names in eleven scripts; studies of one and of several
instances; a report, a waveform, images of all kinds; dates as ACR-NEMA wrote them; patients
without an ID.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import data_store  # type: ignore[import-untyped]  # what pydicom-data installs
import pydicom
from pydicom.dataset import Dataset

_SHIPPED = Path(pydicom.__file__).parent / "data"
_MORE = Path(data_store.__file__).parent / "data"

#: What the files are called here.
FILES = {
    "arabic": _SHIPPED / "charset_files/chrArab.dcm",
    "french": _SHIPPED / "charset_files/chrFren.dcm",
    "german": _SHIPPED / "charset_files/chrGerm.dcm",
    "greek": _SHIPPED / "charset_files/chrGreek.dcm",
    "japanese": _SHIPPED / "charset_files/chrH31.dcm",
    "katakana": _SHIPPED / "charset_files/chrH32.dcm",
    "hebrew": _SHIPPED / "charset_files/chrHbrw.dcm",
    "korean": _SHIPPED / "charset_files/chrI2.dcm",
    "russian": _SHIPPED / "charset_files/chrRuss.dcm",
    "unicode": _SHIPPED / "charset_files/chrX1.dcm",
    "chinese": _SHIPPED / "charset_files/chrX2.dcm",
    "ct": _SHIPPED / "test_files/CT_small.dcm",
    "mr": _SHIPPED / "test_files/MR_small.dcm",
    "overlay": _SHIPPED / "test_files/examples_overlay.dcm",
    "ecg": _SHIPPED / "test_files/waveform_ecg.dcm",
    "report": _SHIPPED / "test_files/reportsi.dcm",
    "features": _SHIPPED / "test_files/test-SR.dcm",
    "ultrasound 2": _SHIPPED / "test_files/examples_jpeg2k.dcm",
    "ultrasound 3": _MORE / "US1_J2KI.dcm",
    "shoulder 2": _MORE / "MR2_J2KR.dcm",
    "shoulder 3": _MORE / "MR2_J2KI.dcm",
    "tibia": _MORE / "RG3_J2KI.dcm",
    "perfusion": _MORE / "eCT_Supplemental.dcm",
    "table": _MORE / "mlut_18.dcm",
    "echocardiogram": _MORE / "color-pl.dcm",
    "jan": _MORE / "JPGLosslessP14SV1_1s_1f_8b.dcm",
    "obstetrics": _MORE / "OBXXXX1A_rle.dcm",
}

#: Which file stands for an entity, and by which of its attributes.
UNIQUE = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}

COMPRESSED_SAMPLES_2004 = ("mr", "ultrasound 2", "shoulder 2", "tibia")
CHARACTER_SETS = tuple(FILES)[:11]


@dataclass(frozen=True, slots=True)
class Query:
    """A query and its answer.

    :param level: Query/Retrieve Level.
    :param keys: what is asked for.  A key with a dot is one in an item of a sequence; a name of a
        file in braces is the unique key of this level of it, as ``{ct}``, or with a level before
        it, as ``{STUDY:ct}``, that of this one.
    :param files: those that stand for what is found.
    :param root: "S" for the study root, "P" for the patient root.
    """

    level: str
    keys: dict[str, str]
    files: tuple[str, ...]
    root: str = "S"

    def values(self) -> dict[str, str]:
        """The keys with their UIDs."""
        return {name: _filled(value, self.level) for name, value in self.keys.items()}

    def expected(self) -> set[str]:
        """The unique keys of what is to be found."""
        return {unique(name, self.level) for name in self.files}


def unique(name: str, level: str) -> str:
    """The unique key of a file at a level."""
    return str(_head(name).get(UNIQUE[level]) or "")


def _filled(value: str, level: str) -> str:
    for name in FILES:
        value = value.replace(f"{{{name}}}", unique(name, level))
        for other in UNIQUE:
            value = value.replace(f"{{{other}:{name}}}", unique(name, other))
    return value


@cache
def _head(name: str) -> Dataset:
    return pydicom.dcmread(FILES[name], specific_tags=list(UNIQUE.values()))


_OF_SHOULDER = {
    "StudyInstanceUID": "{STUDY:shoulder 2}",
    "SeriesInstanceUID": "{SERIES:shoulder 2}",
}

QUERIES = (
    # Single values, and without regard to case in names alone.
    Query("STUDY", {"PatientID": "1CT1"}, ("ct",)),
    Query("STUDY", {"PatientID": "1ct1"}, ()),
    Query("STUDY", {"AccessionNumber": "FUJI95706"}, ("tibia",)),
    Query("STUDY", {"PatientName": "last name^first name"}, ("report",)),
    Query("STUDY", {"PatientID": "5MR2", "PatientSex": "F"}, ()),
    Query("STUDY", {"PatientID": "5MR2", "PatientSex": "M"}, ("shoulder 2",)),
    # Universal.
    Query("STUDY", {"PatientName": "*", "PatientID": "H3*"}, ("japanese", "katakana")),
    Query("STUDY", {"PatientName": "", "StudyID": "MLUT_nn"}, ("table",)),
    # Wild cards.
    Query("STUDY", {"PatientName": "CompressedSamples^*"}, ("ct", *COMPRESSED_SAMPLES_2004)),
    Query("STUDY", {"PatientName": "compressedsamples^mr?"}, ("mr", "shoulder 2")),
    Query("STUDY", {"PatientID": "?MR?"}, ("mr", "shoulder 2")),
    Query("STUDY", {"PatientID": "??RG3"}, ("tibia",)),
    Query("STUDY", {"AccessionNumber": "80000000*"}, ("overlay",)),
    Query("STUDY", {"StudyDescription": "*liver"}, ("overlay",)),
    Query("STUDY", {"StudyDescription": "ABDOMEN*"}, ()),
    Query("STUDY", {"ReferringPhysicianName": "riesmeier^*"}, ("table",)),
    Query("STUDY", {"ReferringPhysicianName": "Thomas^A*"}, ("perfusion",)),
    Query("STUDY", {"PatientName": "Test^S R"}, ("features",)),
    # Dates and times; those of the echocardiogram are written as 1994.11.05 and 11:20:00.
    Query("STUDY", {"StudyDate": "20040826"}, COMPRESSED_SAMPLES_2004),
    Query("STUDY", {"StudyDate": "20040101-20041231"}, ("ct", *COMPRESSED_SAMPLES_2004)),
    Query("STUDY", {"StudyDate": "-19991231"}, ("echocardiogram",)),
    Query("STUDY", {"StudyDate": "19941105"}, ("echocardiogram",)),
    Query("STUDY", {"StudyDate": "20130101-"}, ("ecg", "jan")),
    Query("STUDY", {"StudyTime": "1119-1121"}, ("echocardiogram",)),
    Query("STUDY", {"StudyTime": "1159-1201"}, ("table",)),
    Query(
        "STUDY", {"StudyDate": "20040826", "StudyTime": "180000-190000"}, COMPRESSED_SAMPLES_2004
    ),
    Query("STUDY", {"StudyDate": "20040826", "StudyTime": "-1800"}, ()),
    # Lists of UIDs, and other alternatives.
    Query("STUDY", {"StudyInstanceUID": r"{ct}\{mr}\1.2.3"}, ("ct", "mr")),
    Query("STUDY", {"ModalitiesInStudy": "MR"}, ("mr", "shoulder 2", "overlay")),
    Query(
        "STUDY",
        {"ModalitiesInStudy": r"CR\US"},
        ("tibia", "ultrasound 2", "echocardiogram", "jan", "obstetrics"),
    ),
    Query("STUDY", {"ModalitiesInStudy": "SR"}, ("report", "features")),
    # Names in any script, in any group.
    Query("STUDY", {"PatientName": "*山田*"}, ("japanese", "katakana")),
    Query("STUDY", {"PatientName": "Yamada^Tarou"}, ("japanese",)),
    Query("STUDY", {"PatientName": "=山田^太郎"}, ("japanese", "katakana")),
    Query("STUDY", {"PatientName": "ﾔﾏﾀﾞ^ﾀﾛｳ"}, ("katakana",)),
    Query("STUDY", {"PatientName": "王^小东"}, ("chinese",)),
    Query("STUDY", {"PatientName": "王^*"}, ("unicode", "chinese")),
    Query("STUDY", {"PatientName": "wang^xiaodong"}, ("unicode", "chinese")),
    Query("STUDY", {"PatientName": "==홍^길동"}, ("korean",)),
    Query("STUDY", {"PatientName": "Люкceмбypг"}, ("russian",)),  # noqa: RUF001  # Cyrillic
    Query("STUDY", {"PatientName": "ΔΙΟΝΥΣΙΟΣ"}, ("greek",)),
    Query("STUDY", {"PatientName": "שרון^*"}, ("hebrew",)),
    Query("STUDY", {"PatientName": "قباني^*"}, ("arabic",)),
    Query("STUDY", {"PatientName": "äneas^RÜDIGER"}, ("german",)),
    Query("STUDY", {"PatientName": "Buc^J?r?me"}, ("french",)),
    # Sequences.
    Query("STUDY", {"ProcedureCodeSequence.CodeValue": "2501"}, ("jan",)),
    Query(
        "STUDY",
        {
            "ProcedureCodeSequence.CodeValue": "2501",
            "ProcedureCodeSequence.CodingSchemeDesignator": "SRT",
        },
        (),
    ),
    Query(
        "SERIES",
        {
            "StudyInstanceUID": "{STUDY:overlay}",
            "RequestAttributesSequence.RequestedProcedureID": "8000000000330109",
        },
        ("overlay",),
    ),
    Query(
        "IMAGE",
        {
            "StudyInstanceUID": "{STUDY:report}",
            "SeriesInstanceUID": "{SERIES:report}",
            "ConceptNameCodeSequence.CodeValue": "IHE.*",
        },
        ("report",),
    ),
    # The levels below, and numbers, which are compared as numbers.
    Query("SERIES", {"StudyInstanceUID": "{STUDY:shoulder 2}"}, ("shoulder 2",)),
    Query("SERIES", {"StudyInstanceUID": "{STUDY:shoulder 2}", "Modality": "CT"}, ()),
    Query("SERIES", {"StudyInstanceUID": "{STUDY:overlay}", "SeriesNumber": "018"}, ("overlay",)),
    Query("SERIES", {"StudyInstanceUID": "{STUDY:ct}"}, ("ct",)),
    Query("IMAGE", _OF_SHOULDER, ("shoulder 2", "shoulder 3")),
    Query("IMAGE", {**_OF_SHOULDER, "InstanceNumber": "3"}, ("shoulder 3",)),
    Query("IMAGE", {**_OF_SHOULDER, "SOPInstanceUID": r"{ct}\{shoulder 2}"}, ("shoulder 2",)),
    Query("IMAGE", {**_OF_SHOULDER, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, ()),
    # The patient root.
    Query("PATIENT", {"PatientName": "Yamada^*"}, ("japanese",), "P"),
    Query(
        "PATIENT",
        {"PatientID": "SCS*"},
        ("arabic", "french", "german", "greek", "hebrew", "russian"),
        "P",
    ),
    Query("PATIENT", {"PatientBirthDate": "19500101-19501231"}, ("shoulder 2", "perfusion"), "P"),
    Query("STUDY", {"PatientID": "5MR2"}, ("shoulder 2",), "P"),
    Query("STUDY", {"PatientID": "5MR2", "StudyDate": "20050101-"}, (), "P"),
    Query("SERIES", {"PatientID": "5MR2", "StudyInstanceUID": "{STUDY:ct}"}, (), "P"),
)

#: What is fetched, and the files that come.
RETRIEVALS = (
    Query("PATIENT", {"PatientID": "13US1"}, ("ultrasound 2", "ultrasound 3"), "P"),
    Query("STUDY", {"StudyInstanceUID": r"{ct}\{mr}"}, ("ct", "mr")),
    Query("STUDY", {"StudyInstanceUID": "{shoulder 2}"}, ("shoulder 2", "shoulder 3")),
    Query("STUDY", {"StudyInstanceUID": "1.2.3"}, ()),
    Query(
        "SERIES",
        {"StudyInstanceUID": "{STUDY:report}", "SeriesInstanceUID": "{report}"},
        ("report",),
    ),
    Query("IMAGE", {**_OF_SHOULDER, "SOPInstanceUID": "{shoulder 3}"}, ("shoulder 3",)),
    Query(
        "STUDY", {"PatientID": "H31EXAMPLE", "StudyInstanceUID": "{japanese}"}, ("japanese",), "P"
    ),
)
