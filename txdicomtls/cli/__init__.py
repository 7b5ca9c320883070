"""What people type: the command ``txdicomtls``."""

from __future__ import annotations

__all__: list[str] = []
