"""What arrives on one connection, taken so much at a time: nobody else waits long for that.

Theory of operation.  One read of a secure transport may bring thousands of messages, and to carry
out all of them takes longer than others should have to wait.  So a read is taken in *pieces*, and
after some of them the rest waits for the reactor's next turn, while nothing more is read.  To the
connection this is what a network does that delivers less at once: it has never seen what waits,
and whatever happens in between happens before that.

What a piece costs is known when it has been taken, by its outputs.  Where they were few, as in the
midst of a large data set, the next piece may be twice as long; else it is small again.

When the transport is gone, what it brought before is taken in turns all the same, and the end is
told after that.  Two things are not put off.  What comes where nothing waits is taken at once.  And
once the association is over messages are nothing any more: then all is taken, because an end may
be behind them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txdicomtls.association import Connection, Output
from txdicomtls.errors import DicomTLSError
from txdicomtls.net.flow import Flow
from txdicomtls.net.timers import Deadline
from txdicomtls.net.transport import SecureTransport

#: Outputs in one turn of the reactor, of which a message has two or more.  A piece too many may
#: come on top.
MOST_OUTPUTS = 128

#: Bytes of a piece, the least (some 50 requests without a data set) and the most.
SMALL, LARGE = 1 << 12, 1 << 16

#: Outputs of a piece that a longer one may follow, and as how many each piece counts at least.
FEW_OUTPUTS = 8

_log = Logger()


class Owner(Protocol):
    """What is needed of the protocol."""

    transport: SecureTransport
    connection: Connection
    flow: Flow
    error: DicomTLSError | None

    def perform(self, outputs: Sequence[Output]) -> None:
        """Carry out what the connection asks for."""

    def too_slow(self) -> None:
        """One PDU has taken too long to arrive."""


class Arrivals:
    """The bytes of one connection, and the deadline of the PDU that is arriving.

    :param owner: the protocol.
    :param clock: calls in the next turn, and for the deadline.
    :param pdu: seconds from the first to the last byte of one PDU.
    """

    def __init__(self, owner: Owner, clock: IReactorTime, *, pdu: float) -> None:
        self._owner = owner
        self._clock = clock
        self._pdu = Deadline(clock, pdu, self._too_slow)
        self._pdus_seen = 0
        self._waiting: deque[bytes | memoryview] = deque()
        self._piece = SMALL
        self._is_taking = False
        self._holds = False
        self._is_turning = False
        self._next_turn: IDelayedCall | None = None
        self._tell_end: Callable[[], None] | None = None

    def receive(self, data: bytes) -> None:
        """Take bytes, or put them behind those that wait."""
        self._waiting.append(data)
        if self._next_turn is None and not self._is_taking:
            self._take_some()

    def end(self, tell: Callable[[], None]) -> None:
        """The transport is gone: nothing more comes, and no time is kept any more.

        :param tell: called once what waits is taken; at once, if nothing does, or if the transport
            goes from within a piece: then what is behind that comes to nothing.  Not any more where
            the reactor ends before.
        """
        self._pdu.stop()
        if self._is_taking:
            self._waiting.clear()
        if self._waiting:
            self._tell_end = tell
        else:
            tell()

    def held(self) -> None:
        """What is not read cannot be too slow."""
        if not self._is_turning:
            self._pdu.stop()

    def resumed(self) -> None:
        """The PDU that is arriving has its whole time again."""
        if not self._is_turning:
            self._watch_pdu(begun=True)

    # -- within ------------------------------------------------------------------------------

    def _take_some(self) -> None:
        """What one turn has room for; the rest in the next one."""
        outputs = 0
        self._is_taking = True
        try:
            while self._waiting and (outputs < MOST_OUTPUTS or self._owner.error is not None):
                outputs += self._take_piece()
        except BaseException:
            self._waiting.clear()  # what it would have come after has not happened
            raise
        finally:
            self._is_taking = False
        if self._waiting:
            self._next_turn = self._clock.callLater(0, self._go_on)
        if self._holds != bool(self._waiting):
            self._turn()
        self._watch_pdu(begun=self._owner.connection.pdus_begun != self._pdus_seen)

    def _turn(self) -> None:
        """Hold the peer, or let it go, for turns of ours: its PDU has no more time for that."""
        self._holds = not self._holds
        flow = self._owner.flow
        self._is_turning = True
        try:
            (flow.hold if self._holds else flow.let_go)()
        finally:
            self._is_turning = False

    def _take_piece(self) -> int:
        data = self._waiting.popleft()
        if len(data) > self._piece:
            view = memoryview(data)
            self._waiting.appendleft(view[self._piece :])
            data = view[: self._piece]
        outputs = self._owner.connection.receive_data(data)
        were_few = 0 < len(outputs) <= FEW_OUTPUTS
        self._piece = max(SMALL, min(2 * len(data), LARGE)) if were_few else SMALL
        self._owner.perform(outputs)
        return max(len(outputs), FEW_OUTPUTS)

    def _go_on(self) -> None:
        self._next_turn = None
        try:
            self._take_some()
        except BaseException:
            # As a reactor does where a protocol fails to take what was read; where a delayed call
            # fails, it only logs that.
            if self._tell_end is None:
                self._owner.transport.abortConnection()
                raise
            _log.failure("what a lost connection had brought could not be taken")
        if self._tell_end is not None and not self._waiting:
            tell, self._tell_end = self._tell_end, None
            tell()

    def _watch_pdu(self, *, begun: bool) -> None:
        """Keep the whole-PDU deadline for the PDU that is arriving, if one is."""
        connection = self._owner.connection
        self._pdus_seen = connection.pdus_begun
        held_by_others = self._owner.flow.holds > self._holds
        is_over = self._owner.error is not None or self._tell_end is not None
        if is_over or held_by_others or not connection.in_pdu:
            self._pdu.stop()
        elif begun or not self._pdu.running:
            self._pdu.start()

    def _too_slow(self) -> None:
        if not self._waiting:  # its end may be there; the next turn tells
            self._owner.too_slow()
