"""How work that would block is sent out of the reactor thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool

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
