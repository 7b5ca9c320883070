"""What all operations of a requestor need: a context, the data sets, the answer (PS3.7 9, 10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IReactorFromThreads

from txdicomtls.association import PresentationContext
from txdicomtls.dataset import decode, encode, is_quick
from txdicomtls.dimse import Request, Response, StatusCategory, category, describe
from txdicomtls.errors import LocalProtocolError, NoPresentationContext, OperationFailed
from txdicomtls.instance import Blocks
from txdicomtls.net import Answer, Invocation, RequestorProtocol
from txdicomtls.threads import InThread

#: Items in the sequences of a data set from which on it is encoded in a thread.
_MANY = 64

T = TypeVar("T")


def _nothing() -> None:
    """Do nothing."""


@dataclass(slots=True, eq=False)
class Requestor:
    """An association as the operations see it.

    :param protocol: associated.
    :param in_thread: runs a blocking call in a thread.
    :param retrieving: the C-GET whose instances are expected, the last one if it is over.
    :param stop_listening: takes reports of storage commitment no longer.
    """

    protocol: RequestorProtocol
    in_thread: InThread
    retrieving: Invocation | None = None
    stop_listening: Callable[[], None] = _nothing

    def contexts(self, abstract_syntax: str, *, as_scp: bool = False) -> list[PresentationContext]:
        """All contexts on which a SOP class may be used.

        :param as_scp: as its SCP, else as its SCU.
        :raises NoPresentationContext: there is none.
        """
        found = [
            each
            for each in self.protocol.connection.contexts.values()
            if each.abstract_syntax == abstract_syntax
            and (each.roles.scp if as_scp else each.roles.scu)
        ]
        if not found:
            raise NoPresentationContext(abstract_syntax)
        return found

    def context(self, abstract_syntax: str, *, as_scp: bool = False) -> PresentationContext:
        """The first of them."""
        return self.contexts(abstract_syntax, as_scp=as_scp)[0]

    def start(
        self,
        context: PresentationContext,
        make: Callable[[int], Request],
        dataset: Dataset | bytes | None = None,
    ) -> Invocation:
        """Invoke an operation.

        :param dataset: its data set, encoded at once: it may be changed afterwards.  One that may
            be large is to be :meth:`encoded` before.
        :raises LocalProtocolError: the data set cannot be encoded.
        """
        if isinstance(dataset, Dataset):
            try:
                dataset = encode(dataset, context.transfer_syntax)
            except ValueError as error:
                raise LocalProtocolError(str(error)) from None
        blocks = None if dataset is None else whole(dataset)
        return self.protocol.start(context.context_id, make, blocks)

    def call(self, function: Callable[[], object]) -> None:
        """Call it in the thread of the reactor, where it does not interrupt anything.

        For ``__del__``, which comes in any thread and in the midst of everything.
        """
        reactor = self.protocol.clock
        if IReactorFromThreads.providedBy(reactor):
            reactor.callFromThread(function)
        else:  # a clock: there are no threads
            function()

    def decoded(self, data: bytes, transfer_syntax: str) -> Deferred[Dataset]:
        """The data set of a response.

        :raises txdicomtls.errors.MalformedDataSet: it is none; as a failure.
        """
        return in_thread_unless_quick(decode, data, transfer_syntax, self.in_thread)

    async def encoded(self, dataset: Dataset, transfer_syntax: str) -> bytes:
        """The bytes of an attribute list; it must not be changed before they are there.

        :raises LocalProtocolError: it cannot be encoded.
        """
        try:
            if _has_many_items(dataset):
                return await self.in_thread(encode, dataset, transfer_syntax)
            return encode(dataset, transfer_syntax)
        except ValueError as error:
            raise LocalProtocolError(str(error)) from None

    async def answered(
        self, invocation: Invocation, service: str, context: PresentationContext
    ) -> tuple[Answer, Dataset | None]:
        """The one response to an operation, and its data set if it has one.

        :param service: its short name, for the error.
        :raises OperationFailed: its status is a failure.
        """
        answer = await invocation.next()
        if category(answer.response.status) is StatusCategory.FAILURE:
            raise failure_of(OperationFailed, service, answer.response)
        if not answer.data:
            return answer, None
        return answer, await self.decoded(answer.data, context.transfer_syntax)


def in_thread_unless_quick(
    read: Callable[[bytes, str], T], data: bytes, transfer_syntax: str, in_thread: InThread
) -> Deferred[T]:
    """Read a small data set at once, any other in a thread."""
    if is_quick(data, transfer_syntax):
        return execute(read, data, transfer_syntax)
    return in_thread(read, data, transfer_syntax)


def _has_many_items(dataset: Dataset) -> bool:
    return sum(len(each.value or ()) for each in dataset if each.VR == "SQ") >= _MANY


FailureT = TypeVar("FailureT", bound=OperationFailed)


def failure_of(kind: type[FailureT], service: str, response: Response) -> FailureT:
    """The error that a response stands for.

    :param service: short name of the service, for the meaning of the status.
    """
    error_id: int | None = getattr(response, "error_id", None)
    return kind(
        service,
        response.status,
        describe(response.status, service, error_id=error_id),
        comment=getattr(response, "error_comment", ""),
        elements=getattr(response, "offending_element", ())
        or getattr(response, "attribute_identifier_list", ()),
        error_id=error_id,
    )


async def whole(data: bytes) -> Blocks:
    """A data set that is in memory, as one block."""
    yield data, True
