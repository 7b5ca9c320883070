"""The archive as the provider of performed procedure steps (PS3.4 F.7).

A step is a row beside the index.  It may be passed on to other nodes: what they are to be told is
put into the durable queue in the transaction that keeps it, so that nothing is kept and not told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from pydicom.dataset import Dataset
from zope.interface import implementer

from txdicomtls.archive.json_model import from_json, to_json
from txdicomtls.archive.payloads import StepMessage, StepOperation, step_task
from txdicomtls.dimse import MAY_NO_LONGER_BE_UPDATED
from txdicomtls.errors import (
    DuplicateInstance,
    InvalidAttributeValue,
    MalformedDataSet,
    NoSuchInstance,
    ProcessingFailure,
)
from txdicomtls.index import NewTask
from txdicomtls.index.procedure_steps import StepTable
from txdicomtls.interfaces import IProcedureStepProvider, NormalizedRequest
from txdicomtls.threads import InThread

_STATUS = 0x00400252
_FINAL = frozenset(("COMPLETED", "DISCONTINUED"))


class StepIndex(Protocol):
    """What is needed of the index: :class:`txdicomtls.index.Index` has it."""

    @property
    def procedure_steps(self) -> StepTable:
        """The steps that are kept."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@implementer(IProcedureStepProvider)
class ProcedureSteps:
    """Keeps steps.

    Each method may raise :class:`~txdicomtls.errors.IndexUnavailable`.

    :param index: where they are kept.
    :param in_thread: runs a blocking call in a thread.
    :param forward_to: names of the nodes that are told of each step.
    :param now: the time of day.
    """

    def __init__(
        self,
        index: StepIndex,
        in_thread: InThread,
        *,
        forward_to: Sequence[str] = (),
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._steps = index.procedure_steps
        self._in_thread = in_thread
        self._forward_to = tuple(forward_to)
        self._now = now

    async def get(self, request: NormalizedRequest) -> Dataset | None:
        """The attributes of a step; None where there is no such step."""
        return await self._in_thread(self._get, request.sop_instance_uid)

    async def create(self, request: NormalizedRequest, attributes: Dataset) -> None:
        """Keep a new step; it is safe when this returns.

        :raises DuplicateInstance: there is one of this UID.
        :raises InvalidAttributeValue: a value cannot be kept.
        """
        await self._in_thread(self._create, request.sop_instance_uid, attributes)

    async def set(self, request: NormalizedRequest, modifications: Dataset) -> None:
        """Change a step: each attribute takes the place of the one that was.

        :raises NoSuchInstance: there is none of this UID.
        :raises ProcessingFailure: another node has ended it meanwhile.
        :raises InvalidAttributeValue: a value cannot be kept.
        """
        await self._in_thread(self._set, request.sop_instance_uid, modifications)

    # -- in a thread -------------------------------------------------------------------------

    def _get(self, uid: str) -> Dataset | None:
        kept = self._steps.get(uid)
        return None if kept is None else from_json(kept)

    def _create(self, uid: str, attributes: Dataset) -> None:
        text = _written(attributes)
        tasks = self._tasks(StepOperation.CREATE, uid, attributes)
        if not self._steps.create(uid, text, now=self._now(), tasks=tasks):
            raise DuplicateInstance("there is a procedure step of this SOP Instance UID already")

    def _set(self, uid: str, modifications: Dataset) -> None:
        def changed(text: str) -> str:
            step = from_json(text)
            # The service has checked this, but not in this transaction.
            if _STATUS in step and str(step[_STATUS].value) in _FINAL:
                raise ProcessingFailure(
                    "the step may no longer be updated", error_id=MAY_NO_LONGER_BE_UPDATED
                )
            for element in modifications:
                step[element.tag] = element
            return to_json(step)

        _written(modifications)
        tasks = self._tasks(StepOperation.SET, uid, modifications)
        if not self._steps.change(uid, changed, now=self._now(), tasks=tasks):
            raise NoSuchInstance("there is no such procedure step")

    def _tasks(self, operation: StepOperation, uid: str, attributes: Dataset) -> list[NewTask]:
        message = StepMessage(operation=operation, sop_instance_uid=uid, attributes=attributes)
        return [step_task(destination, message) for destination in self._forward_to]


def _written(attributes: Dataset) -> str:
    try:
        return to_json(attributes)
    except MalformedDataSet as error:
        tags = () if error.tag is None else (error.tag,)
        raise InvalidAttributeValue(error.problem, tags=tags) from error
