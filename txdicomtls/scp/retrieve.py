"""What C-GET and C-MOVE have in common as SCP: they send what is selected (PS3.4 C.4.2, C.4.3).

Theory of operation.  The provider selects the instances, a sender sends them: for C-MOVE a
destination, for C-GET the same association.  The sender takes the next instance when it can
send it, and says what became of each; this module counts.  Meanwhile the requestor hears a pending
response now and then, not for each instance.

However a sender ends, each instance that it has not spoken of has failed; only C-CANCEL leaves
some of them remaining.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from pydicom.dataset import Dataset
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall

from txdicomtls.codes import Root
from txdicomtls.dataset import encode
from txdicomtls.dimse import RetrieveRQ, Status
from txdicomtls.errors import AssociationError, DicomTLSError
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import (
    IRetrieveProvider,
    ISender,
    Originator,
    Outcome,
    Retrieval,
    Selection,
)
from txdicomtls.net import Answer, IncomingRequest
from txdicomtls.scp.identifiers import read_retrieval
from txdicomtls.scp.means import Means
from txdicomtls.scp.operation import CancellableOperation
from txdicomtls.scp.provided import each, settled
from txdicomtls.scp.statuses import Kind, Refusal, log_unplanned
from txdicomtls.scp.tally import Tally

#: Seconds between two pending responses.
PENDING_EVERY = 2.0


class RetrieveOperation(CancellableOperation):
    """One C-GET or C-MOVE.

    :param request: the request.
    :param message: its command set.
    :param means: what it works with.
    :param provider: has the instances.
    :param root: the information model.
    :param pending_every: seconds between two pending responses.
    """

    kind = Kind.RETRIEVAL
    #: Whether the instances go to the requestor itself, on this association.
    sends_here = False

    def __init__(
        self,
        request: IncomingRequest,
        message: RetrieveRQ,
        means: Means,
        provider: IRetrieveProvider,
        root: Root,
        *,
        pending_every: float,
    ) -> None:
        super().__init__(request, means)
        self._message = message
        self._provider = provider
        self._root = root
        self._every = pending_every
        self._tally = Tally(0)
        self._name = type(message).__name__
        self._telling: LoopingCall = LoopingCall(self._tell)
        self._telling.clock = means.clock
        self._told: Deferred[None] | None = None

    @abstractmethod
    async def sender(self, retrieval: Retrieval) -> ISender:
        """Find out where to send to, before anything is selected."""

    async def perform(self, data: bytes) -> Answer:
        """Select, send, count."""
        keys = await self.means.decode(data, self.request.context.transfer_syntax)
        retrieval = read_retrieval(self.request, keys, self._root)
        self.patience.start()
        sender = await self.sender(retrieval)
        self.patience.start()
        selection = await settled(self._provider.select(retrieval))
        self.patience.stop()
        self._tally = Tally(selection.count)
        originator = Originator(
            ae_title=self.request.association.peer_ae_title, message_id=self._message.message_id
        )
        self._telling.start(self._every, now=False)
        async with aclosing(self._taken(selection)) as instances:
            await self._send(sender, instances, originator)
        self._tally.log(self._name, self.request.association.peer)
        return self._final(self._tally.final_status())

    def cancelled(self) -> Answer:
        """With what remains, and what failed until then (PS3.4 C.4.2.1.5)."""
        return self._final(Status.CANCEL)

    def refused(self, refusal: Refusal) -> Answer:
        """Say why nothing was sent."""
        return Answer(
            self._message.response(
                refusal.status,
                offending_element=refusal.tags,
                error_comment=refusal.comment,
            )
        )

    def answer(self, answer: Answer) -> None:
        """Answer, and tell nothing more."""
        if self._telling.running:
            self._telling.stop()
        super().answer(answer)

    def may_leave(self) -> bool:
        """A sub-operation on this association has to be answered first."""
        return not (self.sends_here and self._tally.is_open)

    # -- within ------------------------------------------------------------------------------

    async def _send(
        self, sender: ISender, instances: AsyncGenerator[OutgoingInstance, None], by: Originator
    ) -> None:
        why = "the destination gave no outcome"
        try:
            await self._count(sender.send(instances, by))
        except CancelledError:
            if not self.is_overdue:
                raise
            self.is_overdue = False  # it has an answer of its own
            why = f"no outcome within {self.means.limits.patience:g} s"
        except AssociationError as error:
            if self.sends_here:
                raise
            why = str(error)
        except DicomTLSError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001  # whoever sends, the peer gets its counters
            number = self.means.new_id()
            log_unplanned(error, f"the sender for {self.request.association.peer}", number)
            why = f"see the log at {number}"
        finally:
            self.patience.stop()
        if self.is_cancelled:
            raise CancelledError
        self._tally.end_all(why)
        await self._fail_the_rest(instances, why)

    async def _count(self, outcomes: AsyncIterator[Outcome]) -> None:
        async with aclosing(each(outcomes)) as closing:
            self._wait_for_outcome()
            async for outcome in closing:
                self._tally.end(outcome)
                if self.is_cancelled and not self.sends_here:
                    raise CancelledError  # the sender did not listen
                await self.turn.give_way()
                self._wait_for_outcome()

    def _wait_for_outcome(self) -> None:
        # On this association the peer is waited for, and its own deadlines hold.
        if not self.sends_here:
            self.patience.start()

    async def _taken(self, selection: Selection) -> AsyncGenerator[OutgoingInstance, None]:
        """Each instance, counted as begun when it is taken."""
        async with aclosing(each(selection.instances)) as instances:
            async for instance in instances:
                self._tally.begin(instance)
                yield instance
        self._tally.no_more()

    async def _fail_the_rest(
        self, instances: AsyncGenerator[OutgoingInstance, None], why: str
    ) -> None:
        """Count as failed what the sender has not even taken."""
        try:
            async for instance in instances:
                self._tally.end(Outcome(instance=instance, error=DicomTLSError(why)))
                await self.turn.give_way()
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  # that is what the counters say
            what = f"the selection for {self.request.association.peer}"
            log_unplanned(error, what, self.means.new_id())
        self._tally.fail_the_rest(why)

    def _tell(self) -> None:
        """Tell the requestor how far it is, unless it has not even read the last time."""
        if self._told is not None:
            return
        told = self._told = self.request.exchange.respond(
            Answer(self._message.response(Status.PENDING, suboperations=self._tally.counters))
        )
        # Where the association is over, the operation is cancelled as well.
        told.addErrback(lambda _: None).addCallback(self._read)

    def _read(self, _: None) -> None:
        self._told = None

    def _final(self, status: int) -> Answer:
        tally = self._tally
        failed = tally.failed_uids if status != Status.SUCCESS else []
        data = b""
        if failed:
            listed = Dataset()
            listed.FailedSOPInstanceUIDList = failed
            data = encode(listed, self.request.context.transfer_syntax)
        response = self._message.response(
            status, suboperations=tally.counters, has_data_set=bool(failed)
        )
        return Answer(response, data)
