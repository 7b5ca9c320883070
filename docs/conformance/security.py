"""The secure transport connection profiles (PS3.15 B)."""

from __future__ import annotations

from collections.abc import Iterator

from profile_table import status, versions

from conformance.markdown import code, table
from txdicomtls.tls import PROFILES


def lines() -> Iterator[str]:
    """One row for each profile."""
    yield from table(
        ("profile", "section", "title", "status", "TLS", "cipher suites"),
        (
            (
                code(profile.name),
                profile.section,
                profile.title,
                status(profile),
                versions(profile),
                str(len(profile.suites)),
            )
            for profile in PROFILES.values()
        ),
    )
