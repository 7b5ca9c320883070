"""The sections ``[archive]`` and ``[index]``: how instances are kept, and how they are found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, ValidationInfo
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from txdicomtls.archive import Layout
from txdicomtls.archive.names import FAN_OUT_PATTERN
from txdicomtls.node.fields import Section, Size
from txdicomtls.node.tls_sections import PasswordSection

#: The name of the SQLite database that a configuration without any other uses.
INDEX_FILE = "index.sqlite"


def _layout(pattern: str) -> str:
    Layout(pattern)
    return pattern


def _url(text: str, info: ValidationInfo) -> str:
    """Check the URL of a database, and make the path of a file one from the configuration on."""
    if text == "sqlite":
        return text
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(
            'must be "sqlite", or a URL as "sqlite:///index.sqlite" or "postgresql://user@host/name"'
        )
    if url.password is not None:
        raise ValueError("has a password in it: say in password where that comes from")
    if backend == "postgresql":
        return text
    if not url.database or url.database == ":memory:" or url.query:
        raise ValueError("must name a file, and nothing else")
    directory = (info.context or {}).get("directory", ".")
    return f"sqlite:///{Path(directory, url.database)}"


class ArchiveSection(Section):
    """``[archive]``: how instances are kept."""

    sync: StrictBool = True
    layout: Annotated[str, AfterValidator(_layout)] = FAN_OUT_PATTERN
    duplicates: Literal["refuse", "keep-both", "replace"] = "refuse"
    low_space: Size = 268435456
    shared_as: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None


class IndexSection(Section):
    """``[index]``: the database that knows what is kept."""

    url: Annotated[str, AfterValidator(_url)] = "sqlite"
    password: PasswordSection | None = None

    @property
    def is_shareable(self) -> bool:
        """Whether several nodes can use it."""
        return not self.url.startswith("sqlite")
