"""How long to wait before something is tried again: data, and the one formula that uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """The pauses between attempts: each longer than the one before, up to a longest.

    :param first: seconds after the first attempt that failed.
    :param factor: how many times longer each further pause is.
    :param longest: seconds that no pause goes beyond, but for the jitter.
    :param jitter: by which part of it a pause is made shorter or longer at random, so that those
        who failed together do not all come back together; from 0 to 1.
    :param attempts: how many attempts there are before it is given up; None for no end.
    :raises ValueError: one of these makes no sense.
    """

    first: float = 10.0
    factor: float = 2.0
    longest: float = 1800.0
    jitter: float = 0.25
    attempts: int | None = None

    def __post_init__(self) -> None:
        if self.first <= 0 or self.factor < 1 or self.longest < self.first:
            raise ValueError("pauses have to be positive, and must not become shorter")
        if not 0 <= self.jitter <= 1:
            raise ValueError("the jitter is a part of the pause, from 0 to 1")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("there is at least one attempt")

    def pause(self, attempts: int, random: Callable[[], float]) -> float | None:
        """Give the pause before the next attempt.

        :param attempts: how many have failed, at least 1.
        :param random: gives a number from 0 up to 1.
        :return: in seconds; None where it is to be given up.
        """
        if self.attempts is not None and attempts >= self.attempts:
            return None
        pause = self.first
        for _ in range(attempts - 1):
            pause *= self.factor
            if pause >= self.longest or self.factor == 1:
                break
        return min(pause, self.longest) * (1 + self.jitter * (2 * random() - 1))
