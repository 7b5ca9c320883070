"""What is needed of the secure transport below an association."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.python.failure import Failure

from txdicomtls.errors import LinkError
from txdicomtls.tls import SecureLink


class SecureTransport(Protocol):
    """What is needed of a transport: :class:`txdicomtls.tls.TLSTransport`, or a double of it."""

    def writeSequence(self, data: Iterable[bytes | memoryview]) -> None: ...  # noqa: D102
    def hang_up(self) -> None: ...  # noqa: D102
    def loseConnection(self) -> None: ...  # noqa: D102
    def abortConnection(self) -> None: ...  # noqa: D102
    def pauseProducing(self) -> None: ...  # noqa: D102
    def resumeProducing(self) -> None: ...  # noqa: D102
    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...  # noqa: D102, FBT001
    def unregisterProducer(self) -> None: ...  # noqa: D102
    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: D102, FBT001
    def getPeer(self) -> IAddress: ...  # noqa: D102

    def secure_link(self) -> SecureLink:
        """Once the handshake is done: what was negotiated, the peer's name verified.

        :raises txdicomtls.errors.LinkError: the peer is not who it should be.
        """

    def explain(self, reason: Failure) -> LinkError | None:
        """Why the transport ended, in words for a person; None for a clean end."""
