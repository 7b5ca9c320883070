"""What a service is told of a request that a peer makes."""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.association import PresentationContext
from txdicomtls.dimse import Request
from txdicomtls.tls import SecureLink


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationFacts:
    """Who is at the other end of an association, and how the link to it is secured.

    :param calling_ae_title: what the requestor calls itself.
    :param called_ae_title: what it calls us.
    :param peer: network address, for log lines.
    :param link: what TLS negotiated, and the peer's certificates.
    """

    calling_ae_title: str
    called_ae_title: str
    peer: str
    link: SecureLink


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """One DIMSE request: its command set and where it came from."""

    message: Request
    context: PresentationContext
    association: AssociationFacts
