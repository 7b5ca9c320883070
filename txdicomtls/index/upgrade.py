"""Brings the schema of a database to the one of this release, or refuses to touch it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from txdicomtls.errors import IndexTooNew, IndexUnavailable
from txdicomtls.index.schema import METADATA

_REVISIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, where: str) -> None:
    """Run the migrations that are missing.

    All of them happen in the transaction of the connection, or none.  Nobody else may do
    the same at that time: whoever calls this holds a lock.

    :param where: the database, for the text of the error.
    :raises IndexTooNew: the schema comes from a newer release.
    :raises IndexUnavailable: there are tables of these names that are not ours.
    """
    scripts = ScriptDirectory(_REVISIONS, version_locations=[str(_REVISIONS)])

    def missing(found: tuple[str, ...], _context: MigrationContext) -> Iterable[object]:
        # What "alembic upgrade head" calls; there is no public name for it.
        # Its annotation says one revision; the code takes as many as a database can have.
        return scripts._upgrade_revs("head", found)  # type: ignore[arg-type]  # noqa: SLF001

    context = MigrationContext.configure(connection, opts={"fn": missing})
    known = {script.revision for script in scripts.walk_revisions()}
    heads = context.get_current_heads()
    for revision in heads:
        if revision not in known:
            raise IndexTooNew(where, revision)
    if not heads and (taken := METADATA.tables.keys() & inspect(connection).get_table_names()):
        raise IndexUnavailable(
            where,
            f"it has a table {min(taken)!r} that no release of this program has made: it is the "
            "database of something else, or damaged",
        )
    with Operations.context(context):
        context.run_migrations()
