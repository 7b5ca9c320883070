"""The configuration of a node: what a file may say, and all that is wrong with one that does not.

Each class is a section of the file and each of its fields a key; the names are
the same.  A value here has been checked as far as it can be without a network,
a password or a secret: files exist, names refer to something, numbers make sense.
``docs/configuration.md`` says what each key is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictBool, ValidationError

from txdicomtls.errors import ConfigurationError, ConfigurationProblem
from txdicomtls.node.access_sections import IdentitySection, PeerSection
from txdicomtls.node.fields import (
    UID,
    AETitle,
    Count,
    Directory,
    Interface,
    Port,
    Seconds,
    Section,
)
from txdicomtls.node.problems import key_path, read_toml, translate
from txdicomtls.node.tls_sections import TLSSection


class NodeSection(Section):
    """``[node]``: who the node is and where it keeps what it receives."""

    ae_title: AETitle
    data: Directory
    accept_any_called_ae_title: StrictBool = False
    private_sop_classes: tuple[UID, ...] = ()


class ArchiveSection(Section):
    """``[archive]``: how safe an instance is when it is acknowledged."""

    sync: StrictBool = True


class ListenSection(Section):
    """``[[listen]]``: one address and port to accept associations at."""

    port: Port
    interface: Interface = ""
    tls: str = "default"


class LimitsSection(Section):
    """``[limits]``: how much the node takes on, and how long it waits."""

    associations: Count = 100
    unauthenticated: Count = 64
    maximum_length: Annotated[int, Field(strict=True, ge=4096, le=16777216)] = 131072
    object_size: Annotated[int, Field(strict=True, ge=1)] | None = None
    handshake: Seconds = 10.0
    artim: Seconds = 30.0
    idle: Seconds = 60.0
    closing: Seconds = 5.0


class ReloadSection(Section):
    """``[reload]``: when the files of ``[tls.NAME]`` are read again."""

    on_change: StrictBool = True
    every: Seconds = 10.0


class Configuration(Section):
    """A whole configuration; :func:`load_configuration` reads one from a file."""

    node: NodeSection
    archive: ArchiveSection = ArchiveSection()
    tls: dict[str, TLSSection] = Field(default_factory=dict)
    listen: Annotated[tuple[ListenSection, ...], Field(min_length=1)]
    peer: tuple[PeerSection, ...] = ()
    identity: IdentitySection = IdentitySection()
    limits: LimitsSection = LimitsSection()
    reload: ReloadSection = ReloadSection()


def load_configuration(path: Path) -> Configuration:
    """Read and check a configuration; nothing is changed, made or opened for longer than that.

    It reads files, so a running node calls it in a thread.

    :param path: a TOML file; the paths in it are relative to the directory it is in.
    :raises txdicomtls.errors.ConfigurationError: the file cannot be read or used; holds
        every problem that was found.
    """
    document = read_toml(path)
    problems: list[ConfigurationProblem] = []
    configuration = None
    try:
        configuration = Configuration.model_validate(document, context={"directory": path.parent})
    except ValidationError as error:
        problems += translate(error, Configuration)
    wrong_already = {problem.key for problem in problems}
    problems += [each for each in _contradictions(document) if each.key not in wrong_already]
    if configuration is None or problems:
        raise ConfigurationError(path, problems)
    return configuration


def _contradictions(document: Mapping[str, object]) -> Iterator[ConfigurationProblem]:
    # Looks at the bare document, because these problems, too, are to be
    # found when the model has already failed for another reason.
    yield from _missing_tls_sections(document)
    yield from _ports_in_use_twice(document)
    yield from _peers_named_twice(document)


def _missing_tls_sections(document: Mapping[str, object]) -> Iterator[ConfigurationProblem]:
    sections = document.get("tls", {})
    for index, listen in _tables(document, "listen"):
        name = listen.get("tls", "default")
        if isinstance(sections, dict) and isinstance(name, str) and name not in sections:
            known = ", ".join(f"[{key_path(('tls', section))}]" for section in sections)
            yield ConfigurationProblem(
                f"listen[{index}].tls",
                f"there is no section [{key_path(('tls', name))}]"
                + (f", only {known}" if known else ""),
            )


def _ports_in_use_twice(document: Mapping[str, object]) -> Iterator[ConfigurationProblem]:
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


def _peers_named_twice(document: Mapping[str, object]) -> Iterator[ConfigurationProblem]:
    named: dict[str, int] = {}
    for index, peer in _tables(document, "peer"):
        title = peer.get("ae_title")
        if isinstance(title, str) and named.setdefault(title.strip(" "), index) != index:
            yield ConfigurationProblem(
                f"peer[{index}].ae_title", f"peer[{named[title.strip(' ')]}] has this title already"
            )


def _tables(document: Mapping[str, object], name: str) -> Iterator[tuple[int, dict[str, object]]]:
    entries = document.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry
