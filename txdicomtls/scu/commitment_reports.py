"""Reports of storage commitment: who waits for one, and the service that takes it (PS3.4 J.3.3).

Theory of operation.  A report comes perhaps hours after its request, on the same association or
on one that the peer opens, and has the Transaction UID of the request.  A
:class:`CommitmentListener` knows who waits for which transaction, and is offered wherever
reports may come::

    listener = CommitmentListener(reactor, in_thread_of(reactor))
    node = AssociationFactory(reactor, services=[Verification(), listener], access=...)

It is told what to expect before the request is sent, so that no report is too early.  A
Transaction UID cannot be guessed, and a report that nobody waits for is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dataset import decode
from txdicomtls.dimse import NEventReportRQ, Response, Status
from txdicomtls.errors import LocalProtocolError, MalformedDataSet
from txdicomtls.interfaces import IOperation, IUsingService
from txdicomtls.net import IncomingRequest
from txdicomtls.scu.invoking import in_thread_unless_quick
from txdicomtls.threads import InThread

#: Event Type IDs of reports (PS3.4 J.3.3).
ALL_COMMITTED = 1
SOME_NOT_COMMITTED = 2

#: Bytes of a report that are kept; one instance takes some 150 of them.
MOST_REPORT = 1 << 24


class Reference(NamedTuple):
    """One instance."""

    sop_class_uid: str
    sop_instance_uid: str


class NotCommitted(NamedTuple):
    """An instance that the peer did not commit itself to.

    :param reason: Failure Reason (0008,1197), see
        :func:`~txdicomtls.dimse.describe_failure_reason`; None where the report does not
        mention the instance at all.
    """

    reference: Reference
    reason: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a report says of the instances that were asked for; of others nothing is kept.

    :param transaction_uid: of the request.
    :param committed: those that the peer keeps: they need not be kept here any longer.
    :param failed: all the others.
    """

    transaction_uid: str
    committed: tuple[Reference, ...]
    failed: tuple[NotCommitted, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every instance is committed."""
        return not self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report says, whether it was asked for or not.

    :param reasons: of those that failed: Failure Reason (0008,1197), None where it has none.
    """

    transaction_uid: str
    committed: frozenset[Reference]
    reasons: Mapping[Reference, int | None]


@dataclass(frozen=True, slots=True)
class _Expected:
    references: tuple[Reference, ...]
    report: Deferred[Committed]


@implementer(IUsingService)
class CommitmentListener:
    """Takes the reports of storage commitment, and tells whoever waits for one.

    :param clock: the reactor.
    :param in_thread: runs a blocking call in a thread.
    """

    name = "commitment"
    log = Logger()

    def __init__(self, clock: IReactorTime, in_thread: InThread) -> None:
        self._clock = clock
        self._in_thread = in_thread
        self._expected: dict[str, _Expected] = {}

    def expect(
        self, transaction_uid: str, references: tuple[Reference, ...]
    ) -> Deferred[Committed]:
        """Wait for a report; cancelling it forgets the transaction.

        :param transaction_uid: of the request that is about to be sent.
        :param references: the instances that it asks for.
        :raises LocalProtocolError: this transaction is waited for already.
        """
        if transaction_uid in self._expected:
            raise LocalProtocolError("there is a transaction with this UID already")
        report: Deferred[Committed] = Deferred(lambda _: self.forget(transaction_uid))
        self._expected[transaction_uid] = _Expected(references, report)
        return report

    def forget(self, transaction_uid: str) -> None:
        """Nobody waits for this report any more."""
        self._expected.pop(transaction_uid, None)

    @property
    def awaits_any(self) -> bool:
        """Whether a report is waited for."""
        return bool(self._expected)

    # -- IUsingService -----------------------------------------------------------------------

    def accepts(self, abstract_syntax: str) -> bool:
        """It commits itself to nothing."""
        return False

    def uses(self, abstract_syntax: str) -> bool:
        """The Storage Commitment Push Model, of which the peer is SCP."""
        return abstract_syntax == uids.STORAGE_COMMITMENT

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The peer's first that is one."""
        return next((uid for uid in offered if uid in uids.TRANSFER_SYNTAXES), None)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take N-EVENT-REPORT; there is no other operation."""
        message = request.message
        return _Report(self, message, request) if isinstance(message, NEventReportRQ) else None

    # -- for a report ------------------------------------------------------------------------

    def read(self, data: bytes, transfer_syntax: str) -> Deferred[Told]:
        """Read a report.

        :raises MalformedDataSet: it is none; as a failure.
        """
        return in_thread_unless_quick(_read, data, transfer_syntax, self._in_thread)

    def reported(self, report: Told) -> Status:
        """A report was read.

        :return: what to answer.  Whoever waits is told after the answer is on its way, because
            the first thing that it does may be to release the association.
        """
        expected = self._expected.get(report.transaction_uid)
        if expected is None:
            return Status.INVALID_ARGUMENT_VALUE
        self._clock.callLater(0, self._tell, _outcome(report, expected.references))
        return Status.SUCCESS

    def _tell(self, outcome: Committed) -> None:
        expected = self._expected.pop(outcome.transaction_uid, None)
        if expected is not None:
            expected.report.callback(outcome)


@implementer(IOperation)
class _Report:
    """One N-EVENT-REPORT on its way."""

    def __init__(
        self, listener: CommitmentListener, message: NEventReportRQ, request: IncomingRequest
    ) -> None:
        self._listener = listener
        self._message = message
        self._request = request
        self._data = bytearray()

    def write(self, data: memoryview) -> None:
        """Gather it, up to a limit."""
        if len(self._data) <= MOST_REPORT:
            self._data += data

    def finish(self) -> Deferred[Response]:
        """Success once it is understood."""
        refusal = self._objection()
        if refusal is not None:
            return succeed(self._message.response(refusal))
        return Deferred.fromCoroutine(self._read())

    def abandon(self) -> None:
        """Nothing was done."""

    def _objection(self) -> Status | None:
        message = self._message
        if message.affected_sop_instance_uid != uids.STORAGE_COMMITMENT_INSTANCE:
            return Status.NO_SUCH_SOP_INSTANCE
        if message.event_type_id not in (ALL_COMMITTED, SOME_NOT_COMMITTED):
            return Status.NO_SUCH_EVENT_TYPE
        if not self._data:
            return Status.INVALID_ARGUMENT_VALUE
        return Status.RESOURCE_LIMITATION if len(self._data) > MOST_REPORT else None

    async def _read(self) -> Response:
        transfer_syntax = self._request.context.transfer_syntax
        try:
            report = await self._listener.read(bytes(self._data), transfer_syntax)
        except MalformedDataSet as error:
            self._listener.log.warn(
                "a report of storage commitment from {peer} cannot be read: {error}",
                peer=self._request.association.peer,
                error=error,
            )
            return self._message.response(Status.INVALID_ARGUMENT_VALUE)
        return self._message.response(self._listener.reported(report))


def _read(data: bytes, transfer_syntax: str) -> Told:
    """Read a report.  Takes its time where it names many instances."""
    report = decode(data, transfer_syntax)
    return Told(
        transaction_uid=_uid(report, "TransactionUID"),
        committed=frozenset(map(_reference, _items(report, "ReferencedSOPSequence"))),
        reasons={
            _reference(item): reason if isinstance(reason, int) else None
            for item in _items(report, "FailedSOPSequence")
            for reason in (item.get("FailureReason"),)
        },
    )


def _outcome(report: Told, references: Iterable[Reference]) -> Committed:
    """Hold a report against what was asked for; a failure outweighs a success (PS3.4 J.3.3.1)."""
    kept, failed = [], []
    for reference in references:
        if reference in report.committed and reference not in report.reasons:
            kept.append(reference)
        else:
            failed.append(NotCommitted(reference, report.reasons.get(reference)))
    return Committed(
        transaction_uid=report.transaction_uid,
        committed=tuple(kept),
        failed=tuple(failed),
    )


def _items(report: Dataset, name: str) -> Iterable[Dataset]:
    """The items of a sequence; a peer may have made something else of it."""
    value = report.get(name)
    return value if isinstance(value, Sequence) else ()


def _reference(item: Dataset) -> Reference:
    return Reference(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"))


def _uid(dataset: Dataset, name: str) -> str:
    return str(dataset.get(name) or "")
