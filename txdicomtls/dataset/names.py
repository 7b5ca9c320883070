"""Person names as they are compared: by component group, without regard to case (PS3.5 6.2.1)."""

from __future__ import annotations

import unicodedata

from txdicomtls.dataset.wildcards import has_wildcards, wildcard_match

#: Alphabetic, ideographic and phonetic.
_MOST_GROUPS = 3
#: Family name complex, given name complex, middle name, prefix, suffix.
_MOST_COMPONENTS = 5


def name_groups(text: str) -> tuple[str, ...]:
    """The component groups of a name in the form in which they are compared.

    Case is folded and canonical equivalents are composed, but diacritics are kept.  Spaces around
    components mean nothing, nor do delimiters at the end of a group.

    :param text: one person name.
    :return: at most three groups, without empty ones at the end.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    groups = [_group(part) for part in folded.split("=")[:_MOST_GROUPS]]
    while groups and not groups[-1]:
        groups.pop()
    return tuple(groups)


def _group(text: str) -> str:
    return "^".join(part.strip(" ") for part in text.split("^")).rstrip("^")


def name_matches(key: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether a name matches a key; both as :func:`name_groups` gives them.

    Each group of the key that is not empty has to match the same group of the name.  A key of
    one group only may match any group: who types a name does not know which group it is kept in.
    """
    if len(key) == 1:
        return any(_group_matches(key[0], group) for group in name or ("",))
    padded = name + ("",) * (_MOST_GROUPS - len(name))
    return all(
        _group_matches(wanted, group) for wanted, group in zip(key, padded, strict=False) if wanted
    )


def _group_matches(wanted: str, group: str) -> bool:
    if not has_wildcards(wanted):
        return wanted == group
    # Delimiters at the end may be there or not, and a wild card may stand for them.
    whole = group + "^" * (_MOST_COMPONENTS - 1 - group.count("^"))
    return wildcard_match(wanted, group) or wildcard_match(wanted, whole)
