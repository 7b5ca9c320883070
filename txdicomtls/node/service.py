"""A node as a Twisted service: the one place that knows every part, and how they go together.

Starting takes time (certificates, a password, the archive), so ``startService`` returns
at once and :attr:`NodeService.started` tells the rest.  Nothing listens before all of it
is ready.  Stopping closes the ports first, then lets associations end for a while,
then aborts what is left.
"""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IReactorTime
from twisted.logger import Logger

from txdicomtls.access import AnyPeer, KnownPeers, Peer
from txdicomtls.archive import FileArchive
from txdicomtls.association import ConnectionLimits
from txdicomtls.errors import CannotListen
from txdicomtls.interfaces import IAccess, IReactor
from txdicomtls.net import AssociationFactory, ServerEndpoint, Timeouts
from txdicomtls.node.configuration import Configuration, ListenSection, TLSSection
from txdicomtls.node.passwords import password_source
from txdicomtls.scp import Storage, Verification
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import ClientCertificate, LinkDeadlines, Security, load_security

#: Seconds that associations get to end by themselves when the node stops.
DRAIN = 30.0


class NodeService(Service):
    """One node.

    :param reactor: the reactor.
    :param configuration: what it is to be.
    """

    log = Logger()

    def __init__(self, reactor: IReactor, configuration: Configuration) -> None:
        self.setName("dicomtls")
        self._reactor = reactor
        self._configuration = configuration
        self._in_thread = in_thread_of(reactor)
        self.archive = FileArchive(
            configuration.node.data,
            in_thread=self._in_thread,
            sync=configuration.archive.sync,
        )
        self.factory = make_factory(reactor, configuration, self.archive)
        self.ports: list[IListeningPort] = []
        self.started: Deferred[None] = Deferred()
        self._starting: Deferred[None] = succeed(None)
        self._loading: Deferred[Security] | None = None

    def startService(self) -> None:  # Twisted's name
        """Begin to start; see :attr:`started`."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted has not typed it
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.chainDeferred(self.started)

    def stopService(self) -> Deferred[None]:  # Twisted's name
        """Stop listening, drain, abort the rest; fires when nothing is left."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted has not typed it
        return Deferred.fromCoroutine(self._stop())

    def hurry(self) -> None:
        """While it stops: wait for nobody any longer."""
        self.factory.abort_all("the node stops at once")

    async def _start(self) -> None:
        configuration = self._configuration
        by_name: dict[str, Security] = {}
        # One after the other: two prompts for passwords would get in each other's way.
        for name in sorted({listen.tls for listen in configuration.listen}):
            self._loading = self._load(configuration.tls[name])
            by_name[name] = await self._loading
        self._loading = None
        await self._in_thread(self.archive.prepare)
        for listen in configuration.listen:
            if self.running:
                await self._listen(listen, by_name[listen.tls])

    async def _listen(self, listen: ListenSection, security: Security) -> None:
        kind = TCP6ServerEndpoint if ":" in listen.interface else TCP4ServerEndpoint
        endpoint = ServerEndpoint(
            self._reactor,
            kind(self._reactor, listen.port, interface=listen.interface),
            security,
        )
        try:
            port = await endpoint.listen(self.factory)
        except CannotListenError as error:
            raise CannotListen(listen.interface, listen.port, str(error.socketError)) from error
        self.ports.append(port)
        address = port.getHost()
        assert isinstance(address, (IPv4Address, IPv6Address))  # TCP
        self.log.info(
            "{ae_title} listens on {host} port {port}, profile {profile}",
            ae_title=self._configuration.node.ae_title,
            host=address.host,
            port=address.port,
            profile=security.profile.name,
        )

    def _load(self, section: TLSSection) -> Deferred[Security]:
        return load_security(
            certificate=section.certificate,
            private_key=section.private_key,
            trust=section.trust,
            password=password_source(section.password, self._in_thread),
            profile=section.profile,
            client_certificate=ClientCertificate(section.client_certificate),
            in_thread=self._in_thread,
        )

    async def _stop(self) -> None:
        self.started.addErrback(lambda _: None)
        if self._loading is not None:
            self._loading.cancel()
        await DeferredList([self._starting], consumeErrors=True)
        ports, self.ports = self.ports, []
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])
        drained = self.factory.drain()
        overdue = self._reactor.callLater(DRAIN, self.factory.abort_all, "the node stops")
        await drained
        if overdue.active():
            overdue.cancel()
        await self._in_thread(self.archive.close)


def make_factory(
    clock: IReactorTime, configuration: Configuration, archive: FileArchive
) -> AssociationFactory:
    """What a configuration says of associations: services, access, limits, deadlines."""
    node, limits = configuration.node, configuration.limits
    return AssociationFactory(
        clock,
        services=[
            Verification(),
            Storage(archive, private=node.private_sop_classes, largest=limits.object_size),
        ],
        access=make_access(configuration),
        limits=ConnectionLimits(maximum_length=limits.maximum_length),
        timeouts=Timeouts(artim=limits.artim, idle=limits.idle),
        deadlines=LinkDeadlines(
            handshake=limits.handshake,
            # ARTIM guards the wait for the request, this the decision about it as well.
            association=limits.artim + LinkDeadlines().verification,
            closing=limits.closing,
        ),
        most_associations=limits.associations,
        most_unproved=limits.unauthenticated,
    )


def make_access(configuration: Configuration) -> IAccess:
    """Who may associate: everybody with a trusted certificate, or the listed peers among them."""
    node = configuration.node
    called = None if node.accept_any_called_ae_title else (node.ae_title,)
    if not configuration.peer:
        return AnyPeer(called)
    peers = [
        Peer(ae_title=peer.ae_title, allow=frozenset(peer.allow)) for peer in configuration.peer
    ]
    return KnownPeers(peers, called)
