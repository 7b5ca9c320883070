"""What to install from PyPI beside Debian's pyOpenSSL and cryptography, as files for pip.

``requirements.py PYPROJECT REQUIREMENTS CONSTRAINTS`` writes the dependencies of the project but
for the two that Debian has, and forbids pip to replace these by newer ones.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

#: These come from Debian, linked to whatever libssl is found first.
DEBIAN = ("cryptography", "pyopenssl")


def main() -> None:
    """Write both files."""
    pyproject, requirements, constraints = map(Path, sys.argv[1:])
    wanted = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    # The extra of Twisted stands for pyOpenSSL, of a version that Debian does not have.
    others = [
        re.sub(r"\[.*\]", "", line) for line in wanted if re.split(r"\W", line)[0] not in DEBIAN
    ]
    requirements.write_text("\n".join([*others, ""]))
    constraints.write_text("".join(f"{name}=={version(name)}\n" for name in DEBIAN))


if __name__ == "__main__":
    main()
