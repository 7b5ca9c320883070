"""What sequences say; of instances that are there it is not known, until the index is made anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_COLUMNS = {
    "studies": "procedure_code_sequence",
    "series": "request_attributes_sequence",
    "instances": "concept_name_code_sequence",
}


def upgrade() -> None:
    """Add the columns."""
    for table, name in _COLUMNS.items():
        op.add_column(table, sa.Column(name, _TEXT, nullable=False, server_default=""))
