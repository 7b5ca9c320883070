"""What stands behind the services of ``our_node.py``: small providers that keep all in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from itertools import count

from pydicom.dataset import Dataset
from twisted.internet.defer import DeferredQueue
from twisted.internet.task import deferLater
from zope.interface import implementer

from tests.interop.links import associate, the_reactor
from tests.interop.values import PRINT, PRINTER_INSTANCE, dataset
from txdicomtls.dataset import Matcher, project
from txdicomtls.dimse import FailureReason
from txdicomtls.errors import NoSuchActionType, NoSuchInstance
from txdicomtls.instance import IncomingInstance, OutgoingInstance
from txdicomtls.interfaces import (
    CommitmentRequest,
    ICommitmentProvider,
    IDestinations,
    IEventReceiver,
    INormalizedProvider,
    IProcedureStepProvider,
    IQueryProvider,
    ISender,
    IWorklistProvider,
    NormalizedRequest,
    Originator,
    Outcome,
    Query,
    Reply,
    Retrieval,
    SOPReference,
    WorklistQuery,
)
from txdicomtls.scu import contexts_for
from txdicomtls.testing import MemoryStore
from txdicomtls.tls import Security


@implementer(IQueryProvider)
class Endless:
    """Finds one patient after the other, until it is told to stop."""

    is_over = False

    async def find(self, query: Query) -> AsyncGenerator[Dataset, None]:
        try:
            for number in count():
                yield dataset(PatientID=str(number), PatientName="")
                await deferLater(the_reactor(), 0.01)
        finally:
            self.is_over = True


@implementer(IWorklistProvider)
class Schedule:
    """A worklist: what it has is matched as the standard wants it."""

    def __init__(self) -> None:
        self.items: list[Dataset] = []

    def worklist(self, query: WorklistQuery) -> Iterator[Dataset]:
        matcher = Matcher.of(query.keys)
        return (project(query.keys, item) for item in self.items if matcher.matches(item))


@implementer(IProcedureStepProvider)
class Steps:
    """Performed procedure steps, by their UID."""

    def __init__(self) -> None:
        self.kept: dict[str, Dataset] = {}

    def get(self, request: NormalizedRequest) -> Dataset | None:
        return self.kept.get(request.sop_instance_uid)

    def create(self, request: NormalizedRequest, attributes: Dataset) -> None:
        self.kept[request.sop_instance_uid] = attributes

    def set(self, request: NormalizedRequest, modifications: Dataset) -> None:
        self.kept[request.sop_instance_uid].update(modifications)


@implementer(ICommitmentProvider)
class Commitments:
    """Commits itself to what there is."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def accept(self, request: CommitmentRequest) -> None:
        """Nothing is noted down."""

    def commit(self, request: CommitmentRequest) -> Mapping[SOPReference, int]:
        return {
            each: FailureReason.NO_SUCH_OBJECT_INSTANCE
            for each in request.references
            if each.sop_instance_uid not in self._store.latest
        }

    def reported(self, request: CommitmentRequest) -> None:
        """Nothing was noted down."""


@implementer(INormalizedProvider)
class Films:
    """Film sessions that can be made, changed, printed and deleted, and a printer to look at.

    :ivar printed: UIDs of the sessions that were printed.
    """

    def __init__(self) -> None:
        self.sessions: dict[str, Dataset] = {}
        self.printed: list[str] = []

    def get(self, request: NormalizedRequest, attributes: tuple[int, ...]) -> Dataset:
        if request.sop_instance_uid != PRINTER_INSTANCE:
            raise NoSuchInstance("there is one printer")
        printer = dataset(
            PrinterStatus="NORMAL",
            PrinterStatusInfo="NORMAL",
            PrinterName="Prüfstück",
            SpecificCharacterSet="ISO_IR 100",
        )
        return printer if not attributes else _only(printer, attributes)

    def create(self, request: NormalizedRequest, attributes: Dataset) -> Dataset:
        self.sessions[request.sop_instance_uid] = attributes
        return attributes

    def set(self, request: NormalizedRequest, modifications: Dataset) -> Dataset:
        session = self._session(request)
        session.update(modifications)
        return session

    def action(
        self, request: NormalizedRequest, action_type_id: int, information: Dataset | None
    ) -> None:
        self._session(request)
        if action_type_id != PRINT:
            raise NoSuchActionType("it can be printed only")
        self.printed.append(request.sop_instance_uid)

    def delete(self, request: NormalizedRequest) -> None:
        self._session(request)
        del self.sessions[request.sop_instance_uid]

    def _session(self, request: NormalizedRequest) -> Dataset:
        if request.sop_instance_uid not in self.sessions:
            raise NoSuchInstance("there is no such session")
        return self.sessions[request.sop_instance_uid]


def _only(attributes: Dataset, tags: tuple[int, ...]) -> Dataset:
    chosen = dataset(SpecificCharacterSet=attributes.SpecificCharacterSet)
    for tag in tags:
        chosen[tag] = attributes[tag]
    return chosen


@implementer(IEventReceiver)
class Events:
    """Hears what peers report.

    :ivar heard: what was reported, each with its event type.
    """

    def __init__(self) -> None:
        self.heard: DeferredQueue[tuple[int, str, Dataset]] = DeferredQueue()

    def event(
        self, request: NormalizedRequest, event_type_id: int, information: Dataset | None
    ) -> Reply:
        self.heard.put((event_type_id, request.sop_instance_uid, information or Dataset()))
        return Reply()


@implementer(IDestinations)
class Destinations:
    """Where instances may be moved to: nodes on this machine, behind TLS.

    :ivar ports: by AE title.
    """

    def __init__(self, secured: Security) -> None:
        self.ports: dict[str, int] = {}
        self._secured = secured

    def resolve(self, ae_title: str, retrieval: Retrieval) -> ISender | None:
        port = self.ports.get(ae_title)
        return None if port is None else Destination(ae_title, port, self._secured)


@implementer(ISender)
class Destination:
    """One of them."""

    def __init__(self, ae_title: str, port: int, secured: Security) -> None:
        self._ae_title = ae_title
        self._port = port
        self._secured = secured

    async def send(
        self, instances: AsyncIterator[OutgoingInstance], originator: Originator
    ) -> AsyncGenerator[Outcome, None]:
        selected = {each.sop_instance_uid: each async for each in instances}
        kinds = [
            IncomingInstance(
                sop_class_uid=each.sop_class_uid,
                sop_instance_uid=uid,
                transfer_syntax_uid=each.transfer_syntaxes[0],
            )
            for uid, each in selected.items()
        ]
        async with await associate(
            self._port, self._secured, called=self._ae_title, contexts=contexts_for(kinds)
        ) as association:
            async for sent in association.store(selected.values(), originator=originator):
                yield Outcome(
                    instance=selected[sent.sop_instance_uid], status=sent.status, error=sent.error
                )
