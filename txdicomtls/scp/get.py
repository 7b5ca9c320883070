"""C-GET as SCP: sends what is asked for on the association that asks for it (PS3.4 C.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.codes import Root
from txdicomtls.dimse import CGetRQ
from txdicomtls.interfaces import (
    INegotiatingService,
    IOperation,
    IRetrieveProvider,
    ISender,
    IUsingService,
    Retrieval,
)
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.extended import answer_retrieval
from txdicomtls.scp.identifiers import GET_ROOTS
from txdicomtls.scp.means import Means, choose_small
from txdicomtls.scp.retrieve import PENDING_EVERY, RetrieveOperation
from txdicomtls.scp.same_association import SameAssociation

#: The transfer syntaxes in which instances of a SOP class are stored, the most frequent first.
StoredIn = Callable[[str], Sequence[str]]


@implementer(IUsingService, INegotiatingService)
class Get:
    """Sends instances to whoever asks, in the patient root, the study root, and the retired model.

    The requestor has to propose the Storage SOP classes too, with itself as their SCP (role
    selection, PS3.7 D.3.3.4).

    :param provider: has the instances.
    :param means: what operations work with.
    :param stored_in: the transfer syntaxes in which there are instances of a SOP class, the most
        usual first; must not block.  A storage context gets the first of them that the requestor
        offers; where it offers none, its own first.
    :param relational: whether the provider can do relational retrievals.
    :param pending_every: seconds between two pending responses.
    """

    name = "get"

    def __init__(
        self,
        provider: IRetrieveProvider,
        means: Means,
        *,
        stored_in: StoredIn,
        relational: bool = False,
        pending_every: float = PENDING_EVERY,
    ) -> None:
        self._provider = provider
        self._means = means
        self._stored_in = stored_in
        self._relational = relational
        self._every = pending_every

    def accepts(self, abstract_syntax: str) -> bool:
        """The three information models."""
        return abstract_syntax in GET_ROOTS

    def uses(self, abstract_syntax: str) -> bool:
        """Every Storage SOP Class: instances of it are sent to a peer that is its SCP."""
        return abstract_syntax in uids.STORAGE_SOP_CLASSES

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """For identifiers one that is not compressed; for instances one that they are stored in."""
        if self.accepts(abstract_syntax):
            return choose_small(offered)
        stored = self._stored_in(abstract_syntax)
        known = (uid for uid in offered if uid in uids.TRANSFER_SYNTAXES)
        return next((uid for uid in stored if uid in offered), None) or next(known, None)

    def extended(self, abstract_syntax: str, information: bytes) -> bytes | None:
        """Agree on relational retrieval where the provider can do it."""
        return answer_retrieval(information, relational=self._relational)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take C-GET; there is no other operation."""
        message = request.message
        if not isinstance(message, CGetRQ):
            return None
        root = GET_ROOTS[request.context.abstract_syntax]
        return _Get(request, message, self._means, self._provider, root, pending_every=self._every)


class _Get(RetrieveOperation):
    """One C-GET."""

    sends_here = True

    def __init__(
        self,
        request: IncomingRequest,
        message: CGetRQ,
        means: Means,
        provider: IRetrieveProvider,
        root: Root,
        *,
        pending_every: float,
    ) -> None:
        super().__init__(request, message, means, provider, root, pending_every=pending_every)
        self._priority = message.priority

    async def sender(self, retrieval: Retrieval) -> ISender:
        """The association itself."""
        return SameAssociation(self.request, self._priority, self.means)
