"""The node that the statement is about: one that offers all it can, made as the daemon makes it.

It is the real configuration, the real services and the real factory; only nothing is kept behind
them, because negotiation asks no archive.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.access import AnyPeer
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import (
    IDestinations,
    IEventReceiver,
    IEventReporter,
    IInstanceReceiver,
    IInstanceSink,
    INormalizedProvider,
    IService,
)
from txdicomtls.net import AssociationFactory
from txdicomtls.node.access_sections import SERVICES
from txdicomtls.node.assembly import make_factory
from txdicomtls.node.configuration import Configuration, load_configuration
from txdicomtls.node.keeping import Keeping
from txdicomtls.node.services import NodeServices
from txdicomtls.scp import EventReports, Means, Normalized
from txdicomtls.scu import CommitmentListener

#: A SOP class for the services that are for any: the Printer (PS3.4 H.4.6).
PRINTER = "1.2.840.10008.5.1.1.16"

_CONFIGURATION = """
[node]
ae_title = "TXDICOM"
data = "data"
[services]
offer = [{services}]
[worklist]
folder = "worklist"
[procedure_steps]
[tls.default]
certificate = "node.crt"
private_key = "node.key"
trust = ["ca.crt"]
[[listen]]
port = 2762
"""


@implementer(IInstanceReceiver, IInstanceSink)
class _Nowhere:
    """Where instances go that nobody sends."""

    def receive(self, instance: IncomingInstance) -> _Nowhere:
        """Take it."""
        return self

    def write(self, data: memoryview) -> None:
        """Keep nothing of it."""

    def finish(self) -> Deferred[None]:
        """Nothing can go wrong."""
        return succeed(None)

    def discard(self) -> None:
        """There is nothing."""


class _Unasked:
    """An index that nobody asks."""

    tasks = procedure_steps = None


class _Nothing:
    """What is kept: nothing."""

    archive = _Nowhere()
    index = _Unasked()
    retrievals = None

    def syntaxes(self, sop_class_uid: str) -> list[str]:
        """As if something were kept in one that nobody prefers: so it shows who is asked."""
        return [uids.EXPLICIT_VR_BIG_ENDIAN]


def _in_thread(*_arguments: Any, **_more: Any) -> Any:  # noqa: ANN401  # stands for any call
    raise AssertionError("negotiation needs no thread")


def means() -> Means:
    """What services work with; nothing here needs any of it."""
    return Means(clock=Clock(), in_thread=_in_thread)


@cache
def configuration() -> Configuration:
    """The smallest configuration that offers everything; all limits are the defaults."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        for file in ("node.crt", "node.key", "ca.crt"):
            (directory / file).touch()
        (directory / "worklist").mkdir()
        text = _CONFIGURATION.format(services=", ".join(f'"{each}"' for each in SERVICES))
        (directory / "node.toml").write_text(text, encoding="utf-8")
        return load_configuration(directory / "node.toml")


def offered() -> tuple[IService, ...]:
    """The services that the daemon offers, all of them."""
    nobody: Any = None
    return NodeServices(
        configuration(),
        means(),
        cast("Keeping", _Nothing()),
        destinations=cast("IDestinations", nobody),
        reporter=cast("IEventReporter", nobody),
    ).offered


def of_programs() -> tuple[IService, ...]:
    """The services that are there for programs besides; those of any SOP class for the Printer."""
    nobody: Any = None
    return (
        Normalized(cast("INormalizedProvider", nobody), [PRINTER], means()),
        EventReports(cast("IEventReceiver", nobody), [PRINTER], means()),
        CommitmentListener(Clock(), _in_thread),
    )


def factory(configured: Configuration | None = None) -> AssociationFactory:
    """The acceptor of that node.

    :param configured: another configuration.
    """
    return make_factory(Clock(), configured or configuration(), offered(), AnyPeer())
