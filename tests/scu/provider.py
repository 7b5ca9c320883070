"""A node of ours in this process, over real TLS, that offers every service."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from tests.interop.links import security, the_reactor
from tests.running import Certificates
from tests.scu.cases import dataset
from txdicomtls.access import AnyPeer
from txdicomtls.dimse import FailureReason
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import (
    CommitmentRequest,
    ICommitmentProvider,
    IDestinations,
    IProcedureStepProvider,
    ISender,
    IWorklistProvider,
    NormalizedRequest,
    Originator,
    Outcome,
    SOPReference,
    WorklistQuery,
)
from txdicomtls.net import AssociationFactory, ServerEndpoint
from txdicomtls.scp import (
    Commitment,
    Find,
    Get,
    Move,
    ProcedureStep,
    Storage,
    Verification,
    Worklist,
    means_of,
)
from txdicomtls.testing import MemoryStore


@implementer(ICommitmentProvider, IDestinations, ISender, IProcedureStepProvider, IWorklistProvider)
class Provider:
    """All that a node has, in memory.

    :ivar moved: SOP Instance UIDs that were sent to the destination OTHER.
    :ivar steps: performed procedure steps by UID.
    """

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.moved: list[str] = []
        self.steps: dict[str, Dataset] = {}

    def services(self, reactor: Any) -> list[Any]:
        means = means_of(reactor)
        return [
            Verification(),
            Storage(self.store),
            Find(self.store, means),
            Get(self.store, means, stored_in=self.store.stored_in),
            Move(self.store, self, means),
            Commitment(self, None, means),
            ProcedureStep(self, means),
            Worklist(self, means),
        ]

    # -- storage commitment ------------------------------------------------------------------

    def accept(self, request: CommitmentRequest) -> None:
        """Nothing is noted down."""

    def commit(self, request: CommitmentRequest) -> Mapping[SOPReference, int]:
        return {
            each: FailureReason.NO_SUCH_OBJECT_INSTANCE
            for each in request.references
            if each.sop_instance_uid not in self.store.latest
        }

    def reported(self, request: CommitmentRequest) -> None:
        """Nothing was noted down."""

    # -- C-MOVE ------------------------------------------------------------------------------

    def resolve(self, ae_title: str, retrieval: Any) -> ISender | None:
        return self if ae_title == "OTHER" else None

    async def send(
        self, instances: AsyncIterator[OutgoingInstance], originator: Originator
    ) -> AsyncGenerator[Outcome, None]:
        async for instance in instances:
            self.moved.append(instance.sop_instance_uid)
            yield Outcome(instance=instance, status=0)

    # -- worklist and procedure steps --------------------------------------------------------

    def worklist(self, query: WorklistQuery) -> list[Dataset]:
        step = dataset(
            ScheduledStationAETitle="CT1",
            ScheduledProcedureStepStartDate="20260131",
            ScheduledProcedureStepID="S1",
            Modality="CT",
        )
        return [
            dataset(
                PatientName="Doe^Jane",
                PatientID="P1",
                StudyInstanceUID="1.2.3",
                ScheduledProcedureStepSequence=[step],
            )
        ]

    def get(self, request: NormalizedRequest) -> Dataset | None:
        return self.steps.get(request.sop_instance_uid)

    def create(self, request: NormalizedRequest, attributes: Dataset) -> None:
        self.steps[request.sop_instance_uid] = attributes

    def set(self, request: NormalizedRequest, modifications: Dataset) -> None:
        self.steps[request.sop_instance_uid].update(modifications)


async def start_provider(case: TestCase, certificates: Certificates) -> tuple[Provider, int]:
    """Listen on a free port until the test ends.

    :return: the provider, and its port.
    """
    reactor = the_reactor()
    provider = Provider()
    factory = AssociationFactory(
        reactor, services=provider.services(reactor), access=AnyPeer(), window=8
    )
    endpoint = ServerEndpoint(
        reactor,
        TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"),
        await security(certificates, "node"),
    )
    port: Any = await endpoint.listen(factory)
    case.addCleanup(factory.drain)
    case.addCleanup(port.stopListening)
    return provider, port.getHost().port
