"""An instance that a peer sends, on its way to its sink: the C-STORE that this side performs.

The data set goes through as it comes, bit for bit, in whatever transfer syntax was accepted.
Only its first elements are looked at: they must say that it is the instance of the request.
Success is answered only when the receiver's sink says that the instance is safe (PS3.4 B.2.3).

An acceptor receives so as SCP of the Storage service class, a requestor within its own C-GET.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.dataset.identity import IdentityReader
from txdicomtls.dimse import CStoreRQ, Response, Status
from txdicomtls.errors import (
    CannotUnderstand,
    DuplicateInstance,
    InvalidInstance,
    MismatchedInstance,
    NotAskedFor,
    OutOfResources,
    StorageError,
)
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IInstanceSink, IOperation
from txdicomtls.net.request import IncomingRequest

#: What the sender is told of each way in which an instance cannot be kept (PS3.4 B.2.3, PS3.7 C.5).
STATUS_OF: dict[type[StorageError], Status] = {
    OutOfResources: Status.OUT_OF_RESOURCES,
    DuplicateInstance: Status.DUPLICATE_SOP_INSTANCE,
    InvalidInstance: Status.INVALID_SOP_INSTANCE,
    CannotUnderstand: Status.CANNOT_UNDERSTAND,
    MismatchedInstance: Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    NotAskedFor: Status.NOT_AUTHORIZED,
}


_log = Logger()


def receive(
    request: IncomingRequest,
    message: CStoreRQ,
    receiver: IInstanceReceiver,
    *,
    largest: int | None = None,
) -> IOperation:
    """Begin to perform a C-STORE.

    :param request: where it came from.
    :param message: its command set.
    :param receiver: where the instance goes.
    :param largest: bytes of the largest data set that is kept; None for no limit.
    :return: what takes the data set.  An instance that the receiver does not want is read past,
        and answered with the status that stands for its error.
    """
    association = request.association
    instance = IncomingInstance(
        sop_class_uid=message.affected_sop_class_uid,
        sop_instance_uid=message.affected_sop_instance_uid,
        transfer_syntax_uid=request.context.transfer_syntax,
        calling_ae_title=association.calling_ae_title,
        called_ae_title=association.called_ae_title,
        peer=association.peer,
    )
    try:
        sink = receiver.receive(instance)
    except StorageError as error:
        return UnwantedInstance(message, error, association.peer)
    if largest is not None:
        sink = BoundedSink(sink, largest)
    return ReceiveOperation(message, sink, request.context.transfer_syntax, association.peer)


@implementer(IOperation)
class ReceiveOperation:
    """An instance on its way to its sink.

    A data set that says it is another instance is refused, as PS3.4 B.2.3 has it; one that
    does not say what it is, is kept, with a warning.

    :param message: the request.
    :param sink: takes the data set.
    :param transfer_syntax: how the data set is encoded.
    :param peer: network address of the sender, for log lines.
    """

    def __init__(
        self, message: CStoreRQ, sink: IInstanceSink, transfer_syntax: str, peer: str
    ) -> None:
        self._message = message
        self._peer = peer
        self._sink = sink
        self._identity = IdentityReader(transfer_syntax)
        self._refused = False

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on, but for what follows a wrong identity."""
        if self._refused:
            return None
        if not self._identity.done:
            self._identity.read(data)
            if self._is_another():
                self._refused = True
                self._sink.discard()
                return None
        return self._sink.write(data)

    def finish(self) -> Deferred[Response]:
        """Success once it is safe, or the status that says why it is not."""
        if self._refused:
            error = MismatchedInstance(
                "the data set says that it is another instance than the request does"
            )
            return succeed(_failed(self._message, Failure(error), self._peer))
        return self._sink.finish().addCallbacks(
            lambda _: self._message.response(self._kept()),
            lambda failure: _failed(self._message, failure, self._peer),
        )

    def abandon(self) -> None:
        """Leave nothing of it."""
        if not self._refused:
            self._sink.discard()

    def _is_another(self) -> bool:
        message = self._message
        return self._identity.contradicts(
            message.affected_sop_class_uid, message.affected_sop_instance_uid
        )

    def _kept(self) -> Status:
        if self._identity.sop_class_uid and self._identity.sop_instance_uid:
            return Status.SUCCESS
        _log.warn(
            "an instance from {peer} was kept, though its data set does not say which it is",
            peer=self._peer,
        )
        return Status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING


@implementer(IInstanceSink)
class BoundedSink:
    """A sink that takes no more than so many bytes.

    :param sink: takes them.
    :param largest: how many, of one data set.
    """

    def __init__(self, sink: IInstanceSink, largest: int) -> None:
        self._sink = sink
        self._largest = largest
        self._left = largest

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on, until it is too much: then what there is goes at once."""
        if self._left < 0:
            return None
        self._left -= len(data)
        if self._left < 0:
            self._sink.discard()
            return None
        return self._sink.write(data)

    def finish(self) -> Deferred[None]:
        """Keep it, or say that it was too large."""
        if self._left < 0:
            return fail(
                OutOfResources(f"larger than the {self._largest} bytes that this node takes")
            )
        return self._sink.finish()

    def discard(self) -> None:
        """Leave nothing of it."""
        if self._left >= 0:
            self._sink.discard()


@implementer(IOperation)
class UnwantedInstance:
    """An instance that is not wanted: read past, then answered.

    :param message: the request.
    :param error: why it is not wanted.
    :param peer: network address of the sender, for log lines.
    """

    def __init__(self, message: CStoreRQ, error: StorageError, peer: str) -> None:
        self._message = message
        self._error = error
        self._peer = peer

    def write(self, data: memoryview) -> None:
        """Throw it away."""

    def finish(self) -> Deferred[Response]:
        """Say why."""
        return succeed(_failed(self._message, Failure(self._error), self._peer))

    def abandon(self) -> None:
        """Nothing was begun."""


def _failed(message: CStoreRQ, failure: Failure, peer: str) -> Response:
    """The response for an instance that was not kept; only a StorageError is ours to answer."""
    failure.trap(StorageError)
    error = failure.value
    status = next(
        (status for kind, status in STATUS_OF.items() if isinstance(error, kind)),
        Status.PROCESSING_FAILURE,
    )
    _log.warn(
        "an instance from {peer} was not kept, status {status:04X}H: {error}",
        peer=peer,
        status=status.value,
        error=error,
    )
    return message.response(status)
