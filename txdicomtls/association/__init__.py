"""The upper layer without I/O: state table, negotiation, message flow (PS3.8)."""

from __future__ import annotations

from txdicomtls.association.actions import Action, Effect
from txdicomtls.association.agreement import agree
from txdicomtls.association.connection import Connection
from txdicomtls.association.events import (
    AbortIndication,
    AssociateConfirmation,
    AssociateIndication,
    AssociateRejection,
    CloseTransport,
    DataArrived,
    Indication,
    MessageBegan,
    MessageEnded,
    MessageRefused,
    OpenTransport,
    Output,
    ReleaseConfirmation,
    ReleaseIndication,
    Send,
    StartARTIM,
    StopARTIM,
    TransportLost,
)
from txdicomtls.association.limits import ConnectionLimits
from txdicomtls.association.machine import Machine
from txdicomtls.association.negotiation import (
    AcceptancePolicy,
    is_valid_ae_title,
    negotiate,
)
from txdicomtls.association.operations import OutstandingOperations
from txdicomtls.association.states import Event, Role, State
from txdicomtls.association.table import TRANSITIONS, Transition
from txdicomtls.association.terms import (
    Acceptance,
    Accepted,
    ContextChoice,
    PresentationContext,
    Proposal,
    Rejection,
    Roles,
    Window,
)

__all__ = [
    "TRANSITIONS",
    "AbortIndication",
    "Acceptance",
    "AcceptancePolicy",
    "Accepted",
    "Action",
    "AssociateConfirmation",
    "AssociateIndication",
    "AssociateRejection",
    "CloseTransport",
    "Connection",
    "ConnectionLimits",
    "ContextChoice",
    "DataArrived",
    "Effect",
    "Event",
    "Indication",
    "Machine",
    "MessageBegan",
    "MessageEnded",
    "MessageRefused",
    "OpenTransport",
    "Output",
    "OutstandingOperations",
    "PresentationContext",
    "Proposal",
    "Rejection",
    "ReleaseConfirmation",
    "ReleaseIndication",
    "Role",
    "Roles",
    "Send",
    "StartARTIM",
    "State",
    "StopARTIM",
    "Transition",
    "TransportLost",
    "Window",
    "agree",
    "is_valid_ae_title",
    "negotiate",
]
