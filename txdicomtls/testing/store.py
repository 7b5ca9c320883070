"""Instances in memory that can be found and sent: what a test gives to a provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.codes import Level
from txdicomtls.dataset import Matcher, MatchOptions, encode, project
from txdicomtls.errors import InvalidKey, InvalidQuery, UnknownInstance
from txdicomtls.instance import Blocks, IncomingInstance, OutgoingInstance
from txdicomtls.interfaces import (
    IQueryProvider,
    IRetrieveProvider,
    Query,
    Retrieval,
    Selection,
)
from txdicomtls.testing.receiver import MemoryInstance, MemoryReceiver


@dataclass(frozen=True, slots=True)
class OpenMemory:
    """The data set of an instance in memory, opened to be sent.

    :param data: all of it.
    :param size: bytes of each block but the last.
    """

    data: bytes
    size: int

    async def blocks(self) -> Blocks:
        """The data set, once."""
        last = max(len(self.data) - 1, 0) // self.size * self.size
        view = memoryview(self.data)
        for start in range(0, last, self.size):
            yield view[start : start + self.size], False
        yield view[last:], True

    async def close(self) -> None:
        """Without effect: nothing was opened."""


@implementer(IQueryProvider, IRetrieveProvider)
class MemoryStore(MemoryReceiver):
    """Keeps what it receives, and what the test adds; finds it, and makes it ready to be sent.

    An instance that comes again takes the place of the first.  The parameters are those of
    :class:`MemoryReceiver`.

    :ivar queries: what it was asked to find.
    :ivar retrievals: what it was asked to send.
    """

    def __init__(
        self,
        clock: IReactorTime | None = None,
        *,
        room_after: float = 0.0,
        finish_after: float = 0.0,
    ) -> None:
        super().__init__(clock, room_after=room_after, finish_after=finish_after)
        self.queries: list[Query] = []
        self.retrievals: list[Retrieval] = []

    def add(
        self,
        dataset: Dataset,
        transfer_syntax_uid: str = uids.EXPLICIT_VR_LITTLE_ENDIAN,
    ) -> MemoryInstance:
        """Keep an instance as if it had been received.

        :param dataset: with its SOP Class UID and SOP Instance UID.
        :param transfer_syntax_uid: what it is encoded in.
        :raises ValueError: it cannot be encoded.
        """
        return self.add_bytes(
            IncomingInstance(
                sop_class_uid=str(dataset.SOPClassUID),
                sop_instance_uid=str(dataset.SOPInstanceUID),
                transfer_syntax_uid=transfer_syntax_uid,
            ),
            encode(dataset, transfer_syntax_uid),
        )

    def add_bytes(self, facts: IncomingInstance, data: bytes) -> MemoryInstance:
        """Keep an instance whose data set are these bytes, whatever they are."""
        instance = MemoryInstance(facts, data)
        self.instances.append(instance)
        return instance

    @property
    def latest(self) -> dict[str, MemoryInstance]:
        """What there is, by SOP Instance UID."""
        return {instance.facts.sop_instance_uid: instance for instance in self.instances}

    # -- IQueryProvider, IRetrieveProvider ---------------------------------------------------

    def find(self, query: Query) -> Iterator[Dataset]:
        """The matches of a query, one for each entity of its level (PS3.4 C.4.1).

        :param query: of its options that for dates with times is regarded.
        :raises txdicomtls.errors.InvalidQuery: a key cannot be matched on.
        """
        self.queries.append(query)
        keys = Dataset(query.keys)
        keys.pop("QueryRetrieveLevel", None)
        try:
            matcher = Matcher.of(keys, MatchOptions(combined_date_time=query.options.date_time))
        except InvalidKey as error:
            raise InvalidQuery(error.problem, tag=error.tag) from error
        return self._matches(query, matcher)

    def select(self, retrieval: Retrieval) -> Selection:
        """The instances that a retrieval asks for, each ready to be sent (PS3.4 C.4.2)."""
        self.retrievals.append(retrieval)
        selected = [
            outgoing(instance)
            for instance in self.latest.values()
            if all(
                unique_key(instance.dataset, level) in values
                for level, values in retrieval.keys.items()
            )
        ]
        return Selection(instances=selected, count=len(selected))

    def stored_in(self, sop_class_uid: str) -> tuple[str, ...]:
        """The transfer syntaxes in which instances of a SOP class are kept, for :class:`Get`."""
        return tuple(
            dict.fromkeys(
                instance.facts.transfer_syntax_uid
                for instance in self.latest.values()
                if instance.facts.sop_class_uid == sop_class_uid
            )
        )

    def outgoing(self, sop_instance_uid: str) -> OutgoingInstance:
        """An instance, ready to be sent in the transfer syntax that it is kept in.

        :raises txdicomtls.errors.UnknownInstance: there is none.
        """
        instance = self.latest.get(sop_instance_uid)
        if instance is None:
            raise UnknownInstance(f"there is no instance {sop_instance_uid!r}")
        return outgoing(instance)

    def _matches(self, query: Query, matcher: Matcher) -> Iterator[Dataset]:
        seen = set()
        for instance in self.latest.values():
            dataset = instance.dataset
            which = unique_key(dataset, query.level)
            if which not in seen and matcher.matches(dataset):
                seen.add(which)
                match = project(query.keys, dataset)
                match.QueryRetrieveLevel = query.level.name
                yield match


def unique_key(dataset: Dataset, level: Level) -> str:
    """The unique key of what an instance belongs to at a level; empty where it has none."""
    return str(dataset[level.unique_key].value) if level.unique_key in dataset else ""


def outgoing(instance: MemoryInstance) -> OutgoingInstance:
    """An instance in memory, ready to be sent as it is."""

    async def open_in(_: str, size: int) -> OpenMemory:
        return OpenMemory(instance.data, size)

    return OutgoingInstance(
        sop_class_uid=instance.facts.sop_class_uid,
        sop_instance_uid=instance.facts.sop_instance_uid,
        transfer_syntaxes=(instance.facts.transfer_syntax_uid,),
        open=open_in,
    )
