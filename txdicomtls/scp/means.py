"""What the services work with: a clock, threads, limits; and how small data sets are decoded."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, TimeoutError  # noqa: A004  # Twisted's own
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from txdicomtls import uids
from txdicomtls.dataset import WalkLimits, decode, encode, is_quick
from txdicomtls.errors import LimitExceeded
from txdicomtls.interfaces import IReactor
from txdicomtls.threads import InThread, in_thread_of

T = TypeVar("T")

#: The transfer syntaxes of identifiers and attribute lists, which have no pixel data.
SMALL_SYNTAXES = (
    uids.EXPLICIT_VR_LITTLE_ENDIAN,
    uids.IMPLICIT_VR_LITTLE_ENDIAN,
    uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    uids.EXPLICIT_VR_BIG_ENDIAN,
)

#: Items from which on it takes so long to encode them that a thread has to do it.
_MANY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLimits:
    """What one operation may cost.

    :param data: bytes of the data set of a request: an identifier, an attribute list.
    :param elements: elements and items in it.
    :param patience: seconds that a provider may take for each thing that it is asked for: the
        next match, the next block of an instance, the outcome of a sub-operation.
    :param grace: seconds in which an operation comes to its end after C-CANCEL; then it is
        answered whether its provider has stopped or not.
    :param turn: seconds for which one operation may work before others get their turn.
    """

    data: int = 1 << 20
    elements: int = 50_000
    patience: float = 60.0
    grace: float = 1.0
    turn: float = 0.01


def random_id() -> str:
    """Eight hexadecimal digits by which an event in the log is found again."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all services of a node work with.

    :param clock: the reactor, or a clock in tests.
    :param in_thread: runs a blocking call in a thread.
    :param limits: what one operation may cost.
    :param new_id: makes the number that a peer is told of a failure that only the log explains.
    """

    clock: IReactorTime
    in_thread: InThread
    limits: OperationLimits = field(default_factory=OperationLimits)
    new_id: Callable[[], str] = random_id

    async def decode(self, data: bytes, transfer_syntax: str) -> Dataset:
        """Decode the data set of a request.

        :raises MalformedDataSet: it is not sound, or has too many elements.
        """
        walk = WalkLimits(elements=self.limits.elements, inflated=4 * self.limits.data)
        if is_quick(data, transfer_syntax):
            return decode(data, transfer_syntax, limits=walk)
        return await self.in_thread(decode, data, transfer_syntax, limits=walk)

    async def encode(self, dataset: Dataset, transfer_syntax: str, *, items: int = 0) -> bytes:
        """Encode the data set of a response, or of a request to the peer.

        :param items: about how many items are in its sequences.
        :raises ValueError: an element cannot be encoded; the text has its tag only.
        """
        if items < _MANY:
            return encode(dataset, transfer_syntax)
        return await self.in_thread(encode, dataset, transfer_syntax)

    async def soon(self, awaited: Awaitable[T], what: str) -> T:
        """Wait for a provider no longer than its patience allows; cancel it then.

        :param what: what it is asked for, for the error.
        :raises LimitExceeded: it took too long.
        """
        seconds = self.limits.patience
        work = Deferred.fromCoroutine(_wait_for(awaited)).addTimeout(seconds, self.clock)
        try:
            return await work
        except TimeoutError as error:
            raise LimitExceeded(f"{what} took longer than {seconds:g} s") from error


def means_of(reactor: IReactor, limits: OperationLimits | None = None) -> Means:
    """What services work with in a running program.

    :param reactor: for its clock and its threads.
    :param limits: what one operation may cost.
    """
    return Means(clock=reactor, in_thread=in_thread_of(reactor), limits=limits or OperationLimits())


class Turn:
    """Lets others work: a coroutine that never has to wait would keep the reactor for itself.

    :param clock: the reactor.
    :param seconds: of work until others get their turn.
    """

    __slots__ = ("_began", "_clock", "_seconds")

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._began = clock.seconds()

    async def give_way(self) -> None:
        """Wait for the next turn of the reactor, if this one has lasted long enough."""
        if self._clock.seconds() - self._began >= self._seconds:
            await deferLater(self._clock, 0)
            self._began = self._clock.seconds()


async def _wait_for(awaited: Awaitable[T]) -> T:
    return await awaited


def choose_small(offered: tuple[str, ...]) -> str | None:
    """Choose the transfer syntax of a context on which only small data sets travel.

    :param offered: in the requestor's order; its first that we know is taken.
    """
    return next((uid for uid in offered if uid in SMALL_SYNTAXES), None)
