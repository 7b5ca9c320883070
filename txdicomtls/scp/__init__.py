"""The services that an acceptor can offer, one module each."""

from __future__ import annotations

from txdicomtls.scp.storage import Storage
from txdicomtls.scp.verification import Verification

__all__ = ["Storage", "Verification"]
