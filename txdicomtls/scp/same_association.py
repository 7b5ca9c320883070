"""The sub-operations of C-GET: C-STORE to the requestor, on the association of the C-GET.

Theory of operation.  As many C-STORE are outstanding as the agreed window allows.  What is asked to
stop begins no more, takes back what is not on its way, and waits for the responses to what
is: a C-STORE that has begun cannot be cancelled (PS3.7 9.1.1).  So the counters are true.  Where
whoever has the instances fails, or has no next one in time, what is on its way has its outcome
first as well.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from twisted.internet.defer import CancelledError, Deferred, DeferredQueue
from zope.interface import implementer

from txdicomtls.dimse import CStoreRQ, Priority
from txdicomtls.errors import AssociationError, DicomTLSError, NoPresentationContext
from txdicomtls.instance import Blocks, OutgoingInstance
from txdicomtls.interfaces import ISender, Originator, Outcome
from txdicomtls.net import IncomingRequest, Invocation
from txdicomtls.scp.means import Means
from txdicomtls.scp.statuses import log_unplanned

#: Sub-operations at once, however many the window allows: each holds a block of its instance.
MOST_AT_ONCE = 16


@implementer(ISender)
class SameAssociation:
    """Sends instances to the peer whose C-GET is performed.

    :param request: the C-GET.
    :param priority: of its sub-operations; one that is none is taken as medium.
    :param means: what it works with.
    """

    def __init__(self, request: IncomingRequest, priority: int, means: Means) -> None:
        self._request = request
        self._priority = priority if priority in list(Priority) else Priority.MEDIUM
        self._means = means
        self._contexts = {
            (context.abstract_syntax, context.transfer_syntax): context.context_id
            for context in reversed(request.exchange.contexts)
            if context.roles.scp
        }

    async def send(
        self, instances: AsyncIterator[OutgoingInstance], originator: Originator
    ) -> AsyncGenerator[Outcome, None]:
        """See :class:`~txdicomtls.interfaces.ISender`.

        Cancelled, it goes on until what is on its way has its outcome, and raises then.

        :raises AssociationError: the association is over.
        :raises LimitExceeded: there was no next instance in time.
        """
        most = min(max(self._request.exchange.window, 1), MOST_AT_ONCE)
        # In tuples, because a queue of Deferreds takes a bare Failure for its own.
        ended: DeferredQueue[tuple[_Suboperation, Outcome | None]] = DeferredQueue()
        running: set[_Suboperation] = set()
        is_exhausted = False
        stopped_by: Exception | None = None
        try:
            while True:
                try:
                    if stopped_by is None and not is_exhausted:
                        is_exhausted = await self._fill(running, most, instances, ended)
                    if not running:
                        break
                    suboperation, outcome = await ended.get()
                except CancelledError as error:
                    stopped_by = error
                    for each in running:
                        each.take_back()
                    continue
                except Exception as error:  # noqa: BLE001  # raised once nothing is under way
                    stopped_by = error
                    continue
                running.discard(suboperation)
                if outcome is None:
                    continue
                yield outcome
                if suboperation.association_error is not None:
                    raise suboperation.association_error
        finally:
            for each in running:
                each.task.cancel()
        if stopped_by is not None:
            raise stopped_by

    async def _fill(
        self,
        running: set[_Suboperation],
        most: int,
        instances: AsyncIterator[OutgoingInstance],
        ended: DeferredQueue[tuple[_Suboperation, Outcome | None]],
    ) -> bool:
        """Begin as many as there is room for; whether there are no more instances."""
        while len(running) < most:
            instance = await self._means.soon(anext(instances, None), "the next instance")
            if instance is None:
                return True
            running.add(self._begin(instance, ended))
        return False

    def _begin(
        self,
        instance: OutgoingInstance,
        ended: DeferredQueue[tuple[_Suboperation, Outcome | None]],
    ) -> _Suboperation:
        suboperation = _Suboperation(
            self._request, instance, self._context_for(instance), self._priority, self._means
        )
        suboperation.task.addCallback(lambda outcome: ended.put((suboperation, outcome)))
        return suboperation

    def _context_for(self, instance: OutgoingInstance) -> tuple[int, str] | None:
        """The context that carries it, and in which transfer syntax: best the one it is kept in."""
        for syntax in instance.transfer_syntaxes:
            context_id = self._contexts.get((instance.sop_class_uid, syntax))
            if context_id is not None:
                return context_id, syntax
        return None


class _Suboperation:
    """One C-STORE.

    :param context: the context that carries it, and its transfer syntax; None if there is none.
    :ivar association_error: why the association is over, if that is how it ended.
    :ivar task: fires with the outcome; with None where it was taken back before it began.
    """

    def __init__(
        self,
        request: IncomingRequest,
        instance: OutgoingInstance,
        context: tuple[int, str] | None,
        priority: int,
        means: Means,
    ) -> None:
        self._request = request
        self._instance = instance
        self._priority = priority
        self._means = means
        self._invocation: Invocation | None = None
        self._is_taken_back = False
        self.association_error: AssociationError | None = None
        self.task: Deferred[Outcome | None] = Deferred.fromCoroutine(self._outcome(context))

    def take_back(self) -> None:
        """Forget about it, unless its command set is on its way already."""
        if self._invocation is None or self._invocation.request is None:
            self._is_taken_back = True
            self.task.cancel()

    async def _outcome(self, context: tuple[int, str] | None) -> Outcome | None:
        """Never raises."""
        instance = self._instance
        error: Exception
        try:
            if context is None:
                raise NoPresentationContext(
                    instance.sop_class_uid, " or ".join(instance.transfer_syntaxes)
                )
            return Outcome(instance=instance, status=await self._store(*context))
        except CancelledError as reason:
            if self._is_taken_back:
                return None
            error = reason
        except DicomTLSError as reason:
            error = reason
        except Exception as reason:  # noqa: BLE001  # others go on
            number = self._means.new_id()
            peer = self._request.association.peer
            log_unplanned(reason, f"an instance for {peer}", number)
            error = DicomTLSError(f"see the log at {number}")
        return Outcome(instance=instance, error=error)

    async def _store(self, context_id: int, syntax: str) -> int:
        instance, exchange = self._instance, self._request.exchange
        opened = await self._means.soon(
            instance.open(syntax, exchange.fragment_size), "opening an instance"
        )
        try:
            self._invocation = exchange.start(
                context_id, self._message, self._patient(opened.blocks())
            )
            answer = await self._invocation.next()
        except AssociationError as error:
            self.association_error = error
            raise
        finally:
            await opened.close()
        return answer.response.status

    def _message(self, message_id: int) -> CStoreRQ:
        return CStoreRQ(
            affected_sop_class_uid=self._instance.sop_class_uid,
            affected_sop_instance_uid=self._instance.sop_instance_uid,
            message_id=message_id,
            priority=self._priority,
        )

    async def _patient(self, blocks: Blocks) -> Blocks:
        """The blocks, none of which may take longer than the patience of the means."""
        async with aclosing(blocks):
            while (block := await self._means.soon(anext(blocks, None), "a block")) is not None:
                yield block
