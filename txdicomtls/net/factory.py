"""What the associations of one acceptor share: services, access, limits; and who is connected."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from txdicomtls.association import ConnectionLimits
from txdicomtls.errors import AssociationAborted, AssociationLost, DicomTLSError, LinkError
from txdicomtls.interfaces import IAccess, IService
from txdicomtls.net.acceptor import AcceptorProtocol
from txdicomtls.net.quotas import Places, Quotas
from txdicomtls.net.request import AssociationFacts
from txdicomtls.net.services import Services
from txdicomtls.net.timers import Timeouts
from txdicomtls.tls import LinkDeadlines, LinkState

#: Connections at once without an association; beyond it the oldest that may ask for one is dropped.
MOST_WAITING = 256


class AssociationFactory(Factory):
    """Makes the protocol of each connection that comes in, and keeps count of them.

    Give it to a ``dicomtls:`` server endpoint::

        factory = AssociationFactory(reactor, services=[Verification(), Storage(receiver)],
                                     access=AnyPeer())
        serverFromString(reactor, "dicomtls:2762:...").listen(factory)

    :param clock: the reactor, or a clock in tests.
    :param services: what is offered; the first that accepts a SOP class serves it.
    :param access: who may connect, and to what.
    :param limits: what one peer may make us hold.
    :param timeouts: how long an association waits.
    :param deadlines: how long a link waits before and after its association; by default long
        enough that a peer which asks for none is closed by ARTIM, in order.
    :param window: the most operations outstanding at once on one association, either way.
    :param quotas: how many associations there may be at once, in all and of one peer.
    :param most_unproved: connections whose handshake is not done; beyond it the oldest is dropped.
    :ivar peak: the most connections that were open at once; to be reset by who watches it.
    """

    noisy = False
    log = Logger()

    def __init__(  # each is one thing that an acceptor needs
        self,
        clock: IReactorTime,
        *,
        services: Sequence[IService],
        access: IAccess,
        limits: ConnectionLimits | None = None,
        timeouts: Timeouts | None = None,
        deadlines: LinkDeadlines | None = None,
        window: int = 8,
        quotas: Quotas | None = None,
        most_unproved: int = 64,
    ) -> None:
        self.clock = clock
        self.services = Services(services)
        self.access = access
        self.limits = limits or ConnectionLimits()
        self.timeouts = timeouts or Timeouts()
        # ARTIM guards the wait for the request, this the decision about it as well.
        self.deadlines = deadlines or LinkDeadlines(
            association=self.timeouts.artim + LinkDeadlines().verification
        )
        self.window = window
        self.quotas = quotas or Quotas()
        self._places = Places(self.quotas)
        self.most_unproved = most_unproved
        # Dictionaries for their order: the first key is the oldest connection.
        self._unproved: dict[AcceptorProtocol, None] = {}
        self._open: dict[AcceptorProtocol, None] = {}
        self._associated: set[AcceptorProtocol] = set()
        self._placed: dict[AcceptorProtocol, AssociationFacts] = {}
        self.peak = 0
        self._draining: list[Deferred[None]] = []

    def buildProtocol(  # type: ignore[override]  # Twisted types it by a protocol that has its factory
        self, addr: IAddress | None
    ) -> AcceptorProtocol:
        """One protocol for one connection."""
        return AcceptorProtocol(self)

    # -- who is connected --------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """How many connections are open, whatever their state."""
        return len(self._open)

    def connected(self, protocol: AcceptorProtocol) -> None:
        """A connection came in; nothing is known of it."""
        self._open[protocol] = None
        self._unproved[protocol] = None
        self.peak = max(self.peak, len(self._open))
        if len(self._unproved) > self.most_unproved:
            oldest = next(iter(self._unproved))
            del self._unproved[oldest]
            oldest.link.refused(
                LinkError("dropped: too many connections have not finished their handshake")
            )
        if len(self._open) - len(self._associated) > MOST_WAITING:
            self._drop_oldest_waiting()

    def secured(self, protocol: AcceptorProtocol) -> None:
        """Its handshake is done and it was admitted."""
        self._unproved.pop(protocol, None)

    def take_place(self, protocol: AcceptorProtocol) -> str | None:
        """It asks for an association.

        :return: None where there is room for it; else what there is too much of.
        """
        assert protocol.facts is not None  # it asks
        too_many = self._places.take(protocol.facts)
        if too_many is None:
            self._placed[protocol] = protocol.facts
        return too_many

    def give_back_place(self, protocol: AcceptorProtocol) -> None:
        """It gets no association, or has it no longer."""
        facts = self._placed.pop(protocol, None)
        if facts is not None:
            self._places.give_back(facts)

    def associated(self, protocol: AcceptorProtocol) -> None:
        """Its association was accepted."""
        self._associated.add(protocol)

    def disconnected(self, protocol: AcceptorProtocol, error: DicomTLSError) -> None:
        """It is gone."""
        del self._open[protocol]
        self._unproved.pop(protocol, None)
        self.give_back_place(protocol)
        facts = protocol.facts
        if protocol in self._associated and facts is not None:
            self._associated.discard(protocol)
            self.log.info(
                "association from {calling} at {peer} ended after {requests} requests",
                calling=facts.calling_ae_title,
                peer=facts.peer,
                requests=protocol.messages.dispatcher.requests,
            )
        elif not isinstance(
            error, (AssociationLost, AssociationAborted)
        ):  # nothing, or told before
            self.log.warn("connection from {peer}: {error}", peer=protocol.peer, error=error)
        if not self._open:
            draining, self._draining = self._draining, []
            for drained in draining:
                drained.callback(None)

    def _drop_oldest_waiting(self) -> None:
        for protocol in self._open:
            if protocol not in self._associated and protocol.link.state is LinkState.READY:
                protocol.link.refused(
                    LinkError("dropped: too many connections ask for no association")
                )
                return

    def drain(self) -> Deferred[None]:
        """Fires when the last connection is gone; those without an association are closed now."""
        for protocol in list(self._open):
            if protocol not in self._associated:
                protocol.close()
        if not self._open:
            return succeed(None)
        drained: Deferred[None] = Deferred()
        self._draining.append(drained)
        return drained

    def abort_all(self, why: str) -> None:
        """End every association that is left."""
        for protocol in list(self._open):
            protocol.abort(why)
