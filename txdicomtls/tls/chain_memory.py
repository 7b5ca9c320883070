"""Chains that were verified a moment ago, and need not be built again for the same peer.

To build a chain is to check each of its signatures.  Under one trust they do not change,
so for a peer whose sessions are taken up again and again only what time changes is
looked at: whether every certificate, and every revocation list, is still valid.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from txdicomtls.tls.names import REMEMBERED
from txdicomtls.tls.trust import Revocation, Trust

Chain = tuple[x509.Certificate, ...]


class _Verified(NamedTuple):
    chain: Chain
    begin: datetime
    end: datetime


class ChainMemory:
    """Remembers the chains of the peers that came last.

    :param trust: under which they were verified.
    """

    def __init__(self, trust: Trust) -> None:
        self._chains: OrderedDict[x509.Certificate, _Verified] = OrderedDict()
        lists = trust.crls if trust.revocation is not Revocation.NONE else ()
        # Also when a list begins: from then on it counts, and an older one may not any more.
        self._turns = [
            turn for crl in lists for turn in (crl.last_update_utc, crl.next_update_utc) if turn
        ]

    def find(self, leaf: x509.Certificate, now: datetime) -> Chain | None:
        """The chain of a peer, if there is one that is good at this moment."""
        known = self._chains.get(leaf)
        if known is None or not known.begin <= now <= known.end:
            return None
        self._chains.move_to_end(leaf)
        return known.chain

    def keep(self, chain: Chain, now: datetime) -> None:
        """Remember a chain that was verified at this moment."""
        ends = [certificate.not_valid_after_utc for certificate in chain]
        # A clock that was set back may be before what was looked at: then it is looked at again.
        turns = [turn for turn in self._turns if turn > now]
        self._chains[chain[0]] = _Verified(chain, now, min(ends + turns))
        if len(self._chains) > REMEMBERED:
            self._chains.popitem(last=False)
