"""What a requestor does: connect, and ask for each service of the peer."""

from __future__ import annotations

from txdicomtls.scu.association import Association
from txdicomtls.scu.commitment import Awaited, Named
from txdicomtls.scu.commitment_reports import (
    CommitmentListener,
    Committed,
    NotCommitted,
    Reference,
)
from txdicomtls.scu.connecting import connect
from txdicomtls.scu.contexts import (
    Contexts,
    Stored,
    commitment_contexts,
    commitment_report_contexts,
    contexts_for,
    get_contexts,
    move_contexts,
    normalized_contexts,
    procedure_step_contexts,
    query_contexts,
    storage_contexts,
    verification_context,
    worklist_contexts,
)
from txdicomtls.scu.identity import PositiveResponse, UserIdentity
from txdicomtls.scu.normalized import Done, Instance
from txdicomtls.scu.outgoing import Storable
from txdicomtls.scu.parallel import store_in_parallel
from txdicomtls.scu.procedure_step import ProcedureStepStatus
from txdicomtls.scu.query import Matches
from txdicomtls.scu.retrieve import Retrieval, Retrieved
from txdicomtls.scu.retry import Retry
from txdicomtls.scu.store import Sent
from txdicomtls.scu.wanted import Received, ReceiveLimits

__all__ = [
    "Association",
    "Awaited",
    "CommitmentListener",
    "Committed",
    "Contexts",
    "Done",
    "Instance",
    "Matches",
    "Named",
    "NotCommitted",
    "PositiveResponse",
    "ProcedureStepStatus",
    "ReceiveLimits",
    "Received",
    "Reference",
    "Retrieval",
    "Retrieved",
    "Retry",
    "Sent",
    "Storable",
    "Stored",
    "UserIdentity",
    "commitment_contexts",
    "commitment_report_contexts",
    "connect",
    "contexts_for",
    "get_contexts",
    "move_contexts",
    "normalized_contexts",
    "procedure_step_contexts",
    "query_contexts",
    "storage_contexts",
    "store_in_parallel",
    "verification_context",
    "worklist_contexts",
]
