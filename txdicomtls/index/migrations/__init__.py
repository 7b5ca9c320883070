"""How a database comes to have the schema of this release, step by step (Alembic revisions).

A revision is never changed once it was released: a new one goes on from it.  It spells out
all that it does and imports nothing of this package, because the package goes on changing.
"""
