"""When the peer is read, and when it is written to: flow control of one transport, both ways.

Theory of operation.  Reading is held, for the whole transport, while somebody needs the peer to
wait: a sink without room, responses that nobody has taken, an access decision.  Each ``hold()`` is
answered by one ``let_go()``.  Once the association is over nobody needs that any more: then what
comes is read and thrown away, because it is the peer's own close that has to be seen.

Writing is watched: this is the transport's producer, and who sends much waits for
``when_writable()``.  A peer that reads slowly is read all the same, because it may send C-CANCEL,
up to :data:`MOST_UNREAD` bytes of answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from txdicomtls.net.timers import Deadline
from txdicomtls.net.transport import SecureTransport

#: Bytes written beyond what the transport has room for, before the peer is not read either.
MOST_UNREAD = 1 << 16


class Owner(Protocol):
    """What the flow needs of the protocol that it belongs to."""

    transport: SecureTransport

    def reading_held(self) -> None:
        """Nothing is read from now on."""

    def reading_resumed(self) -> None:
        """The peer is read again."""

    def not_read(self) -> None:
        """The peer has not read for too long."""


@implementer(IPushProducer)
class Flow:
    """Flow control of one transport.

    :param owner: the protocol.
    :param clock: for the deadline.
    :param stall: seconds that the peer may leave unread what we send.
    :ivar holds: how many want nothing to be read.
    """

    def __init__(self, owner: Owner, clock: IReactorTime, *, stall: float) -> None:
        self._owner = owner
        self._stalled = Deadline(clock, stall, owner.not_read)
        self.holds = 0
        self._over = False
        self._producing = False
        self._blocked = False
        self._unread = 0
        self._awaiting_room: list[Deferred[None]] = []

    # -- reading -----------------------------------------------------------------------------

    def hold(self) -> None:
        """Read nothing more from the peer until :meth:`let_go`; holds add up."""
        self.holds += 1
        if self.holds == 1 and not self._over:
            self._owner.reading_held()
            self._owner.transport.pauseProducing()

    def let_go(self) -> None:
        """Take back one :meth:`hold`."""
        self.holds -= 1
        if self.holds == 0 and not self._over:
            self._owner.transport.resumeProducing()
            self._owner.reading_resumed()

    def end(self) -> None:
        """Nothing more is asked or answered: hold the peer no longer."""
        if not self._over:
            self._over = True
            if self.holds:
                self._owner.transport.resumeProducing()

    # -- writing -----------------------------------------------------------------------------

    def start(self) -> None:
        """Watch what is written."""
        self._producing = True
        self._owner.transport.registerProducer(self, True)

    def stop(self) -> None:
        """Let the transport close: over TLS it does not while it has a producer."""
        if self._producing:
            self._producing = False
            self._owner.transport.unregisterProducer()
        self._unblock()

    def lost(self) -> None:
        """The transport is gone."""
        self._over = True
        self._producing = False
        self._unblock()

    def when_writable(self) -> Deferred[None]:
        """Fires when the transport has room for more, at once if it has, or when it closes."""
        if not self._blocked:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._awaiting_room.append(waiting)
        return waiting

    def write(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Write them, whether there is room or not."""
        if self._blocked:  # it asks, and does not read the answers
            before, self._unread = self._unread, self._unread + sum(map(len, buffers))
            if before <= MOST_UNREAD < self._unread:
                self.hold()
        self._owner.transport.writeSequence(buffers)

    # -- IPushProducer, towards the transport ------------------------------------------------

    def pauseProducing(self) -> None:
        """The peer does not read as fast as we write: let who writes much wait."""
        if not self._blocked:
            self._blocked = True
            self._unread = 0
            self._stalled.start()

    def resumeProducing(self) -> None:
        """There is room again."""
        self._unblock()

    def stopProducing(self) -> None:
        """The transport is going away; ``connectionLost`` says the rest."""
        self._producing = False

    # -- within ------------------------------------------------------------------------------

    def _unblock(self) -> None:
        self._stalled.stop()
        if not self._blocked:
            return
        self._blocked = False
        if self._unread > MOST_UNREAD:
            self.let_go()
        waiting, self._awaiting_room = self._awaiting_room, []
        for deferred in waiting:
            deferred.callback(None)
