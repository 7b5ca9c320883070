"""Storage commitments that were accepted and not reported: gone on with, at the start and later.

What this node had accepted when it stopped is taken on when it starts; what another node
had accepted on the same index is taken on some time after that one is gone.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from txdicomtls.archive.commitment import ArchiveCommitments
from txdicomtls.scp import Commitment

#: Seconds between two looks for what nobody goes on with.
LOOK_EVERY = 60.0


class Commitments:
    """Goes on with them.

    :param service: does it.
    :param provider: has noted them.
    :param clock: the reactor.
    """

    log = Logger()

    def __init__(
        self, service: Commitment, provider: ArchiveCommitments, clock: IReactorTime
    ) -> None:
        self._service = service
        self._provider = provider
        self._looking: LoopingCall = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """Begin to look."""
        self._looking.start(LOOK_EVERY)

    def stop(self) -> None:
        """Look no longer, and work on none any more; they are gone on with at the next start."""
        if self._looking.running:
            self._looking.stop()
        self._service.stop()

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._resume()).addErrback(self._not_now)

    async def _resume(self) -> None:
        for request in await self._provider.unfinished():
            self.log.info(
                "goes on with a storage commitment of {ae_title!r}", ae_title=request.ae_title
            )
            self._service.resume(request)

    def _not_now(self, failure: Failure) -> None:
        self.log.warn(
            "storage commitments that were not reported have to wait: {error}",
            error=failure.value,
        )
