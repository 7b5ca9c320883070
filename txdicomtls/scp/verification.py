"""The Verification service class as SCP: answers C-ECHO (PS3.4 Annex A)."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import CEchoRQ, Response, Status
from txdicomtls.interfaces import IOperation, IService
from txdicomtls.net import IncomingRequest


@implementer(IService)
class Verification:
    """Says that this node is there."""

    name = "echo"

    def accepts(self, abstract_syntax: str) -> bool:
        """Only the Verification SOP Class."""
        return abstract_syntax == uids.VERIFICATION

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """Any transfer syntax that is one: no data set is ever sent in it."""
        return next((uid for uid in offered if uid in uids.TRANSFER_SYNTAXES), None)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Answer C-ECHO; there is no other operation."""
        message = request.message
        return _Echo(message) if isinstance(message, CEchoRQ) else None


@implementer(IOperation)
class _Echo:
    def __init__(self, message: CEchoRQ) -> None:
        self._message = message

    def write(self, data: memoryview) -> None:
        """C-ECHO has no data set; one that comes all the same is read past."""

    def finish(self) -> Deferred[Response]:
        """Success: there is nothing that could fail."""
        return succeed(self._message.response(Status.SUCCESS))

    def abandon(self) -> None:
        """Nothing was begun."""
