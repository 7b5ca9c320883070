"""The archive as the provider of C-FIND: answers of the index, as fast as the peer takes them.

A page of results is read in a thread while the one before it is told.  So there are two pages in
memory at most, however many results there are and however slow the peer is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from zope.interface import implementer

from txdicomtls.codes import Root
from txdicomtls.dataset import MatchOptions
from txdicomtls.index import FindOptions, Search
from txdicomtls.interfaces import IQueryProvider, Match, Query, QueryOptions
from txdicomtls.threads import InThread

#: Rows of the index that are read at once.
PAGE = 200

#: What the archive can do beyond the baseline, where it is asked for (PS3.4 C.5.1.1).
SUPPORTED = QueryOptions(relational=True, date_time=True, multiple_values=True)


class QueryIndex(Protocol):
    """What is needed of the index: :class:`txdicomtls.index.Index` has it.  Blocks."""

    def find(self, identifier: Dataset, /, *, root: Root, options: FindOptions) -> Search:
        """Answer a query, a page at a time."""


@implementer(IQueryProvider)
class ArchiveQueries:
    """Answers queries from the index.

    :param index: what instances there are.
    :param in_thread: runs a blocking call in a thread.
    :param retrieve_ae_title: AE title from which the results can be retrieved; empty to say none.
    :param utc_offset: minutes east of UTC, for date-times that do not say.
    :param page: rows of the index that are read at once.
    :param seconds: how long the database may work on one query.
    """

    supported = SUPPORTED

    def __init__(
        self,
        index: QueryIndex,
        in_thread: InThread,
        *,
        retrieve_ae_title: str = "",
        utc_offset: int = 0,
        page: int = PAGE,
        seconds: float = 30.0,
    ) -> None:
        self._index = index
        self._in_thread = in_thread
        self._retrieve_ae_title = retrieve_ae_title
        self._utc_offset = utc_offset
        self._page = page
        self._seconds = seconds

    async def find(self, query: Query) -> AsyncGenerator[Match, None]:
        """Find what matches; see :meth:`txdicomtls.interfaces.IQueryProvider.find`.

        :raises InvalidQuery: it cannot be answered as it is.
        :raises QueryTimeout: the database has worked on it for too long.
        :raises IndexUnavailable: it cannot be read.
        """
        options = FindOptions(
            relational=query.options.relational,
            match=MatchOptions(
                combined_date_time=query.options.date_time, utc_offset=self._utc_offset
            ),
            retrieve_ae_title=self._retrieve_ae_title,
            page=self._page,
            seconds=self._seconds,
        )
        search = await self._in_thread(
            self._index.find, query.keys, root=query.root, options=options
        )
        all_keys_supported = not search.unsupported
        coming = self._next_page(search)
        try:
            while (page := await coming) is not None:
                coming = self._next_page(search)
                for identifier in page:
                    yield Match(identifier, all_keys_supported=all_keys_supported)
        finally:
            # Whoever closes this waits for nothing: what the thread still finds is dropped.
            coming.addErrback(lambda _: None)
            coming.cancel()

    def _next_page(self, search: Search) -> Deferred[list[Dataset] | None]:
        return self._in_thread(next, search, None)
