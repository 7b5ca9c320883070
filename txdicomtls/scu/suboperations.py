"""The C-STORE sub-operations of a C-GET, which the peer invokes on its requestor (PS3.4 C.4.3.1).

They are taken only while their C-GET is outstanding, and only what was asked for is kept: see
:mod:`txdicomtls.scu.wanted`.  While an instance is on its way the C-GET itself is not overdue.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import CStoreRQ
from txdicomtls.interfaces import IOperation, IService
from txdicomtls.net import IncomingRequest, Invocation, Services
from txdicomtls.net.receiving import receive
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.wanted import MOST_REFUSED, Guard


@implementer(IService)
class StoredByGet:
    """Takes the C-STORE requests that are sub-operations of one C-GET.

    :param requestor: the association.
    :param guard: takes the instances.
    :param others: what the requestor serves besides; of the SOP classes of these it takes those of
        storage only.
    :ivar invocation: the C-GET, once it was made.
    """

    name = "get"

    def __init__(self, requestor: Requestor, guard: Guard, others: Services) -> None:
        self._requestor = requestor
        self._guard = guard
        self._others = others
        self.invocation: Invocation | None = None

    def accepts(self, abstract_syntax: str) -> bool:
        """Of what was negotiated with us as its SCP, which is all that comes this far."""
        is_storage = abstract_syntax in uids.STORAGE_SOP_CLASSES
        return is_storage or self._others.performing(abstract_syntax) is None

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """Nothing is negotiated any more."""
        return None

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take C-STORE, for as long as the C-GET was sent and is not over."""
        message = request.message
        invocation = self.invocation
        if not isinstance(message, CStoreRQ) or invocation is None or not invocation.is_sent:
            return None
        if self._guard.refused > MOST_REFUSED:
            self._requestor.protocol.abort("the peer keeps sending what is not taken")
        return _Noticed(invocation, receive(request, message, self._guard))


@implementer(IOperation)
class _Noticed:
    """A C-STORE on its way: the C-GET is not overdue meanwhile."""

    def __init__(self, invocation: Invocation, operation: IOperation) -> None:
        self._invocation = invocation
        self._operation = operation
        invocation.noticed()

    def write(self, data: memoryview) -> Deferred[None] | None:
        """Pass on; the peer is at work, unless there is no room for what it sends."""
        room = self._operation.write(data)
        self._invocation.noticed()
        if room is not None:
            self._invocation.rest()
            room.addBoth(self._go_on)
        return room

    def finish(self) -> Deferred[Any]:
        """Pass on; the peer waits for us now."""
        self._invocation.rest()
        return self._operation.finish().addBoth(self._go_on)

    def abandon(self) -> None:
        """Pass on."""
        self._operation.abandon()

    def _go_on(self, result: Any) -> Any:  # noqa: ANN401  # whatever the Deferred fired with
        self._invocation.noticed()
        return result
