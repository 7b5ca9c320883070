"""Access by AE title, for peers whose certificate the link has verified already."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from zope.interface import implementer

from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant, IAccess


class _Titles(Protocol):
    """What a policy by AE title needs to know of an association."""

    @property
    def calling_ae_title(self) -> str:
        """What the requestor calls itself."""

    @property
    def called_ae_title(self) -> str:
        """What it calls us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A node that is known by its AE title.

    :param allow: names of the services that it may use; None for all.
    """

    ae_title: str
    allow: frozenset[str] | None = None


@implementer(IAccess)
class AnyPeer:
    """Everybody whose link is secure may use everything.

    :param called_ae_titles: the titles that this node answers to; None for any.
    """

    def __init__(self, called_ae_titles: Collection[str] | None = None) -> None:
        self._called = called_ae_titles

    def admit(self, link: object, peer: str) -> None:
        """The link was verified against the trusted certificates: that is all that is asked."""

    def authorize(self, association: _Titles) -> Grant:
        """Grant everything to who calls us by our name.

        :raises AssociationRefused: we are not called that.
        """
        if self._called is not None and association.called_ae_title not in self._called:
            raise AssociationRefused(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
        return Grant()


@implementer(IAccess)
class KnownPeers(AnyPeer):
    """Only listed AE titles may associate, each with the services that it is allowed.

    :param peers: all of them.
    :param called_ae_titles: the titles that this node answers to; None for any.
    """

    def __init__(
        self, peers: Iterable[Peer], called_ae_titles: Collection[str] | None = None
    ) -> None:
        super().__init__(called_ae_titles)
        self._peers = {peer.ae_title: peer for peer in peers}

    def authorize(self, association: _Titles) -> Grant:
        """Grant a listed peer what it is allowed.

        :raises AssociationRefused: it is not listed, or calls us by another name.
        """
        super().authorize(association)
        peer = self._peers.get(association.calling_ae_title)
        if peer is None:
            raise AssociationRefused(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
        return Grant(peer.allow)
