"""Instances that arrive are sent on: which, and how.

What is to be sent on is decided when an instance is indexed, and put into the queue in the
same transaction.  So an instance that was acknowledged is sent on, whatever happens between, and
one that comes again, and is there already, is not: two nodes that forward to each other stop
after one round.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from txdicomtls.archive.payloads import forward_task, forwarded_uid
from txdicomtls.dimse import Status, StatusCategory, category, describe
from txdicomtls.errors import (
    AssociationError,
    DicomTLSError,
    IndexUnavailable,
    NoPresentationContext,
    QueryTimeout,
)
from txdicomtls.index import InstanceRecord, NewTask, Task
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import Outcome
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.destinations import Destinations
from txdicomtls.node.service_sections import ForwardSection

#: Statuses with which a peer says that it has no room now (PS3.4 Table B.2-1): that passes.
_NO_ROOM = range(Status.OUT_OF_RESOURCES, Status.OUT_OF_RESOURCES + 0x100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is sent on to whom; None stands for any.

    :param to: AE titles of the destinations.
    :param calling: AE titles of the senders that it holds for.
    :param sop_classes: UIDs of the SOP classes.
    :param modalities: values of Modality (0008,0060).
    """

    to: tuple[str, ...]
    calling: frozenset[str] | None = None
    sop_classes: frozenset[str] | None = None
    modalities: frozenset[str] | None = None

    @classmethod
    def of(cls, section: ForwardSection) -> Rule:
        """The rule that a section describes."""
        return cls(
            to=section.to,
            calling=_only(section.calling),
            sop_classes=_only(section.sop_classes),
            modalities=_only(section.modalities),
        )

    def holds(self, record: InstanceRecord) -> bool:
        """Whether it is about this instance."""
        modality = record.attributes.get("Modality", "").strip(" ")
        return (
            (self.calling is None or record.source_ae in self.calling)
            and (self.sop_classes is None or record.sop_class_uid in self.sop_classes)
            and (self.modalities is None or modality in self.modalities)
        )


class Forwarding:
    """All rules together.

    :param rules: each destination gets what at least one of them has for it.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)

    def __call__(self, record: InstanceRecord) -> Sequence[NewTask]:
        """What is to be done because an instance has arrived; nothing goes back to its sender."""
        titles = {
            title
            for rule in self._rules
            if rule.holds(record)
            for title in rule.to
            if title != record.source_ae
        }
        return [forward_task(title, record.sop_instance_uid) for title in sorted(titles)]


#: Finds an instance that is kept, to be sent; fails where it cannot be.
Find = Callable[[str], Awaitable[OutgoingInstance]]


class Forwarder:
    """Sends instances on.

    :param destinations: where to.
    :param find: finds an instance by its SOP Instance UID.
    """

    def __init__(self, destinations: Destinations, find: Find) -> None:
        self._destinations = destinations
        self._find = find

    async def deliver(self, name: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
        """Send the instances of some tasks; see :data:`~txdicomtls.node.delivery.Deliver`.

        :raises DestinationUnknown: there is no such destination.
        :raises DicomTLSError: it cannot be reached.
        """
        destination = self._destinations.known(name)
        found = _Found(self._find, tasks)
        async with aclosing(destination.send(found.instances())) as outcomes:
            async for outcome in outcomes:
                task = found.tasks[outcome.instance.sop_instance_uid].popleft()
                yield _delivery(task, outcome)
        for delivery in found.failures:
            yield delivery


class _Found:
    """The instances of tasks, as they are asked for.

    :ivar tasks: those under way, by SOP Instance UID; several, where one was replaced before
        it could be sent.
    :ivar failures: those whose instances cannot be sent.
    """

    def __init__(self, find: Find, tasks: Sequence[Task]) -> None:
        self._find = find
        self._all = tasks
        self.tasks: defaultdict[str, deque[Task]] = defaultdict(deque)
        self.failures: list[Delivery] = []

    async def instances(self) -> AsyncIterator[OutgoingInstance]:
        for task in self._all:
            uid = forwarded_uid(task)
            try:
                instance = await self._find(uid)
            except (IndexUnavailable, QueryTimeout):
                raise  # it is not about this instance
            except DicomTLSError as error:
                self.failures.append(Delivery(task=task, error=str(error), lasting=True))
                continue
            self.tasks[uid].append(task)
            yield instance


def _delivery(task: Task, outcome: Outcome) -> Delivery:
    if outcome.status is None:
        error = outcome.error
        passes = isinstance(error, AssociationError) and not isinstance(
            error, NoPresentationContext
        )
        return Delivery(task=task, error=str(error), lasting=not passes)
    if category(outcome.status) is not StatusCategory.FAILURE:
        return Delivery(task=task)
    return Delivery(
        task=task,
        error=f"{outcome.status:04X}H {describe(outcome.status, 'store')}",
        lasting=outcome.status not in _NO_ROOM,
    )


def _only(values: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
