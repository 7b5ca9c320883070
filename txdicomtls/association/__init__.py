"""The upper layer without I/O: state table, negotiation, message flow (PS3.8)."""

from __future__ import annotations

from txdicomtls.association.actions import Action, Effect
from txdicomtls.association.connection import Connection, ConnectionLimits
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
from txdicomtls.association.machine import Machine
from txdicomtls.association.negotiation import (
    Acceptance,
    AcceptancePolicy,
    ContextChoice,
    PresentationContext,
    Rejection,
    Window,
    agree,
    is_valid_ae_title,
    negotiate,
)
from txdicomtls.association.operations import OutstandingOperations
from txdicomtls.association.states import Event, Role, State
from txdicomtls.association.table import TRANSITIONS, Transition

__all__ = [
    "TRANSITIONS",
    "AbortIndication",
    "Acceptance",
    "AcceptancePolicy",
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
    "Rejection",
    "ReleaseConfirmation",
    "ReleaseIndication",
    "Role",
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
