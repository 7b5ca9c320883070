"""The levels of the Query/Retrieve information models, as the rest of the package knows them."""

from __future__ import annotations

from txdicomtls.codes import UNIQUE_KEYS, Level, Root

__all__ = ["UNIQUE_KEYS", "Level", "Root"]
