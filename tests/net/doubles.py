"""Sinks, services and policies that do as the test says, and remember what was asked of them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from txdicomtls.errors import StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import (
    Grant,
    IAccess,
    ICancellableOperation,
    IInstanceReceiver,
    IInstanceSink,
    INegotiatingService,
    IOperation,
    IService,
    IUsingService,
)


@implementer(IInstanceSink)
class Sink:
    """Keeps what it gets, in memory.

    :ivar room: what :meth:`write` answers; a Deferred makes the sender wait.
    :ivar kept: what :meth:`finish` answers; None for a success at once.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.pieces = 0
        self.finished = 0
        self.discarded = 0
        self.room: Deferred[None] | None = None
        self.kept: Deferred[None] | None = None

    def write(self, data: memoryview) -> Deferred[None] | None:
        self.data += data
        self.pieces += 1
        room, self.room = self.room, None
        return room

    def finish(self) -> Deferred[None]:
        self.finished += 1
        return self.kept or succeed(None)

    def discard(self) -> None:
        self.discarded += 1


@implementer(IInstanceReceiver)
class Receiver:
    """Gives out sinks.

    :ivar sinks: those given out.
    :ivar coming: those to give out first.
    :ivar error: why nothing is wanted, if so.
    """

    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        self.coming: list[Sink] = []
        self.instances: list[IncomingInstance] = []
        self.error: StorageError | None = None

    def receive(self, instance: IncomingInstance) -> Sink:
        self.instances.append(instance)
        if self.error is not None:
            raise self.error
        self.sinks.append(self.coming.pop(0) if self.coming else Sink())
        return self.sinks[-1]

    def will_wait(self) -> Deferred[None]:
        """The next sink is done when this is."""
        sink = Sink()
        sink.kept = Deferred()
        self.coming.append(sink)
        return sink.kept

    def will_have_no_room(self) -> Deferred[None]:
        """The next sink has no room after its first piece until this fires."""
        sink = Sink()
        sink.room = Deferred()
        self.coming.append(sink)
        return sink.room


@implementer(IOperation)
class Operation:
    """Does what it is told to, and counts.

    :ivar broken: names of the methods that raise.
    """

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.data = bytearray()
        self.finished = 0
        self.abandoned = 0
        self.room: Deferred[None] | None = None
        self.answer: Deferred[Any] = Deferred()

    def write(self, data: memoryview) -> Deferred[None] | None:
        self._maybe_raise("write")
        self.data += data
        return self.room

    def finish(self) -> Deferred[Any]:
        self.finished += 1
        self._maybe_raise("finish")
        return self.answer

    def abandon(self) -> None:
        self.abandoned += 1
        self._maybe_raise("abandon")

    def _maybe_raise(self, name: str) -> None:
        if name in self.broken:
            raise ZeroDivisionError(name)


@implementer(ICancellableOperation)
class Cancellable(Operation):
    """An operation that can be cancelled.

    :ivar cancelled: how often it was.
    """

    def __init__(self, *broken: str) -> None:
        super().__init__(*broken)
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1
        self._maybe_raise("cancel")


@implementer(IService)
class Service:
    """Takes every request.

    :ivar operations: what the next requests get; None for no operation, an error to be raised.
    """

    name = "double"

    def __init__(self, *operations: Operation | BaseException | None) -> None:
        self.operations = list(operations)
        self.begun: list[Any] = []

    def accepts(self, abstract_syntax: str) -> bool:
        return True

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        return offered[0]

    def begin(self, request: Any) -> Operation | None:
        self.begun.append(request)
        operation = self.operations.pop(0)
        if isinstance(operation, BaseException):
            raise operation
        return operation


@implementer(INegotiatingService, IUsingService)
class Classes(Service):
    """Performs some SOP classes, uses peers that perform others, negotiates what it is told to.

    :param performs: as SCP.
    :param uses: as SCU.
    :param answers: by the information that comes, the answer to extended negotiation.
    """

    def __init__(
        self,
        name: str,
        *operations: Operation | BaseException | None,
        performs: tuple[str, ...] = (),
        uses: tuple[str, ...] = (),
        answers: dict[bytes, bytes] | None = None,
    ) -> None:
        super().__init__(*operations)
        self.name = name
        self._performs = performs
        self._uses = uses
        self._answers = answers or {}

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax in self._performs

    def uses(self, abstract_syntax: str) -> bool:
        return abstract_syntax in self._uses

    def extended(self, abstract_syntax: str, information: bytes) -> bytes | None:
        return self._answers.get(information)


@implementer(IAccess)
class Gate:
    """Decides when, and what, the test says.

    :ivar admission: answer to who may connect; None admits at once.
    :ivar authorization: answer to what they may do; None grants everything.
    """

    def __init__(
        self,
        *,
        admission: Deferred[None] | Exception | None = None,
        authorization: Deferred[Grant] | Exception | None = None,
    ) -> None:
        self.admission = admission
        self.authorization = authorization
        self.asked: list[tuple[Any, str]] = []
        self.associations: list[Any] = []

    def admit(self, link: Any, peer: str) -> Deferred[None] | None:
        self.asked.append((link, peer))
        if isinstance(self.admission, Exception):
            raise self.admission
        return self.admission

    def authorize(self, association: Any) -> Deferred[Grant] | Grant:
        self.associations.append(association)
        if isinstance(self.authorization, Exception):
            raise self.authorization
        return self.authorization or Grant()
