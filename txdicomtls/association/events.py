"""What a connection gives back, in order: deeds to do, and indications of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from txdicomtls.association.terms import PresentationContext
from txdicomtls.dimse import Message
from txdicomtls.pdu import AssociateAC, AssociateRQ

# -- deeds -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Write these buffers, in order, without joining what is large."""

    buffers: Sequence[bytes | memoryview]


@dataclass(frozen=True, slots=True)
class OpenTransport:
    """Open a transport connection, then say ``transport_open()``."""


@dataclass(frozen=True, slots=True)
class CloseTransport:
    """Close the transport connection once what was sent is flushed."""


@dataclass(frozen=True, slots=True)
class StartARTIM:
    """Start the ARTIM timer, or start it anew (PS3.8 9.1.5)."""


@dataclass(frozen=True, slots=True)
class StopARTIM:
    """Stop the ARTIM timer if it runs."""


# -- indications -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AssociateIndication:
    """A peer asks for an association: answer with ``accept`` or ``reject``."""

    request: AssociateRQ


@dataclass(frozen=True, slots=True)
class AssociateConfirmation:
    """The association that we asked for exists.

    :param contexts: the accepted presentation contexts by ID.
    """

    acceptance: AssociateAC
    contexts: dict[int, PresentationContext]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateRejection:
    """The association that we asked for was rejected; the fields are as received (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class MessageBegan:
    """A command set has arrived; if it announces a data set, that follows."""

    context: PresentationContext
    message: Message


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A request has come and gone that cannot be taken, only answered (PS3.7 C.5).

    :param response: the answer that it must get.
    """

    context: PresentationContext
    response: Message


@dataclass(slots=True)
class DataArrived:
    """The next bytes of the data set of the message that began last.

    Not frozen, because it is made thousands of times a second.
    """

    data: memoryview


@dataclass(frozen=True, slots=True)
class MessageEnded:
    """The message that began last is complete.

    :param length: bytes in its data set.
    """

    length: int


@dataclass(frozen=True, slots=True)
class ReleaseIndication:
    """The peer asks to release the association: answer with ``respond_to_release``."""


@dataclass(frozen=True, slots=True)
class ReleaseConfirmation:
    """The association that we asked to release is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortIndication:
    """The association was aborted, by the peer (A-ABORT) or by this side's provider (A-P-ABORT).

    :param by_peer: the peer sent an A-ABORT PDU.
    :param why: what was wrong, where this side aborted.
    """

    source: int
    reason: int
    by_peer: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class TransportLost:
    """The transport connection ended under the association (A-P-ABORT without a PDU)."""


Indication = (
    AssociateIndication
    | AssociateConfirmation
    | AssociateRejection
    | MessageBegan
    | MessageRefused
    | DataArrived
    | MessageEnded
    | ReleaseIndication
    | ReleaseConfirmation
    | AbortIndication
    | TransportLost
)
Output = Send | OpenTransport | CloseTransport | StartARTIM | StopARTIM | Indication
