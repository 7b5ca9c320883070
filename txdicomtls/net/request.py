"""What a service is told of a request that a peer makes, and its way back to that peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import Request, Response
from txdicomtls.instance import Blocks
from txdicomtls.pdu import UserIdentityRQ
from txdicomtls.tls import SecureLink

if TYPE_CHECKING:
    from txdicomtls.net.invocation import Invocation


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationFacts:
    """Who is at the other end of an association, and how the link to it is secured.

    :param calling_ae_title: what the requestor calls itself.
    :param called_ae_title: what it calls us.
    :param peer: network address, for log lines.
    :param link: what TLS negotiated, and the peer's certificates.
    :param address: its host address alone, as "192.0.2.7".
    :param user_identity: who it says that its user is (PS3.7 D.3.3.7); None where it does not.
    :param peer_ae_title: of the two titles, that of the other end.
    """

    calling_ae_title: str
    called_ae_title: str
    peer: str
    link: SecureLink
    address: str = ""
    user_identity: UserIdentityRQ | None = None
    peer_ae_title: str = ""


class Answer(NamedTuple):
    """A response and the data set that goes with it; empty where it has none."""

    response: Response
    data: bytes = b""


class Exchange(Protocol):
    """The way back from a service to the peer whose request it performs."""

    @property
    def contexts(self) -> tuple[PresentationContext, ...]:
        """All accepted presentation contexts of the association."""

    @property
    def window(self) -> int:
        """How many operations may be invoked on the peer at once (PS3.7 D.3.3.3)."""

    @property
    def fragment_size(self) -> int:
        """Bytes of a data set that fit into one PDU to the peer; see ``OutgoingInstance.open``."""

    def respond(self, answer: Answer) -> Deferred[None]:
        """Send a response that is not the last one, as those that are pending.

        :return: fires when there is room for the next one; a service that waits for it holds
            no more than one response in memory, however slowly the peer reads.
        :raises txdicomtls.errors.AssociationError: the association is over; as a failure.
        """

    def start(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Invocation:
        """Invoke an operation on the peer; see :meth:`txdicomtls.net.Invoker.start`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """One DIMSE request: its command set and where it came from.

    :param exchange: the way back to the peer.
    :param extended: what we answered to the extended negotiation of its SOP class (PS3.7
        D.3.3.5); None where nothing was negotiated.
    :param user: who was authenticated by the user identity; empty where nobody was.
    """

    message: Request
    context: PresentationContext
    association: AssociationFacts
    exchange: Exchange
    extended: bytes | None = None
    user: str = ""
