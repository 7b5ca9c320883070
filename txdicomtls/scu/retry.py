"""Trying again, later and later: for what may be otherwise then (PS3.8 9.3.4).

Only what passes by itself is worth another try: a peer that is not there, one that is too slow in
its handshake, and one that rejected the association transiently.  A certificate that is not
believed, or a permanent rejection, will be the same in a minute.

Each wait is a random part shorter than its turn, so that many requestors of one peer that
comes back do not come all at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from txdicomtls.errors import AssociationRejected, DicomTLSError, LinkTimeout, PeerUnreachable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often to try, and how long to wait between.

    :param attempts: tries in all, the first one included.
    :param first: seconds before the second try, at most.
    :param factor: how many times as long each further wait may be.
    :param longest: seconds that no wait exceeds.
    :param jitter: the part of each wait that is random: 0 for none, 1 for all of it.
    :raises ValueError: one of them makes no sense.
    """

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first < 0 or self.factor < 1 or self.longest < 0:
            msg = "there is at least one attempt, and no wait is shorter than the one before"
            raise ValueError(msg)
        if not 0 <= self.jitter <= 1:
            raise ValueError("jitter is a part: 0 to 1")

    def wait(self, failures: int, chance: float) -> float:
        """Seconds to wait.

        :param failures: tries that have failed, at least 1.
        :param chance: random, from 0 to 1.
        """
        longest = self.first
        for _ in range(failures - 1):
            longest = min(longest * self.factor, self.longest)
        return min(longest, self.longest) * (1 - self.jitter * chance)


def is_transient(error: DicomTLSError) -> bool:
    """Whether a later try may succeed where this one did not."""
    if isinstance(error, AssociationRejected):
        return error.transient
    return isinstance(error, PeerUnreachable | LinkTimeout)


async def retrying(
    attempt: Callable[[], Deferred[T]],
    retry: Retry,
    clock: IReactorTime,
    random: Callable[[], float],
) -> T:
    """The result of the first try that succeeds.

    :param attempt: makes one try.
    :param clock: for the waits; cancelling during one ends it.
    :param random: from 0 to 1.
    :raises DicomTLSError: what the last try came to, or the first that is not transient.
    """
    failures = 0
    while True:
        try:
            return await attempt()
        except DicomTLSError as error:
            failures += 1
            if failures >= retry.attempts or not is_transient(error):
                raise
            seconds = retry.wait(failures, random())
            _log.info(
                "attempt {number} of {attempts} failed, next one in {seconds:.1f} s: {error}",
                number=failures,
                attempts=retry.attempts,
                seconds=seconds,
                error=error,
            )
        await deferLater(clock, seconds)


_log = Logger()
