"""A reactor without sockets, threads and time of its own: what a test gives to whatever needs one.

Time stands still until the test lets it pass.  What is sent to a thread is done at once, where it
is sent; so a test that reads a file waits for the disk, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from twisted.internet.interfaces import IProcessProtocol, IProcessTransport
from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from txdicomtls.interfaces import IReactor


class OutOfMemoryNetwork(AssertionError):
    """What is tested wanted a socket or a process of the reactor, which a test in memory has not.

    :param wanted: what it wanted, as "connectTCP".
    """

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"{wanted} was called on a reactor in memory: give what is tested an endpoint of a "
            "MemoryNetwork"
        )
        self.wanted = wanted


class _AtOnce(ThreadPool):
    """A thread pool without threads."""

    def callInThread(self, func: Callable[..., object], *args: object, **kw: object) -> None:
        """Call it here."""
        self.callInThreadWithCallback(None, func, *args, **kw)

    def callInThreadWithCallback(
        self,
        onResult: Callable[[bool, Any], object] | None,
        func: Callable[..., Any],
        *args: object,
        **kw: object,
    ) -> None:
        """Call it here, and tell what came of it."""
        result: Any
        try:
            succeeded, result = True, func(*args, **kw)
        except Exception:
            if onResult is None:
                raise
            succeeded, result = False, Failure()
        if onResult is not None:
            onResult(succeeded, result)


@implementer(IReactor)
class MemoryReactor(Clock):
    """A clock that also has what this package needs of a reactor.

    It may stand wherever a function takes a reactor or a clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = _AtOnce()

    # -- IReactorTime ------------------------------------------------------------------------

    @property
    def next_call(self) -> float | None:
        """When the next delayed call is due, in seconds as :meth:`seconds` has them; or None."""
        return min((call.getTime() for call in self.calls), default=None)

    def advance_to(self, when: float) -> None:
        """Let time pass until then, and run what is due; never back.

        :param when: in seconds, as :meth:`seconds` has them.
        """
        self.rightNow = max(when, self.rightNow)
        self.advance(0)

    # -- IReactorThreads ---------------------------------------------------------------------

    def callFromThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:  # noqa: A002  # Twisted's name
        """Call it here: there is no other thread that this could be called from."""
        callable(*args, **kwargs)

    def callInThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:  # noqa: A002  # Twisted's name
        """Call it here and now."""
        callable(*args, **kwargs)

    def getThreadPool(self) -> ThreadPool:
        """A pool that does at once, here, what it is given."""
        return self._threads

    def suggestThreadPoolSize(self, size: int) -> None:
        """Without effect: there are no threads."""

    # -- IReactorTCP, IReactorProcess --------------------------------------------------------

    def listenTCP(
        self, port: int, factory: ServerFactory, backlog: int = 50, interface: str = ""
    ) -> NoReturn:
        """Refused.

        :raises OutOfMemoryNetwork: always.
        """
        raise OutOfMemoryNetwork("listenTCP")

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> NoReturn:
        """Refused.

        :raises OutOfMemoryNetwork: always.
        """
        raise OutOfMemoryNetwork("connectTCP")

    def spawnProcess(  # noqa: PLR0917  # Twisted's signature
        self,
        processProtocol: IProcessProtocol,
        executable: bytes | str,
        args: Sequence[bytes | str],
        env: Mapping[Any, Any] | None = None,
        path: bytes | str | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,  # noqa: FBT001, FBT002  # Twisted's signature
        childFDs: Mapping[int, int | str] | None = None,
    ) -> IProcessTransport:
        """Refused.

        :raises OutOfMemoryNetwork: always.
        """
        raise OutOfMemoryNetwork("spawnProcess")
