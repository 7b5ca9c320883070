"""Instances of which one does not know beforehand what they are, sent to another node.

Theory of operation.  Presentation contexts must be proposed before the first instance is sent, and
a selection is read as it is sent.  So some instances are taken beforehand, an association is made
with a context for each kind among them, and they are sent.  The association serves for what comes
next as long as it has a context for it; else another one is made.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import NamedTuple

from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import Originator, Outcome
from txdicomtls.scu import Association, Contexts, Sent, contexts_for
from txdicomtls.scu.contexts import MOST_CONTEXTS

#: Instances that are taken at once.
AT_ONCE = 100

#: Makes an association with these contexts, for a block.
Associate = Callable[[Contexts], AbstractAsyncContextManager[Association]]


class Kind(NamedTuple):
    """What needs a presentation context of its own."""

    sop_class_uid: str
    transfer_syntax_uid: str


def kinds_of(instance: OutgoingInstance) -> Iterator[Kind]:
    """Every way in which an instance can be sent."""
    for transfer_syntax in instance.transfer_syntaxes:
        yield Kind(instance.sop_class_uid, transfer_syntax)


async def send_instances(
    associate: Associate,
    instances: AsyncIterator[OutgoingInstance],
    originator: Originator | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Send instances, over as many associations as their kinds need, one after the other.

    :param associate: makes an association.
    :param instances: each is taken shortly before it is sent.
    :param originator: who asked for the C-MOVE that this is part of; None where there is none.
    :return: the outcome of each, as soon as it is known.  Closing it early aborts.
    :raises txdicomtls.errors.DicomTLSError: no more can be sent.
    """
    parts = Parts(instances)
    part = await parts.next()
    while part:
        kinds = {kind for each in part for kind in kinds_of(each)}
        async with associate(contexts_for(kinds)) as association:
            while part and kinds.issuperset(kind for each in part for kind in kinds_of(each)):
                async with aclosing(_sent(association, part, originator)) as outcomes:
                    async for outcome in outcomes:
                        yield outcome
                if association.error is not None:
                    raise association.error
                part = await parts.next()


class Parts:
    """Takes instances, some at a time, that fit into one association.

    :param instances: all of them.
    """

    def __init__(self, instances: AsyncIterator[OutgoingInstance]) -> None:
        self._instances = instances
        self._next: OutgoingInstance | None = None

    async def next(self) -> list[OutgoingInstance]:
        """The next ones; empty at the end."""
        part: list[OutgoingInstance] = []
        kinds: set[Kind] = set()
        while len(part) < AT_ONCE:
            instance = self._next or await anext(self._instances, None)
            self._next = None
            if instance is None:
                break
            kinds.update(kinds_of(instance))
            if len(kinds) > MOST_CONTEXTS and part:
                self._next = instance
                break
            part.append(instance)
        return part


async def _sent(
    association: Association,
    part: Collection[OutgoingInstance],
    originator: Originator | None,
) -> AsyncGenerator[Outcome, None]:
    waiting: defaultdict[str, deque[OutgoingInstance]] = defaultdict(deque)
    for instance in part:
        waiting[instance.sop_instance_uid].append(instance)
    async with aclosing(association.store(part, originator=originator)) as storing:
        async for sent in storing:
            yield _outcome(waiting[sent.sop_instance_uid].popleft(), sent)


def _outcome(instance: OutgoingInstance, sent: Sent) -> Outcome:
    return Outcome(instance=instance, status=sent.status, error=sent.error)
