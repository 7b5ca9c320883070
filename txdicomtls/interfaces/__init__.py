"""The contracts between rooms, and towards those who bring their own archive, policy or passwords.

Where a method may answer with a Deferred, that Deferred is the only thing that
waits: nothing here may block the reactor thread.
"""

from __future__ import annotations

from txdicomtls.interfaces.access import Grant, IAccess, IPasswordSource
from txdicomtls.interfaces.commitment import (
    CommitmentRequest,
    EventReport,
    ICommitmentProvider,
    IEventReporter,
    SOPReference,
)
from txdicomtls.interfaces.normalized import (
    IEventReceiver,
    INormalizedProvider,
    IProcedureStepProvider,
    NormalizedRequest,
    Reply,
)
from txdicomtls.interfaces.provided import Eventually, Several
from txdicomtls.interfaces.queries import (
    IQueryProvider,
    IWorklistProvider,
    Match,
    Query,
    QueryOptions,
    WorklistQuery,
)
from txdicomtls.interfaces.reactor import IReactor
from txdicomtls.interfaces.retrieval import (
    IDestinations,
    IRetrieveProvider,
    ISender,
    Originator,
    Outcome,
    Retrieval,
    Selection,
)
from txdicomtls.interfaces.services import (
    ICancellableOperation,
    IGroupService,
    INegotiatingService,
    IOperation,
    IService,
    IUsingService,
)
from txdicomtls.interfaces.storage import IInstanceReceiver, IInstanceSink

__all__ = [
    "CommitmentRequest",
    "EventReport",
    "Eventually",
    "Grant",
    "IAccess",
    "ICancellableOperation",
    "ICommitmentProvider",
    "IDestinations",
    "IEventReceiver",
    "IEventReporter",
    "IGroupService",
    "IInstanceReceiver",
    "IInstanceSink",
    "INegotiatingService",
    "INormalizedProvider",
    "IOperation",
    "IPasswordSource",
    "IProcedureStepProvider",
    "IQueryProvider",
    "IReactor",
    "IRetrieveProvider",
    "ISender",
    "IService",
    "IUsingService",
    "IWorklistProvider",
    "Match",
    "NormalizedRequest",
    "Originator",
    "Outcome",
    "Query",
    "QueryOptions",
    "Reply",
    "Retrieval",
    "SOPReference",
    "Selection",
    "Several",
    "WorklistQuery",
]
