"""Tables and words for a page of MyST."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

_PARAMETER = re.compile(r":param (\w+): (.+?)(?=\n:|\Z)", re.DOTALL)
_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table, and the empty line after it."""
    first = list(heads)
    for cells in (first, ["---"] * len(first), *rows):
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
    yield ""


def code(*names: str) -> str:
    """Names as they are typed."""
    return ", ".join(f"`{name}`" for name in names)


def plain(text: str) -> str:
    """Some reST of a docstring as Markdown on one line."""
    return " ".join(_ROLE.sub(r"`\1`", text).replace("``", "`").split())


def parameters(described: type) -> dict[str, str]:
    """What the docstring of a class says of each of its parameters."""
    return {name: plain(text) for name, text in _PARAMETER.findall(inspect.getdoc(described) or "")}


def first_line(described: type) -> str:
    """The first sentence of the docstring of a class."""
    return plain((inspect.getdoc(described) or "").split("\n\n")[0])
