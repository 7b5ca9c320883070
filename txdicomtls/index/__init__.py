"""What instances there are: rows in SQLite or PostgreSQL, their migrations, and queries.

Everything here blocks.  It knows nothing of reactors: whoever uses it calls it in threads.
"""

from __future__ import annotations

from txdicomtls.index.attributes import WANTED
from txdicomtls.index.index import Index, UniqueKeys, open_index
from txdicomtls.index.levels import Level, Root
from txdicomtls.index.query import FindOptions, Search
from txdicomtls.index.record import Added, Flaw, InstanceRecord, KeptInstance, Outcome

__all__ = [
    "WANTED",
    "Added",
    "FindOptions",
    "Flaw",
    "Index",
    "InstanceRecord",
    "KeptInstance",
    "Level",
    "Outcome",
    "Root",
    "Search",
    "UniqueKeys",
    "open_index",
]
