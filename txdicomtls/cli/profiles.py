"""The command ``txdicomtls profiles``: security profiles, and what OpenSSL here can do of them."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from txdicomtls.tls.capabilities import (
    available_suites,
    has_group,
    lacking_suites,
    missing_suites,
    openssl_version,
)
from txdicomtls.tls.profile import Preference, Profile
from txdicomtls.tls.profiles import DEFAULT_PROFILE, PROFILES, profile_named
from txdicomtls.tls.suites import SuiteDescription


def ability(profile: Profile) -> str:
    """Say what the OpenSSL in use can do of a profile: "all", "all but ..." or "refused: ..."."""
    missing = missing_suites(profile)
    if missing:
        return f"refused: lacks {', '.join(missing)}"
    lacking = lacking_suites(profile)
    return f"all but {len(lacking)} optional" if lacking else "all"


def overview(profiles: list[Profile]) -> Table:
    """All profiles, one in a line."""
    table = Table(box=None, pad_edge=False)
    for title in ("Profile", "Section", "TLS", "Suites", "Status"):
        table.add_column(title, no_wrap=True)
    table.add_column(f"OpenSSL {openssl_version()}", overflow="fold")
    for profile in profiles:
        table.add_row(
            profile.name,
            profile.section,
            versions_of(profile),
            str(len(profile.suites)),
            status_of(profile),
            ability(profile),
        )
    return table


def versions_of(profile: Profile) -> str:
    """The versions of TLS as a range, as "1.2-1.3"."""
    numbers = [version.name.removeprefix("TLS_").replace("_", ".") for version in profile.versions]
    return numbers[0] if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def status_of(profile: Profile) -> str:
    """Whether a profile is the default, current or retired."""
    if profile.retired:
        return "retired"
    return "default" if profile is DEFAULT_PROFILE else "current"


def facts(profile: Profile) -> list[tuple[str, str]]:
    """What there is to say of a profile besides its suites."""
    lacking = [name for name in profile.groups if not has_group(name)]
    groups = ", ".join(profile.groups)
    others = "no suite but these" if profile.exclusive else "others as strong may be listed"
    server = "the server's" if profile.preference is Preference.SERVER else "the client's"
    dh = f", Diffie-Hellman {profile.dh_bits} bits" if profile.dh_bits else ""
    return [
        ("Profile", f"{profile.name} ({status_of(profile)})"),
        ("Standard", f"{profile.section}, {profile.title}"),
        ("TLS", ", ".join(version.value for version in profile.versions)),
        ("Order", f"{server} decides; {others}"),
        ("Groups", groups + (f" (lacking here: {', '.join(lacking)})" if lacking else "")),
        ("Shortest keys", f"RSA {profile.rsa_bits} bits, EC {profile.ec_bits} bits{dh}"),
        ("Certificates", f"signed with {', '.join(sorted(profile.signature_hashes))}"),
        ("Handshake", f"signed with {', '.join(profile.signature_algorithms)}"),
        ("Security level", str(profile.security_level)),
        (f"OpenSSL {openssl_version()}", ability(profile)),
    ]


def facts_table(profile: Profile) -> Table:
    """One profile: the facts, each with its name."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts(profile):
        table.add_row(name, value)
    return table


def suites_table(profile: Profile) -> Table:
    """One profile: the suites in order, and what each gives."""
    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("Suite", no_wrap=True)
    for title in ("Key exchange", "Proof", "Encryption", "Integrity", "Here"):
        table.add_column(title, overflow="fold")
    for index, suite in enumerate(profile.suites):
        table.add_row(
            str(index),
            suite.iana_name,
            suite.key_exchange or "by group",
            suite.authentication or "any",
            suite.encryption,
            suite.integrity,
            presence(profile, suite),
        )
    return table


def presence(profile: Profile, suite: SuiteDescription) -> str:
    """Whether the OpenSSL in use has a suite: "yes", "no" or "no, optional"."""
    if suite.iana_name in available_suites():
        return "yes"
    return "no, optional" if suite.iana_name in profile.optional else "no"


def as_values(profile: Profile) -> dict[str, object]:
    """A profile for programs."""
    return {
        "name": profile.name,
        "section": profile.section,
        "title": profile.title,
        "status": status_of(profile),
        "retired": profile.retired,
        "versions": [version.value for version in profile.versions],
        "preference": profile.preference.value,
        "exclusive": profile.exclusive,
        "suites": [_suite_values(profile, suite) for suite in profile.suites],
        "groups": [{"name": name, "available": has_group(name)} for name in profile.groups],
        "rsa_bits": profile.rsa_bits,
        "ec_bits": profile.ec_bits,
        "dh_bits": profile.dh_bits,
        "signature_algorithms": list(profile.signature_algorithms),
        "signature_hashes": sorted(profile.signature_hashes),
        "security_level": profile.security_level,
        "openssl": {
            "version": openssl_version(),
            "usable": not missing_suites(profile),
            "missing": list(missing_suites(profile)),
            "lacking": list(lacking_suites(profile)),
        },
    }


def _suite_values(profile: Profile, suite: SuiteDescription) -> dict[str, object]:
    return {
        "code": f"0x{suite.code:04X}",
        "iana_name": suite.iana_name,
        "openssl_name": suite.openssl_name,
        "key_exchange": suite.key_exchange,
        "authentication": suite.authentication,
        "encryption": suite.encryption,
        "encryption_bits": suite.encryption_bits,
        "mode": suite.mode,
        "integrity": suite.integrity,
        "optional": suite.iana_name in profile.optional,
        "available": suite.iana_name in available_suites(),
    }


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def profiles(name: str | None, *, as_json: bool) -> None:
    """List the security profiles, or show the profile NAME in full.

    Says of each what the OpenSSL in use can do, and what it lacks.  A profile of which it lacks
    something required is refused when a node starts with it.

    \b
    Examples:
      txdicomtls profiles
      txdicomtls profiles bcp195-rfc9325-modified
      txdicomtls profiles basic --json
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    try:
        chosen = [profile_named(name)] if name else list(PROFILES.values())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from None
    if as_json:
        values = [as_values(profile) for profile in chosen]
        click.echo(json.dumps(values[0] if name else values, indent=2))
        return
    terminal = Console(highlight=False)
    if not name:
        terminal.print(overview(chosen))
        return
    terminal.print(facts_table(chosen[0]))
    terminal.print()
    terminal.print(suites_table(chosen[0]))
