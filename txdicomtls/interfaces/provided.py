"""How a provider may answer: at once, later, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Iterable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

#: A result, or a Deferred or coroutine that comes to it.  It is cancelled where nobody waits for
#: it any more: whoever awaits something then gets ``CancelledError`` there, in the same turn.
Eventually: TypeAlias = Awaitable[T] | T

#: Results one by one, each asked for when the one before has been dealt with; or all of them; or
#: a Deferred or coroutine that comes to either.
Several: TypeAlias = AsyncIterable[T] | Iterable[T] | Awaitable[AsyncIterable[T] | Iterable[T]]
