"""How a process that moves images all day is told to deal with memory."""

from __future__ import annotations

import ctypes
import gc
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from txdicomtls.threads import InThread

#: glibc gives back at once what is free at the end of its heap beyond 128 KiB, and takes what
#: is larger than that from the system piece by piece.  It raises both limits by itself when
#: something that large is freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD).
_LARGE = 16 << 20


def settle() -> None:
    """Prepare for traffic, once everything is loaded.

    Data that arrives is freed as soon as it is written.  Without a large piece freed once, the
    system takes those pages back and hands out zeroed ones for the next data: a tenth of a
    gigabyte's cost.  And what was loaded at the start stays for good, so the garbage
    collector need not look at it again.
    """
    bytes(_LARGE)  # freed at once, which is all that it is for; its pages are never touched
    gc.unfreeze()  # of an earlier call: what a reload has replaced is garbage now
    gc.collect()
    gc.freeze()


#: Seconds between two looks at how many connections are left.
_EVERY = 5.0

#: So many connections at once, when half of them are gone, are worth giving memory back for.
_CROWD = 50


class Crowd(Protocol):
    """What is to be known of the connections of a node."""

    #: The most that were open at once.
    peak: int

    @property
    def connections(self) -> int:
        """How many are open."""


class Tidying:
    """Gives memory back to the system when a crowd of connections has gone.

    What was freed stays with the process otherwise, for reasons that :func:`settle` tells: good
    for data that comes all the time, not for what was needed once.

    :param clock: the reactor.
    :param in_thread: runs what takes some milliseconds.
    :param crowd: knows how many connections there are, and were.
    """

    def __init__(self, clock: IReactorTime, in_thread: InThread, crowd: Crowd) -> None:
        self._in_thread = in_thread
        self._crowd = crowd
        self._looking: LoopingCall = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """Begin to look."""
        self._looking.start(_EVERY, now=False)

    def stop(self) -> None:
        """Look no longer."""
        if self._looking.running:
            self._looking.stop()

    def _look(self) -> object:
        crowd = self._crowd
        if crowd.peak < _CROWD or crowd.connections > crowd.peak // 2:
            return None
        crowd.peak = crowd.connections
        return self._in_thread(give_back)


def give_back() -> None:
    """Let the system have what this process has freed; nothing where its C library cannot.

    The protocol, transport and link of a connection refer to each other, so only the garbage
    collector frees them; and what is free in the midst of its heap, glibc keeps.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
