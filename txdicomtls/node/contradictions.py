"""What is wrong between the keys of a configuration, each of which is right by itself.

Everything here looks at the bare document and not at the model, because these problems, too, are to
be found when the model has already failed for another reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from txdicomtls.errors import ConfigurationProblem
from txdicomtls.node.problems import key_path
from txdicomtls.node.service_sections import BY_SECTION

Document = Mapping[str, object]
Problems = Iterator[ConfigurationProblem]


def contradictions(document: Document) -> Problems:
    """Find them.

    :param document: what TOML has; nothing of it has been checked.
    """
    yield from _missing_tls_sections(document)
    yield from _ports_in_use_twice(document)
    yield from _peers_named_twice(document)
    yield from _services_without_section(document)
    yield from _unknown_destinations(document)
    yield from _shared_by_nodes(document)


def _missing_tls_sections(document: Document) -> Problems:
    sections = document.get("tls", {})
    if not isinstance(sections, dict):
        return
    for index, listen in _tables(document, "listen"):
        yield from _missing_tls_section(sections, f"listen[{index}].tls", listen)
    for index, peer in _tables(document, "peer"):
        if "host" not in peer:
            continue
        key = f"peer[{index}].tls"
        yield from _missing_tls_section(sections, key, peer)
        section = sections.get(_text(peer.get("tls", "default")))
        if isinstance(section, dict) and not (section.get("trust") or section.get("pinned")):
            yield ConfigurationProblem(
                key, "that section trusts nobody, and this peer is to be called with it"
            )


def _missing_tls_section(
    sections: Mapping[str, object], key: str, table: Mapping[str, object]
) -> Problems:
    name = table.get("tls", "default")
    if isinstance(name, str) and name not in sections:
        known = ", ".join(f"[{key_path(('tls', section))}]" for section in sections)
        yield ConfigurationProblem(
            key,
            f"there is no section [{key_path(('tls', name))}]"
            + (f", only {known}" if known else ""),
        )


def _ports_in_use_twice(document: Document) -> Problems:
    taken: list[tuple[int, int, str]] = []
    for index, listen in _tables(document, "listen"):
        port, interface = listen.get("port"), listen.get("interface", "")
        if not isinstance(port, int) or not isinstance(interface, str) or port == 0:
            continue  # wrong for another reason; or 0, which asks for any free port
        for other, other_port, other_interface in taken:
            if port == other_port and _overlap(interface, other_interface):
                yield ConfigurationProblem(
                    f"listen[{index}].port", f"port {port} is taken by listen[{other}] already"
                )
                break
        taken.append((index, port, interface))


def _overlap(one: str, other: str) -> bool:
    if one == other or "::" in (one, other):  # "::" takes IPv4 too
        return True
    every_ipv4 = ("", "0.0.0.0")  # noqa: S104  # compared with, not listened on
    return (one in every_ipv4 or other in every_ipv4) and ":" not in one + other


def _peers_named_twice(document: Document) -> Problems:
    named: dict[str, int] = {}
    for index, peer in _tables(document, "peer"):
        title = peer.get("ae_title")
        if isinstance(title, str) and named.setdefault(title.strip(" "), index) != index:
            yield ConfigurationProblem(
                f"peer[{index}].ae_title", f"peer[{named[title.strip(' ')]}] has this title already"
            )


def _services_without_section(document: Document) -> Problems:
    offer = _table(document, "services").get("offer")
    for index, name in enumerate(offer if isinstance(offer, list) else []):
        section = BY_SECTION.get(name) if isinstance(name, str) else None
        if section is not None and section not in document:
            yield ConfigurationProblem(
                f"services.offer[{index}]", f"there is no section [{section}]"
            )


def _unknown_destinations(document: Document) -> Problems:
    callable_peers = {
        _text(peer.get("ae_title")) for _, peer in _tables(document, "peer") if "host" in peer
    }
    ourselves = _text(_table(document, "node").get("ae_title"))
    named = [
        (f"forward[{index}].to", forward.get("to"))
        for index, forward in _tables(document, "forward")
    ]
    steps = _table(document, "procedure_steps").get("forward_to")
    for key, value in (*named, ("procedure_steps.forward_to", steps)):
        for each in value if isinstance(value, list) else [value]:
            title = _text(each)
            if title and title == ourselves:
                yield ConfigurationProblem(key, "a node does not forward to itself")
            elif title and title not in callable_peers:
                yield ConfigurationProblem(key, f"there is no [[peer]] {title!r} with a host")


def _shared_by_nodes(document: Document) -> Problems:
    url = _table(document, "index").get("url", "sqlite")
    archive = _table(document, "archive")
    if "shared_as" in archive and archive.get("duplicates") == "replace":
        yield ConfigurationProblem(
            "archive.duplicates",
            'where several nodes share an archive, none may replace instances: "refuse" or '
            '"keep-both" them',
        )
    if "shared_as" in archive and _text(url).startswith("sqlite"):
        yield ConfigurationProblem(
            "archive.shared_as", "nodes that share an archive need an [index] in PostgreSQL"
        )


def _text(value: object) -> str:
    """A text without spaces around it; empty for what is none."""
    return value.strip(" ") if isinstance(value, str) else ""


def _table(document: Document, name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _tables(document: Document, name: str) -> Iterator[tuple[int, dict[str, object]]]:
    entries = document.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry
