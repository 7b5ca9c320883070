"""Deadlines on an injected clock, cheap enough to be put off thousands of times a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IDelayedCall, IReactorTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long an association waits, in seconds; every wait has an end.

    :param artim: for an association request, and for the peer to close (PS3.8 9.1.5).
    :param association: for the answer to an association request.
    :param pdu: from the first to the last byte of one PDU, however steadily it drips.
    :param response: for the response to a DIMSE request, counted from its last byte.
    :param idle: without any PDU while no operation is outstanding.
    :param release: for the answer to a release request.
    :param stall: while the peer does not read what we send.
    """

    artim: float = 30.0
    association: float = 30.0
    pdu: float = 30.0
    response: float = 60.0
    idle: float = 60.0
    release: float = 30.0
    stall: float = 60.0


class Deadline:
    """A point in time after which something is called, unless it is put off or called off before.

    Putting it off only notes the new time: the delayed call, when it comes too early,
    schedules itself for the rest.  So starting it anew for each chunk costs next to nothing.

    :param clock: tells the time and calls later.
    :param seconds: from :meth:`start` to expiry.
    :param expired: called once, with nothing, when the time has come.
    """

    __slots__ = ("_call", "_clock", "_due", "_expired", "seconds")

    def __init__(self, clock: IReactorTime, seconds: float, expired: Callable[[], None]) -> None:
        self._clock = clock
        self.seconds = seconds
        self._expired = expired
        self._due = 0.0
        self._call: IDelayedCall | None = None

    @property
    def running(self) -> bool:
        """Whether it will expire unless it is stopped."""
        return self._call is not None

    def start(self) -> None:
        """Count from now, whether it ran already or not."""
        self._due = self._clock.seconds() + self.seconds
        if self._call is None:
            self._call = self._clock.callLater(self.seconds, self._fire)

    def stop(self) -> None:
        """Call it off; without effect when it does not run."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _fire(self) -> None:
        early = self._due - self._clock.seconds()
        if early > 0:
            self._call = self._clock.callLater(early, self._fire)
            return
        self._call = None
        self._expired()
