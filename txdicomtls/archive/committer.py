"""What concurrent associations have sent is committed together.

Theory of operation.  One batch at a time is committed, in a thread; what is sealed meanwhile
gathers and is the next batch.  Nothing waits for company: a draft that comes alone is sealed and
committed at once, alone, in one job, because each way into a thread and back is time that its
sender waits.  So the size of the batches follows from how fast the disk is and how many send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from txdicomtls.archive.draft import Sealed
from txdicomtls.archive.outcome import Settled
from txdicomtls.threads import InThread

#: Seals a draft; blocks.
Seal = Callable[[], Sealed]

#: Most drafts of one batch: each has up to two open descriptors while it lasts.
MOST_AT_ONCE = 64


class Committer:
    """Runs in the reactor thread, and lets all else run in others.

    :param commit: keeps a batch and says of each what became of it; blocks.
    :param in_thread: calls it.
    :param settled: told what became of each, before whoever waits for it.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Sealed]], Sequence[Settled]],
        in_thread: InThread,
        settled: Callable[[Settled], None],
    ) -> None:
        self._commit = commit
        self._in_thread = in_thread
        self._settled = settled
        self._waiting: list[tuple[Sealed, Deferred[None]]] = []
        self._busy = False

    def keep(self, seal: Seal) -> Deferred[None]:
        """Seal a draft and keep it for good; from then on it belongs to the committer.

        :param seal: seals it; called in a thread.
        :return: fires when it is durable and indexed; fails with what ``seal`` raised, or with
            a :class:`~txdicomtls.errors.StorageError`.
        """
        done: Deferred[None] = Deferred()
        if self._busy:
            self._in_thread(seal).addCallbacks(self._sealed, done.errback, callbackArgs=(done,))
        else:
            self._busy = True
            alone = self._in_thread(self._seal_and_commit, seal)
            self._when_over(alone, [done])
        return done

    def _seal_and_commit(self, seal: Seal) -> Sequence[Settled]:
        return self._commit([seal()])

    def _sealed(self, sealed: Sealed, done: Deferred[None]) -> None:
        self._waiting.append((sealed, done))
        if not self._busy:
            self._begin()

    def _begin(self) -> None:
        batch = self._waiting[:MOST_AT_ONCE]
        del self._waiting[:MOST_AT_ONCE]
        self._busy = True
        committed = self._in_thread(self._commit, [sealed for sealed, _ in batch])
        self._when_over(committed, [done for _, done in batch])

    def _when_over(
        self, committed: Deferred[Sequence[Settled]], waiting: Sequence[Deferred[None]]
    ) -> None:
        committed.addCallbacks(
            self._ended,
            self._broke,
            callbackArgs=(waiting,),
            errbackArgs=(waiting,),
        )

    def _ended(self, outcomes: Sequence[Settled], waiting: Sequence[Deferred[None]]) -> None:
        # The next batch begins before the senders of this one are told: the disk never waits.
        self._next()
        for outcome, done in zip(outcomes, waiting, strict=True):
            self._settled(outcome)
            if outcome.error is None:
                done.callback(None)
            else:
                done.errback(outcome.error)

    def _broke(self, failure: Failure, waiting: Sequence[Deferred[None]]) -> None:
        """One that came alone was not sealed; or it is an error of the program.

        Nothing of this batch is acknowledged, and the next goes on.
        """
        self._next()
        for done in waiting:
            done.errback(failure)

    def _next(self) -> None:
        self._busy = False
        if self._waiting:
            self._begin()
