"""Data sets: walked as they pass, small ones to pydicom and back, matched (PS3.5, PS3.4 C.2)."""

from __future__ import annotations

from txdicomtls.dataset.attributes import decode_attributes
from txdicomtls.dataset.dates import Range, moments
from txdicomtls.dataset.keys import Key, Matching, parse_key, parse_keys
from txdicomtls.dataset.levels import WalkLimits, Wanted
from txdicomtls.dataset.matching import DateTimeRange, Matcher, MatchOptions, matches
from txdicomtls.dataset.names import name_groups, name_matches
from txdicomtls.dataset.projection import project
from txdicomtls.dataset.small import SMALL, decode, encode, is_quick
from txdicomtls.dataset.text import character_sets, decode_text, encode_text
from txdicomtls.dataset.walker import Walker
from txdicomtls.dataset.wildcards import wildcard_match

__all__ = [
    "SMALL",
    "DateTimeRange",
    "Key",
    "MatchOptions",
    "Matcher",
    "Matching",
    "Range",
    "WalkLimits",
    "Walker",
    "Wanted",
    "character_sets",
    "decode",
    "decode_attributes",
    "decode_text",
    "encode",
    "encode_text",
    "is_quick",
    "matches",
    "moments",
    "name_groups",
    "name_matches",
    "parse_key",
    "parse_keys",
    "project",
    "wildcard_match",
]
