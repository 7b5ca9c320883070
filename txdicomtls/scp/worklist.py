"""The Modality Worklist as SCP: C-FIND of scheduled procedure steps (PS3.4 K)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import CFindRQ
from txdicomtls.interfaces import (
    INegotiatingService,
    IOperation,
    IWorklistProvider,
    Match,
    QueryOptions,
    Several,
    WorklistQuery,
)
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.extended import agreed_options, answer_worklist
from txdicomtls.scp.matches import SPECIFIC_CHARACTER_SET, FindOperation
from txdicomtls.scp.means import Means, choose_small


@implementer(INegotiatingService)
class Worklist:
    """Tells what is scheduled.

    :param provider: knows it.
    :param means: what operations work with.
    :param supports: what the provider can do beyond the baseline.
    :param most: items that one query is told; with more it ends in 0xA700.  None for no limit.
    """

    name = "worklist"

    def __init__(
        self,
        provider: IWorklistProvider,
        means: Means,
        *,
        supports: QueryOptions | None = None,
        most: int | None = None,
    ) -> None:
        self._provider = provider
        self._means = means
        self._supports = supports or QueryOptions()
        self._most = most

    def accepts(self, abstract_syntax: str) -> bool:
        """Only the Modality Worklist Information Model."""
        return abstract_syntax == uids.MODALITY_WORKLIST_FIND

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def extended(self, abstract_syntax: str, information: bytes) -> bytes | None:
        """Agree on what the provider can do."""
        return answer_worklist(information, self._supports)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take C-FIND; there is no other operation."""
        message = request.message
        if not isinstance(message, CFindRQ):
            return None

        def ask(keys: Dataset) -> Several[Dataset | Match]:
            return self._provider.worklist(
                WorklistQuery(
                    keys=keys,
                    options=agreed_options(request.extended),
                    association=request.association,
                    user=request.user,
                )
            )

        return FindOperation(
            request, message, self._means, ask, most=self._most, copied=(SPECIFIC_CHARACTER_SET,)
        )
