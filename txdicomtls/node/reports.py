"""Events that a node is told of on an association of its own, out of the durable queue.

A storage commitment may be known when the association of its request is over.  What its
requestor is to be told is tried until it takes it (PS3.4 J.3.3).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from txdicomtls.archive.payloads import report_caller, reported_event
from txdicomtls.errors import MalformedDataSet, OperationFailed
from txdicomtls.index import Task
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.destinations import Destination, Destinations
from txdicomtls.scu import Association, Instance, commitment_report_contexts
from txdicomtls.threads import InThread


class Reporter:
    """Tells nodes what is in the queue for them.

    :param destinations: where they are.
    :param in_thread: runs what blocks: a report may be about thousands of instances.
    """

    def __init__(self, destinations: Destinations, in_thread: InThread) -> None:
        self._destinations = destinations
        self._in_thread = in_thread

    async def deliver(self, name: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
        """Tell the events of some tasks; see :data:`~txdicomtls.node.delivery.Deliver`.

        The requestor is called under the name by which it called us, because it may expect no
        other.

        :raises DestinationUnknown: it is not known where that node is.
        :raises DicomTLSError: it cannot be reached.
        """
        destination = self._destinations.known(name)
        for title in dict.fromkeys(map(report_caller, tasks)):
            ours = [task for task in tasks if report_caller(task) == title]
            async with aclosing(self._told(destination, title, ours)) as deliveries:
                async for delivery in deliveries:
                    yield delivery

    async def _told(
        self, destination: Destination, calling: str, tasks: Sequence[Task]
    ) -> AsyncGenerator[Delivery, None]:
        async with destination.association(
            commitment_report_contexts(), calling=calling
        ) as association:
            for task in tasks:
                try:
                    await self._tell(association, task)
                except (OperationFailed, MalformedDataSet) as error:
                    yield Delivery(task=task, error=str(error), lasting=True)
                else:
                    yield Delivery(task=task)

    async def _tell(self, association: Association, task: Task) -> None:
        event = await self._in_thread(reported_event, task)
        instance = Instance(
            sop_class_uid=event.sop_class_uid, sop_instance_uid=event.sop_instance_uid
        )
        await association.event_report(instance, event.event_type_id, event.information)
