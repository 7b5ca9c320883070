"""What a requestor does: connect, echo, store."""

from __future__ import annotations

from txdicomtls.scu.association import Association, connect
from txdicomtls.scu.contexts import contexts_for, verification_context
from txdicomtls.scu.store import Sent

__all__ = ["Association", "Sent", "connect", "contexts_for", "verification_context"]
