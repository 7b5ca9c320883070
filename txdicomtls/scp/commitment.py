"""Storage commitment, push model, as SCP: N-ACTION now, N-EVENT-REPORT when it is known (PS3.4 J).

Theory of operation.  A request is answered with success once the provider has noted it safely; that
is the promise to report.  What comes of it is then found out beside everything else, and told
on the association of the request if that is still there and takes it, or else handed to a
reporter, which tells it on an association of its own and keeps it while the requestor is away.
Only then does the provider hear that it may forget the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import FailureReason, NActionRQ, NEventReportRQ, StatusCategory, category
from txdicomtls.errors import (
    DicomTLSError,
    NoSuchActionType,
    NoSuchInstance,
    ResourceLimitation,
)
from txdicomtls.interfaces import (
    CommitmentRequest,
    EventReport,
    ICommitmentProvider,
    IEventReporter,
    IOperation,
    IService,
    NormalizedRequest,
    SOPReference,
)
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.means import Means, choose_small
from txdicomtls.scp.normalized import NormalizedOperation
from txdicomtls.scp.provided import settled
from txdicomtls.scp.statuses import log_unplanned
from txdicomtls.scp.transactions import read_transaction, report_of

if TYPE_CHECKING:
    from txdicomtls.instance import Blocks

#: Request Storage Commitment (PS3.4 J.3.2.1).
REQUEST_COMMITMENT = 1


@implementer(IService)
class Commitment:
    """Takes the responsibility for instances, where its provider does.

    :param provider: knows which are safe.
    :param reporter: tells a requestor whose association is over; without one it is not told.
    :param means: what operations work with.
    :param same_association: try the association of the request first.
    :param retrieve_ae_title: AE title from which committed instances can be retrieved.
    :param most: transactions that are worked on at once; more are refused with 0x0213.
    :param seconds: for finding out about one transaction; what takes longer has failed.
    """

    name = "commit"

    def __init__(
        self,
        provider: ICommitmentProvider,
        reporter: IEventReporter | None,
        means: Means,
        *,
        same_association: bool = True,
        retrieve_ae_title: str = "",
        most: int = 64,
        seconds: float = 3600.0,
    ) -> None:
        self._provider = provider
        self._reporter = reporter
        self._means = means
        self._same_association = same_association
        self._retrieve_ae_title = retrieve_ae_title
        self._most = most
        self._seconds = seconds
        self._working: set[Deferred[None]] = set()
        self._accepting = 0

    def accepts(self, abstract_syntax: str) -> bool:
        """Only the Storage Commitment Push Model."""
        return abstract_syntax == uids.STORAGE_COMMITMENT

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take N-ACTION; there is no other operation."""
        message = request.message
        if not isinstance(message, NActionRQ):
            return None

        async def act(about: NormalizedRequest, information: Dataset | None) -> None:
            await self._take(request, message, about, information)

        return NormalizedOperation(request, message, self._means, act)

    def resume(self, wanted: CommitmentRequest) -> None:
        """Go on with a transaction that was noted before a restart."""
        self._start(wanted, None)

    def stop(self) -> None:
        """Work on nothing any more; what was not reported the provider still has noted."""
        for working in list(self._working):
            working.cancel()

    # -- within ------------------------------------------------------------------------------

    async def _take(
        self,
        request: IncomingRequest,
        message: NActionRQ,
        about: NormalizedRequest,
        information: Dataset | None,
    ) -> None:
        if message.action_type_id != REQUEST_COMMITMENT:
            raise NoSuchActionType("there is one action, of type 1")
        if about.sop_instance_uid != uids.STORAGE_COMMITMENT_INSTANCE:
            raise NoSuchInstance("there is one instance, the well-known one")
        if len(self._working) + self._accepting >= self._most:
            raise ResourceLimitation("too many transactions are under way")
        facts = request.association
        self._accepting += 1
        try:
            # There may be thousands of instances, and each takes its time; so also below.
            read = await self._means.in_thread(read_transaction, information)
            transaction_uid, references = read
            wanted = CommitmentRequest(
                transaction_uid=transaction_uid,
                references=references,
                ae_title=facts.peer_ae_title,
                own_ae_title=facts.called_ae_title,
                user=request.user,
                association=facts,
            )
            await settled(self._provider.accept(wanted))
        finally:
            self._accepting -= 1
        self._start(wanted, request if self._same_association else None)

    def _start(self, wanted: CommitmentRequest, request: IncomingRequest | None) -> None:
        working = Deferred.fromCoroutine(self._work(wanted, request))
        self._working.add(working)
        working.addErrback(self._broken, wanted)
        working.addBoth(lambda _: self._working.discard(working))

    async def _work(self, wanted: CommitmentRequest, request: IncomingRequest | None) -> None:
        await deferLater(self._means.clock, 0)  # the answer to the request goes out first
        failures = await self._failures(wanted)
        event_type_id, information = await self._means.in_thread(
            report_of,
            wanted.transaction_uid,
            wanted.references,
            failures,
            retrieve_ae_title=self._retrieve_ae_title,
        )
        event = EventReport(
            ae_title=wanted.ae_title,
            own_ae_title=wanted.own_ae_title,
            sop_class_uid=uids.STORAGE_COMMITMENT,
            sop_instance_uid=uids.STORAGE_COMMITMENT_INSTANCE,
            event_type_id=event_type_id,
            information=information,
        )
        if request is None or not await self._told_here(request, event, len(wanted.references)):
            if self._reporter is None:
                _log.warn(
                    "{ae_title!r} could not be told of its storage commitment",
                    ae_title=wanted.ae_title,
                )
                return
            await settled(self._reporter.report(event))
        await settled(self._provider.reported(wanted))

    async def _failures(self, wanted: CommitmentRequest) -> Mapping[SOPReference, int]:
        """Which are not safe; all of them where that cannot be found out."""
        asked = Deferred.fromCoroutine(_asked(self._provider, wanted))
        asked.addTimeout(self._seconds, self._means.clock)
        try:
            return await asked
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # the requestor is owed a report
            what = f"a storage commitment for {wanted.ae_title!r}"
            log_unplanned(error, what, self._means.new_id())
            return dict.fromkeys(wanted.references, FailureReason.PROCESSING_FAILURE)

    async def _told_here(self, request: IncomingRequest, event: EventReport, items: int) -> bool:
        """Whether the requestor took the report on the association of its request."""
        context = request.context
        data = await self._means.encode(event.information, context.transfer_syntax, items=items)

        def message(message_id: int) -> NEventReportRQ:
            return NEventReportRQ(
                affected_sop_class_uid=event.sop_class_uid,
                affected_sop_instance_uid=event.sop_instance_uid,
                message_id=message_id,
                event_type_id=event.event_type_id,
                has_data_set=True,
            )

        try:
            invocation = request.exchange.start(context.context_id, message, _one_block(data))
            answer = await invocation.next()
        except DicomTLSError:
            return False  # the association is over, or ended before the answer
        return category(answer.response.status) is not StatusCategory.FAILURE

    def _broken(self, failure: Failure, wanted: CommitmentRequest) -> None:
        error = failure.value
        if error is None or isinstance(error, CancelledError):
            return
        what = f"the report of a storage commitment to {wanted.ae_title!r}"
        log_unplanned(error, what, self._means.new_id())


async def _asked(
    provider: ICommitmentProvider, wanted: CommitmentRequest
) -> Mapping[SOPReference, int]:
    return await settled(provider.commit(wanted))


async def _one_block(data: bytes) -> Blocks:
    yield data, True


_log = Logger()
