"""What a provider of queries is asked, and what it answers (PS3.4 C.4.1, K.4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zope.interface import Interface

from txdicomtls.codes import Level, Root

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from txdicomtls.interfaces.provided import Several


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """What extended negotiation agreed on for queries (PS3.4 C.5.1.1, K.5.1).

    :param relational: unique keys above the level may be left out, and keys of any level used.
    :param date_time: a date and a time that are both ranges are one range.
    :param fuzzy_names: person names match by sound or likeness, as the provider defines it.
    :param time_zone: dates and times are adjusted to the time zone of the query.
    :param empty_values: two quotation marks match a value that is empty.
    :param multiple_values: several values match any of them.
    """

    relational: bool = False
    date_time: bool = False
    fuzzy_names: bool = False
    time_zone: bool = False
    empty_values: bool = False
    multiple_values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A C-FIND of the Query/Retrieve service class; its level and unique keys have been checked.

    :param root: the information model.
    :param level: what is looked for.
    :param keys: the identifier, decoded: keys to match and attributes to return.
    :param options: what was agreed on.
    :param association: a :class:`txdicomtls.net.AssociationFacts`: who asks.
    :param user: who was authenticated there; empty where nobody was.
    """

    root: Root
    level: Level
    keys: Dataset
    options: QueryOptions
    association: Any
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistQuery:
    """A C-FIND of the Modality Worklist (PS3.4 K.4.1).

    :param keys: the identifier, decoded: keys to match and attributes to return.
    :param options: what was agreed on; relational and date_time say nothing here.
    :param association: a :class:`txdicomtls.net.AssociationFacts`: who asks.
    :param user: who was authenticated there; empty where nobody was.
    """

    keys: Dataset
    options: QueryOptions
    association: Any
    user: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One match, where there is more to say of it than its identifier.

    :param identifier: the attributes that were asked for.
    :param all_keys_supported: no optional key had to be left out of account; else the
        status is 0xFF01 (PS3.4 C.4.1.1.4).
    """

    identifier: Dataset
    all_keys_supported: bool = True


class IQueryProvider(Interface):
    """Finds patients, studies, series and instances."""

    def find(query: Query) -> Several[Dataset | Match]:
        """Find what matches.

        The next match is asked for when the peer has room for it; so one is in memory.
        Where a match names no Specific Character Set, that of the query is used, or Unicode
        where that is not enough.

        :return: the matches, in any order.
        :raises txdicomtls.errors.InvalidQuery: it cannot be answered as it is.
        :raises txdicomtls.errors.ProviderError: it cannot be answered by this provider.
        """


class IWorklistProvider(Interface):
    """Knows what is scheduled: one's own source of a modality worklist."""

    def worklist(query: WorklistQuery) -> Several[Dataset | Match]:
        """Find scheduled procedure steps; as :meth:`IQueryProvider.find`."""
