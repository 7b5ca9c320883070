"""What this package needs of a reactor."""

from __future__ import annotations

from twisted.internet.interfaces import (
    IReactorProcess,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
)


class IReactor(IReactorTime, IReactorTCP, IReactorThreads, IReactorProcess):
    """What this package needs of a reactor; every reactor of Twisted has it."""
