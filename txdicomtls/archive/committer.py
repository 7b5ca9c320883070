"""What concurrent associations have sent is committed together.

Theory of operation.  One batch at a time is sealed and committed, in one job in a thread; what
comes meanwhile gathers and is the next batch.  Nothing waits for company: a draft that comes
alone is committed at once, alone.  So the size of the batches follows from how fast the disk is
and how many send.

Each way into a thread and back is time that a sender waits, and time of the processor that all of
them share; with small instances it is most of what they cost.  So these are sealed in the job
that commits them.  A draft whose sealing takes long is sealed in a job of its own, while
others are committed.
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
        self._waiting: list[tuple[Seal, Deferred[None]]] = []
        self._busy = False

    def keep(self, seal: Seal, *, takes_long: bool = False) -> Deferred[None]:
        """Seal a draft and keep it for good; from then on it belongs to the committer.

        :param seal: seals it; called in a thread.
        :param takes_long: whether that is worth a job of its own.
        :return: fires when it is durable and indexed; fails with what ``seal`` raised, or with
            a :class:`~txdicomtls.errors.StorageError`.
        """
        done: Deferred[None] = Deferred()
        if takes_long and self._busy:
            self._in_thread(seal).addCallbacks(self._sealed, done.errback, callbackArgs=(done,))
        else:
            self._add(seal, done)
        return done

    def _sealed(self, sealed: Sealed, done: Deferred[None]) -> None:
        self._add(lambda: sealed, done)

    def _add(self, seal: Seal, done: Deferred[None]) -> None:
        self._waiting.append((seal, done))
        if not self._busy:
            self._begin()

    def _begin(self) -> None:
        batch = self._waiting[:MOST_AT_ONCE]
        del self._waiting[:MOST_AT_ONCE]
        self._busy = True
        committed = self._in_thread(self._seal_and_commit, [seal for seal, _ in batch])
        waiting = [done for _, done in batch]
        committed.addCallbacks(
            self._ended,
            self._broke,
            callbackArgs=(waiting,),
            errbackArgs=(waiting,),
        )

    def _seal_and_commit(self, seals: Sequence[Seal]) -> list[Settled | Failure]:
        """Of each, what became of it, or why it could not be sealed."""
        attempts = [_attempt(seal) for seal in seals]
        batch = [each for each in attempts if not isinstance(each, Failure)]
        settled = iter(self._commit(batch) if batch else ())
        return [each if isinstance(each, Failure) else next(settled) for each in attempts]

    def _ended(
        self, outcomes: Sequence[Settled | Failure], waiting: Sequence[Deferred[None]]
    ) -> None:
        # The next batch begins before the senders of this one are told: the disk never waits.
        self._next()
        for outcome, done in zip(outcomes, waiting, strict=True):
            if isinstance(outcome, Failure):
                done.errback(outcome)
                continue
            self._settled(outcome)
            if outcome.error is None:
                done.callback(None)
            else:
                done.errback(outcome.error)

    def _broke(self, failure: Failure, waiting: Sequence[Deferred[None]]) -> None:
        """An error of the program: nothing of this batch is acknowledged, and the next goes on."""
        self._next()
        for done in waiting:
            done.errback(failure)

    def _next(self) -> None:
        self._busy = False
        if self._waiting:
            self._begin()


def _attempt(seal: Seal) -> Sealed | Failure:
    try:
        return seal()
    except Exception:  # noqa: BLE001  # as a job of its own would fail
        return Failure()
