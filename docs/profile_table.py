"""Write the tables of the security profiles from the data that the code runs on.

``write(directory)`` makes ``profiles.md``: all profiles in one table, and the suites
of each in order.  What the OpenSSL of the build can do is left out: it is not the
reader's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from txdicomtls.tls.profile import Profile
from txdicomtls.tls.profiles import DEFAULT_PROFILE, PROFILES


def row(cells: Iterable[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def code(names: Iterable[str]) -> str:
    """Names as they are typed."""
    return ", ".join(f"`{name}`" for name in names)


def status(profile: Profile) -> str:
    """Whether it is the default, current or retired."""
    if profile.retired:
        return "retired"
    return "the default" if profile is DEFAULT_PROFILE else "current"


def versions(profile: Profile) -> str:
    """The versions of TLS, as "1.2, 1.3"."""
    names = (version.name.removeprefix("TLS_") for version in profile.versions)
    return ", ".join(name.replace("_", ".") for name in names)


def shortest(profile: Profile) -> str:
    """The floors of keys, in bits."""
    lengths = [f"RSA {profile.rsa_bits}", f"EC {profile.ec_bits}"]
    if profile.dh_bits:
        lengths.append(f"DH {profile.dh_bits}")
    return ", ".join(lengths)


def overview() -> Iterator[str]:
    """All profiles, one in a line."""
    heads = ("Profile", "Section", "Status", "TLS", "Shortest keys, bits", "Certificates' hashes")
    yield row(heads)
    yield row("---" for _ in heads)
    for profile in PROFILES.values():
        yield row(
            (
                f"[`{profile.name}`](#{profile.name})",
                f"{profile.section}, {profile.title}",
                status(profile),
                versions(profile),
                shortest(profile),
                ", ".join(sorted(profile.signature_hashes)),
            )
        )


def suites(profile: Profile) -> Iterator[str]:
    """The suites of one profile in order, and what each gives."""
    heads = ("", "Suite", "OpenSSL", "Key exchange", "Proof", "Encryption", "Integrity", "")
    yield row(heads)
    yield row("---" for _ in heads)
    for index, suite in enumerate(profile.suites):
        yield row(
            (
                str(index),
                f"`{suite.iana_name}`",
                f"`{suite.openssl_name}`" if suite.openssl_name else "never had it",
                suite.key_exchange or "by group",
                suite.authentication or "any",
                suite.encryption,
                suite.integrity,
                "optional" if suite.iana_name in profile.optional else "",
            )
        )


def chapter(profile: Profile) -> Iterator[str]:
    """One profile."""
    yield f"### `{profile.name}`"
    yield ""
    yield (
        f"{profile.section}, {profile.title}; {status(profile)}. Groups: {code(profile.groups)}. "
        f"OpenSSL's security level is {profile.security_level}."
        + (" The standard permits no other suites." if profile.exclusive else "")
    )
    yield ""
    yield from suites(profile)
    yield ""


def write(directory: Path) -> None:
    """Write the file.

    :param directory: made if it is not there.
    """
    lines = [*overview(), "", "## Suites of each", ""]
    for profile in PROFILES.values():
        lines += chapter(profile)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "profiles.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
