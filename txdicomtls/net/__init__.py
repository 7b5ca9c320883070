"""The Twisted glue: protocols, factories, endpoints, deadlines, flow control."""

from __future__ import annotations

from txdicomtls.net.acceptor import AcceptorProtocol
from txdicomtls.net.endpoints import ClientEndpoint, ServerEndpoint
from txdicomtls.net.factory import AssociationFactory
from txdicomtls.net.protocol import AssociationProtocol
from txdicomtls.net.request import AssociationFacts, IncomingRequest
from txdicomtls.net.requestor import Blocks, RequestorProtocol
from txdicomtls.net.timers import Deadline, Timeouts

__all__ = [
    "AcceptorProtocol",
    "AssociationFactory",
    "AssociationFacts",
    "AssociationProtocol",
    "Blocks",
    "ClientEndpoint",
    "Deadline",
    "IncomingRequest",
    "RequestorProtocol",
    "ServerEndpoint",
    "Timeouts",
]
