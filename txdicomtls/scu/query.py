"""C-FIND as requestor: the matches of a query, one after the other (PS3.4 C.4.1, K.4.1).

Theory of operation.  :class:`Matches` asks for the next response only when its reader wants the
next match, and :class:`~txdicomtls.net.Invocation` reads nothing more from the peer once a few
responses wait.  So a query with a million matches holds no more of them in memory than one with
twenty, and a slow reader makes the peer wait.

Who has enough cancels: with C-CANCEL, after which the peer's remaining responses are read past.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CFindRQ, Priority, Response, StatusCategory, category
from txdicomtls.errors import LocalProtocolError, QueryFailed, RemoteProtocolError
from txdicomtls.scu.invoking import Requestor, failure_of


class Matches:
    """The matches of one query: an asynchronous iterator over data sets.

    Leave the loop early within ``async with``, so that the peer is told to stop::

        async with association.find(identifier) as matches:
            async for match in matches: ...

    :param requestor: the association.
    :param context: on which to ask.
    :param identifier: what to match (PS3.4 C.2.2).
    :param service: short name of the service, for statuses.
    :param limit: the most matches wanted; None for all.
    """

    def __init__(
        self,
        requestor: Requestor,
        context: PresentationContext,
        identifier: Dataset,
        *,
        service: str,
        limit: int | None,
        priority: int,
    ) -> None:
        self._requestor = requestor
        self._context = context
        self._service = service
        self._left = limit
        self._invocation = requestor.start(
            context,
            lambda message_id: CFindRQ(
                affected_sop_class_uid=context.abstract_syntax,
                message_id=message_id,
                priority=priority,
            ),
            identifier,
        )
        #: Status of the final response; None before it came.
        self.status: int | None = None
        #: How many matches were handed out.
        self.count = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Dataset:
        """The next match.

        :raises QueryFailed: the query failed; an iterator that has raised is over.
        :raises AssociationError: the association ended first.
        """
        while self.status is None:
            answer = await self._invocation.next()
            if category(answer.response.status) is not StatusCategory.PENDING:
                self._end(answer.response)
            elif self._left != 0:
                return await self._match(answer.data)
        raise StopAsyncIteration

    def cancel(self) -> None:
        """Ask the peer to come to an end; matches that it sent before are still handed out."""
        if self.status is None:
            self._invocation.cancel()

    async def aclose(self) -> None:
        """No match is wanted any more: the peer is asked to stop; what it sends is read past."""
        self._invocation.forsake()

    def all(self) -> Deferred[list[Dataset]]:
        """All matches, in memory: for a query with a limit.

        :raises QueryFailed: the query failed; as a failure.
        """
        return Deferred.fromCoroutine(self._all())

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cancel what is not over."""
        await self.aclose()

    def __del__(self) -> None:
        # Who leaves a loop without a word has dropped this: nobody can read what still comes.
        invocation = getattr(self, "_invocation", None)
        if invocation is not None and not invocation.is_done:
            self._requestor.call(invocation.forsake)

    async def _match(self, data: bytes) -> Dataset:
        if not data:
            self._invocation.forsake()
            raise RemoteProtocolError("a pending response came without its identifier")
        try:
            match = await self._requestor.decoded(data, self._context.transfer_syntax)
        except BaseException:
            self._invocation.forsake()
            raise
        self.count += 1
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._invocation.cancel()
        return match

    def _end(self, response: Response) -> None:
        self.status = response.status
        if category(response.status) is StatusCategory.FAILURE:
            raise failure_of(QueryFailed, self._service, response)

    async def _all(self) -> list[Dataset]:
        async with self:
            return [match async for match in self]


def find(
    requestor: Requestor,
    model: str,
    identifier: Dataset,
    *,
    service: str = "find",
    limit: int | None = None,
    priority: int = Priority.MEDIUM,
) -> Matches:
    """Ask; see :meth:`txdicomtls.scu.Association.find`.

    :raises NoPresentationContext: the model was not accepted.
    :raises LocalProtocolError: the identifier cannot be encoded, or the limit is none.
    """
    if limit is not None and limit < 1:
        raise LocalProtocolError("a limit is at least one match")
    context = requestor.context(model)
    return Matches(requestor, context, identifier, service=service, limit=limit, priority=priority)
