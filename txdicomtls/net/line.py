"""Who waits for one of a few places: the wire of an association, its window.

Theory of operation.  This is what Twisted's ``DeferredSemaphore`` is for, but that one lets the
next in from within the call by which the one before leaves.  Where each is done at once, as when
an association has ended, thousands that wait would be thousands of calls within each other.  Here
whoever leaves while somebody is being let in only says so, and one loop lets in all the others.
"""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import Deferred, succeed


class Line:
    """Lets in so many at once; who comes first is served first.

    :param places: how many.
    """

    def __init__(self, places: int = 1) -> None:
        self._places = places
        self._taken = 0
        self._waiting: deque[Deferred[None]] = deque()
        self._letting_in = False

    @property
    def is_free(self) -> bool:
        """Whether whoever comes now is let in at once."""
        return self._taken < self._places and not self._waiting

    def enter(self) -> Deferred[None]:
        """Fires when it is one's turn; :meth:`leave` is to be called then.

        Cancelling it gives up the wait.
        """
        if self.is_free:
            self._taken += 1
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def leave(self) -> None:
        """One place is free again."""
        self._taken -= 1
        self._let_in()

    def widen(self, places: int) -> None:
        """There are so many places from now on."""
        self._places = places
        self._let_in()

    def _let_in(self) -> None:
        if self._letting_in:
            return
        self._letting_in = True
        while self._waiting and self._taken < self._places:
            self._taken += 1
            self._waiting.popleft().callback(None)
        self._letting_in = False
