"""The services of a node over the doubles: what is stored is found, and comes back bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pydicom.dataset import Dataset
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT
from tests.testing.test_store import instance
from txdicomtls.errors import OutOfResources
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Find, Get, Storage, Verification, means_of
from txdicomtls.scu import (
    Association,
    connect,
    get_contexts,
    query_contexts,
    storage_contexts,
    verification_context,
)
from txdicomtls.testing import (
    MemoryAccess,
    MemoryNetwork,
    MemoryReceiver,
    MemoryStore,
    NetworkLimits,
)

T = TypeVar("T")


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork(limits=self.limits)
        self.addCleanup(self.network.close)
        self.store = MemoryStore()
        means = means_of(self.network.reactor)
        self.factory = AssociationFactory(
            self.network.reactor,
            services=[
                Verification(),
                Find(self.store, means),
                Get(self.store, means, stored_in=self.store.stored_in),
                Storage(self.store),
            ],
            access=MemoryAccess(),
        )

    limits = NetworkLimits()

    def run_on(
        self, work: Callable[[Association], Coroutine[Any, Any, T]], seconds: float = 5.0
    ) -> T:
        """Do something on an association with the node, which is released then."""

        async def run() -> T:
            association = await connect(
                self.network.reactor,
                self.network.endpoint(self.factory),
                called="NODE",
                calling="TEST",
                contexts=verification_context()
                + query_contexts()
                + get_contexts([CT])
                + storage_contexts([CT]),
                window=4,
            )
            async with association:
                return await work(association)

        return self.network.result_of(run(), seconds)


class ServiceTests(Case):
    def test_an_echo_is_answered(self) -> None:
        async def echo(association: Association) -> int:
            return await association.echo()

        self.assertEqual(0, self.run_on(echo))

    def test_what_is_stored_is_found(self) -> None:
        async def store_and_find(association: Association) -> list[str]:
            datasets = [instance(number, study) for study in (1, 2) for number in (1, 2, 3)]
            outcomes = [sent.succeeded async for sent in association.store(datasets)]
            self.assertEqual([True] * 6, outcomes)
            keys = Dataset()
            keys.QueryRetrieveLevel = "STUDY"
            keys.StudyInstanceUID = ""
            keys.PatientName = "Doe*"
            return [str(match.StudyInstanceUID) async for match in association.find(keys)]

        self.assertEqual(["1.2.1", "1.2.2"], self.run_on(store_and_find))
        self.assertEqual("NODE", self.store.queries[0].association.called_ae_title)

    def test_what_is_there_comes_back_bit_for_bit(self) -> None:
        kept = [self.store.add(instance(number)) for number in range(1, 10)]
        receiver = MemoryReceiver()

        async def get(association: Association) -> int | None:
            keys = Dataset()
            keys.QueryRetrieveLevel = "STUDY"
            keys.StudyInstanceUID = "1.2.1"
            retrieved = await association.get(keys, receiver).finished()
            return retrieved.status

        self.assertEqual(0, self.run_on(get))
        self.assertEqual({each.data for each in kept}, {each.data for each in receiver})

    def test_what_cannot_be_kept_is_told_to_its_sender(self) -> None:
        self.store.failure = OutOfResources("full")

        async def store(association: Association) -> list[int | None]:
            return [sent.status async for sent in association.store([instance(1)])]

        self.assertEqual([0xA700], self.run_on(store))


class NarrowTests(ServiceTests):
    """The same, three bytes at a time over a network that holds ten."""

    limits = NetworkLimits(capacity=10, chunk=3)
