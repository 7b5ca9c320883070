"""How this package sends work that would block out of the reactor thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class InThread(Protocol):
    """Calls a function in another thread: ``partial(deferToThreadPool, reactor, pool)`` is one."""

    def __call__(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Deferred[Result]:
        """Call ``function`` and fire with its result, or with what it raised."""
