"""Tests of :mod:`txdicomtls.index.predicates`: SQL lets through all that matches.

The answers of an index are compared with what matching alone finds among the same instances,
as data sets that no database has seen.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.index.databases import IndexCase, InPostgres
from tests.index.identifiers import data_set, found, identifier
from tests.index.records import record
from txdicomtls.dataset.matching import Matcher, MatchOptions
from txdicomtls.errors import InvalidKey
from txdicomtls.index import Root

#: Attributes that differ in how they are compared, and whether they may have several values here.
TEXTS = {
    "PatientID": False,
    "PatientName": False,
    "ReferringPhysicianName": False,
    "OtherPatientNames": True,
    "StudyDescription": True,
    "AccessionNumber": False,
    "StationName": True,
    "PatientComments": False,
}
#: Those that have ASCII alone, by the standard and in the index.
CODES = ("Modality", "ImageType")
DATES = ("StudyDate", "PatientBirthDate", "ContentDate")
TIMES = ("StudyTime", "ContentTime")
NUMBERS = ("InstanceNumber", "SliceLocation", "Rows")

text = st.text("aAb^=éÉßx _%/", max_size=5).map(str.strip)
code = st.lists(st.text("aAb^=x _%/", max_size=5).map(str.strip), min_size=1, max_size=2)
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
    | dict.fromkeys(CODES, code.map("\\".join))
    | dict.fromkeys(DATES, date)
    | dict.fromkeys(TIMES, time)
    | dict.fromkeys(NUMBERS, number)
)
keys = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys((*TEXTS, *CODES), pattern)
    | dict.fromkeys(DATES, date_key)
    | dict.fromkeys(TIMES, time_key)
    | dict.fromkeys(NUMBERS, number_key),
).map(lambda all_of_them: dict(list(all_of_them.items())[:3]))


#: Names that are all alike, so that a key often matches one, or almost.
like_names = st.fixed_dictionaries(
    dict.fromkeys(("PatientName", "ReferringPhysicianName"), st.text("aA^= é", max_size=5))
)
name_keys = st.fixed_dictionaries({"PatientName": st.text("a^=É*?", max_size=4)})


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
            one.sop_instance_uid for one in records if matcher.matches(data_set(**one.attributes))
        ]
        answer = found(
            self.index,
            identifier("IMAGE", **asked),
            "SOPInstanceUID",
            root=Root.STUDY,
            relational=True,
            match=options,
        )
        self.assertEqual(sorted(wanted), answer)


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
