"""What is still to be done, and performed procedure steps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def _key() -> sa.Column[Any]:
    return sa.Column("key", _KEY, sa.Identity(), primary_key=True)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TIME, nullable=False) for name in names]


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "tasks",
        _key(),
        *_texts("kind", "destination"),
        sa.Column("name", _TEXT),
        *_texts("sequence", "payload"),
        *_times("created_at", "due_at"),
        *_texts("owner"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_texts("state", "error"),
        sa.UniqueConstraint("kind", "destination", "name", name="uq_tasks_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_due", "tasks", ["kind", "destination", "state", "due_at"])
    op.create_index("ix_tasks_sequence", "tasks", ["kind", "destination", "sequence"])
    op.create_table(
        "procedure_steps",
        _key(),
        sa.Column("sop_instance_uid", _TEXT, nullable=False, unique=True),
        *_texts("attributes"),
        *_times("created_at", "changed_at"),
        sqlite_autoincrement=True,
    )
