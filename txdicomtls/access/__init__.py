"""Who a peer is, and what it may do."""

from __future__ import annotations

from txdicomtls.access.policy import AnyPeer, KnownPeers, Peer

__all__ = ["AnyPeer", "KnownPeers", "Peer"]
