"""Tasks as values: what goes into the durable queue, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any


class TaskKind(StrEnum):
    """What tasks are about; a program may have others of its own."""

    FORWARD = "forward"
    REPORT = "report"
    PROCEDURE_STEP = "procedure step"
    COMMITMENT = "commitment"


class TaskState(Enum):
    """What may become of a task that is not done."""

    WAITING = "waiting"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """Something that is to be done.

    :param kind: what is to be done: a :class:`TaskKind`, or one of the program's own.
    :param destination: for whom: the name of a node, or an AE title.
    :param payload: the particulars, as JSON knows them.
    :param name: no two tasks of one kind and destination have the same; None for none.
    :param sequence: tasks of one kind, destination and sequence are done one after the other;
        empty where the order does not matter.
    :param due_at: not before; None for at once.
    """

    kind: str
    destination: str
    payload: Mapping[str, Any] = field(repr=False)
    name: str | None = None
    sequence: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task that its owner may do now; the parameters that are not explained are as put.

    :param key: of the row.
    :param created_at: when it was put.
    :param attempts: how often it was leased, this time included.
    :param error: why it failed last; empty if it never did.
    """

    key: int
    kind: str
    destination: str
    name: str | None
    sequence: str
    payload: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much is to be done for one destination.

    :param waiting: tasks that will be tried, or are being done.
    :param given_up: tasks that will not, unless somebody says so.
    :param oldest: when the oldest of all these was put.
    """

    kind: str
    destination: str
    waiting: int
    given_up: int
    oldest: datetime
