"""What a service is told of a request that a peer makes."""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import Request
from txdicomtls.pdu import UserIdentityRQ
from txdicomtls.tls import SecureLink


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationFacts:
    """Who is at the other end of an association, and how the link to it is secured.

    :param calling_ae_title: what the requestor calls itself.
    :param called_ae_title: what it calls us.
    :param peer: network address, for log lines.
    :param link: what TLS negotiated, and the peer's certificates.
    :param address: its host address alone, as "192.0.2.7".
    :param user_identity: who it says that its user is (PS3.7 D.3.3.7); None where it does not.
    """

    calling_ae_title: str
    called_ae_title: str
    peer: str
    link: SecureLink
    address: str = ""
    user_identity: UserIdentityRQ | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """One DIMSE request: its command set and where it came from."""

    message: Request
    context: PresentationContext
    association: AssociationFacts
