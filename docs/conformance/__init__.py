"""Write the tables of the conformance statement by asking the code that negotiates.

``write(directory)`` makes the parts that ``docs/conformance.md`` includes.  No table is typed: the
services of a node are made as the daemon makes them, every SOP class is proposed to them in every
transfer syntax and role, and what they answer is what stands in the tables.  A service of which
nobody has said what it is called here makes the build fail.
"""

from __future__ import annotations

from pathlib import Path

from conformance import associations, identities, keys, security, services

PARTS = {
    "associations": associations.lines,
    "character-sets": keys.character_sets,
    "identities": identities.lines,
    "keys": keys.lines,
    "overview": services.overview,
    "security": security.lines,
    "services": services.lines,
}


def write(directory: Path) -> None:
    """Write the files, ``conformance-*.md``.

    :param directory: made if it is not there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name, part in PARTS.items():
        text = "\n".join(part()) + "\n"
        (directory / f"conformance-{name}.md").write_text(text, encoding="utf-8")
