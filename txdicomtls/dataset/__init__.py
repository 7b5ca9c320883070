"""Data sets: walked as they pass, small ones to pydicom and back, matched (PS3.5, PS3.4 C.2)."""

from __future__ import annotations

from txdicomtls.dataset.levels import WalkLimits
from txdicomtls.dataset.walker import Walker

__all__ = [
    "WalkLimits",
    "Walker",
]
