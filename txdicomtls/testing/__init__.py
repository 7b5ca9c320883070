"""Test doubles for whoever builds on this package: no sockets, no threads, no time of their own.

They need no particular test framework: what goes wrong is an exception, most often an
``AssertionError``.
"""

from __future__ import annotations

from txdicomtls.testing.access import MemoryAccess
from txdicomtls.testing.gate import Gate
from txdicomtls.testing.link import LinkFacts, memory_link
from txdicomtls.testing.network import MemoryEndpoint, MemoryNetwork, Pair
from txdicomtls.testing.reactor import MemoryReactor, OutOfMemoryNetwork
from txdicomtls.testing.reading import difference, names_of
from txdicomtls.testing.receiver import (
    BrokenContract,
    MemoryInstance,
    MemoryReceiver,
    MemorySink,
)
from txdicomtls.testing.script import (
    Close,
    Cut,
    Expect,
    ExpectClose,
    ScriptedPeer,
    ScriptMismatch,
    Send,
    Step,
    Wait,
    message_bytes,
)
from txdicomtls.testing.store import MemoryStore
from txdicomtls.testing.transport import MemoryTransport, NetworkLimits, TransportUser

__all__ = [
    "BrokenContract",
    "Close",
    "Cut",
    "Expect",
    "ExpectClose",
    "Gate",
    "LinkFacts",
    "MemoryAccess",
    "MemoryEndpoint",
    "MemoryInstance",
    "MemoryNetwork",
    "MemoryReactor",
    "MemoryReceiver",
    "MemorySink",
    "MemoryStore",
    "MemoryTransport",
    "NetworkLimits",
    "OutOfMemoryNetwork",
    "Pair",
    "ScriptMismatch",
    "ScriptedPeer",
    "Send",
    "Step",
    "TransportUser",
    "Wait",
    "difference",
    "memory_link",
    "message_bytes",
    "names_of",
]
