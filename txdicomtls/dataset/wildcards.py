"""Wild card matching without backtracking (PS3.4 C.2.2.2.4).

A pattern is cut at its ``*`` into segments.  The first has to be where the value begins and the
last where it ends; each one between them is taken at the first place where it fits after the one
before, because a later place could never leave more room for the rest.  So no decision is ever
taken back: the effort is that of finding each segment once.
"""

from __future__ import annotations


def has_wildcards(text: str) -> bool:
    """Whether a text has ``*`` or ``?``."""
    return "*" in text or "?" in text


def wildcard_match(pattern: str, text: str) -> bool:
    """Whether a whole text matches: ``*`` is any characters or none, ``?`` is exactly one.

    The effort grows with the length of the text, and where a segment has a ``?`` with the product
    of the two lengths at worst.

    :param pattern: compared with case.
    :param text: the value.
    """
    first, *others = pattern.split("*")
    if not others:
        return len(first) == len(text) and _fits(first, text, 0)
    *between, last = others
    at, end = len(first), len(text) - len(last)
    if at > end or not _fits(first, text, 0) or not _fits(last, text, end):
        return False
    for segment in between:
        found = _find(segment, text, at, end)
        if found < 0:
            return False
        at = found + len(segment)
    return True


def _find(segment: str, text: str, at: int, end: int) -> int:
    """The first place at or after one, and wholly before another, where a segment fits; or -1."""
    if "?" not in segment:
        return text.find(segment, at, end)
    places = range(at, end - len(segment) + 1)
    return next((place for place in places if _fits(segment, text, place)), -1)


def _fits(segment: str, text: str, at: int) -> bool:
    if "?" not in segment:
        return text.startswith(segment, at)
    return all(wanted in ("?", text[place]) for place, wanted in enumerate(segment, start=at))
