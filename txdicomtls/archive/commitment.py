"""The archive takes the responsibility for instances: storage commitment, push model (PS3.4 J).

Theory of operation.  A transaction is a task of the durable queue, put before the request is
answered, and removed when the requestor has been told, or when the report itself is in the queue.
Where neither can be done it is worked on once more when its lease has ended.
This node has it leased and renews the lease while it works, so it goes on after a restart, and
another node goes on with it if this one does not come back.

An instance is safe if the index has it, of this SOP class, and all of its file was read just now
and is what was received.  Nothing less is called committed: whoever hears it deletes its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from twisted.internet.defer import DeferredSemaphore
from twisted.logger import Logger
from zope.interface import implementer

from txdicomtls.archive.reading import Safety, Verified
from txdicomtls.dimse import FailureReason
from txdicomtls.errors import (
    IndexUnavailable,
    InvalidArgumentValue,
    OutOfResources,
    QueryTimeout,
    ResourceLimitation,
)
from txdicomtls.index import KeptInstance, NewTask, Task, TaskKind, TaskQueue
from txdicomtls.interfaces import (
    CommitmentRequest,
    ICommitmentProvider,
    SOPReference,
)
from txdicomtls.threads import InThread

#: How long nobody else goes on with a transaction that this node has begun.
LEASE = timedelta(minutes=15)

#: Transactions that are taken on again at once.
_AT_ONCE = 16

#: References that are looked up with one question.
_PAGE = 500

_TRANSACTION_UID = 0x00081195

_FAILURES = {
    Safety.UNKNOWN: FailureReason.NO_SUCH_OBJECT_INSTANCE,
    Safety.DAMAGED: FailureReason.PROCESSING_FAILURE,
}


class InstanceVerifier(Protocol):
    """What is needed of the archive: :class:`~txdicomtls.archive.FileArchive` has it."""

    def verify(self, sop_instance_uids: Iterable[str], /) -> Awaitable[dict[str, Verified]]:
        """Find out which instances are kept, by reading every byte of them."""


class CommitmentIndex(Protocol):
    """What is needed of the index: :class:`txdicomtls.index.Index` has it.  Blocks."""

    @property
    def tasks(self) -> TaskQueue:
        """The durable queue."""

    def get(self, sop_instance_uids: Iterable[str], /) -> dict[str, KeptInstance]:
        """What is indexed of these, by SOP Instance UID."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _UnderWay:
    """A transaction that this node works on.

    :param key: of its task.
    :param until: when it should have been reported, if nothing is being found out any more.
    :param committing: how often it is being found out now.
    """

    key: int
    until: datetime
    committing: int = 0

    def is_on(self, now: datetime) -> bool:
        """Whether somebody is at it; else its report has failed."""
        return self.committing > 0 or now < self.until


