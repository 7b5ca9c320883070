"""How many associations there may be at once: in all, and of one peer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from txdicomtls.net.request import AssociationFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The most associations at once; None for no limit.  Further ones are rejected, transiently.

    :param total: of all peers together.
    :param address: of one host address.
    :param certificate: of one certificate of a peer.
    :param ae_title: of one calling AE title.
    """

    total: int | None = 100
    address: int | None = None
    certificate: int | None = None
    ae_title: int | None = None


class Places:
    """The associations that there are, counted by what they are limited by.

    :param quotas: the limits.
    """

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._taken: Counter[Hashable] = Counter()

    def take(self, facts: AssociationFacts) -> str | None:
        """Take a place for an association that is asked for.

        :return: None where there was one, to be given back by :meth:`give_back`; else what is
            too many, in words for a log line.
        """
        limited = list(self._limited(facts))
        for name, key, limit in limited:
            if self._taken[key] >= limit:
                return f"more than {limit} associations {name}"
        self._taken.update(key for _, key, _ in limited)
        return None

    def give_back(self, facts: AssociationFacts) -> None:
        """The association is over, or did not come to be."""
        for _, key, _ in self._limited(facts):
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

    def _limited(self, facts: AssociationFacts) -> Iterator[tuple[str, Hashable, int]]:
        """Each limit that holds for this peer: its name, what is counted, how many."""
        quotas = self._quotas
        certificates = facts.link.certificates if quotas.certificate is not None else ()
        fingerprint = certificates[0].sha256 if certificates else None
        for name, value, limit in (
            ("at once", None, quotas.total),
            ("of one address", facts.address, quotas.address),
            ("of one certificate", fingerprint, quotas.certificate),
            ("of one AE title", facts.calling_ae_title, quotas.ae_title),
        ):
            if limit is not None and (value or name == "at once"):
                yield name, (name, value), limit
