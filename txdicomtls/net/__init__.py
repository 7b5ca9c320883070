"""The Twisted glue: protocols, factories, endpoints, deadlines, flow control."""

from __future__ import annotations

from txdicomtls.instance import Blocks
from txdicomtls.net.acceptor import AcceptorProtocol
from txdicomtls.net.endpoints import ClientEndpoint, ServerEndpoint
from txdicomtls.net.factory import AssociationFactory
from txdicomtls.net.invocation import Invocation
from txdicomtls.net.invoker import Invoker
from txdicomtls.net.protocol import AssociationProtocol
from txdicomtls.net.quotas import Quotas
from txdicomtls.net.request import Answer, AssociationFacts, Exchange, IncomingRequest
from txdicomtls.net.requestor import RequestorProtocol
from txdicomtls.net.services import Services
from txdicomtls.net.timers import Deadline, Timeouts

__all__ = [
    "AcceptorProtocol",
    "Answer",
    "AssociationFactory",
    "AssociationFacts",
    "AssociationProtocol",
    "Blocks",
    "ClientEndpoint",
    "Deadline",
    "Exchange",
    "IncomingRequest",
    "Invocation",
    "Invoker",
    "Quotas",
    "RequestorProtocol",
    "ServerEndpoint",
    "Services",
    "Timeouts",
]
