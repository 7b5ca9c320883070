"""Work for few threads at once, and a short queue in front of it.

Checking a passcode takes a lot of memory and time on purpose, and a file may lie on a disk that
does not answer.  Without a bound a flood of association requests would take the memory of the
machine, or all the threads that the archive needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail

from txdicomtls.errors import IdentityUnavailable
from txdicomtls.threads import InThread, Turns

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

#: Together they need at most 256 MiB, see :mod:`txdicomtls.access.passcodes`.
AT_ONCE = 2

#: Beyond it nobody would have an answer in time anyway.
WAITING = 32


class FewThreads:
    """A way into threads for few at once; it is an :class:`~txdicomtls.threads.InThread`.

    :param in_thread: the way into threads for everybody.
    :param at_once: how many calls run at once.
    :param waiting: how many may wait for that; further ones fail.
    """

    def __init__(
        self, in_thread: InThread, *, at_once: int = AT_ONCE, waiting: int = WAITING
    ) -> None:
        self._turns = Turns(in_thread, at_once)
        self._most_waiting = waiting

    def __call__(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Deferred[Result]:
        """Call ``function`` when it is its turn.

        :return: what it returns; fails with :class:`~txdicomtls.errors.IdentityUnavailable`
            where too many wait already.  To cancel it gives up the place in the queue; a
            call that runs keeps its thread until it is done.
        """
        if not self._turns.is_free and self._turns.waiting >= self._most_waiting:
            return fail(IdentityUnavailable("too many are being checked already"))
        return self._turns(function, *args, **kwargs)
