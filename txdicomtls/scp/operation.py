"""Operations that gather a small data set and then run a coroutine.

Theory of operation.  The data set of a request comes in pieces and is kept up to a limit; what
is beyond it is read past, and the operation refused.  Then :meth:`Operation.perform` runs, as a
coroutine that waits for a provider, for the peer to read, for time to pass.

To cancel the operation is to cancel whatever it waits for: that Deferred fails with
``CancelledError`` in the same turn, the provider sees that where it awaits, and all the iterators
in between are closed on the way out.  Who is not out after the grace is not waited for: the peer
is answered all the same, and nothing that comes later reaches it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.errors import AssociationError, LimitExceeded
from txdicomtls.interfaces import ICancellableOperation, IOperation
from txdicomtls.net import Answer, Deadline, IncomingRequest
from txdicomtls.scp.means import Means, Turn
from txdicomtls.scp.statuses import Kind, Refusal, log_unplanned, refuse


@implementer(IOperation)
class Operation(ABC):
    """One operation of any kind, from its request to its final response.

    :param request: the request.
    :param means: what it works with.
    :ivar patience: to be started before a provider is waited for; ends the operation where
        that takes too long.
    :ivar is_overdue: whether it did.
    """

    kind: Kind

    def __init__(self, request: IncomingRequest, means: Means) -> None:
        self.request = request
        self.means = means
        limits = means.limits
        self.patience = Deadline(means.clock, limits.patience, self._too_slow)
        self.turn = Turn(means.clock, limits.turn)
        self.is_overdue = False
        self._data = bytearray()
        self._too_much = False
        self._answer: Deferred[Answer] = Deferred()
        self._work: Deferred[Answer] | None = None
        self._running = False
        self._stop_at_next_wait = False

    @abstractmethod
    async def perform(self, data: bytes) -> Answer:
        """Do it.

        :param data: the data set of the request; empty where it has none.
        :return: the final response.
        """

    @abstractmethod
    def refused(self, refusal: Refusal) -> Answer:
        """Make the final response that says why it is not done."""

    # -- IOperation --------------------------------------------------------------------------

    def write(self, data: memoryview) -> None:
        """Gather, up to the limit."""
        if self._too_much:
            return
        if len(self._data) + len(data) > self.means.limits.data:
            self._too_much = True
            self._data.clear()
        else:
            self._data += data

    def finish(self) -> Deferred[Answer]:
        """The request is complete: begin."""
        if self._too_much:
            most = self.means.limits.data
            error = LimitExceeded(f"the data set is longer than {most} bytes")
            return succeed(self._refused(error))
        data, self._data = bytes(self._data), bytearray()
        self._work = Deferred.fromCoroutine(self._driven(self.perform(data)))
        self._work.addCallbacks(self._done, self._failed).addErrback(self._broken)
        return self._answer

    def abandon(self) -> None:
        """The association ended before the request was complete: nothing was begun."""
        self._data.clear()

    # -- within ------------------------------------------------------------------------------

    def stop(self) -> None:
        """Cancel whatever the coroutine waits for, now or when it next waits."""
        if self._running:
            self._stop_at_next_wait = True
        elif self._work is not None:
            self._work.cancel()

    def ended_by(self, error: BaseException) -> Answer:
        """Make the final response after :meth:`perform` raised."""
        if self.is_overdue:
            seconds = self.means.limits.patience
            error = LimitExceeded(f"nothing came of it for {seconds:g} s")
        return self._refused(error)

    def answer(self, answer: Answer) -> None:
        """Answer, once; whatever comes later reaches nobody."""
        self.patience.stop()
        if not self._answer.called:
            self._answer.callback(answer)

    def _refused(self, error: BaseException) -> Answer:
        return self.refused(refuse(error, self.kind, self.request, self.means.new_id()))

    def _driven(
        self, work: Coroutine[Deferred[Any], Any, Answer]
    ) -> Generator[Deferred[Any], Any, Answer]:
        """Run a coroutine, knowing at any time whether it runs or waits.

        One that runs cannot be cancelled by Twisted, and what it calls may end the association.
        """
        step: Callable[[Any], Deferred[Any]] = work.send
        value: Any = None
        while True:
            self._running = True
            try:
                awaited = step(value)
            except StopIteration as end:
                result: Answer = end.value
                return result
            finally:
                self._running = False
            if self._stop_at_next_wait:
                self._stop_at_next_wait = False
                awaited.cancel()
            try:
                value = yield awaited
                step = work.send
            except Exception as error:  # noqa: BLE001  # the coroutine deals with it
                value, step = error, work.throw

    def _done(self, answer: Answer) -> None:
        self.answer(answer)

    def _failed(self, failure: Failure) -> None:
        error = failure.value
        assert error is not None  # it is a failure
        if self._answer.called:
            if not isinstance(error, CancelledError | AssociationError):
                what = f"what was left of an operation of {self.request.association.peer}"
                log_unplanned(error, what, self.means.new_id())
            return
        self.answer(self.ended_by(error))

    def _broken(self, failure: Failure) -> None:
        """Not even a response could be made; whoever waits for it makes one."""
        self.patience.stop()
        if not self._answer.called:
            self._answer.errback(failure)

    def _too_slow(self) -> None:
        self.is_overdue = True
        self.stop()


@implementer(ICancellableOperation)
class CancellableOperation(Operation):
    """One that C-CANCEL, or the end of the association, brings to its end early.

    :ivar is_cancelled: whether it did.
    """

    def __init__(self, request: IncomingRequest, means: Means) -> None:
        super().__init__(request, means)
        self.is_cancelled = False
        self._grace = Deadline(means.clock, means.limits.grace, self._leave)

    @abstractmethod
    def cancelled(self) -> Answer:
        """Make the final response after C-CANCEL, with the status 0xFE00."""

    def cancel(self) -> None:
        """Come to an end."""
        self.is_cancelled = True
        self.patience.stop()
        self._grace.start()
        self.stop()

    def answer(self, answer: Answer) -> None:
        """Answer, and wait for nothing more."""
        self._grace.stop()
        super().answer(answer)

    def ended_by(self, error: BaseException) -> Answer:
        """After C-CANCEL it was cancelled, whatever else went wrong on the way out."""
        if not self.is_cancelled:
            return super().ended_by(error)
        if not isinstance(error, CancelledError | AssociationError):
            what = f"a cancelled operation of {self.request.association.peer}"
            log_unplanned(error, what, self.means.new_id())
        return self.cancelled()

    def may_leave(self) -> bool:
        """Whether it may be answered though it has not come to its end."""
        return True

    def _leave(self) -> None:
        if self.may_leave():
            self.answer(self.cancelled())
        else:
            self._grace.start()
