"""Runs the migrations that a database of an earlier release is without."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from txdicomtls.errors import IndexTooNew

_REVISIONS = Path(__file__).parent / "migrations"


def newest() -> str | None:
    """The revision that the migrations lead to."""
    return _scripts().get_current_head()


def migrate(connection: Connection, where: str) -> None:
    """Run them; all happen in the transaction of the connection, or none.

    :param where: the database, for the text of the error.
    :raises IndexTooNew: the schema comes from a newer release.
    """
    scripts = _scripts()

    def missing(found: tuple[str, ...], _context: MigrationContext) -> Iterable[object]:
        # What "alembic upgrade head" calls; there is no public name for it.
        # Its annotation says one revision; the code takes as many as a database can have.
        return scripts._upgrade_revs("head", found)  # type: ignore[arg-type]  # noqa: SLF001

    context = MigrationContext.configure(connection, opts={"fn": missing})
    known = {script.revision for script in scripts.walk_revisions()}
    for revision in context.get_current_heads():
        if revision not in known:
            raise IndexTooNew(where, revision)
    with Operations.context(context):
        context.run_migrations()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(_REVISIONS, version_locations=[str(_REVISIONS)])
