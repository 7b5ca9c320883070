"""The connections of a probe: few at once, each with a deadline, and not more than so many.

A server may drop us, or fall silent, at any time, also because it takes us for
an attacker.  No single connection is worth stopping for; but after some in a row
on which nothing came, and when there were too many in all, every further
question is answered at once with the reason why it is not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol as Contract

from OpenSSL import SSL
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IAddress, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

from txdicomtls.errors import PeerUnreachable
from txdicomtls.probe.handshake import Handshake, HandshakeProtocol, Offer
from txdicomtls.probe.hello import ClientHello
from txdicomtls.probe.server_flight import FlightReader, ServerFlight

#: Connections at once.
AT_ONCE = 2

#: Connections in all; a server that accepts everything there is takes some hundreds.
MOST_CONNECTIONS = 2000

#: Connections in a row on which nothing came, after which no more are made.
MOST_SILENCES = 4


class Asking(Contract):
    """A protocol that asks one question."""

    @property
    def done(self) -> Deferred[None]:
        """Fires when it has its answer."""

    def end(self, problem: str) -> None:
        """No answer will come."""


class FlightProtocol(Protocol):
    """Sends a ClientHello and reads what comes.

    :ivar done: fires when nothing more can be read.
    """

    def __init__(self, hello: ClientHello) -> None:
        self.done: Deferred[None] = Deferred()
        self._hello = hello
        self._reader = FlightReader()

    @property
    def flight(self) -> ServerFlight:
        """What came."""
        return self._reader.flight

    def connectionMade(self) -> None:
        """Ask."""
        assert self.transport is not None
        self.transport.write(self._hello.encode())

    def dataReceived(self, data: bytes) -> None:
        """Read."""
        self._reader.feed(data)
        if self.flight.is_complete:
            self._finish()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Whoever hangs up says no."""
        self.end("it closed the connection")

    def end(self, problem: str) -> None:
        """Nothing more will come."""
        self._reader.end(problem)
        self._finish()

    def _finish(self) -> None:
        if self.done.called:
            return
        if self.transport is not None:
            self.transport.loseConnection()
        self.done.callback(None)


class _OnceFactory(ClientFactory):
    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self._protocol


class Connections:
    """Asks a server, again and again.

    :param endpoint: the server, without TLS.
    :param clock: the deadlines run on it.
    :param host: who it is, for errors.
    :param port: likewise.
    :param timeout: seconds for each connection.
    :param most: connections in all.
    :param made: called with the number of connections up to now.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        *,
        host: str,
        port: int,
        timeout: float,
        most: int = MOST_CONNECTIONS,
        made: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._host = host
        self._port = port
        self._timeout = timeout
        self._most = most
        self._made = made
        self._places = DeferredSemaphore(AT_ONCE)
        self._silences = 0
        self._reached = False
        self._problems: Counter[str] = Counter()
        self.count = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What went wrong, and how often."""
        return tuple(f"{problem} ({times} times)" for problem, times in self._problems.items())

    async def flight(self, hello: ClientHello) -> ServerFlight:
        """Send a ClientHello.

        :return: what came; its problem says why where nothing did.
        :raises txdicomtls.errors.PeerUnreachable: the first connection could not be made.
        """
        protocol = FlightProtocol(hello)
        await self._ask(protocol, protocol)
        flight = protocol.flight
        if flight.problem and flight.first_bytes:
            self._problems[flight.problem] += 1
        return flight

    async def handshake(self, context: SSL.Context, offer: Offer) -> Handshake:
        """Make a handshake.

        :raises txdicomtls.errors.PeerUnreachable: the first connection could not be made.
        """
        protocol = HandshakeProtocol(self._clock, context, offer)
        await self._ask(protocol, protocol)
        return protocol.result

    async def _ask(self, asking: Asking, protocol: Protocol) -> None:
        async with self._places:
            refusal = self._refusal()
            if refusal:
                self._problems[refusal] += 1
                asking.end(refusal)
                return
            self.count += 1
            self._made(self.count)
            if not await self._connected(asking, protocol):
                return
            silence = self._clock.callLater(self._timeout, self._silent, asking, protocol)
            await asking.done
            if silence.active():
                silence.cancel()
                self._silences = 0

    def _refusal(self) -> str:
        if self.count >= self._most:
            return f"not asked: there were {self._most} connections already"
        if self._silences >= MOST_SILENCES:
            return f"not asked: there was no answer on {MOST_SILENCES} connections in a row"
        return ""

    async def _connected(self, asking: Asking, protocol: Protocol) -> bool:
        connecting = self._endpoint.connect(_OnceFactory(protocol))
        connecting.addTimeout(self._timeout, self._clock, onTimeoutCancel=_timed_out)
        try:
            await connecting
        except (ConnectError, DNSLookupError, CancelledError) as error:
            if not self._reached:
                raise PeerUnreachable(self._host, self._port, str(error)) from error
            problem = "it did not take the connection"
            self._silences += 1
            self._problems[problem] += 1
            asking.end(problem)
            return False
        self._reached = True
        return True

    def _silent(self, asking: Asking, protocol: Protocol) -> None:
        problem = f"it did not answer within {self._timeout:g} s"
        self._silences += 1
        self._problems[problem] += 1
        asking.end(problem)
        if protocol.transport is not None:
            protocol.transport.abortConnection()  # type: ignore[attr-defined]  # as on every socket


def _timed_out(_failure: object, seconds: float) -> Failure:
    return Failure(ConnectError(string=f"no answer within {seconds:g} s"))
