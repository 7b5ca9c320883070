"""Data sets in blocks, as the test wants them to come."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from twisted.internet.defer import Deferred


async def blocks_of(*blocks: bytes) -> AsyncGenerator[tuple[bytes | memoryview, bool], None]:
    for index, block in enumerate(blocks, 1):
        yield block, index == len(blocks)


async def then_fails(
    block: bytes, error: Exception
) -> AsyncGenerator[tuple[bytes | memoryview, bool], None]:
    yield block, False
    raise error


class Source:
    """Blocks that come when the test says so, and how many were asked for."""

    def __init__(self, *blocks: bytes | Deferred[bytes]) -> None:
        self.blocks = blocks
        self.asked = 0
        self.closed = 0

    async def __call__(self) -> AsyncGenerator[tuple[bytes | memoryview, bool], None]:
        try:
            for index, block in enumerate(self.blocks, 1):
                self.asked += 1
                data = await block if isinstance(block, Deferred) else block
                yield data, index == len(self.blocks)
        finally:
            self.closed += 1
