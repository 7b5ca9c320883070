"""What a provider answers with, made the same whichever way it chose."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable
from typing import TypeVar

from txdicomtls.interfaces import Eventually, Several

T = TypeVar("T")


async def settled(result: Eventually[T]) -> T:
    """Wait for it, where it is to be waited for."""
    if isinstance(result, Awaitable):
        return await result
    return result


async def each(results: Several[T]) -> AsyncGenerator[T, None]:
    """Each result, in order.  To be closed: what gives them is closed then, wherever it is."""
    if isinstance(results, Awaitable):
        results = await results
    if not isinstance(results, AsyncIterable):
        for result in results:
            yield result
        return
    iterator = aiter(results)
    try:
        async for result in iterator:
            yield result
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()
