"""Reports of events are kept until they are told: a node that is away hears them later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from zope.interface import implementer

from txdicomtls.archive.payloads import report_task
from txdicomtls.index import TaskQueue
from txdicomtls.interfaces import EventReport, IEventReporter
from txdicomtls.threads import InThread


def _utc_now() -> datetime:
    return datetime.now(UTC)


@implementer(IEventReporter)
class QueuedReports:
    """Puts reports into the durable queue, for whoever empties it.

    :param tasks: the queue.
    :param in_thread: runs a blocking call in a thread.
    :param now: the time of day.
    :param put: called when one was put, so that it is told without delay.
    """

    def __init__(
        self,
        tasks: TaskQueue,
        in_thread: InThread,
        *,
        now: Callable[[], datetime] = _utc_now,
        put: Callable[[], None] = lambda: None,
    ) -> None:
        self._tasks = tasks
        self._in_thread = in_thread
        self._now = now
        self._put = put

    async def report(self, event: EventReport) -> None:
        """Take on to tell a node; see :meth:`txdicomtls.interfaces.IEventReporter.report`.

        :raises IndexUnavailable: it cannot be kept.
        :raises MalformedDataSet: it has a value that cannot be kept.
        """
        await self._in_thread(self._keep, event)
        self._put()

    def _keep(self, event: EventReport) -> None:
        self._tasks.put(report_task(event), now=self._now())
