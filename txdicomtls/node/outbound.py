"""All that a node sends without being asked at that moment: from the queue to destinations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import SystemRandom

from twisted.internet.defer import DeferredList
from twisted.logger import Logger

from txdicomtls.archive.reports import QueuedReports
from txdicomtls.index import BackOff, TaskKind
from txdicomtls.interfaces import IReactor
from txdicomtls.node.configuration import Configuration
from txdicomtls.node.deliveries import Deliveries
from txdicomtls.node.delivery import Circumstances, Persistence
from txdicomtls.node.destinations import Destinations
from txdicomtls.node.forwarding import Forwarder
from txdicomtls.node.keeping import Keeping
from txdicomtls.node.reports import Reporter
from txdicomtls.node.steps import StepTeller
from txdicomtls.threads import InThread

#: By which name a node leases tasks that shares its archive with nobody.
ALONE = "alone"


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


class Outbound:
    """Works on the queue.

    :param configuration: how long something is tried.
    :param keeping: what there is to send.
    :param destinations: where to.
    :param reactor: the reactor.
    :param in_thread: runs what blocks.
    """

    log = Logger()

    def __init__(
        self,
        configuration: Configuration,
        keeping: Keeping,
        destinations: Destinations,
        *,
        reactor: IReactor,
        in_thread: InThread,
    ) -> None:
        self._queue = keeping.index.tasks
        self._in_thread = in_thread
        self._with = Circumstances(
            clock=reactor,
            in_thread=in_thread,
            now=utc_now,
            random=SystemRandom().random,
            owner=configuration.archive.shared_as or ALONE,
            persistence=_persistence(configuration),
        )
        deliveries = {
            TaskKind.FORWARD: Forwarder(destinations, keeping.find).deliver,
            TaskKind.REPORT: Reporter(destinations, in_thread).deliver,
            TaskKind.PROCEDURE_STEP: StepTeller(destinations, in_thread).deliver,
        }
        self._deliveries = {
            kind: Deliveries(self._queue, kind, deliver, self._with)
            for kind, deliver in deliveries.items()
        }
        self.reports = QueuedReports(
            self._queue, in_thread, now=utc_now, put=self._deliveries[TaskKind.REPORT].hint
        )

    async def start(self) -> None:
        """Begin to work, also on what was under way when this node died.

        :raises txdicomtls.errors.IndexUnavailable: the queue cannot be used.
        """
        await self._give_back()
        now = utc_now()
        back_off = self._with.persistence.back_off
        latest = now + timedelta(seconds=back_off.longest * (1 + back_off.jitter))
        for kind in self._deliveries:
            late = await self._in_thread(self._queue.hasten, kind, latest=latest, now=now)
            if late:
                self.log.warn(
                    "{late} tasks ({kind}) had been put off by a clock that was ahead: due now",
                    late=late,
                    kind=kind,
                )
        for left in await self._in_thread(self._queue.backlog):
            self.log.info(
                "{kind} to {destination!r}: {waiting} wait, {given_up} were given up",
                kind=left.kind,
                destination=left.destination,
                waiting=left.waiting,
                given_up=left.given_up,
            )
        for each in self._deliveries.values():
            each.start()

    def hint(self, kinds: Sequence[str]) -> None:
        """There may be something of these kinds to do."""
        for kind in set(kinds):
            if kind in self._deliveries:
                self._deliveries[TaskKind(kind)].hint()

    async def stop(self) -> None:
        """Stop working, and give back what is not done.

        :raises txdicomtls.errors.IndexUnavailable: the queue cannot be used.
        """
        await DeferredList([each.stop() for each in self._deliveries.values()])
        await self._give_back()

    async def _give_back(self) -> None:
        for kind in self._deliveries:
            await self._in_thread(self._queue.release, self._with.owner, kind=kind, now=utc_now())


def _persistence(configuration: Configuration) -> Persistence:
    delivery = configuration.delivery
    return Persistence(
        back_off=BackOff(
            first=delivery.first_pause, longest=max(delivery.first_pause, delivery.longest_pause)
        ),
        give_up_after=timedelta(days=delivery.give_up_after_days),
    )
