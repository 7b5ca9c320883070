"""What work on the queue is made of: who does tasks, what became of one, how long it is tried."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from txdicomtls.index import BackOff, Task
from txdicomtls.threads import InThread


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one task.

    :param task: the one.
    :param error: why it is not done, without values of elements; empty where it is.
    :param lasting: whether the reason is one that is not likely to pass.
    """

    task: Task
    error: str = ""
    lasting: bool = False


#: Does tasks for one destination, and says what became of each; those that it has not spoken of
#: when it ends have failed, and for what it raises then.
Deliver = Callable[[str, Sequence[Task]], AsyncGenerator[Delivery, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """How long, and how often, something is tried.

    :param back_off: the pauses.
    :param give_up_after: from the moment when a task was put.
    :param lease: for how long a task is nobody else's, unless that is renewed.
    """

    back_off: BackOff = field(default_factory=BackOff)
    give_up_after: timedelta = timedelta(days=7)
    lease: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What all deliveries of a node work with.

    :param clock: the reactor.
    :param in_thread: runs what blocks.
    :param now: gives the time of day, with a time zone.
    :param random: from 0 to 1.
    :param owner: by which name this node leases tasks; no other node has it.
    :param persistence: how long something is tried.
    """

    clock: IReactorTime
    in_thread: InThread
    now: Callable[[], datetime]
    random: Callable[[], float]
    owner: str
    persistence: Persistence = field(default_factory=Persistence)
