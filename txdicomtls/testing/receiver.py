"""Where received instances go in a test: memory; and all that may go wrong on the way there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from txdicomtls.dataset import Walker, decode
from txdicomtls.errors import StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IInstanceSink
from txdicomtls.testing.gate import Gate


@dataclass(frozen=True, slots=True)
class MemoryInstance:
    """One instance, whole in memory.

    :param facts: what its sender said of it.
    :param data: its data set, as it came.
    """

    facts: IncomingInstance
    data: bytes = field(repr=False)

    @property
    def dataset(self) -> Dataset:
        """Its data set, read anew each time; without its pixel data where that is encapsulated.

        :raises txdicomtls.errors.MalformedDataSet: it is none.
        """
        syntax = UID(self.facts.transfer_syntax_uid)
        if not (syntax.is_transfer_syntax and syntax.is_encapsulated):
            return decode(self.data, syntax)
        walker = Walker(syntax)
        walker.feed(self.data)
        walker.end()
        return read_dataset(
            BytesIO(self.data), is_implicit_VR=False, is_little_endian=True, stop_when=_at_pixels
        )


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag == 0x7FE00010)


class BrokenContract(AssertionError):
    """Somebody used a sink otherwise than :class:`~txdicomtls.interfaces.IInstanceSink` allows."""


@implementer(IInstanceSink)
class MemorySink:
    """Keeps one data set, and holds its user to the contract.

    :param facts: what the sender says of the instance.
    :param receiver: who gave it out.
    :ivar data: what has come so far.
    :ivar pieces: in how many pieces.
    """

    def __init__(self, facts: IncomingInstance, receiver: MemoryReceiver) -> None:
        self.facts = facts
        self.data = bytearray()
        self.pieces = 0
        self.is_finished = False
        self.is_discarded = False
        self._receiver = receiver

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Keep the next bytes.

        :raises BrokenContract: nothing more may come.
        """
        self._check("write")
        self.data += data
        self.pieces += 1
        return self._receiver.room.passage()

    def finish(self) -> Deferred[None]:
        """Give the instance to the receiver, when it lets it pass.

        :raises BrokenContract: it is over already.
        """
        self._check("finish")
        self.is_finished = True
        passage = self._receiver.finishing.passage() or succeed(None)
        return passage.addCallback(lambda _: self._receiver.finished(self))

    def discard(self) -> None:
        """Forget it.

        :raises BrokenContract: it is over already.
        """
        self._check("discard")
        self.is_discarded = True

    def _check(self, called: str) -> None:
        for is_so, name in ((self.is_finished, "finish"), (self.is_discarded, "discard")):
            if is_so:
                raise BrokenContract(f"{called}() was called after {name}()")


@implementer(IInstanceReceiver)
class MemoryReceiver:
    """Keeps all instances that it receives in memory.

    :param clock: needed for the two delays.
    :param room_after: seconds after each piece until there is room again.
    :param finish_after: seconds until an instance that is complete is kept.
    :ivar instances: those that were kept, in the order in which they were.
    :ivar sinks: all that were given out.
    :ivar room: hold it up, and no sink has room.
    :ivar finishing: hold it up, and no instance is acknowledged.
    :ivar refusal: why no instance is wanted; None while they are.
    :ivar failure: why no complete instance can be kept; None while they can.
    """

    def __init__(
        self,
        clock: IReactorTime | None = None,
        *,
        room_after: float = 0.0,
        finish_after: float = 0.0,
    ) -> None:
        self.instances: list[MemoryInstance] = []
        self.sinks: list[MemorySink] = []
        self.room = Gate(clock, room_after)
        self.finishing = Gate(clock, finish_after)
        self.refusal: StorageError | None = None
        self.failure: StorageError | None = None

    def __len__(self) -> int:
        return len(self.instances)

    def __iter__(self) -> Iterator[MemoryInstance]:
        return iter(self.instances)

    def receive(self, instance: IncomingInstance) -> MemorySink:
        """Give out a sink.

        :raises txdicomtls.errors.StorageError: :attr:`refusal`.
        """
        if self.refusal is not None:
            raise self.refusal
        self.sinks.append(MemorySink(instance, self))
        return self.sinks[-1]

    def finished(self, sink: MemorySink) -> Deferred[None]:
        """A sink has all of its instance."""
        if self.failure is not None:
            return fail(self.failure)
        self.instances.append(MemoryInstance(sink.facts, bytes(sink.data)))
        return succeed(None)
