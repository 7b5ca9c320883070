"""A peer that plays a script: raw bytes out, and the exact answer checked byte for byte.

Theory of operation.  The script is a list of steps, done one after the other from the moment
that the link is there.  Steps that do something (:class:`Send`, :class:`Close`, :class:`Cut`)
are done at once; steps that wait (:class:`Expect`, :class:`Wait`, :class:`ExpectClose`) keep what
follows until it has come.  Bytes that come early are kept for the step that expects them.

An answer that differs is raised where the bytes arrive, so from
:meth:`~txdicomtls.testing.MemoryNetwork.flush` right into the test, as soon as the PDU that
differs is whole; and again by :meth:`ScriptedPeer.run`, which also tells what is left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IProtocolFactory,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.dimse import Message, command_fragments, data_fragments
from txdicomtls.pdu import DEFAULT_MAXIMUM_LENGTH, PDU, encode
from txdicomtls.testing.network import MemoryNetwork
from txdicomtls.testing.reading import difference, names_of, pdus_in
from txdicomtls.testing.transport import MemoryTransport


class ScriptMismatch(AssertionError):
    """The other side did not do what the script says.

    :param step: number of the step, from 1.
    :param problem: what it did instead.
    """

    def __init__(self, step: int, problem: str) -> None:
        super().__init__(f"step {step} of the script: {problem}")
        self.step = step
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Expect:
    """Wait for exactly these bytes, or the bytes of this PDU."""

    part: bytes | PDU


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes, or the bytes of this PDU."""

    part: bytes | PDU


@dataclass(frozen=True, slots=True)
class Wait:
    """Let so many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """Close the link in order."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Be gone at once, without a word."""


@dataclass(frozen=True, slots=True)
class ExpectClose:
    """Wait for the other side to close the link in order; it may not be cut."""


Step = Expect | Send | Wait | Close | Cut | ExpectClose


def message_bytes(
    context_id: int,
    message: Message,
    data: bytes = b"",
    *,
    maximum_length: int = DEFAULT_MAXIMUM_LENGTH,
) -> bytes:
    """The P-DATA-TF PDUs of a message, for :class:`Expect` and :class:`Send` (PS3.8 Annex E).

    :param context_id: the presentation context.
    :param message: its command set.
    :param data: its data set, where the message announces one.
    :param maximum_length: the maximum length that the receiver announced; 0 is unlimited.
    :raises txdicomtls.errors.LocalProtocolError: it cannot be sent.
    """
    buffers: list[bytes | memoryview] = [*command_fragments(context_id, message, maximum_length)]
    if message.has_data_set:
        buffers += data_fragments(context_id, data, last=True, max_length=maximum_length)
    return b"".join(buffers)


