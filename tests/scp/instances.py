"""Instances that a test has to send, and providers that select them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from tests.association.pair import CT, EXPLICIT
from txdicomtls.instance import Blocks, OutgoingInstance
from txdicomtls.interfaces import IRetrieveProvider, Retrieval, Selection


class Opened:
    """An instance that was opened.

    :ivar closed: how often it was closed.
    """

    def __init__(self, blocks: tuple[Any, ...]) -> None:
        self.closed = 0
        self._blocks = blocks

    async def blocks(self) -> Blocks:
        for index, block in enumerate(self._blocks, 1):
            if isinstance(block, Exception):
                raise block
            data = await block if isinstance(block, Deferred) else block
            yield data, index == len(self._blocks)

    async def close(self) -> None:
        self.closed += 1


class Kept:
    """An instance that is kept.

    :param number: its SOP Instance UID is 1.2.3 and this.
    :param blocks: of its data set; a Deferred is waited for, an error raised.
    :param opening: is waited for before it is open, or raised.
    :ivar opened: what was opened, in which transfer syntax, for which size of fragments.
    """

    def __init__(
        self,
        number: int,
        *blocks: Any,
        sop_class: str = CT,
        syntaxes: tuple[str, ...] = (EXPLICIT,),
        opening: Any = None,
    ) -> None:
        self.opened: list[tuple[Opened, str, int]] = []
        self.instance = OutgoingInstance(
            sop_class_uid=sop_class,
            sop_instance_uid=f"1.2.3.{number}",
            transfer_syntaxes=syntaxes,
            open=self._open,
        )
        self._opening = opening
        self._blocks = blocks or (b"data",)

    async def _open(self, syntax: str, fragment: int) -> Opened:
        if isinstance(self._opening, Exception):
            raise self._opening
        if self._opening is not None:
            await self._opening
        opened = Opened(self._blocks)
        self.opened.append((opened, syntax, fragment))
        return opened


@implementer(IRetrieveProvider)
class Selecting:
    """Selects what it is told to.

    :param answer: what :meth:`select` does.
    :ivar retrievals: what it was asked for.
    """

    def __init__(self, answer: Callable[[Retrieval], Any]) -> None:
        self.retrievals: list[Retrieval] = []
        self._answer = answer

    def select(self, retrieval: Retrieval) -> Any:
        self.retrievals.append(retrieval)
        return self._answer(retrieval)


def selecting(*kept: Kept) -> Selecting:
    """Selects these, and knows how many they are."""
    instances = [each.instance for each in kept]
    return Selecting(lambda _: Selection(instances=instances, count=len(instances)))


def one_by_one(*kept: Kept, error: Exception | None = None, count: int | None = None) -> Selecting:
    """Selects these one after the other, and may break down after them."""

    async def instances() -> AsyncGenerator[OutgoingInstance, None]:
        for each in kept:
            yield each.instance
        if error is not None:
            raise error

    return Selecting(lambda _: Selection(instances=instances(), count=count))
