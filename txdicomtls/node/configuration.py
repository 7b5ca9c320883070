"""The configuration of a node: what a file may say, and all that is wrong with one that does not.

Each class is a section of the file and each of its fields a key; the names are
the same.  A value here has been checked as far as it can be without a network,
a password or a secret: files exist, names refer to something, numbers make sense.
``docs/configuration.md`` says what each key is for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictBool, ValidationError

from txdicomtls.errors import ConfigurationError, ConfigurationProblem
from txdicomtls.node.access_sections import IdentitySection, PeerSection
from txdicomtls.node.archive_sections import ArchiveSection, IndexSection
from txdicomtls.node.contradictions import contradictions
from txdicomtls.node.fields import (
    UID,
    AETitle,
    Directory,
    Interface,
    Port,
    Seconds,
    Section,
)
from txdicomtls.node.limit_sections import LimitsSection
from txdicomtls.node.problems import read_toml, translate
from txdicomtls.node.service_sections import (
    DeliverySection,
    ForwardSection,
    ProcedureStepsSection,
    ServicesSection,
    WorklistSection,
)
from txdicomtls.node.tls_sections import TLSSection


class NodeSection(Section):
    """``[node]``: who the node is and where it keeps what it receives."""

    ae_title: AETitle
    data: Directory
    accept_any_called_ae_title: StrictBool = False
    private_sop_classes: tuple[UID, ...] = ()


class ListenSection(Section):
    """``[[listen]]``: one address and port to accept associations at."""

    port: Port
    interface: Interface = ""
    tls: str = "default"


class ReloadSection(Section):
    """``[reload]``: when the files of ``[tls.NAME]`` are read again."""

    on_change: StrictBool = True
    every: Seconds = 10.0


class Configuration(Section):
    """A whole configuration; :func:`load_configuration` reads one from a file."""

    node: NodeSection
    archive: ArchiveSection = ArchiveSection()
    index: IndexSection = IndexSection()
    tls: dict[str, TLSSection] = Field(default_factory=dict)
    listen: Annotated[tuple[ListenSection, ...], Field(min_length=1)]
    peer: tuple[PeerSection, ...] = ()
    identity: IdentitySection = IdentitySection()
    services: ServicesSection = ServicesSection()
    worklist: WorklistSection | None = None
    procedure_steps: ProcedureStepsSection | None = None
    forward: tuple[ForwardSection, ...] = ()
    delivery: DeliverySection = DeliverySection()
    limits: LimitsSection = LimitsSection()
    reload: ReloadSection = ReloadSection()

    @property
    def offered(self) -> frozenset[str]:
        """The names of the services that are offered."""
        return self.services.offered(
            to_known_peers=bool(self.peer),
            sections=frozenset(
                name for name in ("worklist", "procedure_steps") if getattr(self, name) is not None
            ),
        )


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
    problems += [each for each in contradictions(document) if each.key not in wrong_already]
    if configuration is None or problems:
        raise ConfigurationError(path, problems)
    return configuration
