"""Whether the archive can keep anything just now: found out by trying, not by guessing.

Theory of operation.  The state is looked at in a thread: is the archive there, is there room,
can a file be written.  It is looked at when something is to be received and the last look is
older than a second, and once more after any failure.  A look never holds anybody up: whoever
wants to send meanwhile is answered by the last one.  So an archive that is full or read-only
refuses at once, before a byte was sent, and takes instances again within a second or so of the
moment when it can.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from twisted.logger import Logger
from twisted.python.failure import Failure

from txdicomtls.errors import OutOfResources
from txdicomtls.threads import InThread

#: Seconds between two looks.
LOOK_EVERY = 1.0


class ArchiveState(Enum):
    """What the archive can do; instances that are kept can be read in each state, if at all."""

    NORMAL = "takes instances"
    LOW = "has no room for instances"
    READ_ONLY = "cannot be written"
    FAILED = "is not there, or its disk fails"


class Condition:
    """The state of an archive.  Runs in the reactor thread.

    :param look: finds out the state; blocks.  Its argument says whether to try and write.
    :param in_thread: calls it.
    :param seconds: a monotonic clock.
    :ivar state: what the last look found.
    """

    log = Logger()

    def __init__(
        self,
        look: Callable[[bool], ArchiveState],
        in_thread: InThread,
        seconds: Callable[[], float],
    ) -> None:
        self.state = ArchiveState.NORMAL
        self._look = look
        self._in_thread = in_thread
        self._seconds = seconds
        self._looked: float | None = None
        self._looking = False
        self._doubted = False

    def check(self) -> None:
        """Let an instance be received, or not.

        :raises OutOfResources: the archive can keep nothing.
        """
        state = self.state
        now = self._seconds()
        if self._looked is None or now - self._looked >= LOOK_EVERY:
            self._begin(write=state is not ArchiveState.NORMAL)
        if state is not ArchiveState.NORMAL:
            raise OutOfResources(f"the archive {state.value}")

    def doubt(self) -> None:
        """Something failed: look whether that was all."""
        if self._looking:
            self._doubted = True
        else:
            self._begin(write=True)

    def _begin(self, *, write: bool) -> None:
        if self._looking:
            return
        self._looking = True
        self._doubted = False
        self._looked = self._seconds()
        self._in_thread(self._look, write).addCallbacks(self._found, self._broke)

    def _found(self, state: ArchiveState) -> None:
        self._looking = False
        if state is not self.state:
            report = self.log.info if state is ArchiveState.NORMAL else self.log.error
            report("the archive {state}", state=state.value)
            self.state = state
        if self._doubted:
            self._begin(write=True)

    def _broke(self, failure: Failure) -> None:
        self.log.failure("the archive cannot be looked at", failure=failure)
        self._found(ArchiveState.FAILED)
