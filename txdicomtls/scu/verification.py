"""C-ECHO as requestor (PS3.4 A)."""

from __future__ import annotations

from txdicomtls import uids
from txdicomtls.dimse import CEchoRQ
from txdicomtls.scu.invoking import Requestor


async def echo(requestor: Requestor) -> int:
    """Ask whether the peer is there; see :meth:`txdicomtls.scu.Association.echo`."""
    context = requestor.context(uids.VERIFICATION)
    response = await requestor.protocol.invoke(
        context.context_id,
        lambda message_id: CEchoRQ(message_id=message_id, affected_sop_class_uid=uids.VERIFICATION),
    )
    return response.status
