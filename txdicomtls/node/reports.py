"""Events that a node is told of on an association of its own, out of the durable queue.

A storage commitment may be known when the association of its request is over.  What its
requestor is to be told is tried until it takes it (PS3.4 J.3.3).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from txdicomtls.archive.payloads import reported_event
from txdicomtls.errors import OperationFailed
from txdicomtls.index import Task
from txdicomtls.interfaces import EventReport
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.destinations import Destination, Destinations
from txdicomtls.scu import Instance, commitment_report_contexts


class Reporter:
    """Tells nodes what is in the queue for them.

    :param destinations: where they are.
    """

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations

    async def deliver(self, name: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
        """Tell the events of some tasks; see :data:`~txdicomtls.node.delivery.Deliver`.

        The requestor is called under the name by which it called us, because it may expect no
        other.

        :raises DestinationUnknown: it is not known where that node is.
        :raises DicomTLSError: it cannot be reached.
        """
        destination = self._destinations.known(name)
        events = [(task, reported_event(task)) for task in tasks]
        for title in dict.fromkeys(event.own_ae_title for _, event in events):
            ours = [each for each in events if each[1].own_ae_title == title]
            async with aclosing(_told(destination, title, ours)) as deliveries:
                async for delivery in deliveries:
                    yield delivery


async def _told(
    destination: Destination, calling: str, events: Sequence[tuple[Task, EventReport]]
) -> AsyncGenerator[Delivery, None]:
    async with destination.association(
        commitment_report_contexts(), calling=calling
    ) as association:
        for task, event in events:
            instance = Instance(
                sop_class_uid=event.sop_class_uid, sop_instance_uid=event.sop_instance_uid
            )
            try:
                await association.event_report(instance, event.event_type_id, event.information)
            except OperationFailed as error:
                yield Delivery(task=task, error=str(error), lasting=True)
            else:
                yield Delivery(task=task)
