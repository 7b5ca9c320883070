"""Modality performed procedure step as SCP, and its retrieval (PS3.4 F.7, F.8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydicom.dataset import Dataset
from twisted.internet.defer import DeferredLock
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import NCreateRQ, NGetRQ, NormalizedRQ, NSetRQ
from txdicomtls.errors import MissingAttribute, NoSuchInstance
from txdicomtls.interfaces import (
    IOperation,
    IProcedureStepProvider,
    IService,
    NormalizedRequest,
    Reply,
)
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.means import Means, choose_small
from txdicomtls.scp.normalized import Act, NormalizedOperation, new_uid
from txdicomtls.scp.provided import settled
from txdicomtls.scp.step_rules import check_change, check_creation


@implementer(IService)
class ProcedureStep:
    """Is told what modalities do, and tells it.

    :param provider: keeps the steps.
    :param means: what operations work with.
    """

    name = "procedure-step"

    def __init__(self, provider: IProcedureStepProvider, means: Means) -> None:
        self._provider = provider
        self._means = means
        self._locks: dict[str, DeferredLock] = {}

    def accepts(self, abstract_syntax: str) -> bool:
        """The step itself, and its retrieval."""
        return abstract_syntax in (
            uids.MODALITY_PERFORMED_PROCEDURE_STEP,
            uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
        )

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take N-CREATE and N-SET of a step, N-GET where it is to be retrieved."""
        message = request.message
        if not isinstance(message, NormalizedRQ):
            return None
        act = self._act(message, request.context.abstract_syntax)
        if act is None:
            return None
        new = new_uid() if isinstance(message, NCreateRQ) else ""
        return NormalizedOperation(request, message, self._means, act, sop_instance_uid=new)

    def _act(self, message: NormalizedRQ, abstract_syntax: str) -> Act | None:
        if abstract_syntax == uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE:
            return self._getter(message) if isinstance(message, NGetRQ) else None
        if isinstance(message, NCreateRQ):
            return self._create
        return self._set if isinstance(message, NSetRQ) else None

    async def _create(self, about: NormalizedRequest, attributes: Dataset | None) -> None:
        if attributes is None:
            raise MissingAttribute("a step needs attributes")
        check_creation(attributes)
        async with self._alone(about.sop_instance_uid):
            await settled(self._provider.create(about, attributes))

    async def _set(self, about: NormalizedRequest, modifications: Dataset | None) -> None:
        async with self._alone(about.sop_instance_uid):
            current = await self._current(about)
            check_change(current, modifications or Dataset())
            await settled(self._provider.set(about, modifications or Dataset()))

    def _getter(self, message: NGetRQ) -> Act:
        async def get(about: NormalizedRequest, _: Dataset | None) -> Reply:
            current = await self._current(about)
            wanted = message.attribute_identifier_list
            if not wanted:
                return Reply(data_set=current)
            found = Dataset()
            for tag in wanted:
                if tag in current:
                    found[tag] = current[tag]
            return Reply(data_set=found)

        return get

    async def _current(self, about: NormalizedRequest) -> Dataset:
        current = await settled(self._provider.get(about))
        if current is None:
            raise NoSuchInstance("there is no such step")
        return current

    @asynccontextmanager
    async def _alone(self, uid: str) -> AsyncIterator[None]:
        """One operation on one step at a time: what was checked must be so when it is written."""
        lock = self._locks.setdefault(uid, DeferredLock())
        await lock.acquire()
        try:
            yield
        finally:
            lock.release()
            if not lock.locked and not lock.waiting:
                self._locks.pop(uid, None)
