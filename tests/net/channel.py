"""A channel without a transport: what is sent arrives at the peer at once, and the reverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed

from tests.association.pair import End, Pair, request
from txdicomtls.association import (
    AbortIndication,
    Connection,
    DataArrived,
    MessageBegan,
    MessageEnded,
    Output,
    Role,
)
from txdicomtls.dimse import Message, Response
from txdicomtls.errors import AssociationAborted, DicomTLSError
from txdicomtls.pdu import AssociateRQ

T = TypeVar("T")


def nothing(_: object) -> None:
    """Do nothing."""


class MemoryChannel:
    """One side of an association that there is; the peer is the other one.

    :param role: which side.
    :param wanted: what was asked for.
    :ivar on_end: told when nothing more can be asked or answered.
    :ivar on_peer: told each thing that the peer hears.
    :ivar room: what the next one waits for who wants to write; None lets it write at once.
    :ivar holds: how many want nothing to be read.
    """

    def __init__(self, role: Role, wanted: AssociateRQ | None = None) -> None:
        self._pair = Pair()
        self._pair.associate(wanted or request())
        ends = (self._pair.requestor, self._pair.acceptor)
        self._ours, self.peer = ends if role is Role.REQUESTOR else ends[::-1]
        self.error: DicomTLSError | None = None
        self.on_end: Callable[[DicomTLSError], object] = nothing
        self.room: Deferred[None] | None = None
        self.holds = 0
        self.quiets = 0
        for end in (self._ours, self.peer):
            end.heard.clear()

    # -- as the protocol ---------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        return self._ours.connection

    def perform(self, outputs: Sequence[Output]) -> None:
        self._ours.do(outputs)
        self._pair.flush()

    @property
    def is_held(self) -> bool:
        return self.holds > 0

    def hold(self) -> None:
        self.holds += 1

    def let_go(self) -> None:
        self.holds -= 1

    def when_writable(self) -> Deferred[None]:
        return self.room or succeed(None)

    def abort(self, why: str = "") -> None:
        outputs = self.connection.abort(why)
        self.perform(outputs)
        for output in outputs:
            if isinstance(output, AbortIndication):
                self.finish(AssociationAborted(output.source, 0, by_peer=False, why=why))

    def finish(self, error: DicomTLSError) -> None:
        if self.error is None:
            self.error = error
            self.on_end(error)

    def quiet(self) -> None:
        self.quiets += 1

    # -- what the test looks at --------------------------------------------------------------

    def heard(self, kind: type[T]) -> list[T]:
        """Everything of one kind that the peer heard."""
        return [output for output in self.peer.heard if isinstance(output, kind)]

    @property
    def messages(self) -> list[Any]:
        """The messages that the peer got, in order."""
        return [began.message for began in self.heard(MessageBegan)]

    @property
    def answers(self) -> list[tuple[int, int, int]]:
        """The responses that the peer got: presentation context, Message ID, status."""
        return [
            (began.context.context_id, message.message_id_being_responded_to, message.status)
            for began in self.heard(MessageBegan)
            if isinstance(message := began.message, Response)
        ]

    @property
    def data(self) -> bytes:
        """The bytes of all data sets that the peer got."""
        return b"".join(bytes(arrived.data) for arrived in self.heard(DataArrived))

    @property
    def complete(self) -> int:
        """How many messages the peer got to their end."""
        return len(self.heard(MessageEnded))

    @property
    def aborts(self) -> int:
        """How often the peer was aborted."""
        return len(self.heard(AbortIndication))


def sent_by(end: End, context_id: int, message: Message, data: bytes = b"") -> list[Output]:
    """What one side does to send a message."""
    outputs = end.connection.send_message(context_id, message)
    if message.has_data_set:
        outputs += end.connection.send_data(context_id, data, last=True)
    return outputs
