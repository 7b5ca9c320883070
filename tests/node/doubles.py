"""Destinations and associations that tests play themselves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from txdicomtls.errors import DestinationUnknown, DicomTLSError
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import Originator
from txdicomtls.scu import Contexts, Sent

#: What becomes of an instance that is stored.
Answer = Callable[[OutgoingInstance], Sent]


def instance(uid: str, sop_class: str = "1.2.9", *syntaxes: str) -> OutgoingInstance:
    """An instance that nobody opens."""

    async def never(_syntax: str, _fragment: int) -> Any:
        raise AssertionError("nobody opens it")

    return OutgoingInstance(
        sop_class_uid=sop_class,
        sop_instance_uid=uid,
        transfer_syntaxes=syntaxes or ("1.2.840.10008.1.2.1",),
        open=never,
    )


def taken(each: OutgoingInstance) -> Sent:
    """The answer of a peer that takes everything."""
    return Sent(sop_class_uid=each.sop_class_uid, sop_instance_uid=each.sop_instance_uid, status=0)


class PlayedAssociation:
    """Remembers what it is asked for."""

    def __init__(self, contexts: Contexts, answer: Answer) -> None:
        self.contexts = contexts
        self.error: DicomTLSError | None = None
        self.stored: list[str] = []
        self.parts: list[int] = []
        self.originators: list[Originator | None] = []
        self.is_open = True
        self._answer = answer

    async def store(
        self, items: Iterable[OutgoingInstance], *, originator: Originator | None = None
    ) -> AsyncGenerator[Sent, None]:
        part = list(items)
        self.parts.append(len(part))
        for each in part:
            self.stored.append(each.sop_instance_uid)
            self.originators.append(originator)
            yield self._answer(each)


class PlayedNode:
    """Makes associations.

    :param answer: what becomes of each instance.
    """

    def __init__(self, answer: Answer = taken) -> None:
        self.answer = answer
        self.associations: list[Any] = []
        self.callings: list[str] = []
        self.unreachable: DicomTLSError | None = None
        self.make: Callable[[Contexts], Any] = lambda contexts: PlayedAssociation(
            contexts, self.answer
        )

    @asynccontextmanager
    async def association(
        self, contexts: Contexts, *, calling: str = ""
    ) -> AsyncGenerator[Any, None]:
        if self.unreachable is not None:
            raise self.unreachable
        made = self.make(contexts)
        self.associations.append(made)
        self.callings.append(calling)
        try:
            yield made
        finally:
            made.is_open = False


class PlayedDestinations:
    """Knows one node, which is called "THERE"."""

    def __init__(self, node: Any) -> None:
        self._node = node

    def known(self, ae_title: str) -> Any:
        if ae_title != "THERE":
            raise DestinationUnknown(f"there is no [[peer]] {ae_title!r} with a host")
        return self._node