@implementer(IHandshakeListener)
class ScriptedPeer(Protocol):
    """Either side of a link, played from a script.

    :param network: whose time it is, and who moves the bytes.
    :param script: the steps.
    :ivar received: all bytes that came and that no step has expected yet.
    :raises txdicomtls.errors.LocalProtocolError: a PDU of the script cannot be encoded: what
        breaks the standard has to be written as bytes.
    """

    transport: MemoryTransport

    def __init__(self, network: MemoryNetwork, script: Sequence[Step]) -> None:
        self.received = bytearray()
        self._network = network
        self._script = tuple(map(_encoded, script))
        self._at = 0
        self._wait: IDelayedCall | None = None
        self._is_linked = False
        self._lost: Failure | None = None
        self._mismatch: ScriptMismatch | None = None

    def as_factory(self) -> IProtocolFactory:
        """What :meth:`~txdicomtls.testing.MemoryNetwork.endpoint` takes, for one connection."""
        factory = Factory.forProtocol(lambda: self)
        factory.noisy = False
        return factory

    @property
    def is_done(self) -> bool:
        """Whether all steps are done."""
        return self._at == len(self._script)

    def run(self, seconds: float = 0.0) -> None:
        """Let bytes move, and the time of the script pass; then all of it must be done.

        :param seconds: how long its other steps may take, of the time on the clock.
        :raises ScriptMismatch: it is not, or more has come than the script expects.
        """
        network = self._network
        while not self.is_done:
            if self._wait is not None:
                network.advance(self._wait.getTime() - network.reactor.seconds())
                continue
            began = network.reactor.seconds()
            if not network.wait_for(lambda: self.is_done or self._wait is not None, seconds):
                break
            seconds -= network.reactor.seconds() - began
        network.flush()
        self.check()

    def check(self) -> None:
        """All of the script must be done, and nothing left over.

        :raises ScriptMismatch: it is not.
        """
        if self._mismatch is not None:
            raise self._mismatch
        if not self.is_done:
            raise ScriptMismatch(self._at + 1, self._missing())
        if self.received:
            raise ScriptMismatch(
                self._at, f"it was the last, and then came {names_of(bytes(self.received))}"
            )

    # -- IProtocol, IHandshakeListener -------------------------------------------------------

    def handshakeCompleted(self) -> None:
        """The link is there: begin."""
        self._is_linked = True
        self._go_on()

    def dataReceived(self, data: bytes) -> None:
        """Compare.

        :raises ScriptMismatch: it is not what the script expects.
        """
        self.received += data
        self._go_on()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The link is gone: nothing more can come."""
        self._lost = reason
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None
        self._go_on()

    # -- within ------------------------------------------------------------------------------

    def _go_on(self) -> None:
        while self._is_linked and not self.is_done and self._mismatch is None:
            if not self._do(self._script[self._at]):
                break
            self._at += 1

    def _do(self, step: Step) -> bool:
        """Do a step; whether it is done."""
        match step:
            case Expect():
                return self._expect(_bytes_of(step.part))
            case ExpectClose():
                return self._lost is not None and self._lost_in_order()
            case Wait():
                return self._wait_for(step.seconds)
            case Send():
                if self._lost is not None:
                    return False
                self.transport.write(_bytes_of(step.part))
            case Close():
                self.transport.loseConnection()
            case Cut():
                self.transport.abortConnection()
        return True

    def _expect(self, expected: bytes) -> bool:
        received = bytes(self.received[: len(expected)])
        if received == expected:
            del self.received[: len(expected)]
            return True
        if not expected.startswith(received) and self._can_tell(expected):
            self._mismatch = ScriptMismatch(
                self._at + 1, difference(expected, self._as_many_pdus_as(expected))
            )
            raise self._mismatch
        return False

    def _can_tell(self, expected: bytes) -> bool:
        """Whether the first PDU that differs has come to its end."""
        at = 0
        for pdu in pdus_in(bytes(self.received)):
            if expected[at : at + len(pdu.octets)] != pdu.octets:
                return pdu.is_whole
            at += len(pdu.octets)
        return False

    def _as_many_pdus_as(self, expected: bytes) -> bytes:
        """What has come, without PDUs that a later step may expect."""
        wanted = sum(1 for _ in pdus_in(expected))
        pdus = [pdu.octets for pdu in pdus_in(bytes(self.received))]
        return b"".join(pdus[:wanted])

    def _wait_for(self, seconds: float) -> bool:
        if self._wait is None and self._lost is None:
            self._wait = self._network.reactor.callLater(seconds, self._waited)
        return False

    def _waited(self) -> None:
        self._wait = None
        self._at += 1
        self._go_on()

    def _lost_in_order(self) -> bool:
        assert self._lost is not None  # it is asked only then
        return self.transport.explain(self._lost) is None

    def _missing(self) -> str:
        step = self._script[self._at]
        what = {
            Expect: "expected {names}",
            Send: "there is no link to send on any more",
            Wait: "the link ended while it waited",
            ExpectClose: "the link was not closed in order",
        }.get(type(step), "it was not done")
        if not self._is_linked:
            what = "no link was made"
        elif isinstance(step, Expect):
            what = what.format(names=names_of(_bytes_of(step.part)))
            what += f"; what came is {names_of(bytes(self.received))}"
        if self._lost is not None:
            what += f"; the link is gone: {self._lost.getErrorMessage()}"
        return what


def _encoded(step: Step) -> Step:
    return replace(step, part=_bytes_of(step.part)) if isinstance(step, Expect | Send) else step


def _bytes_of(part: bytes | PDU) -> bytes:
    return part if isinstance(part, bytes) else encode(part)
