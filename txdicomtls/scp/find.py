"""The C-FIND of the Query/Retrieve service class, all information models (PS3.4 C.4.1, C.6)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from zope.interface import implementer

from txdicomtls.dataset.hierarchy import QUERY_RETRIEVE_LEVEL, check_unique_keys, read_level
from txdicomtls.dimse import CFindRQ
from txdicomtls.interfaces import (
    INegotiatingService,
    IOperation,
    IQueryProvider,
    Match,
    Query,
    QueryOptions,
    Several,
)
from txdicomtls.net import IncomingRequest
from txdicomtls.scp.extended import agreed_options, answer_query
from txdicomtls.scp.identifiers import FIND_ROOTS
from txdicomtls.scp.matches import SPECIFIC_CHARACTER_SET, FindOperation
from txdicomtls.scp.means import Means, choose_small


@implementer(INegotiatingService)
class Find:
    """Answers queries in the patient root, the study root, and the retired model of both.

    :param provider: finds.
    :param means: what operations work with.
    :param supports: what the provider can do beyond the baseline; agreed on where it is asked for.
    :param most: matches that one query is told; with more it ends in 0xA700.  None for no limit.
    """

    name = "find"

    def __init__(
        self,
        provider: IQueryProvider,
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
        """The three information models."""
        return abstract_syntax in FIND_ROOTS

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def extended(self, abstract_syntax: str, information: bytes) -> bytes | None:
        """Agree on what the provider can do."""
        return answer_query(information, self._supports)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take C-FIND; there is no other operation."""
        message = request.message
        if not isinstance(message, CFindRQ):
            return None

        def ask(keys: Dataset) -> Several[Dataset | Match]:
            return self._provider.find(_query(request, keys))

        return FindOperation(
            request,
            message,
            self._means,
            ask,
            most=self._most,
            copied=(QUERY_RETRIEVE_LEVEL, SPECIFIC_CHARACTER_SET),
        )


def _query(request: IncomingRequest, keys: Dataset) -> Query:
    root = FIND_ROOTS[request.context.abstract_syntax]
    options = agreed_options(request.extended)
    level = read_level(keys, root)
    if not options.relational:
        check_unique_keys(keys, root, level)
    return Query(
        root=root,
        level=level,
        keys=keys,
        options=options,
        association=request.association,
        user=request.user,
    )
