"""The attributes that the index keeps, each at its level: the keys that a query may use.

All unique and required keys of PS3.4 C.6.1.1 and C.6.2.1 are here, and those optional
ones that people ask for.  A key that is not here is one that we do not support: it
neither narrows a query nor is returned (PS3.4 C.2.2.1.3).

Values are kept as text, decoded; several values have a backslash between them (PS3.5
6.4).  A missing value and an empty one are the same: the empty text.  Of a sequence some
attributes of its items are kept, see :mod:`txdicomtls.index.sequences`.

A new attribute needs a migration too; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

from txdicomtls.dataset.levels import Wanted
from txdicomtls.index.levels import Level

#: Says how the other texts of a data set are encoded: whoever makes a record needs it.
SPECIFIC_CHARACTER_SET = 0x00080005

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute that the index keeps.

    :param tag: as 0x00100010.
    :param keyword: as "PatientName" (PS3.6 6).
    :param vr: value representation.
    :param many: it may have several values.
    :param level: the level that it belongs to; the value of the first instance stays.
    :param column: the column of the table of that level.
    :param indexed: the database finds rows by it quickly; it is cut to a length that a
        database can bear in an index.
    :param inner: of a sequence, the attributes of its items that are kept, by tag their value
        representations; empty for all else.
    """

    tag: int
    keyword: str
    vr: str
    many: bool
    level: Level
    column: str
    indexed: bool
    inner: Mapping[int, str]


def _attribute(level: Level, keyword: str) -> Attribute:
    keyword, _, inner = keyword.partition(">")
    indexed = keyword.endswith("*")
    keyword = keyword.rstrip("*")
    tag = _tag(keyword)
    tags = [_tag(each) for each in inner.split(",") if each]
    return Attribute(
        tag=tag,
        keyword=keyword,
        vr=dictionary_VR(tag),
        many=dictionary_VM(tag) != "1",
        level=level,
        column=_WORDS.sub("_", keyword.replace("IDs", "Ids")).lower(),
        indexed=indexed,
        inner={each: dictionary_VR(each) for each in tags},
    )


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


#: Keywords at each level; a star behind those that are indexed, and behind a sequence what is kept
#: of its items.
_TABLE = {
    Level.PATIENT: """
        PatientName* PatientID* IssuerOfPatientID PatientBirthDate* PatientBirthTime PatientSex
        OtherPatientIDs OtherPatientNames EthnicGroup PatientComments
    """,
    Level.STUDY: """
        StudyInstanceUID* StudyDate* StudyTime AccessionNumber* StudyID* StudyDescription
        ReferringPhysicianName* NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription
        PatientAge PatientSize PatientWeight Occupation AdditionalPatientHistory AdmissionID
        ProcedureCodeSequence>CodeValue,CodingSchemeDesignator,CodingSchemeVersion,CodeMeaning
    """,
    Level.SERIES: """
        SeriesInstanceUID* Modality SeriesNumber SeriesDescription SeriesDate SeriesTime
        BodyPartExamined Laterality PatientPosition ProtocolName PerformingPhysicianName
        OperatorsName InstitutionName InstitutionalDepartmentName StationName Manufacturer
        ManufacturerModelName DeviceSerialNumber FrameOfReferenceUID PerformedStationAETitle
        PerformedProcedureStepID PerformedProcedureStepStartDate
        PerformedProcedureStepStartTime PerformedProcedureStepDescription
        RequestAttributesSequence>RequestedProcedureID,ScheduledProcedureStepID,AccessionNumber
    """,
    Level.IMAGE: """
        SOPInstanceUID* SOPClassUID InstanceNumber InstanceCreationDate InstanceCreationTime
        ContentDate ContentTime AcquisitionDate AcquisitionTime AcquisitionDateTime
        AcquisitionNumber ImageType ImageComments NumberOfFrames Rows Columns SamplesPerPixel
        PhotometricInterpretation BitsAllocated BitsStored SliceLocation BurnedInAnnotation
        ContentLabel ContentDescription ContentCreatorName DocumentTitle CompletionFlag
        VerificationFlag PresentationCreationDate PresentationCreationTime ContainerIdentifier
        ConceptNameCodeSequence>CodeValue,CodingSchemeDesignator,CodingSchemeVersion,CodeMeaning
    """,
}

#: All of them, by level.
BY_LEVEL: dict[Level, tuple[Attribute, ...]] = {
    level: tuple(_attribute(level, keyword) for keyword in keywords.split())
    for level, keywords in _TABLE.items()
}

#: All of them, by tag.
BY_TAG: dict[int, Attribute] = {
    attribute.tag: attribute for attributes in BY_LEVEL.values() for attribute in attributes
}

#: Names of persons by which the database finds rows: their component groups have columns.
SEARCHED_NAMES: tuple[Attribute, ...] = tuple(
    attribute for attribute in BY_TAG.values() if attribute.vr == "PN" and attribute.indexed
)

#: What whoever receives an instance has to take out of its data set for the index.
WANTED: frozenset[Wanted] = frozenset(
    (
        SPECIFIC_CHARACTER_SET,
        *(tag for tag, attribute in BY_TAG.items() if not attribute.inner),
        *(
            (tag, inner)
            for tag, attribute in BY_TAG.items()
            if attribute.inner
            for inner in (SPECIFIC_CHARACTER_SET, *attribute.inner)
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of related entities that is kept beside an entity (PS3.4 C.3.2 to C.3.4).

    :param tag: as 0x00201208.
    :param level: the level whose entities have it.
    :param column: the column of the table of that level.
    """

    tag: int
    level: Level
    column: str


COUNTS: dict[int, Count] = {
    count.tag: count
    for count in (
        Count(tag=0x00201200, level=Level.PATIENT, column="number_of_studies"),
        Count(tag=0x00201202, level=Level.PATIENT, column="number_of_series"),
        Count(tag=0x00201204, level=Level.PATIENT, column="number_of_instances"),
        Count(tag=0x00201206, level=Level.STUDY, column="number_of_series"),
        Count(tag=0x00201208, level=Level.STUDY, column="number_of_instances"),
        Count(tag=0x00201209, level=Level.SERIES, column="number_of_instances"),
    )
}
