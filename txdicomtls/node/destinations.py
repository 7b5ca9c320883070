"""The nodes that this one calls: those that have a ``host`` in the configuration, and no others.

Each is called as its section says, over TLS always, and its certificate must be for the host that
it was called at.  No more associations are open with it at once than it is said to take: who
comes later waits.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from twisted.internet.defer import DeferredSemaphore
from zope.interface import implementer

from txdicomtls.association import ConnectionLimits
from txdicomtls.errors import DestinationUnknown
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import (
    IDestinations,
    IReactor,
    ISender,
    Originator,
    Outcome,
    Retrieval,
)
from txdicomtls.net import ClientEndpoint, Timeouts
from txdicomtls.node.access_sections import PeerSection
from txdicomtls.node.sending import send_instances
from txdicomtls.scu import Association, Contexts, connect
from txdicomtls.tls import LinkDeadlines, RotatingSecurity


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """How this node calls others.

    :param ae_title: what it calls itself, where a peer has no other name for it.
    :param limits: what a peer may make it hold.
    :param timeouts: how long an association waits.
    :param deadlines: how long a link waits.
    """

    ae_title: str
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    deadlines: LinkDeadlines = field(default_factory=LinkDeadlines)


@implementer(ISender)
class Destination:
    """One node that can be called.

    :param reactor: what it is called with.
    :param section: who and where it is.
    :param calling: how this node calls.
    :param security: how links to it are secured.
    """

    def __init__(
        self,
        reactor: IReactor,
        section: PeerSection,
        calling: Calling,
        security: RotatingSecurity,
    ) -> None:
        assert section.host is not None  # it can be called
        self.ae_title = section.ae_title
        self._reactor = reactor
        self._section = section
        self._calling = calling
        self._endpoint = ClientEndpoint(reactor, section.host, section.port, security)
        self._places = DeferredSemaphore(section.associations)

    @asynccontextmanager
    async def association(
        self, contexts: Contexts, *, calling: str = ""
    ) -> AsyncGenerator[Association, None]:
        """An association with it, released at the end of the block; aborted if that fails.

        :param contexts: what is proposed.
        :param calling: what this node calls itself, where that is asked for; the
            configuration of the peer has the last word.
        :raises txdicomtls.errors.LinkError: there is no secure link.
        :raises txdicomtls.errors.AssociationError: it did not accept.
        """
        section, ours = self._section, self._calling
        await self._places.acquire()
        try:
            association = await connect(
                self._reactor,
                self._endpoint,
                called=section.called or section.ae_title,
                calling=section.calling or calling or ours.ae_title,
                contexts=contexts,
                window=section.window,
                limits=ours.limits,
                timeouts=ours.timeouts,
                deadlines=ours.deadlines,
            )
            async with association:
                yield association
        finally:
            self._places.release()

    def send(
        self, instances: AsyncIterator[OutgoingInstance], originator: Originator | None = None
    ) -> AsyncGenerator[Outcome, None]:
        """Send instances; see :func:`~txdicomtls.node.sending.send_instances`."""
        return send_instances(self.association, instances, originator)


@implementer(IDestinations)
class Destinations:
    """All nodes that can be called, by their AE titles.

    :param destinations: all of them.
    """

    def __init__(self, destinations: Iterable[Destination]) -> None:
        self._destinations = {each.ae_title: each for each in destinations}

    def get(self, ae_title: str) -> Destination | None:
        """The node of this title; None where there is none."""
        return self._destinations.get(ae_title.strip(" "))

    def known(self, ae_title: str) -> Destination:
        """The node of this title.

        :raises DestinationUnknown: there is none.
        """
        found = self.get(ae_title)
        if found is None:
            raise DestinationUnknown(f"there is no [[peer]] {ae_title!r} with a host")
        return found

    def resolve(self, ae_title: str, retrieval: Retrieval) -> ISender | None:
        """Where a C-MOVE may send to; whoever may use C-MOVE may name each of them.

        One of them may be this node itself: what it sends to itself it has already, so
        that is acknowledged and changes nothing.
        """
        return self.get(ae_title)


def make_destinations(
    reactor: IReactor,
    peers: Iterable[PeerSection],
    calling: Calling,
    securities: Mapping[str, RotatingSecurity],
) -> Destinations:
    """The destinations of a configuration.

    :param peers: its sections; those without a host cannot be called.
    :param calling: how this node calls.
    :param securities: by the names of their sections.
    """
    return Destinations(
        Destination(reactor, peer, calling, securities[peer.tls])
        for peer in peers
        if peer.host is not None
    )
