"""What instances there are: rows in SQLite or PostgreSQL, their migrations, and queries.

Everything here blocks.  It knows nothing of reactors: whoever uses it calls it in threads.
"""

from __future__ import annotations

from txdicomtls.index.attributes import WANTED
from txdicomtls.index.back_off import BackOff
from txdicomtls.index.index import Index, TasksFor, UniqueKeys, open_index
from txdicomtls.index.levels import Level, Root
from txdicomtls.index.query import FindOptions, Search
from txdicomtls.index.record import Added, Flaw, InstanceRecord, KeptInstance, Outcome
from txdicomtls.index.task import Backlog, NewTask, Task, TaskKind, TaskState
from txdicomtls.index.tasks import TaskQueue

__all__ = [
    "WANTED",
    "Added",
    "BackOff",
    "Backlog",
    "FindOptions",
    "Flaw",
    "Index",
    "InstanceRecord",
    "KeptInstance",
    "Level",
    "NewTask",
    "Outcome",
    "Root",
    "Search",
    "Task",
    "TaskKind",
    "TaskQueue",
    "TaskState",
    "TasksFor",
    "UniqueKeys",
    "open_index",
]
