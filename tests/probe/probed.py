"""A probe and the server that it probes, in memory and on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.test.iosim import FakeTransport, IOPump, connect
from zope.interface import implementer

from tests.tls.certificates import NOW
from tests.tls.pair import SERVER_NAME, FromContext, make_transport
from txdicomtls.probe.facts import Facts
from txdicomtls.probe.survey import probe
from txdicomtls.tls import Security

TIMEOUT = 5.0


class Answering(Protocol):
    """Has one answer to everything; None for silence."""

    def __init__(self, answer: bytes | None, *, closes: bool = False) -> None:
        self.answer = answer
        self.closes = closes

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if self.answer is not None:
            self.transport.write(self.answer)
        if self.closes:
            self.transport.loseConnection()


def serve(server: SSL.Context | Security) -> Callable[[], Protocol]:
    """Make protocols of a server of TLS."""
    creator = server.server_creator() if isinstance(server, Security) else FromContext(server)
    return lambda: make_transport(creator, is_client=False)[0]


@dataclass
class _Open:
    pump: IOPump
    ends: tuple[FakeTransport, FakeTransport]

    @property
    def is_over(self) -> bool:
        return all(end.disconnected for end in self.ends)


@implementer(IStreamClientEndpoint)
class MemoryServer:
    """An endpoint whose server is a protocol of this process.

    :param make: makes that protocol, or None to refuse the connection; given its number.
    """

    def __init__(self, make: Callable[[int], Protocol | None]) -> None:
        self.clock = Clock()
        self.count = 0
        self.most_at_once = 0
        self._make = make
        self._open: list[_Open] = []

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        self.count += 1
        server = self._make(self.count)
        if server is None:
            return fail(ConnectError(string="refused"))
        client: Any = protocolFactory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 2762))
        ends = (FakeTransport(server, isServer=True), FakeTransport(client, isServer=False))
        pump = connect(server, ends[0], client, ends[1])
        self._open.append(_Open(pump, ends))
        used = sum(not each.ends[1].disconnecting for each in self._open)
        self.most_at_once = max(self.most_at_once, used)
        return succeed(client)

    def turn(self) -> None:
        """Let everybody speak, and some time pass."""
        for each in list(self._open):
            each.pump.flush()
            if each.is_over:
                self._open.remove(each)
        self.clock.advance(0.1)

    def probe(self, **settings: Any) -> Facts:
        """Probe it; whatever it does, the probe comes to an end."""
        usual: dict[str, Any] = {"host": SERVER_NAME, "port": 2762, "now": NOW, "timeout": TIMEOUT}
        done: list[Any] = []
        probe(self, self.clock, **(usual | settings)).addBoth(done.append)
        turns = 0
        while not done:
            self.turn()
            turns += 1
            if turns > 20000:
                raise AssertionError("the probe does not end")
        if not isinstance(done[0], Facts):
            done[0].raiseException()
        found: Facts = done[0]
        return found


def probe_of(make: Callable[[], Protocol | None], **settings: Any) -> Facts:
    """What a probe finds of a server that is the same for each connection."""
    return MemoryServer(lambda _number: make()).probe(**settings)
