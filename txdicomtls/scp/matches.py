"""C-FIND as SCP: a pending response for each match, as fast as the peer reads (PS3.4 C.4.1).

One match is in memory at a time: the provider is asked for the next one when the transport has
room for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from pydicom.dataset import Dataset

from txdicomtls.dimse import CFindRQ, Status
from txdicomtls.errors import LimitExceeded
from txdicomtls.interfaces import Match, Several
from txdicomtls.net import Answer, IncomingRequest
from txdicomtls.scp.means import Means
from txdicomtls.scp.operation import CancellableOperation
from txdicomtls.scp.provided import each
from txdicomtls.scp.statuses import Kind, Refusal

#: Asks the provider, given the identifier; may raise what makes it no query.
Ask = Callable[[Dataset], Several[Dataset | Match]]

SPECIFIC_CHARACTER_SET = 0x00080005


class FindOperation(CancellableOperation):
    """One C-FIND.

    :param request: the request.
    :param message: its command set.
    :param means: what it works with.
    :param ask: asks the provider.
    :param most: matches that are told; None for no limit.
    :param copied: tags of elements of the identifier that each response repeats.
    """

    kind = Kind.QUERY

    def __init__(
        self,
        request: IncomingRequest,
        message: CFindRQ,
        means: Means,
        ask: Ask,
        *,
        most: int | None,
        copied: tuple[int, ...] = (),
    ) -> None:
        super().__init__(request, means)
        self._message = message
        self._ask = ask
        self._most = most
        self._copied = copied

    async def perform(self, data: bytes) -> Answer:
        """Tell each match, then success."""
        syntax = self.request.context.transfer_syntax
        keys = await self.means.decode(data, syntax)
        told = 0
        self.patience.start()
        async with aclosing(each(self._ask(keys))) as matches:
            async for found in matches:
                if self._most is not None and told >= self._most:
                    raise LimitExceeded(f"there are more than {self._most} matches")
                match = found if isinstance(found, Match) else Match(found)
                pending = (
                    Status.PENDING if match.all_keys_supported else Status.PENDING_WITH_WARNING
                )
                identifier = await self.means.encode(
                    self._completed(match.identifier, keys), syntax
                )
                self.patience.stop()  # from here on it is the peer that is waited for
                await self.request.exchange.respond(
                    Answer(self._message.response(pending), identifier)
                )
                told += 1
                await self.turn.give_way()
                self.patience.start()
        self.patience.stop()
        return Answer(self._message.response(Status.SUCCESS))

    def cancelled(self) -> Answer:
        """As PS3.4 C.4.1.1.4 has it."""
        return Answer(self._message.response(Status.CANCEL))

    def refused(self, refusal: Refusal) -> Answer:
        """Say why there are no matches, or no more."""
        return Answer(
            self._message.response(
                refusal.status,
                offending_element=refusal.tags,
                error_comment=refusal.comment,
            )
        )

    def _completed(self, found: Dataset, keys: Dataset) -> Dataset:
        """A match with what it repeats of the identifier, where it does not say that itself."""
        missing = [tag for tag in self._copied if tag in keys and tag not in found]
        if not missing:
            return found
        response = Dataset()
        for element in found:
            response[element.tag] = element
        for tag in missing:
            response[tag] = keys[tag]
        return response
