"""How work that would block is sent out of the reactor thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class InThread(Protocol):
    """Calls a function that blocks in another thread."""

    def __call__(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Deferred[Result]:
        """Call ``function`` and fire with its result, or fail with what it raised."""


def in_thread_of(reactor: IReactorThreads) -> InThread:
    """The way into the thread pool of a reactor.

    :param reactor: provides :class:`~twisted.internet.interfaces.IReactorThreads`.
    """
    in_thread: InThread = partial(deferToThreadPool, reactor, reactor.getThreadPool())
    return in_thread


class Turns:
    """A way into threads for some calls at once, the others in turn; it is an :class:`InThread`.

    Whoever may take long goes this way, so that there are threads left for those who store.

    :param in_thread: the way into threads for everybody.
    :param at_once: how many calls run at once.
    """

    def __init__(self, in_thread: InThread, at_once: int) -> None:
        self._in_thread = in_thread
        self._free = DeferredSemaphore(at_once)

    @property
    def is_free(self) -> bool:
        """Whether a call would run at once."""
        return self._free.tokens > 0

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._free.waiting)

    def __call__(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Deferred[Result]:
        """Call ``function`` when it is its turn.

        :return: what it returns.  To cancel it gives up the turn; a call that runs keeps its
            thread until it is done.
        """

        async def call() -> Result:
            await self._free.acquire()
            running = self._in_thread(function, *args, **kwargs)
            result: Deferred[Result] = Deferred()

            def done(outcome: Result | Failure) -> None:
                self._free.release()
                if not result.called:
                    result.callback(outcome)

            running.addBoth(done)
            return await result

        return Deferred.fromCoroutine(call())
