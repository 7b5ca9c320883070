"""C-STORE over several associations at once, for peers that take no window (PS3.4 B).

The associations take from one list of instances, so that none waits for another.  What is
left when an association is lost goes over those that remain.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing

from twisted.internet.defer import CancelledError, Deferred, DeferredQueue, DeferredSemaphore
from twisted.python.failure import Failure

from txdicomtls.errors import DicomTLSError
from txdicomtls.scu.association import Association
from txdicomtls.scu.outgoing import Storable
from txdicomtls.scu.store import Sent


async def store_in_parallel(
    associate: Callable[[], Deferred[Association]],
    items: Iterable[Storable],
    *,
    associations: int = 2,
    window: int | None = None,
) -> AsyncGenerator[Sent, None]:
    """Send instances over several associations; results come as they are known.

    To stop before the end, close the generator: that aborts what is under way::

        async with aclosing(store_in_parallel(...)) as sending:
            async for sent in sending: ...

    :param associate: opens one association, as a call of :func:`~txdicomtls.scu.connect`; each
        proposes what all of the instances need.
    :param items: files, data sets, instances of an archive.
    :param associations: how many to open.
    :param window: the most to have outstanding on each, where that is less than was agreed.
    :raises txdicomtls.errors.DicomTLSError: there was no association left for the rest of the
        instances; the error is that of the last one.
    """
    lanes = _Lanes(associate, iter(items), window, associations)
    try:
        while lanes.open:
            sent = await lanes.next()
            if sent is not None:
                yield sent
    finally:
        lanes.close()
    lanes.check()


class _Lanes:
    """Associations that take from one list, and put what became of each instance in one queue.

    None is further ahead than one result that was not taken yet.
    """

    def __init__(
        self,
        associate: Callable[[], Deferred[Association]],
        items: Iterator[Storable],
        window: int | None,
        count: int,
    ) -> None:
        self._associate = associate
        self._items = items
        self._window = window
        self._results: DeferredQueue[Sent | None] = DeferredQueue()
        self._room = DeferredSemaphore(count)
        self._errors: list[DicomTLSError] = []
        self._broken: Failure | None = None
        self.open = count
        self._tasks = [Deferred.fromCoroutine(self._lane()) for _ in range(count)]
        for task in self._tasks:
            task.addErrback(self._ended_badly).addBoth(lambda _: self._results.put(None))

    async def next(self) -> Sent | None:
        """What became of one instance; None where an association was closed instead."""
        sent = await self._results.get()
        if sent is None:
            self.open -= 1
        else:
            self._room.release()
        return sent

    def close(self) -> None:
        """Abort the associations that there still are."""
        for task in self._tasks:
            task.cancel()

    def check(self) -> None:
        """Every instance was taken by an association, or something was wrong.

        :raises DicomTLSError: with the last one.
        """
        if self._broken is not None:
            self._broken.raiseException()
        if self._errors and next(self._items, None) is not None:
            raise self._errors[-1]

    async def _lane(self) -> None:
        try:
            association = await self._associate()
            async with association:
                taken = self._taken_by(association)
                async with aclosing(association.store(taken, window=self._window)) as sending:
                    async for sent in sending:
                        await self._room.acquire()
                        self._results.put(sent)
            if association.error is not None:
                self._errors.append(association.error)
        except DicomTLSError as error:
            self._errors.append(error)

    def _taken_by(self, association: Association) -> Iterator[Storable]:
        while association.error is None and (item := next(self._items, None)) is not None:
            yield item

    def _ended_badly(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._broken = failure
