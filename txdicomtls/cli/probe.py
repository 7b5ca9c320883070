"""The command ``txdicomtls probe``: finds out how a node secures its links, without its help."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from twisted.internet.endpoints import HostnameEndpoint

from txdicomtls.cli.link import LinkOptions, console, link_options, run
from txdicomtls.cli.probe_association import AssociationFacts, ask_for_association
from txdicomtls.cli.probe_tables import print_tables
from txdicomtls.interfaces import IReactor
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    PROFILES,
    Credentials,
    FilePassword,
    PromptPassword,
    Security,
    Trust,
    load_credentials,
    load_trust,
)
from txdicomtls.tls.probe import probe as probe_server
from txdicomtls.tls.probe_facts import Facts
from txdicomtls.tls.probe_report import plain, satisfies


@click.command()
@link_options
@click.option(
    "--associate", is_flag=True, help="Ask for an association too; needs what echo needs."
)
@click.option(
    "--require",
    metavar="PROFILE",
    type=click.Choice(sorted(PROFILES)),
    help=f"Fail unless the node satisfies it: {', '.join(sorted(PROFILES))}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def probe(link: LinkOptions, *, associate: bool, require: str | None, as_json: bool) -> None:
    """Find out what the node at HOST:PORT speaks, and how it secures its links.

    Connects again and again, twice at a time and some hundred times where much is
    accepted, and asks for one version, cipher suite or group of TLS after the other.
    Nothing is sent but handshakes, and with --associate one association request.

    Exits 0 if TLS is spoken and, with --require, the profile is satisfied; else 1.

    \b
    Examples:
      txdicomtls probe pacs.example:2762
      txdicomtls probe pacs.example --ca ca.crt --require bcp195-rfc9325
      txdicomtls probe pacs.example --ca ca.crt --cert ws.crt --key ws.key \\
          --associate --called PACS --calling WORKSTATION --json
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    if associate and _authorities(link) is None:
        raise click.UsageError("--associate needs --ca, and mostly --cert and --key")
    if link.private_key and not link.certificate:
        raise click.UsageError("--key needs --cert")

    async def work(reactor: IReactor) -> bool:
        trust, credentials = await _load(reactor, link)
        facts = await _probe(reactor, link, trust, credentials)
        failures = {name: satisfies(facts, profile) for name, profile in PROFILES.items()}
        association = None
        if associate and trust is not None and facts.speaks == "TLS":
            security = Security(profile=DEFAULT_PROFILE, trust=trust, credentials=credentials)
            association = await ask_for_association(reactor, link, security)
        if as_json:
            click.echo(_json(facts, failures, association))
        else:
            print_tables(console(), facts, failures, association)
        if require is not None and failures[require]:
            for problem in failures[require]:
                click.echo(f"txdicomtls: {require} is not satisfied: {problem}", err=True)
            return False
        return facts.speaks == "TLS"

    run(work)


# To look at a node nobody needs certificates, not even those of its authority.
for _parameter in probe.params:
    if _parameter.name == "trust":
        _parameter.required = False


def _authorities(link: LinkOptions) -> Path | None:
    return link.trust


async def _load(reactor: IReactor, link: LinkOptions) -> tuple[Trust | None, Credentials | None]:
    """Read the files once, for all the connections."""
    in_thread = in_thread_of(reactor)
    authorities = _authorities(link)
    trust = None
    if authorities is not None:
        trust = await load_trust([authorities], in_thread=in_thread)
    if link.certificate is None:
        return trust, None
    password = (
        FilePassword(link.password_file, in_thread)
        if link.password_file
        else PromptPassword(in_thread)
    )
    credentials = await load_credentials(
        link.certificate,
        link.private_key,
        password,
        in_thread=in_thread,
        profile=DEFAULT_PROFILE,
    )
    return trust, credentials


async def _probe(
    reactor: IReactor, link: LinkOptions, trust: Trust | None, credentials: Credentials | None
) -> Facts:
    """Probe, and show on a terminal that it goes on."""
    screen = Console(stderr=True, highlight=False)
    with Progress(
        SpinnerColumn(),
        TextColumn("probing, {task.completed} connections"),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as progress:
        task = progress.add_task("connections", total=None)
        return await probe_server(
            HostnameEndpoint(reactor, link.host, link.port, timeout=link.timeout),
            reactor,
            host=link.host,
            port=link.port,
            now=datetime.now(UTC),
            timeout=link.timeout,
            trust=trust,
            credentials=credentials,
            made=lambda count: progress.update(task, completed=count),
        )


def _json(
    facts: Facts, failures: Mapping[str, tuple[str, ...]], association: AssociationFacts | None
) -> str:
    profiles = {
        name: {
            "section": PROFILES[name].section,
            "satisfied": not problems,
            "problems": list(problems),
        }
        for name, problems in failures.items()
    }
    found = {
        **plain(facts),
        "profiles": profiles,
        "association": None if association is None else plain(association),
    }
    return json.dumps(found, indent=2, ensure_ascii=False)
