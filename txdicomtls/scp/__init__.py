"""The services that an acceptor can offer, one module each."""

from __future__ import annotations

from txdicomtls.scp.commitment import Commitment
from txdicomtls.scp.find import Find
from txdicomtls.scp.get import Get
from txdicomtls.scp.means import Means, OperationLimits, means_of
from txdicomtls.scp.move import Move
from txdicomtls.scp.normalized import EventReports, Normalized
from txdicomtls.scp.procedure_step import ProcedureStep
from txdicomtls.scp.storage import Storage
from txdicomtls.scp.verification import Verification
from txdicomtls.scp.worklist import Worklist

__all__ = [
    "Commitment",
    "EventReports",
    "Find",
    "Get",
    "Means",
    "Move",
    "Normalized",
    "OperationLimits",
    "ProcedureStep",
    "Storage",
    "Verification",
    "Worklist",
    "means_of",
]
