"""Tests of :mod:`txdicomtls.index.predicates`: SQL lets through all that matches.

The answers of an index are compared with what matching alone finds among the same instances,
as data sets that no database has seen.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.index.databases import IndexCase, InPostgres
from tests.index.identifiers import data_set, found, identifier
from tests.index.records import record
from txdicomtls.dataset.matching import Matcher, MatchOptions
from txdicomtls.errors import InvalidKey
from txdicomtls.index import Root
from txdicomtls.index.sequences import sequence_text

#: Attributes that differ in how they are compared, and whether they may have several values here.
TEXTS = {
    "PatientID": False,
    "PatientName": False,
    "ReferringPhysicianName": False,
    "OtherPatientNames": True,
    "StudyDescription": True,
    "AccessionNumber": False,
    "Modality": True,
    "StationName": True,
    "ImageType": True,
    "PatientComments": False,
}
#: Those of them that the standard has in ASCII.
CODES = ("Modality", "ImageType")
#: What is kept of an item of a sequence.
TAGS = {"RequestedProcedureID": 0x00401001, "ScheduledProcedureStepID": 0x00400009}
DATES = ("StudyDate", "PatientBirthDate", "ContentDate")
TIMES = ("StudyTime", "ContentTime")
NUMBERS = ("InstanceNumber", "SliceLocation", "Rows")

text = st.text("aAb^=éÉßx _%/", max_size=5).map(str.strip)
several = st.lists(text, min_size=1, max_size=2).map("\\".join)
pattern = st.text("aAb^=éÉß*?_%/", max_size=6).map(str.strip)
date = st.sampled_from(("", "20200101", "20200102", "2020.01.01", "20211231", "2021", "never"))
time = st.sampled_from(("", "09", "0930", "09:30:00", "093000.5", "235959", "noon"))
number = st.sampled_from(("", "1", "01", "+1", "2", "-1.5", "one"))
date_key = st.sampled_from(
    ("20200101", "20200101-", "-20200102", "20200101-20200102", "2020.01.01")
)
time_key = st.sampled_from(("09", "0930-", "-0930", "093000-093001", "00-0929", "2359-"))
number_key = st.sampled_from(("1", "2", "-1.50"))

values = st.fixed_dictionaries(
    {keyword: several if many else text for keyword, many in TEXTS.items()}
    | dict.fromkeys(DATES, date)
    | dict.fromkeys(TIMES, time)
    | dict.fromkeys(NUMBERS, number)
)
keys = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(TEXTS, pattern)
    | dict.fromkeys(DATES, date_key)
    | dict.fromkeys(TIMES, time_key)
    | dict.fromkeys(NUMBERS, number_key),
).map(lambda all_of_them: dict(list(all_of_them.items())[:3]))


#: Names that are all alike, so that a key often matches one, or almost.
like_names = st.fixed_dictionaries(
    dict.fromkeys(("PatientName", "ReferringPhysicianName"), st.text("aA^= é", max_size=5))
)
name_keys = st.fixed_dictionaries({"PatientName": st.text("a^=É*?", max_size=4)})


#: Sequences, of few characters and of those that mean something in JSON or in SQL.
requests = st.lists(
    st.fixed_dictionaries(dict.fromkeys(TAGS, st.text('aAé"\\/%_', max_size=3))), max_size=3
)
request_keys = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(TAGS, st.text('aAé"\\/%_*?', max_size=3))
)


class SupersetCase(IndexCase):
    def check(self, kept: list[dict[str, str]], asked: dict[str, str], *, combined: bool) -> None:
        for row in self.rows("instances"):
            self.index.remove(str(row["sop_instance_uid"]))
        records = []
        for study, attributes in enumerate(kept):
            # Each has a patient of its own, so that each keeps all that is its own.
            issuer = {"IssuerOfPatientID": str(study)}
            records.append(record(study, **issuer, **attributes))  # type: ignore[arg-type]  # texts
        self.index.add(records)
        options = MatchOptions(combined_date_time=combined)
        try:
            matcher = Matcher.of(data_set(**asked), options)
        except InvalidKey:
            return
        wanted = [
            one.sop_instance_uid
            for one in records
            if matcher.matches(data_set(**in_ascii(dict(one.attributes))))
        ]
        self.assertEqual(sorted(wanted), self.answer(identifier("IMAGE", **asked), options))

    def answer(self, asked: Dataset, options: MatchOptions) -> list[str]:
        """The instances that are found."""
        return found(
            self.index, asked, "SOPInstanceUID", root=Root.STUDY, relational=True, match=options
        )

    def check_sequences(self, kept: list[list[dict[str, str]]], item: dict[str, str]) -> None:
        """The same for a sequence, of which each series has its own."""
        for row in self.rows("instances"):
            self.index.remove(str(row["sop_instance_uid"]))
        asked = identifier("IMAGE")
        asked.RequestAttributesSequence = Sequence([data_set(**item)])
        try:
            matcher = Matcher.of(asked)
        except InvalidKey:
            return
        wanted = []
        for study, items in enumerate(kept):
            by_tag = [{TAGS[name]: value for name, value in each.items()} for each in items]
            one = record(study, RequestAttributesSequence=sequence_text(by_tag))
            self.index.add([one])
            candidate = Dataset()
            candidate.RequestAttributesSequence = Sequence(
                [data_set(**each) for each in items if any(each.values())]
            )
            if matcher.matches(candidate):
                wanted.append(one.sop_instance_uid)
        self.assertEqual(sorted(wanted), self.answer(asked, MatchOptions()))


def in_ascii(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes as the index has them: codes with question marks for what is not ASCII."""
    codes = {
        keyword: value.encode("ascii", "replace").decode()
        for keyword, value in attributes.items()
        if keyword in CODES
    }
    return attributes | codes


class SupersetTests(SupersetCase):
    @settings(deadline=None, max_examples=150)
    @given(st.lists(values, max_size=6), keys, st.booleans())
    def test_all_that_matches_is_found(
        self, kept: list[dict[str, str]], asked: dict[str, str], combined: bool
    ) -> None:
        self.check(kept, asked, combined=combined)

    @settings(deadline=None, max_examples=300)
    @given(st.lists(like_names, min_size=1, max_size=6), name_keys)
    def test_all_names_that_match_are_found(
        self, kept: list[dict[str, str]], asked: dict[str, str]
    ) -> None:
        self.check(kept, asked, combined=False)

    @settings(deadline=None, max_examples=200)
    @given(st.lists(requests, min_size=1, max_size=6), request_keys)
    def test_all_sequences_that_match_are_found(
        self, kept: list[list[dict[str, str]]], item: dict[str, str]
    ) -> None:
        self.check_sequences(kept, item)


class SupersetInPostgresTests(InPostgres, SupersetCase):
    @settings(deadline=None, max_examples=60)
    @given(st.lists(values, max_size=6), keys, st.booleans())
    def test_all_that_matches_is_found(
        self, kept: list[dict[str, str]], asked: dict[str, str], combined: bool
    ) -> None:
        self.check(kept, asked, combined=combined)

    @settings(deadline=None, max_examples=60)
    @given(st.lists(like_names, min_size=1, max_size=6), name_keys)
    def test_all_names_that_match_are_found(
        self, kept: list[dict[str, str]], asked: dict[str, str]
    ) -> None:
        self.check(kept, asked, combined=False)

    @settings(deadline=None, max_examples=60)
    @given(st.lists(requests, min_size=1, max_size=6), request_keys)
    def test_all_sequences_that_match_are_found(
        self, kept: list[list[dict[str, str]]], item: dict[str, str]
    ) -> None:
        self.check_sequences(kept, item)
