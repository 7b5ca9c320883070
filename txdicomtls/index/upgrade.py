"""Brings the schema of a database to the one of this release, or refuses to touch it.

A new database gets the schema as it is; only one of an earlier release has to be migrated.  For
that alone Alembic is imported: it takes half as long as SQLAlchemy does.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from txdicomtls.errors import IndexUnavailable
from txdicomtls.index.schema import METADATA

#: The migration that leads to the schema of this release.
REVISION = "0003"

#: What Alembic keeps, as it makes it.
_ALEMBIC = MetaData()
_VERSION = Table("alembic_version", _ALEMBIC, Column("version_num", String(32), primary_key=True))
_VERSION.primary_key.name = "alembic_version_pkc"


def upgrade(connection: Connection, where: str) -> None:
    """Make what is missing.

    All of that happens in the transaction of the connection, or nothing.  Nobody else may do
    the same at that time: whoever calls this holds a lock.

    :param where: the database, for the text of the error.
    :raises IndexTooNew: the schema comes from a newer release.
    :raises IndexUnavailable: there are tables of these names that are not ours.
    """
    inspected = inspect(connection)
    has_version = inspected.has_table(_VERSION.name)
    revisions: set[str] = set()
    if has_version:
        revisions.update(connection.execute(select(_VERSION.c.version_num)).scalars())
    if not revisions:
        # Also views, and in SQLite names in capitals, which its own list does not show as ours.
        if taken := list(filter(inspected.has_table, sorted(METADATA.tables))):
            raise IndexUnavailable(
                where,
                f"it has a table {taken[0]!r} that no release of this program has made: it is "
                "the database of something else, or damaged",
            )
        METADATA.create_all(connection, checkfirst=False)
        if not has_version:
            _ALEMBIC.create_all(connection, checkfirst=False)
        connection.execute(insert(_VERSION).values(version_num=REVISION))
    elif revisions != {REVISION}:
        from txdicomtls.index.migrate import migrate  # see above

        migrate(connection, where)
