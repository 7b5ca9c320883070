"""What may be received within a C-GET: instances that were asked for, and no others.

A peer that serves a C-GET sends what it likes.  Here each of its instances is held against the
request: its UIDs must be valid before they name anything, it must be of the study, the series or
the list that was asked for, it may come once, and all together stay within limits.  The study
and the series stand in the data set, so an instance is looked at as it passes, and is
discarded if it turns out to be another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.dataset import Walker
from txdicomtls.errors import (
    CannotUnderstand,
    DuplicateInstance,
    InvalidInstance,
    MalformedDataSet,
    MismatchedInstance,
    NotAskedFor,
    OutOfResources,
    StorageError,
)
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IInstanceSink
from txdicomtls.uids import is_valid_uid

#: Instances refused that are written down for one C-GET; a peer that goes on is aborted.
MOST_REFUSED = 1000

_STUDY, _SERIES, _INSTANCE = "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"

#: The unique keys that an instance is held against, by their tags in its data set.
_HELD_AGAINST = {0x0020000D: _STUDY, 0x0020000E: _SERIES}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveLimits:
    """What a peer may send for one C-GET.

    :param instances: how many instances.
    :param total: bytes of all their data sets; None for no limit.
    :param largest: bytes of one data set; None for no limit.
    """

    instances: int = 100_000
    total: int | None = None
    largest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of one instance that the peer sent.

    :param sop_class_uid: as the peer gave it; only where there is no error is it checked.
    :param sop_instance_uid: likewise.
    :param error: why it was not kept; None where it was.
    """

    sop_class_uid: str
    sop_instance_uid: str
    error: StorageError | None = None


class Wanted:
    """What a request asks for, as far as an instance can be held against it.

    :param identifier: of the C-GET request (PS3.4 C.4.3.1.3).
    """

    def __init__(self, identifier: Dataset) -> None:
        self.instances = _listed(identifier, _INSTANCE)
        self.keys = {
            tag: values
            for tag, name in _HELD_AGAINST.items()
            if (values := _listed(identifier, name))
        }


@implementer(IInstanceReceiver)
class Guard:
    """Stands before the receiver of the caller.

    :param receiver: gets what was asked for.
    :param wanted: what that is.
    :param limits: how much of it.
    :ivar log: what became of each instance, in order; of those refused no more than
        :data:`MOST_REFUSED`.
    :ivar refused: how many were not kept.
    """

    def __init__(self, receiver: IInstanceReceiver, wanted: Wanted, limits: ReceiveLimits) -> None:
        self._receiver = receiver
        self._wanted = wanted
        self._limits = limits
        self._taken: set[str] = set()
        self._bytes = 0
        self.log: list[Received] = []
        self.refused = 0

    def receive(self, instance: IncomingInstance) -> IInstanceSink:
        """Ask the receiver for its sink, if this may be what was asked for.

        :raises StorageError: it is not, or the receiver does not want it.
        """
        try:
            self._check(instance)
            sink = self._receiver.receive(instance)
        except StorageError as error:
            self.note(instance, error)
            raise
        self._taken.add(instance.sop_instance_uid)
        try:
            return _HeldAgainst(self, sink, instance, self._wanted.keys)
        except MalformedDataSet as error:
            sink.discard()
            refusal = CannotUnderstand(str(error))
            self.note(instance, refusal)
            raise refusal from None

    def room_for(self, size: int, so_far: int) -> bool:
        """Whether these bytes are still within the limits; they are counted.

        :param so_far: bytes of the same data set, these included.
        """
        self._bytes += size
        total, largest = self._limits.total, self._limits.largest
        return (total is None or self._bytes <= total) and (largest is None or so_far <= largest)

    def note(self, instance: IncomingInstance, error: StorageError | None = None) -> None:
        """Write down what became of an instance; one that was not kept may come again."""
        if error is not None:
            self.refused += 1
            if self.refused > MOST_REFUSED:
                return
        self.log.append(
            Received(
                sop_class_uid=instance.sop_class_uid,
                sop_instance_uid=instance.sop_instance_uid,
                error=error,
            )
        )

    def forget(self, instance: IncomingInstance) -> None:
        """It was not kept: it may come again."""
        self._taken.discard(instance.sop_instance_uid)

    def _check(self, instance: IncomingInstance) -> None:
        uid = instance.sop_instance_uid
        if not is_valid_uid(uid) or not is_valid_uid(instance.sop_class_uid):
            raise InvalidInstance(f"{uid[:64]!r} of {instance.sop_class_uid[:64]!r} is no instance")
        if self._wanted.instances and uid not in self._wanted.instances:
            raise NotAskedFor("this instance was not asked for")
        if uid in self._taken:
            raise DuplicateInstance("this instance came already")
        if len(self._taken) >= self._limits.instances:
            raise OutOfResources(f"more than {self._limits.instances} instances came")


@implementer(IInstanceSink)
class _HeldAgainst:
    """Passes one data set on, until it turns out not to be what was asked for."""

    def __init__(
        self,
        guard: Guard,
        sink: IInstanceSink,
        instance: IncomingInstance,
        keys: dict[int, frozenset[str]],
    ) -> None:
        self._guard = guard
        self._sink = sink
        self._instance = instance
        self._open = dict(keys)
        self._walker = (
            Walker(instance.transfer_syntax_uid, wanted=frozenset(keys)) if keys else None
        )
        self._size = 0
        self._error: StorageError | None = None

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on, but for what follows a wrong value."""
        if self._error is not None:
            return None
        self._size += len(data)
        try:
            self._look_at(data)
        except StorageError as error:
            self._refuse(error)
            self._sink.discard()
            return None
        return self._sink.write(data)

    def finish(self) -> Deferred[None]:
        """Keep it, if it has said all that it was held against."""
        if self._error is None and self._open:
            self._refuse(NotAskedFor("it does not say of which study or series it is"))
            self._sink.discard()
        if self._error is not None:
            return fail(self._error)
        return self._sink.finish().addCallbacks(self._kept, self._not_kept)

    def discard(self) -> None:
        """Leave nothing of it: it says that it is another instance, or it is not complete."""
        if self._error is None:
            self._refuse(MismatchedInstance("it is another instance than announced, or not whole"))
            self._sink.discard()

    def _look_at(self, data: memoryview) -> None:
        if not self._guard.room_for(len(data), self._size):
            raise OutOfResources("larger than what is taken for one request")
        if self._walker is None or not self._open:
            return
        try:
            self._walker.feed(data)
        except MalformedDataSet as error:
            raise CannotUnderstand(str(error)) from None
        for tag, value in self._walker.values.items():
            wanted = self._open.pop(tag, None)
            if wanted is not None and _text(value) not in wanted:
                raise NotAskedFor("it is of a study or series that was not asked for")

    def _refuse(self, error: StorageError) -> None:
        self._error = error
        self._guard.forget(self._instance)
        self._guard.note(self._instance, error)

    def _kept(self, _: None) -> None:
        self._guard.note(self._instance)

    def _not_kept(self, failure: Failure) -> Failure:
        if isinstance(failure.value, StorageError):
            self._refuse(failure.value)
        return failure


def _listed(identifier: Dataset, name: str) -> frozenset[str]:
    """The UIDs of a unique key, which may be a list (PS3.4 C.2.2.2.2)."""
    value = identifier.get(name) or ""
    values: Iterable[str] = value.split("\\") if isinstance(value, str) else value
    return frozenset(each for each in map(str, values) if each)


def _text(value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("latin-1")
