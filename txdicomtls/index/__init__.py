"""What instances there are: rows in SQLite or PostgreSQL, their migrations, and queries."""
