"""Storage commitment as requestor: asked for with N-ACTION, reported with N-EVENT-REPORT (PS3.4 J).

Where the report comes on the association of the request, a listener of its own serves that
association for as long as it is waited for.  Where it may come later, on an association that
the peer opens, the caller has a :class:`~txdicomtls.scu.CommitmentListener` there, and the
association of the request need not stay open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from txdicomtls import uids
from txdicomtls.errors import AssociationEnded, AssociationTimeout, LocalProtocolError
from txdicomtls.scu.commitment_reports import CommitmentListener, Committed, Reference
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.normalized import Instance, action

#: Action Type ID of a request (PS3.4 J.3.2).
REQUEST_COMMITMENT = 1


class Named(Protocol):
    """What names an instance, as a :class:`~txdicomtls.scu.Sent` or a file header does."""

    @property
    def sop_class_uid(self) -> str:
        """Its SOP class."""

    @property
    def sop_instance_uid(self) -> str:
        """Itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Awaited:
    """A request for storage commitment that the peer has taken.

    :param transaction_uid: of the request.
    :param report: fires with the report; fails with
        :class:`~txdicomtls.errors.AssociationTimeout` where none came in time.
    """

    transaction_uid: str
    report: Deferred[Committed]


async def request_commitment(
    requestor: Requestor,
    instances: Iterable[Named],
    listener: CommitmentListener,
    *,
    seconds: float,
    transaction_uid: str = "",
) -> Awaited:
    """Ask; see :meth:`txdicomtls.scu.Association.request_commitment`."""
    references = tuple(
        dict.fromkeys(Reference(each.sop_class_uid, each.sop_instance_uid) for each in instances)
    )
    if not references:
        raise LocalProtocolError("there is nothing to commit")
    transaction_uid = transaction_uid or _new_transaction()
    report = listener.expect(transaction_uid, references)
    try:
        await action(
            requestor,
            Instance(
                sop_class_uid=uids.STORAGE_COMMITMENT,
                sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
            ),
            REQUEST_COMMITMENT,
            # There may be thousands of instances, and each takes its time.
            await requestor.in_thread(_request, transaction_uid, references),
            "commitment",
        )
    except BaseException:
        listener.forget(transaction_uid)
        raise
    report.addTimeout(seconds, requestor.protocol.clock, _too_late)
    return Awaited(transaction_uid, report)


async def commit(requestor: Requestor, instances: Iterable[Named], *, seconds: float) -> Committed:
    """Ask, and wait for the report on the same association.

    See :meth:`txdicomtls.scu.Association.commit`.
    """
    protocol = requestor.protocol
    listener = _listener(requestor)
    transaction_uid = _new_transaction()
    try:
        awaited = await request_commitment(
            requestor, instances, listener, seconds=seconds, transaction_uid=transaction_uid
        )
        report = awaited.report

        def closed(_: None) -> None:
            if not report.called:
                report.errback(protocol.error or AssociationEnded("the association is over"))

        protocol.when_closed().addCallback(closed)
        return await report
    finally:
        listener.forget(transaction_uid)
        if not listener.awaits_any:
            requestor.stop_listening()


def _listener(requestor: Requestor) -> CommitmentListener:
    """Who hears the reports on this association: one for all, because a report does not say whose.

    That of the caller where there is one, else one of our own for as long as it is needed.
    """
    services = requestor.protocol.messages.services
    known = services.using(uids.STORAGE_COMMITMENT)
    if isinstance(known, CommitmentListener):
        return known
    listener = CommitmentListener(requestor.protocol.clock, requestor.in_thread)
    requestor.stop_listening = services.add(listener)
    return listener


def _new_transaction() -> str:
    """A UID made of random bits (PS3.5 B.2): nobody can report on it who was not asked."""
    return f"2.25.{uuid4().int}"


def _request(transaction_uid: str, references: Iterable[Reference]) -> Dataset:
    """The action information of a request (PS3.4 Table J.3-1)."""
    request = Dataset()
    request.TransactionUID = transaction_uid
    items = []
    for reference in references:
        item = Dataset()
        item.ReferencedSOPClassUID = reference.sop_class_uid
        item.ReferencedSOPInstanceUID = reference.sop_instance_uid
        items.append(item)
    request.ReferencedSOPSequence = items
    return request


def _too_late(_: object, seconds: float) -> Failure:
    return Failure(AssociationTimeout("report of storage commitment", seconds))
