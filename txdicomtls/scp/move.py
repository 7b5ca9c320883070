"""C-MOVE as SCP: sends what is asked for to a node that was configured (PS3.4 C.4.2)."""

from __future__ import annotations

from zope.interface import implementer

from txdicomtls.codes import Root
from txdicomtls.dimse import CMoveRQ
from txdicomtls.errors import DestinationUnknown
from txdicomtls.interfaces import (
    IDestinations,
    INegotiatingService,
    IOperation,
    IRetrieveProvider,
    ISender,
    Retrieval,
)
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.extended import answer_retrieval
from txdicomtls.scp.identifiers import MOVE_ROOTS
from txdicomtls.scp.means import Means, choose_small
from txdicomtls.scp.provided import settled
from txdicomtls.scp.retrieve import PENDING_EVERY, RetrieveOperation


@implementer(INegotiatingService)
class Move:
    """Sends instances elsewhere, in the patient root, the study root, and the retired model.

    Where to is a question of configuration alone: nothing that a peer says makes a destination.

    :param provider: has the instances.
    :param destinations: where they may go.
    :param means: what operations work with; its patience is the time limit of a sub-operation.
    :param relational: whether the provider can do relational retrievals.
    :param pending_every: seconds between two pending responses.
    """

    name = "move"

    def __init__(
        self,
        provider: IRetrieveProvider,
        destinations: IDestinations,
        means: Means,
        *,
        relational: bool = False,
        pending_every: float = PENDING_EVERY,
    ) -> None:
        self._provider = provider
        self._destinations = destinations
        self._means = means
        self._relational = relational
        self._every = pending_every

    def accepts(self, abstract_syntax: str) -> bool:
        """The three information models."""
        return abstract_syntax in MOVE_ROOTS

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def extended(self, abstract_syntax: str, information: bytes) -> bytes | None:
        """Agree on relational retrieval where the provider can do it."""
        return answer_retrieval(information, relational=self._relational)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take C-MOVE; there is no other operation."""
        message = request.message
        if not isinstance(message, CMoveRQ):
            return None
        root = MOVE_ROOTS[request.context.abstract_syntax]
        return _Move(
            request,
            message,
            self._means,
            self._provider,
            root,
            destinations=self._destinations,
            pending_every=self._every,
        )


class _Move(RetrieveOperation):
    """One C-MOVE."""

    def __init__(
        self,
        request: IncomingRequest,
        message: CMoveRQ,
        means: Means,
        provider: IRetrieveProvider,
        root: Root,
        *,
        destinations: IDestinations,
        pending_every: float,
    ) -> None:
        super().__init__(request, message, means, provider, root, pending_every=pending_every)
        self._destination = message.move_destination
        self._destinations = destinations

    async def sender(self, retrieval: Retrieval) -> ISender:
        """The configured node of this AE title."""
        found = await settled(self._destinations.resolve(self._destination, retrieval))
        if found is None:
            raise DestinationUnknown("the move destination is not known here")
        return found
