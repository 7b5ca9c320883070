"""What the two sides of an association agree on: contexts, roles, window, extended negotiation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.pdu import AssociateAC, ContextResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The roles of the association requestor for one SOP class (PS3.7 D.3.3.4).

    What is not negotiated is the default: the requestor is SCU, the acceptor SCP.

    :param scu: the requestor may be SCU, so the acceptor SCP.
    :param scp: the requestor may be SCP, so the acceptor SCU.
    """

    scu: bool = True
    scp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationContext:
    """An accepted presentation context: what messages on it are about and how they are encoded.

    :param roles: the requestor's, for this SOP class.
    """

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    roles: Roles = Roles()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How many operations may be outstanding at once (PS3.7 D.3.3.3).

    :param invoked: by the association requestor.
    :param performed: by the association acceptor, towards the requestor.
    """

    invoked: int = 1
    performed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One presentation context that a requestor proposes, with all that is said of its SOP class.

    :param abstract_syntax: a UID, usually of a SOP class.
    :param transfer_syntaxes: in the requestor's order.
    :param roles: those that the requestor asks for.
    :param service_class: UID of the service class of this SOP class, where the requestor says
        so (common extended negotiation, PS3.7 D.3.3.6); else empty.
    :param related: SOP classes that may stand in for one that is not known, from the same item.
    """

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    roles: Roles = Roles()
    service_class: str = ""
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer to a proposal that is taken.

    :param transfer_syntax: one of those proposed.
    :param roles: no more than those asked for.
    """

    transfer_syntax: str
    roles: Roles = Roles()


#: The answer to one proposal: how it is accepted, or why it is not.
ContextChoice = Accepted | ContextResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A request that is accepted: the answer to send and what it means.

    :param contexts: the accepted presentation contexts by ID.
    :param peer_maximum_length: bytes of P-DATA-TF that the peer receives; 0 is unlimited.
    :param extended: what the acceptor answered to the extended negotiation of each SOP class
        (PS3.7 D.3.3.5).
    """

    pdu: AssociateAC
    contexts: dict[int, PresentationContext] = field(default_factory=dict)
    peer_maximum_length: int
    window: Window
    extended: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A request that is not accepted (PS3.8 9.3.4)."""

    reason: RejectReason
    result: RejectResult = RejectResult.PERMANENT