@implementer(ICommitmentProvider)
class ArchiveCommitments:
    """Finds out which instances are safe.

    :param archive: where they are kept.
    :param index: knows which there are; keeps the transactions.
    :param in_thread: runs a blocking call in a thread.
    :param node: name of this node, where others use the same index; the same after a restart.
    :param now: the time of day.
    :param lease: how long nobody else goes on with a transaction of this node.
    :param at_once: files that are read at once; the transactions take turns, a file each.
    """

    def __init__(
        self,
        archive: InstanceVerifier,
        index: CommitmentIndex,
        in_thread: InThread,
        *,
        node: str = "",
        now: Callable[[], datetime] = _utc_now,
        lease: timedelta = LEASE,
        at_once: int = 2,
    ) -> None:
        self._archive = archive
        self._index = index
        self._tasks = index.tasks
        self._in_thread = in_thread
        self._owner = node or "the only node"
        self._now = now
        self._lease = lease
        self._under_way: dict[tuple[str, str], _UnderWay] = {}
        self._is_first = True
        self._turns = DeferredSemaphore(at_once)

    async def accept(self, request: CommitmentRequest) -> None:
        """Note the transaction; see :meth:`txdicomtls.interfaces.ICommitmentProvider.accept`.

        The same request again, as after an association that broke, is the same transaction.

        :raises InvalidArgumentValue: its UID is in use for other instances.
        :raises ResourceLimitation: it cannot be noted now.
        """
        try:
            task = await self._in_thread(self._note, request)
        except (IndexUnavailable, QueryTimeout) as error:
            raise ResourceLimitation("the transaction cannot be noted now") from error
        if task is None:
            raise InvalidArgumentValue(
                "this Transaction UID is in use already", tags=(_TRANSACTION_UID,)
            )
        self._begun(_name(request), task)

    async def commit(self, request: CommitmentRequest) -> Mapping[SOPReference, int]:
        """Find out which are safe, one instance at a time.

        See :meth:`txdicomtls.interfaces.ICommitmentProvider.commit`.
        """
        under_way = self._under_way.get(_name(request))
        if under_way is None:
            return await self._commit(request)
        under_way.committing += 1
        try:
            return await self._commit(request)
        finally:
            under_way.committing -= 1
            under_way.until = self._now() + self._lease  # to be reported within that

    async def reported(self, request: CommitmentRequest) -> None:
        """Forget the transaction.

        See :meth:`txdicomtls.interfaces.ICommitmentProvider.reported`.

        :raises IndexUnavailable: it cannot be forgotten now; it will be reported once more.
        """
        under_way = self._under_way.pop(_name(request), None)
        if under_way is not None:
            await self._in_thread(self._tasks.done, under_way.key, owner=self._owner)

    async def unfinished(self) -> list[CommitmentRequest]:
        """Take on what was noted and has not been reported.

        That is what this node had noted before it was started, what another one had whose lease
        has ended, and what could not be reported within a lease.  To be called at the start, and
        now and then; each of them is to go through :meth:`commit` and :meth:`reported`.

        :return: some of them; there may be more.
        :raises IndexUnavailable: the index cannot be asked.
        """
        leased = await self._in_thread(self._resume, is_first=self._is_first)
        self._is_first = False
        requests = []
        for task in leased:
            request = _request(task)
            under_way = self._under_way.get(_name(request))
            if under_way is None or not under_way.is_on(self._now()):
                self._begun(_name(request), task.key)
                requests.append(request)
        return requests

    # -- within ------------------------------------------------------------------------------

    async def _commit(self, request: CommitmentRequest) -> dict[SOPReference, int]:
        failures: dict[SOPReference, int] = {}
        references = request.references
        renewed = self._now()
        for start in range(0, len(references), _PAGE):
            some = references[start : start + _PAGE]
            try:
                kept = await self._in_thread(
                    self._index.get, [reference.sop_instance_uid for reference in some]
                )
            except (IndexUnavailable, QueryTimeout):
                failures.update(dict.fromkeys(some, FailureReason.RESOURCE_LIMITATION))
                continue
            for reference in some:
                reason = await self._failure(reference, kept.get(reference.sop_instance_uid))
                if reason is not None:
                    failures[reference] = reason
                if self._now() - renewed > self._lease / 3:
                    renewed = self._now()
                    await self._renew(request, renewed)
        return failures

    def _begun(self, name: tuple[str, str], key: int) -> None:
        until = self._now() + self._lease
        under_way = self._under_way.setdefault(name, _UnderWay(key, until))
        under_way.key, under_way.until = key, until

    async def _failure(self, reference: SOPReference, kept: KeptInstance | None) -> int | None:
        if kept is None:
            return FailureReason.NO_SUCH_OBJECT_INSTANCE
        if kept.sop_class_uid != reference.sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        uid = reference.sop_instance_uid
        await self._turns.acquire()
        try:
            verified = (await self._archive.verify([uid]))[uid]
        except (OutOfResources, IndexUnavailable, QueryTimeout) as error:
            _log.warn("an instance cannot be verified now: {error}", error=str(error))
            return FailureReason.RESOURCE_LIMITATION
        finally:
            self._turns.release()
        if verified.safety is Safety.SAFE and verified.sop_class_uid != reference.sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        return _FAILURES.get(verified.safety)

    async def _renew(self, request: CommitmentRequest, now: datetime) -> None:
        under_way = self._under_way.get(_name(request))
        if under_way is None:
            return
        try:
            await self._in_thread(
                self._tasks.renew, [under_way.key], owner=self._owner, until=now + self._lease
            )
        except IndexUnavailable as error:
            # Then another node may do it as well, which does no harm.
            _log.warn("a transaction cannot be kept for longer: {error}", error=str(error))

    def _note(self, request: CommitmentRequest) -> int | None:
        """Put the task and lease it.

        :return: its key; None where another transaction has this UID.
        """
        now = self._now()
        payload = _payload(request)
        name = request.transaction_uid
        key = self._tasks.put_leased(
            NewTask(
                kind=TaskKind.COMMITMENT,
                destination=request.ae_title,
                name=name,
                payload=payload,
                due_at=now + self._lease,
            ),
            now=now,
            owner=self._owner,
        )
        if key is not None:
            return key
        there = self._tasks.find(TaskKind.COMMITMENT, request.ae_title, name)
        return there.key if there is not None and there.payload == payload else None

    def _resume(self, *, is_first: bool) -> list[Task]:
        now = self._now()
        if is_first:
            self._tasks.release(self._owner, kind=TaskKind.COMMITMENT, now=now)
        return self._tasks.due(
            TaskKind.COMMITMENT, now=now, owner=self._owner, lease=self._lease, limit=_AT_ONCE
        )


def _name(request: CommitmentRequest) -> tuple[str, str]:
    return request.ae_title, request.transaction_uid


def _payload(request: CommitmentRequest) -> dict[str, Any]:
    return {
        "transaction_uid": request.transaction_uid,
        "ae_title": request.ae_title,
        "own_ae_title": request.own_ae_title,
        "user": request.user,
        "references": [[each.sop_class_uid, each.sop_instance_uid] for each in request.references],
    }


def _request(task: Task) -> CommitmentRequest:
    payload = task.payload
    return CommitmentRequest(
        transaction_uid=payload["transaction_uid"],
        ae_title=payload["ae_title"],
        own_ae_title=payload["own_ae_title"],
        user=payload["user"],
        references=tuple(SOPReference(*each) for each in payload["references"]),
    )


_log = Logger()
