"""Takes the data set of one instance from the reactor thread to the disk.

Theory of operation
===================

Everything here runs in the reactor thread and touches no disk; everything of
the :class:`~txdicomtls.archive.draft.Draft` runs in other threads.  At most one
job of a sink is under way, so the bytes stay in order and the draft needs no lock.
The last of them, which seals the draft, is the committer's, which keeps what several
sinks have sealed together.

Views are gathered without being copied.  When about one mebibyte has come
together they become a job; what arrives meanwhile is gathered for the next.
Past six mebibytes, gathered or under way, the sender is asked to wait, so
memory does not depend on the size of an object.  An object that never filled a
job is inspected and written by one single job.

After a failed job the rest of the data set is dropped as it arrives, and
:meth:`FileSink.finish` says what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.archive.draft import Draft, Sealed
from txdicomtls.errors import OutOfResources
from txdicomtls.interfaces import IInstanceSink
from txdicomtls.threads import InThread

#: Bytes that are worth a job: each costs a tenth of a millisecond of going to and fro.
JOB_SIZE = 1 << 20
#: Most bytes gathered or under way.
MOST_WAITING = 6 << 20
#: What a view weighs besides its bytes: without it, very small fragments would
#: fill the memory long before their bytes count for anything.
VIEW_WEIGHT = 256
#: Bytes that are inspected and written in less time than a job costs.
BRIEFLY_SEALED = 1 << 16


class Keep(Protocol):
    """Keeps drafts for good."""

    def __call__(self, seal: Callable[[], Sealed], /, *, takes_long: bool) -> Deferred[None]:
        """Keep one.

        :param seal: seals it; is called in a thread.
        :param takes_long: whether that takes long.
        :return: fires when it is kept.
        """


@implementer(IInstanceSink)
class FileSink:
    """Writes one data set into a draft, in threads.

    :param draft: the file to be; nothing else may use it.
    :param in_thread: where its methods are called.
    :param keep: seals the draft and keeps it for good.
    :param largest: most bytes of the data set; None for no limit.
    :param failed: told of each job that failed.
    """

    def __init__(
        self,
        draft: Draft,
        in_thread: InThread,
        keep: Keep,
        *,
        largest: int | None = None,
        failed: Callable[[Failure], None] = lambda _: None,
    ) -> None:
        self._draft = draft
        self._in_thread = in_thread
        self._keep = keep
        self._largest = largest
        self._failed_job = failed
        self._size = 0
        self._gathered: list[memoryview] = []
        self._gathered_weight = 0
        self._under_way = 0
        self._busy = False
        self._on_disk = False
        self._failure: Failure | None = None
        self._ending: Callable[[], None] | None = None
        self._waiting: list[Deferred[None]] = []

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Take the next bytes; see :meth:`txdicomtls.interfaces.IInstanceSink.write`."""
        if self._failure is not None or not data:
            return None
        self._size += len(data)
        if self._largest is not None and self._size > self._largest:
            # The sender need not wait for the disk any longer; what is on it goes in the end.
            self._failure = Failure(_too_large(self._largest))
            self._take()
            return None
        self._gathered.append(data)
        self._gathered_weight += len(data) + VIEW_WEIGHT
        self._append_if_enough()
        if self._has_room:
            return None
        room: Deferred[None] = Deferred()
        self._waiting.append(room)
        return room

    def finish(self) -> Deferred[None]:
        """Keep the file; see :meth:`txdicomtls.interfaces.IInstanceSink.finish`.

        :return: fires when the file is durable under its final name, and indexed.  Fails with
            :class:`~txdicomtls.errors.CannotUnderstand` (the data set is none),
            :class:`~txdicomtls.errors.MismatchedInstance` (it is another instance),
            :class:`~txdicomtls.errors.DuplicateInstance` (other bytes are kept under this UID)
            or :class:`~txdicomtls.errors.OutOfResources` (it is too large, or the disk or the
            index is full or failed).
        """
        # A new Deferred and not that of the job: cancelling it must not disturb the job.
        finished: Deferred[None] = Deferred()
        self._end(partial(self._commit, finished))
        return finished

    def discard(self) -> None:
        """Leave nothing behind; see :meth:`txdicomtls.interfaces.IInstanceSink.discard`."""
        self._take()
        self._end(self._remove)

    @property
    def _has_room(self) -> bool:
        return self._gathered_weight + self._under_way <= MOST_WAITING

    def _take(self) -> list[memoryview]:
        views, self._gathered = self._gathered, []
        self._gathered_weight = 0
        return views

    def _append_if_enough(self) -> None:
        if self._busy or self._gathered_weight < JOB_SIZE:
            return
        self._busy = True
        self._on_disk = True
        self._under_way = self._gathered_weight
        job = self._in_thread(self._draft.append, self._take())
        job.addErrback(self._failed).addCallback(self._appended)

    def _failed(self, failure: Failure) -> None:
        self._failure = failure
        self._on_disk = False
        self._take()
        self._failed_job(failure)

    def _appended(self, _: None) -> None:
        self._busy = False
        self._under_way = 0
        if self._ending is not None:
            self._ending()
        else:
            self._append_if_enough()
        if self._has_room:
            waiting, self._waiting = self._waiting, []
            for room in waiting:
                room.callback(None)

    def _end(self, ending: Callable[[], None]) -> None:
        """Do the last thing when no job is under way."""
        if self._busy:
            self._ending = ending
        else:
            ending()

    def _commit(self, finished: Deferred[None]) -> None:
        failure = self._failure
        if failure is None:
            takes_long = self._gathered_weight > BRIEFLY_SEALED
            kept = self._keep(partial(self._draft.seal, self._take()), takes_long=takes_long)
            kept.addErrback(self._not_kept).addCallbacks(finished.callback, finished.errback)
        elif self._on_disk:
            self._in_thread(self._draft.remove).addBoth(lambda _: finished.errback(failure))
        else:
            finished.errback(failure)

    def _not_kept(self, failure: Failure) -> Failure:
        self._failed_job(failure)
        return failure

    def _remove(self) -> None:
        if self._on_disk:
            self._in_thread(self._draft.remove)


def _too_large(largest: int) -> OutOfResources:
    return OutOfResources(f"larger than the {largest} bytes that this archive takes")
