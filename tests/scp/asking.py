"""A peer that asks services of ours, in memory: what it sends, and what it hears back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, execute
from twisted.logger import formatEvent

from tests.association.pair import EXPLICIT, request
from tests.net.pair import NetCase, Peer
from tests.net.wire import Wire
from txdicomtls.association import (
    AssociateConfirmation,
    DataArrived,
    MessageBegan,
    MessageEnded,
)
from txdicomtls.dataset import decode, encode
from txdicomtls.dimse import CCancelRQ, Message, Response
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
    ExtendedNegotiation,
    RoleSelection,
    UserInformation,
)
from txdicomtls.scp import Means, OperationLimits
from txdicomtls.threads import InThread

Result = TypeVar("Result")

#: The number that each failure has which only the log explains.
NUMBER = "0000000a"


def at_once(function: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Deferred[Result]:
    """Call what would block, here."""
    return execute(function, *args, **kwargs)


def ask_for(
    *contexts: tuple[str, tuple[str, ...]],
    receives: tuple[str, ...] = (),
    extended: dict[str, bytes] | None = None,
    window: int = 1,
) -> AssociateRQ:
    """An association request.

    :param contexts: abstract syntaxes with their transfer syntaxes; context IDs are 1, 3, 5...
    :param receives: SOP classes of which the peer is SCP.
    :param window: operations that may be outstanding, either way.
    """
    asked = request(*contexts)
    return AssociateRQ(
        called_ae_title=asked.called_ae_title,
        calling_ae_title=asked.calling_ae_title,
        presentation_contexts=asked.presentation_contexts,
        user_information=UserInformation(
            maximum_length=16384,
            implementation_class_uid="1.2.3.4",
            window=AsynchronousOperationsWindow(invoked=window, performed=window),
            roles=tuple(RoleSelection(sop_class_uid=uid, scu=False, scp=True) for uid in receives),
            extended=tuple(
                ExtendedNegotiation(sop_class_uid=uid, information=information)
                for uid, information in (extended or {}).items()
            ),
        ),
    )


class Asking:
    """A peer in association with services of ours.

    :ivar server: our side.
    """

    def __init__(self, peer: Peer, server: Any, wire: Wire) -> None:
        self.peer = peer
        self.server = server
        self.wire = wire

    def send(
        self, context_id: int, message: Message, data_set: Dataset | bytes | None = None
    ) -> None:
        """Send a message, and let the network do what comes of it."""
        data = encode(data_set, EXPLICIT) if isinstance(data_set, Dataset) else data_set or b""
        self.peer.send(context_id, message, data)
        self.wire.flush()

    def cancel(self, context_id: int, message_id: int) -> None:
        """Send C-CANCEL."""
        self.send(context_id, CCancelRQ(message_id_being_responded_to=message_id))

    @property
    def heard(self) -> list[tuple[Any, bytes]]:
        """The messages that came, with their data sets."""
        messages: list[tuple[Any, bytes]] = []
        for output in self.peer.heard:
            if isinstance(output, MessageBegan):
                messages.append((output.message, b""))
            elif isinstance(output, DataArrived):
                message, data = messages.pop()
                messages.append((message, data + bytes(output.data)))
        complete = len(self.peer.told(MessageEnded))
        return messages[:complete]

    @property
    def statuses(self) -> list[int]:
        """The statuses of the responses that came."""
        return [message.status for message, _ in self.heard if isinstance(message, Response)]

    def data_sets(self) -> list[Dataset]:
        """The data sets that came with responses."""
        return [
            decode(data, EXPLICIT)
            for message, data in self.heard
            if isinstance(message, Response) and data
        ]

    @property
    def last(self) -> Any:
        """The message that came last."""
        return self.heard[-1][0]

    @property
    def accepted(self) -> AssociateConfirmation:
        """What was agreed on."""
        (confirmation,) = self.peer.told(AssociateConfirmation)
        return confirmation


class ProviderCase(NetCase):
    """Services of ours that a peer asks, in memory."""

    def setUp(self) -> None:
        super().setUp()
        self.limits = OperationLimits()

    @property
    def means(self) -> Means:
        in_thread: InThread = at_once
        return Means(
            clock=self.clock, in_thread=in_thread, limits=self.limits, new_id=lambda: NUMBER
        )

    def asking(self, wanted: AssociateRQ, *services: Any, **more: Any) -> Asking:
        """A peer that has asked for an association."""
        factory = self.factory(services=services, **more)
        peer, server, wire = self.called(factory, wanted)
        return Asking(peer, server, wire)

    def logged(self, events: Sequence[Any]) -> list[str]:
        """The texts of log events."""
        return [formatEvent(event) for event in events]
