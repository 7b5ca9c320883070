"""The command ``txdicomtls probe``: finds out how a node secures its links, without its help."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from twisted.internet.endpoints import HostnameEndpoint

from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options_without_trust
from txdicomtls.cli.main import report_error
from txdicomtls.cli.probe_association import AssociationFacts, ask_for_association
from txdicomtls.cli.probe_tables import print_tables
from txdicomtls.cli.running import run
from txdicomtls.cli.terminal import console
from txdicomtls.errors import DicomTLSError, LinkError
from txdicomtls.interfaces import IReactor
from txdicomtls.probe.facts import Facts
from txdicomtls.probe.report import plain, satisfies
from txdicomtls.probe.survey import probe as probe_server
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import PROFILES, Security


@click.command()
@link_options_without_trust
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

    Exits 0 if TLS is spoken and what --require and --associate ask for is so; else 1.
    A profile is about versions, suites, groups and keys; that a certificate has
    expired, or is for another host, is shown and does not count.

    \b
    Examples:
      txdicomtls probe pacs.example:2762
      txdicomtls probe pacs.example --ca ca.crt --require bcp195-rfc9325
      txdicomtls probe pacs.example --ca ca.crt --cert ws.crt --key ws.key \\
          --associate --called PACS --calling WORKSTATION --json
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    if not link.trusts_someone and (associate or link.certificate):
        raise click.UsageError("--associate and --cert need --ca or --pinned as well.")

    async def work(reactor: IReactor) -> bool:
        in_thread = in_thread_of(reactor)
        # Read once for all the connections, so that a password is asked for once.
        security = await link.files(in_thread).load(in_thread) if link.trusts_someone else None
        facts = await _probe(reactor, link, security)
        failures = {name: satisfies(facts, profile) for name, profile in PROFILES.items()}
        association, refusal = None, None
        if associate and security is not None and facts.speaks == "TLS":
            try:
                association = await ask_for_association(reactor, link, security)
            except DicomTLSError as error:
                refusal = error  # what was found before is worth as much
        if as_json:
            click.echo(_json(facts, failures, association))
        else:
            print_tables(console(), facts, failures, association)
        unsatisfied = failures[require] if require is not None else ()
        for problem in unsatisfied:
            report_error(LinkError(f"{require} is not satisfied: {problem}"))
        if refusal is not None:
            report_error(refusal)
        return facts.speaks == "TLS" and not unsatisfied and refusal is None

    run(work)


async def _probe(reactor: IReactor, link: LinkOptions, security: Security | None) -> Facts:
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
            trust=security.trust if security else None,
            credentials=security.credentials if security else None,
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
