"""Performed procedure steps, told to other nodes out of the durable queue (PS3.4 F.7)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from txdicomtls.archive.payloads import StepMessage, StepOperation, step_message
from txdicomtls.dimse import Status
from txdicomtls.errors import MalformedDataSet, OperationFailed
from txdicomtls.index import Task
from txdicomtls.node.delivery import Delivery
from txdicomtls.node.destinations import Destinations
from txdicomtls.scu import Association, procedure_step_contexts
from txdicomtls.threads import InThread


class StepTeller:
    """Tells nodes of procedure steps; what is said of one step comes in its order.

    :param destinations: where they are.
    :param in_thread: runs what blocks.
    """

    def __init__(self, destinations: Destinations, in_thread: InThread) -> None:
        self._destinations = destinations
        self._in_thread = in_thread

    async def deliver(self, name: str, tasks: Sequence[Task]) -> AsyncGenerator[Delivery, None]:
        """Tell what some tasks say; see :data:`~txdicomtls.node.delivery.Deliver`.

        :raises DestinationUnknown: there is no such destination.
        :raises DicomTLSError: it cannot be reached.
        """
        destination = self._destinations.known(name)
        async with destination.association(procedure_step_contexts()) as association:
            for task in tasks:
                try:
                    await _tell(association, await self._in_thread(step_message, task))
                except (OperationFailed, MalformedDataSet) as error:
                    yield Delivery(task=task, error=str(error), lasting=True)
                else:
                    yield Delivery(task=task)


async def _tell(association: Association, message: StepMessage) -> None:
    uid, attributes = message.sop_instance_uid, message.attributes
    if message.operation is StepOperation.SET:
        await association.set_procedure_step(uid, attributes)
        return
    try:
        await association.create_procedure_step(attributes, uid)
    except OperationFailed as error:
        # It was told before, and the answer was lost.
        if error.status != Status.DUPLICATE_SOP_INSTANCE:
            raise
