"""Wild card matching in linear space and without backtracking bombs (PS3.4 C.2.2.2.4)."""

from __future__ import annotations


def has_wildcards(text: str) -> bool:
    """Whether a text has ``*`` or ``?``."""
    return "*" in text or "?" in text


def wildcard_match(pattern: str, text: str) -> bool:
    """Whether a whole text matches: ``*`` is any characters or none, ``?`` is exactly one.

    The last ``*`` that was met is the only one that is ever tried again, so that the effort is the
    product of the two lengths at worst, however many there are.

    :param pattern: compared with case.
    :param text: the value.
    """
    at_pattern = at_text = 0
    star, after_star = -1, 0
    while at_text < len(text):
        wanted = pattern[at_pattern] if at_pattern < len(pattern) else ""
        if wanted == "*":
            star, after_star = at_pattern, at_text
            at_pattern += 1
        elif wanted in ("?", text[at_text]):
            at_pattern += 1
            at_text += 1
        elif star >= 0:
            after_star += 1
            at_pattern, at_text = star + 1, after_star
        else:
            return False
    return pattern.count("*", at_pattern) == len(pattern) - at_pattern
