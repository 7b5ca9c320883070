"""Something that a test may hold up, so that it sees what others do meanwhile."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater


class Gate:
    """Something that the test may hold up.

    :param clock: for ``seconds``.
    :ivar seconds: how long each passage takes, in seconds; 0 for no time.
    """

    def __init__(self, clock: IReactorTime | None = None, seconds: float = 0.0) -> None:
        self._clock = clock
        self._held: list[Deferred[None]] | None = None
        self.seconds = seconds
        if seconds and clock is None:
            raise ValueError("a delay needs a clock")

    def hold(self) -> None:
        """Let nobody pass until :meth:`let_go`."""
        if self._held is None:
            self._held = []

    def let_go(self) -> None:
        """Let those pass who wait, and everybody after them."""
        held, self._held = self._held or [], None
        for waiting in held:
            waiting.callback(None)

    def passage(self) -> Deferred[None] | None:
        """Fires when one may pass; None for at once."""
        if self._held is not None:
            waiting: Deferred[None] = Deferred()
            self._held.append(waiting)
            return waiting
        if self.seconds and self._clock is not None:
            return deferLater(self._clock, self.seconds, lambda: None)
        return None
