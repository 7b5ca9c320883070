"""The tables of what is still to be done, and of procedure steps: beside those of instances.

They lie in the same database, so that what follows from an instance is noted in the
transaction that adds it.
"""

from __future__ import annotations

from sqlalchemy import Column, Identity, Index, Integer, Table, UniqueConstraint

from txdicomtls.index.schema import KEY, METADATA, TEXT, UtcTime

tasks = Table(
    "tasks",
    METADATA,
    Column("key", KEY, Identity(), primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("destination", TEXT, nullable=False),
    Column("name", TEXT),
    Column("sequence", TEXT, nullable=False),
    Column("payload", TEXT, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("error", TEXT, nullable=False),
    UniqueConstraint("kind", "destination", "name", name="uq_tasks_name"),
    sqlite_autoincrement=True,
)

Index("ix_tasks_due", tasks.c.kind, tasks.c.destination, tasks.c.state, tasks.c.due_at)
Index("ix_tasks_sequence", tasks.c.kind, tasks.c.destination, tasks.c.sequence)

procedure_steps = Table(
    "procedure_steps",
    METADATA,
    Column("key", KEY, Identity(), primary_key=True),
    Column("sop_instance_uid", TEXT, nullable=False, unique=True),
    Column("attributes", TEXT, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)
