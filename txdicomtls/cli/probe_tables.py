"""What a probe has found out, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from txdicomtls.cli.probe_association import AssociationFacts
from txdicomtls.probe.facts import ChainFacts, Facts, Reaction, VersionFacts
from txdicomtls.tls.names import printable
from txdicomtls.tls.profiles import PROFILES, Preference

#: The server name that nobody has: what became of it, in words.
_NAME_REACTIONS = {
    Reaction.TAKEN: "is served",
    Reaction.PASSED_OVER: "is served, with the warning unrecognized_name",
    Reaction.REFUSED: "is refused",
    Reaction.UNKNOWN: "not known",
}

_PROTOCOL_REACTIONS = {
    Reaction.TAKEN: "chosen",
    Reaction.PASSED_OVER: "not acknowledged",
    Reaction.REFUSED: "refused",
    Reaction.UNKNOWN: "not known",
}

#: Failures of a profile that are listed; --json has them all.
_MOST_FAILURES = 6

_PREFERENCES = {Preference.SERVER: "the server's", Preference.CLIENT: "the client's"}


def print_tables(
    terminal: Console,
    facts: Facts,
    failures: Mapping[str, tuple[str, ...]],
    association: AssociationFacts | None,
) -> None:
    """Print all that was found.

    :param failures: what the node fails of each profile, by the name of the profile.
    :param association: what it agreed to, where it was asked.
    """
    terminal.print(_node(facts))
    if facts.versions:
        terminal.print(_versions(facts.versions))
    for number, chain in enumerate(facts.chains, 1):
        title = f"certificates, chain {number}" if len(facts.chains) > 1 else "certificates"
        terminal.print(_chain(title, chain))
    if association is not None:
        terminal.print(_association(association))
    terminal.print(_profiles(failures))


def _rows(title: str, rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            # As text, because a peer has had a say in it and rich has a markup.
            table.add_row(Text(name), Text(printable(value)))
    return table


def _node(facts: Facts) -> Table:
    rows = [("speaks", facts.speaks), ("", facts.explanation)]
    if facts.speaks == "TLS":
        versions = ", ".join(each.version.label for each in facts.versions)
        rows += [
            ("versions", versions or "none that is known"),
            ("prefers", facts.prefers.label if facts.prefers else ""),
            ("client certificate", facts.client_certificate.value),
            ("it may be from", "; ".join(facts.authorities)),
            ("ALPN dicom", _PROTOCOL_REACTIONS[facts.alpn_dicom]),
            ("ALPN, another", _PROTOCOL_REACTIONS[facts.alpn_other]),
            ("an unknown name", _NAME_REACTIONS[facts.unknown_name]),
            ("a second handshake", facts.resumption.value),
        ]
    rows += [("connections", str(facts.connections))]
    rows += [("remark", remark) for remark in facts.remarks]
    return _rows(f"{facts.host} port {facts.port}", rows)


def _versions(versions: Iterable[VersionFacts]) -> Table:
    table = Table(title="versions of TLS", title_justify="left", box=box.SQUARE, show_lines=True)
    table.add_column("version", no_wrap=True)
    table.add_column("cipher suites", overflow="fold")
    table.add_column("key exchange", overflow="fold")
    table.add_column("more", overflow="fold")
    for each in versions:
        exchange = list(each.groups)
        if each.dhe_bits:
            exchange.append(f"DHE of {each.dhe_bits} bits")
        more = [f"order: {_PREFERENCES[each.preference]}"] if each.preference else []
        more += ["compresses"] if each.compression else []
        for name, known in (
            ("renegotiation_info", each.renegotiation_info),
            ("extended_master_secret", each.extended_master_secret),
        ):
            more += [] if known is None else [f"{name}: {'yes' if known else 'no'}"]
        table.add_row(
            each.version.label,
            Text("\n".join(each.suites)),
            Text("\n".join(exchange)),
            Text("\n".join(more)),
        )
    return table


def _chain(title: str, chain: ChainFacts) -> Table:
    rows = []
    for each in chain.certificates:
        described = each.description
        key = f"{described.key.name}, {described.key.bits} bits"
        signed = f", signed with {each.signature_hash}" if each.signature_hash else ""
        days = f"{each.days_left} days left" if each.days_left >= 0 else "expired"
        rows += [
            ("subject", described.subject or "nobody"),
            ("  issuer", described.issuer),
            (
                "  valid",
                f"{described.not_before:%Y-%m-%d} to {described.not_after:%Y-%m-%d}, {days}",
            ),
            ("  names", ", ".join(described.names)),
            ("  key", key + signed),
            ("  SHA-256", described.sha256),
        ]
    if chain.is_trusted is not None:
        rows.append(("trusted", "yes" if chain.is_trusted else "no"))
    rows += [("problem", problem) for problem in chain.problems]
    rows.append(("OCSP staple", chain.staple))
    return _rows(title, rows)


def _association(association: AssociationFacts) -> Table:
    length = association.maximum_length
    implementation = association.implementation_class_uid
    rows = [
        ("implementation", f"{association.implementation_version_name} {implementation}".strip()),
        ("maximum length", "not said" if length is None else str(length or "unlimited")),
        ("window", str(association.window)),
        *((name, "\n".join(syntaxes)) for name, syntaxes in association.contexts.items()),
        ("refused", ", ".join(association.refused)),
    ]
    return _rows("association", rows)


def _profiles(failures: Mapping[str, tuple[str, ...]]) -> Table:
    table = Table(title="security profiles", title_justify="left", box=box.SQUARE, show_lines=True)
    table.add_column("profile", no_wrap=True)
    table.add_column("section", no_wrap=True)
    table.add_column("satisfied", no_wrap=True)
    table.add_column("what it fails", overflow="fold")
    for name, problems in failures.items():
        listed = [printable(problem) for problem in problems[:_MOST_FAILURES]]
        if len(problems) > _MOST_FAILURES:
            listed.append(f"and {len(problems) - _MOST_FAILURES} more, which --json lists")
        table.add_row(
            name, PROFILES[name].section, "no" if problems else "yes", Text("\n".join(listed))
        )
    return table
