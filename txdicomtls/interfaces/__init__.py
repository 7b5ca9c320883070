"""The contracts between rooms, and towards those who bring their own archive, policy or passwords.

Where a method may answer with a Deferred, that Deferred is the only thing that
waits: nothing here may block the reactor thread.
"""

from __future__ import annotations

from txdicomtls.interfaces.access import Grant, IAccess, IPasswordSource
from txdicomtls.interfaces.reactor import IReactor
from txdicomtls.interfaces.services import (
    ICancellableOperation,
    INegotiatingService,
    IOperation,
    IService,
    IUsingService,
)
from txdicomtls.interfaces.storage import IInstanceReceiver, IInstanceSink

__all__ = [
    "Grant",
    "IAccess",
    "ICancellableOperation",
    "IInstanceReceiver",
    "IInstanceSink",
    "INegotiatingService",
    "IOperation",
    "IPasswordSource",
    "IReactor",
    "IService",
    "IUsingService",
]
