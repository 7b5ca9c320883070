"""One operation that this side performs: the work of a service, whose failures stay its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.dimse import Message, Request, Status
from txdicomtls.interfaces import ICancellableOperation, IOperation
from txdicomtls.net.request import Answer


@implementer(IOperation)
class Refusal:
    """The operation that nobody serves: its data set is read past.

    :param response: says why.
    """

    def __init__(self, response: Message) -> None:
        self._response = response

    def write(self, data: memoryview) -> None:
        """Throw it away."""

    def finish(self) -> Deferred[Message]:
        """Say why."""
        return succeed(self._response)

    def abandon(self) -> None:
        """Nothing to undo."""


class Performed:
    """One operation; its failure becomes the status 0x0110, so that the peer is always answered.

    :param message: the request.
    :param context_id: the presentation context that it came on.
    :ivar work: what its service does for it.
    """

    log = Logger()
    work: IOperation

    def __init__(self, message: Request, context_id: int) -> None:
        self.message = message
        self.context_id = context_id
        #: Whether its final response is known.
        self.is_over = False
        self._broken: Failure | None = None
        self._cancelled = False

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on, until it fails once."""
        if self._broken is not None:
            return None
        try:
            return self.work.write(data)
        except Exception:  # noqa: BLE001  # see the class
            self._broken = Failure()
            self._abandon()
            return None

    def finish(self) -> Deferred[Answer]:
        """Never fails."""
        if self._broken is not None:
            return succeed(self.failed(self._broken))
        finished: Deferred[Any] = maybeDeferred(self.work.finish)
        return finished.addCallbacks(_as_answer, self.failed)

    def cancel(self) -> None:
        """Pass on, once, where the operation can be cancelled at all."""
        cancellable: Any = ICancellableOperation(self.work, None)
        if cancellable is None or self._cancelled or self.is_over:
            return
        self._cancelled = True
        try:
            cancellable.cancel()
        except Exception:  # noqa: BLE001  # it is answered, or fails, by its own Deferred
            self.log.failure("an operation failed to be cancelled")

    def abandon(self) -> None:
        """Pass on, unless its failure has led to that already."""
        if self._broken is None:
            self._abandon()

    def _abandon(self) -> None:
        try:
            self.work.abandon()
        except Exception:  # noqa: BLE001  # the association is over: nobody else can be told
            self.log.failure("an operation failed to be abandoned")

    def failed(self, failure: Failure) -> Answer:
        """Note what went wrong; the answer that says so to the peer, and no more."""
        self.log.failure(
            "the operation {operation} failed",
            failure=failure,
            operation=type(self.message).__name__,
        )
        return Answer(self.message.response(Status.PROCESSING_FAILURE))


def _as_answer(result: Answer | Any) -> Answer:  # noqa: ANN401  # a service may be untyped
    return result if isinstance(result, Answer) else Answer(result)
