"""Who a peer node is: its AE title, its certificate, its address; and what it may do then.

These are whole policies of access for nodes without users: give one to a factory as it is.
:class:`~txdicomtls.access.PortalAccess` asks one of them first, and then who the user is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol

from twisted.logger import Logger
from zope.interface import implementer

from txdicomtls.access.certificate_binding import CertificateBinding
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant, IAccess
from txdicomtls.tls import SecureLink
from txdicomtls.tls.names import shortened


class Caller(Protocol):
    """What is known of the node at the other end; :class:`txdicomtls.net.AssociationFacts` is."""

    @property
    def calling_ae_title(self) -> str:
        """What the requestor calls itself."""

    @property
    def called_ae_title(self) -> str:
        """What it calls us."""

    @property
    def peer(self) -> str:
        """Its network address, for log lines."""

    @property
    def address(self) -> str:
        """Its host address alone."""

    @property
    def link(self) -> SecureLink:
        """The link to it, which was verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A node that is known by its AE title.

    :param ae_title: without spaces around it.
    :param allow: names of the services that it may use; None for all.
    :param sop_classes: UIDs of the SOP classes that it may use; None for all.
    :param certificate: which certificate proves that it is this node; None for any that the
        link trusts.
    :param addresses: networks that it may call from; none for anywhere.
    """

    ae_title: str
    allow: frozenset[str] | None = None
    sop_classes: frozenset[str] | None = None
    certificate: CertificateBinding | None = None
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def grant(self) -> Grant:
        """What it may do."""
        return Grant(self.allow, self.sop_classes)

    def calls_from(self, address: str) -> bool:
        """Whether it may call from this host address; from one that is none it may not."""
        if not self.addresses:
            return True
        try:
            host = ip_address(address.partition("%")[0])  # without a zone (RFC 4007 11)
        except ValueError:
            return False
        if isinstance(host, IPv6Address):
            host = host.ipv4_mapped or host  # IPv4 at a port that takes both
        return any(host in network for network in self.addresses)


@implementer(IAccess)
class AnyPeer:
    """Everybody whose link is secure may use everything.

    :param called_ae_titles: the titles that this node answers to; None for any.
    """

    log = Logger()

    def __init__(self, called_ae_titles: Collection[str] | None = None) -> None:
        self._called = called_ae_titles

    def admit(self, link: object, peer: str) -> None:
        """The link was verified against the trusted certificates: that is all that is asked."""

    def authorize(self, association: Caller) -> Grant:
        """Grant what :meth:`identify` finds.

        :raises AssociationRefused: nothing is granted.
        """
        return self.identify(association).grant

    def identify(self, caller: Caller) -> Peer:
        """Say which node it is: whoever it says, if it calls us by our name.

        :raises AssociationRefused: we are not called that.
        """
        if self._called is not None and caller.called_ae_title.strip(" ") not in self._called:
            raise AssociationRefused(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
        return Peer(ae_title=caller.calling_ae_title.strip(" "))


@implementer(IAccess)
class KnownPeers(AnyPeer):
    """Only listed AE titles may associate, each with the services that it is allowed.

    AE titles are compared exactly, but for the spaces around them (PS3.5 6.2).  Who calls
    itself by a title that is not its own is told no more than who calls itself by an unknown
    one; the log has the difference.

    :param peers: all of them.
    :param called_ae_titles: the titles that this node answers to; None for any.
    """

    def __init__(
        self, peers: Iterable[Peer], called_ae_titles: Collection[str] | None = None
    ) -> None:
        super().__init__(called_ae_titles)
        self._peers = {peer.ae_title: peer for peer in peers}

    def identify(self, caller: Caller) -> Peer:
        """Say which of the listed nodes it is.

        :raises AssociationRefused: it is not listed, shows another certificate or calls from
            elsewhere than that node does, or calls us by another name.
        """
        title = super().identify(caller).ae_title
        peer = self._peers.get(title)
        if peer is None:
            raise AssociationRefused(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
        if not peer.calls_from(caller.address):
            self._refuse(caller, "it calls from an address that is not one of that node's")
        if peer.certificate and not peer.certificate.matches(caller.link.peer_certificate):
            self._refuse(caller, f"{_shown(caller.link)}, which is not that node's")
        return peer

    def _refuse(self, caller: Caller, why: str) -> None:
        self.log.warn(
            "{peer} is not believed to be {calling!r}: {why}",
            peer=caller.peer,
            calling=caller.calling_ae_title,
            why=why,
        )
        raise AssociationRefused(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)


def _shown(link: SecureLink) -> str:
    if link.peer_certificate is None:
        return "it shows no certificate"
    subject = shortened(link.peer_subject)
    return f"it shows the certificate of {subject!r}, SHA-256 {link.peer_fingerprint}"
