"""Work from the durable queue, done for each destination until it is done or given up.

Theory of operation.  For one kind of tasks it is looked now and then, and whenever somebody says
that there is something, for which destinations tasks are due.  For each of these that is not
being served already a *run* begins: tasks are leased, handed to whoever does them, and of each it
is noted what became of it; then the next ones, until none is due.  So destinations do not wait
for each other, and each is served in one place.

Where a destination cannot be reached at all, everything that waits for it is put off, later and
later each time; where one task fails, only that one is.  What is older than it may become is given
up, and so is, after a few attempts, what a destination refuses for a reason that will not pass.
Where whoever does tasks breaks down over them, each is tried by itself, so that the one that
nobody can do holds up no other.

Whatever happens to this process, no task is lost: what was leased when it died is due again
when it starts, or for another node when the lease ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from txdicomtls.errors import DicomTLSError, IndexUnavailable, QueryTimeout
from txdicomtls.index import Task, TaskQueue
from txdicomtls.node.delivery import Circumstances, Deliver, Delivery

#: Seconds between two looks for work that nobody has announced.
LOOK_EVERY = 5.0

#: Seconds from a hint to the look: what hints may be about to commit what it is about.
HINT = 0.2

#: Tasks that are leased at once.
AT_ONCE = 100

#: Tasks that are done are written together, so many or as soon as so many seconds have passed.
WRITE_AT_ONCE, WRITE_EVERY = 20, 1.0

#: Attempts for what a destination refuses for a reason that is going to last.
ATTEMPTS_IF_LASTING = 5


class Deliveries:
    """Does the tasks of one kind.

    :param queue: where they are.
    :param kind: what they are about.
    :param deliver: does them.
    :param circumstances: what they are done with.
    """

    log = Logger()

    def __init__(
        self, queue: TaskQueue, kind: str, deliver: Deliver, circumstances: Circumstances
    ) -> None:
        self._queue = queue
        self._kind = str(kind)
        self._deliver = deliver
        self._with = circumstances
        self._runs: dict[str, Deferred[None]] = {}
        self._failures: dict[str, int] = {}
        self._look_under_way: Deferred[None] | None = None
        self._hinted = False
        self._running = False
        self._looking: LoopingCall = LoopingCall(self._look)
        self._looking.clock = circumstances.clock

    def start(self) -> None:
        """Begin to work."""
        self._running = True
        self._looking.start(LOOK_EVERY)

    def hint(self) -> None:
        """There may be something to do, now or in a moment."""
        if self._running and not self._hinted:
            self._hinted = True
            self._with.clock.callLater(HINT, self._look_as_told)

    def stop(self) -> Deferred[None]:
        """Work no longer; what is under way is aborted.  Fires when nothing is left of it."""
        self._running = False
        if self._looking.running:
            self._looking.stop()
        pending = list(self._runs.values())
        for run in pending:
            run.cancel()
        if self._look_under_way is not None:
            pending.append(self._look_under_way)
        return DeferredList(pending).addCallback(lambda _: None)

    # -- within ------------------------------------------------------------------------------

    def _look_as_told(self) -> None:
        self._hinted = False
        if self._running:
            self._look()

    def _look(self) -> None:
        """Look for destinations, unless that is under way."""
        if self._look_under_way is None:
            look = self._look_under_way = Deferred.fromCoroutine(self._begin_runs())
            look.addErrback(self._broken).addBoth(self._looked)

    def _looked(self, _: object) -> None:
        self._look_under_way = None

    async def _begin_runs(self) -> None:
        now = self._with.now()
        for name in await self._with.in_thread(self._queue.destinations, self._kind, now=now):
            if self._running and name not in self._runs:
                run = Deferred.fromCoroutine(self._run(name))
                self._runs[name] = run
                run.addErrback(self._broken).addBoth(self._ended, name)

    def _ended(self, _: object, name: str) -> None:
        self._runs.pop(name, None)

    def _broken(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(IndexUnavailable, QueryTimeout):
            self.log.warn(
                "tasks ({kind}) have to wait: {error}", kind=self._kind, error=failure.value
            )
        else:
            self.log.failure("tasks ({kind}) have to wait", failure=failure, kind=self._kind)

    async def _run(self, name: str) -> None:
        """Serve one destination until nothing is due for it."""
        within, queue = self._with, self._queue
        while self._running:
            tasks = await within.in_thread(
                queue.due,
                self._kind,
                now=within.now(),
                owner=within.owner,
                lease=within.persistence.lease,
                destination=name,
                limit=AT_ONCE,
            )
            if not tasks or not await self._serve(name, tasks):
                return

    async def _serve(self, name: str, tasks: Sequence[Task]) -> bool:
        """Do some tasks.

        :return: whether the destination could be reached.
        """
        left = {task.key: task for task in tasks}
        done = _Done(self._write_done, self._with.clock)
        renewing: LoopingCall = LoopingCall(lambda: self._renew((*left, *done.keys)))
        renewing.clock = self._with.clock
        renewing.start(self._with.persistence.lease.total_seconds() / 3, now=False)
        try:
            async with aclosing(self._deliver(name, tasks)) as deliveries:
                async for delivery in deliveries:
                    left.pop(delivery.task.key, None)
                    if delivery.error:
                        await self._note_failure(delivery)
                    else:
                        await done.note(delivery.task.key)
        except DicomTLSError as error:
            await done.write()
            if isinstance(error, IndexUnavailable | QueryTimeout):
                raise  # it is not about the destination
            await self._unreachable(name, list(left.values()), str(error))
            return False
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001  # whatever it is, the queue must not stand still
            self.log.failure("{kind} to {name!r} cannot be done", kind=self._kind, name=name)
            await done.write()
            return await self._one_by_one(name, list(left.values()), alone=len(tasks) == 1)
        finally:
            renewing.stop()
        await done.write()
        for task in left.values():
            await self._note_failure(Delivery(task=task, error="it was not attempted"))
        self._failures.pop(name, None)
        return True

    async def _one_by_one(self, name: str, left: Sequence[Task], *, alone: bool) -> bool:
        """One of these is what nobody can do: find out which, and note that.

        :param alone: it was tried by itself.
        """
        if alone:
            for task in left:
                await self._note_failure(
                    Delivery(task=task, error="an error of this program, see the log", lasting=True)
                )
            return True
        for task in left:
            # Those behind one that finds nobody there stay leased until that ends.
            if not await self._serve(name, [task]):
                return False
        return True

    async def _write_done(self, keys: Sequence[int]) -> None:
        await self._with.in_thread(self._queue.done, *keys, owner=self._with.owner)

    async def _note_failure(self, delivery: Delivery) -> None:
        task, within = delivery.task, self._with
        gives_up = self._is_too_old(task) or (
            delivery.lasting and task.attempts >= ATTEMPTS_IF_LASTING
        )
        pause = within.persistence.back_off.pause(task.attempts, within.random)
        self.log.warn(
            "{kind} to {destination!r} failed at attempt {attempts}, {next}: {error}",
            kind=self._kind,
            destination=task.destination,
            attempts=task.attempts,
            next="given up" if gives_up else f"next one in {pause or 0:.0f} s",
            error=delivery.error,
        )
        await self._failed(task, delivery.error, None if gives_up else pause)

    async def _unreachable(self, name: str, left: Sequence[Task], error: str) -> None:
        """Let a destination be for a while, with all that waits for it."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        within = self._with
        pause = within.persistence.back_off.pause(failures, within.random) or 0.0
        self.log.warn(
            "{kind} to {destination!r} has to wait {pause:.0f} s: {error}",
            kind=self._kind,
            destination=name,
            pause=pause,
            error=error,
        )
        for task in left:
            await self._failed(task, error, None if self._is_too_old(task) else pause)
        until = within.now() + timedelta(seconds=pause)
        await within.in_thread(self._queue.postpone, self._kind, name, until=until)

    async def _failed(self, task: Task, error: str, pause: float | None) -> None:
        within = self._with
        next_at = None if pause is None else within.now() + timedelta(seconds=pause)
        await within.in_thread(
            self._queue.failed, task.key, owner=within.owner, error=error, next_at=next_at
        )

    def _is_too_old(self, task: Task) -> bool:
        return self._with.now() - task.created_at >= self._with.persistence.give_up_after

    def _renew(self, keys: Sequence[int]) -> object:
        within = self._with
        until = within.now() + within.persistence.lease
        renewed: Deferred[object] = within.in_thread(
            self._queue.renew, keys, owner=within.owner, until=until
        )
        return renewed.addErrback(self._broken)


class _Done:
    """Tasks that are done, noted some at a time: each writing waits for the disk.

    What was not written when the process dies is done again.

    :param write: notes them in the queue.
    :param clock: the reactor.
    :ivar keys: those that are not written yet.
    """

    def __init__(
        self, write: Callable[[Sequence[int]], Awaitable[None]], clock: IReactorTime
    ) -> None:
        self.keys: list[int] = []
        self._write = write
        self._clock = clock
        self._written = clock.seconds()

    async def note(self, key: int) -> None:
        """One more is done."""
        self.keys.append(key)
        is_time = self._clock.seconds() - self._written >= WRITE_EVERY
        if is_time or len(self.keys) >= WRITE_AT_ONCE:
            await self.write()

    async def write(self) -> None:
        """Write all."""
        keys, self.keys = self.keys, []
        if keys:
            await self._write(keys)
        self._written = self._clock.seconds()
