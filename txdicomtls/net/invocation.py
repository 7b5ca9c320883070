"""One operation that this side invokes, and the responses to it.

Theory of operation.  An :class:`Invocation` hands out the responses of one operation
in order.  Those that nobody has taken yet are kept up to :data:`MOST_UNREAD`; past that
nothing more is read from the peer, so that a slow reader of many matches costs no memory.

A peer that has been asked to come to an end, and does not within the response timeout, is aborted,
however many responses it sends.

An operation that nobody waits for any more is cancelled where PS3.7 has a C-CANCEL for it, and its
remaining responses are read past.  Any other operation that is given up
after its command was sent takes the association with it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from txdicomtls.dimse import CommandField, Request, Response, StatusCategory, category
from txdicomtls.errors import LocalProtocolError
from txdicomtls.net.request import Answer
from txdicomtls.net.timers import Deadline
from txdicomtls.net.wire import Progress

#: Responses of one operation that are kept until somebody takes them.
MOST_UNREAD = 16

#: The operations that have pending responses and can be cancelled (PS3.7 9.3.2 to 9.3.4).
_CANCELLABLE = frozenset((CommandField.C_FIND_RQ, CommandField.C_GET_RQ, CommandField.C_MOVE_RQ))


class Owner(Protocol):
    """What an invocation needs of the :class:`~txdicomtls.net.invoker.Invoker` that made it."""

    def hold(self, invocation: Invocation) -> None:
        """Read nothing more from the peer until :meth:`let_go`."""

    def let_go(self) -> None:
        """Take back one :meth:`hold`."""

    def cancel(self, invocation: Invocation) -> None:
        """Send C-CANCEL, or take it back where it was not sent yet."""

    def forsaken(self, invocation: Invocation) -> None:
        """Nobody waits for it any more."""

    def overdue(self, invocation: Invocation) -> None:
        """Its next response has not come in time."""


class Invocation:
    """One operation and its responses.  Made by :meth:`txdicomtls.net.Invoker.start`.

    :param invoker: whose it is.
    :param context_id: the presentation context that it is on.
    :param clock: for the response timeout.
    :param seconds: how long to wait for each response.
    """

    __slots__ = (
        "_answers",
        "_due",
        "_early",
        "_error",
        "_forsaken",
        "_holding",
        "_invoker",
        "_is_cancelled",
        "_waiting",
        "context_id",
        "is_done",
        "is_sent",
        "progress",
        "request",
        "sending",
    )

    def __init__(
        self, invoker: Owner, context_id: int, clock: IReactorTime, seconds: float
    ) -> None:
        self._invoker = invoker
        self._due = Deadline(clock, seconds, lambda: invoker.overdue(self))
        self._answers: deque[Answer] = deque()
        self._waiting: Deferred[Answer] | None = None
        self._error: BaseException | None = None
        self._early: Answer | None = None
        self._holding = False
        self._forsaken = False
        self._is_cancelled = False
        self.context_id = context_id
        self.request: Request | None = None
        self.sending: Deferred[None] | None = None
        self.progress = Progress()
        #: Whether the request is on its way to its last byte.
        self.is_sent = False
        #: Whether the final response has come, or none can.
        self.is_done = False

    def next(self) -> Deferred[Answer]:
        """The next response, in the order in which they came; the last one is not pending.

        Nobody may ask for one while another is still waited for.  Cancelling it forsakes
        the operation.

        :raises txdicomtls.errors.AssociationError: the association ended first; as a failure.
            So does whatever kept the request from being sent.
        """
        if self._answers:
            answer = self._answers.popleft()
            self._let_go()
            return succeed(answer)
        if self._error is not None:
            return fail(self._error)
        if self.is_done or self._waiting is not None:
            return fail(LocalProtocolError("there is no further response to wait for"))
        self._waiting = Deferred(self._no_longer_awaited)
        return self._waiting

    def cancel(self) -> None:
        """Ask the peer to come to an end (C-CANCEL); its final response is still to be waited for.

        Without effect where it is over already.  One that has not been sent yet never is.

        :raises LocalProtocolError: this is no operation that can be cancelled.
        """
        if self.is_done:
            return
        self._invoker.cancel(self)
        self._is_cancelled = True
        self.noticed()

    def forsake(self) -> None:
        """Nobody wants its responses any more; see the theory of operation.

        Who still waits for one gets a :class:`~twisted.internet.defer.CancelledError`, or the
        reason for which the association ends.
        """
        if self.is_done or self._forsaken:
            return
        self._forsaken = True
        self._answers.clear()
        self._let_go()
        if self.is_sent:
            self._due.start()
        self._invoker.forsaken(self)
        if self._waiting is not None:
            self._waiting.cancel()

    def noticed(self) -> None:
        """The peer works on it, as one that sends what a C-GET asked for: its response is due anew.

        Without effect before the request is sent, after the final response, and where nobody
        waits for it any more.
        """
        if self.is_sent and not (self.is_done or self._holding or self._forsaken):
            self._due.start()

    def rest(self) -> None:
        """It is the peer that waits for us: no response is due until :meth:`noticed`."""
        self._due.stop()

    # -- for the invoker ---------------------------------------------------------------------

    @property
    def is_holding(self) -> bool:
        """Whether the peer is not read because too many responses wait to be taken."""
        return self._holding

    @property
    def is_cancellable(self) -> bool:
        """Whether it was sent, and PS3.7 has a C-CANCEL for it."""
        return self.request is not None and self.request.command_field in _CANCELLABLE

    def is_final(self, response: Response) -> bool:
        """Whether no response can follow this one."""
        return not self.is_cancellable or category(response.status) is not StatusCategory.PENDING

    def sent(self) -> None:
        """The request is on its way to its last byte: the response is due."""
        self.is_sent = True
        early, self._early = self._early, None
        if early is not None:
            self.deliver(early, final=True)
        else:
            self.put_off()

    def cut_short(self) -> None:
        """Send no more of its data set: the peer has answered, and only reads past the rest."""
        self.progress.is_cut = True
        self.put_off()  # who gives the data set has no longer than a peer to come to its end
        if self.sending is not None:
            self.sending.cancel()

    def put_off(self) -> None:
        """The next response is due from now, whether anybody waits for it or not."""
        if not self.is_done:
            self._due.start()

    def deliver(self, answer: Answer, *, final: bool) -> None:
        """A response has come.

        A final one that comes early waits: the data set is still being sent or closed, and
        whoever gets the response may do away with where it comes from.
        """
        if final and not self.is_sent:
            self._early = answer
            return
        if final:
            self.is_done = True
            self._due.stop()
        if self._forsaken:
            return
        if not self._is_cancelled:
            self.noticed()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(answer)
            return
        self._answers.append(answer)
        if len(self._answers) >= MOST_UNREAD and not final and not self._holding:
            self._holding = True
            self._due.stop()  # it is we who let the peer wait
            self._invoker.hold(self)

    def failed(self, error: BaseException) -> None:
        """No response can come; the first reason is the one that counts.

        A final response that waits counts before any.
        """
        self._due.stop()
        if self.is_done:
            return
        early, self._early = self._early, None
        if early is not None:
            self.is_sent = True  # as far as it ever will be
            self.deliver(early, final=True)
            return
        self.is_done = True
        self._error = error
        self._let_go()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.errback(error)

    def _let_go(self) -> None:
        if self._holding and not self._answers:
            self._holding = False
            self.noticed()
            self._invoker.let_go()

    def _no_longer_awaited(self, _: Deferred[Answer]) -> None:
        self._waiting = None  # it is told of the cancellation
        self.forsake()
