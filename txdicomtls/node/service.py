"""A node as a Twisted service: the one place that knows every part, and how they go together.

Starting takes time (certificates, a password, the archive), so ``startService`` returns
at once and :attr:`NodeService.started` tells the rest.  Nothing listens before all of it
is ready.  Stopping closes the ports first, then lets associations end for a while,
then aborts what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from txdicomtls.errors import CannotListen
from txdicomtls.interfaces import IReactor
from txdicomtls.net import ServerEndpoint
from txdicomtls.node.access import make_access
from txdicomtls.node.assembly import Assembly, assemble
from txdicomtls.node.configuration import Configuration, ListenSection
from txdicomtls.node.memory import Tidying
from txdicomtls.node.reload import Reloader
from txdicomtls.node.security import security_files
from txdicomtls.node.service_sections import HARMLESS
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    Expiration,
    ExpiryWarnings,
    RotatingSecurity,
    expirations,
)
from txdicomtls.tls.credentials import utc_now

#: Connections that may wait to be accepted: in a burst of them a good peer must not wait for
#: its system to try again, a second later.
BACKLOG = 1024

#: Seconds between two looks at what expires.
EXPIRY_EVERY = 6 * 3600.0


class NodeService(Service):
    """One node.

    :param reactor: the reactor.
    :param configuration: what it is to be.
    :param on_expiry: told now and then, and after each reload, when everything that the links
        depend on ends, and how many seconds are left; for metrics.
    :param on_reload: called when there are new certificates, keys, trust and lists.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactor,
        configuration: Configuration,
        on_expiry: Callable[[Expiration, float], None] | None = None,
        on_reload: Callable[[], None] | None = None,
    ) -> None:
        self.setName("dicomtls")
        self._reactor = reactor
        self._configuration = configuration
        self._on_reload = on_reload
        self._in_thread = in_thread_of(reactor)
        self._access = make_access(
            configuration, clock=reactor, in_thread=self._in_thread, now=time.time
        )
        self._assembly: Assembly | None = None
        self.ports: list[IListeningPort] = []
        self.started: Deferred[None] = Deferred()
        self._starting: Deferred[None] = succeed(None)
        self._loading: Deferred[None] | None = None
        reload = configuration.reload
        self.reloader = Reloader(
            reactor,
            self._in_thread,
            every=reload.every if reload.on_change else None,
            reloaded=self._reloaded,
        )
        self._tidying: Tidying | None = None
        self._expiry = ExpiryWarnings(utc_now, on_expiry)
        self._looking_at_expiry: LoopingCall = LoopingCall(self._look_at_expiry)
        self._looking_at_expiry.clock = reactor

    @property
    def assembly(self) -> Assembly:
        """Its parts, once it has started."""
        assert self._assembly is not None  # it has started
        return self._assembly

    def startService(self) -> None:  # Twisted's name
        """Begin to start; see :attr:`started`."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted has not typed it
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.chainDeferred(self.started)

    def stopService(self) -> Deferred[None]:  # Twisted's name
        """Stop listening, drain, abort the rest; fires when nothing is left."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted has not typed it
        return Deferred.fromCoroutine(self._stop())

    def reload(self) -> Deferred[bool]:
        """Take up new certificates, keys, trust and revocation lists; see :class:`Reloader`."""
        return self.reloader.reload()

    def hurry(self) -> None:
        """While it stops: wait for nobody any longer."""
        if self._assembly is not None:
            self._assembly.factory.abort_all("the node stops at once")

    async def _start(self) -> None:
        configuration = self._configuration
        files = {
            name: security_files(
                f"tls.{name}",
                configuration.tls[name],
                reactor=self._reactor,
                in_thread=self._in_thread,
            )
            for name in sorted(_used_sections(configuration))
        }
        self._loading = Deferred.fromCoroutine(self.reloader.load(files))
        await self._loading
        self._loading = None
        await self._access.check(self._in_thread)
        self._looking_at_expiry.start(EXPIRY_EVERY)
        assembly = self._assembly = await assemble(
            configuration,
            access=self._access.policy,
            securities=self.reloader.securities,
            reactor=self._reactor,
            in_thread=self._in_thread,
        )
        self._tidying = Tidying(self._reactor, self._in_thread, assembly.factory)
        self._tidying.start()
        self._warn_of_what_everybody_may()
        for listen in configuration.listen:
            if self.running:
                await self._listen(listen, self.reloader.securities[listen.tls])
        if self.running:
            await assembly.start()

    async def _listen(self, listen: ListenSection, security: RotatingSecurity) -> None:
        kind = TCP6ServerEndpoint if ":" in listen.interface else TCP4ServerEndpoint
        endpoint = ServerEndpoint(
            self._reactor,
            kind(self._reactor, listen.port, backlog=BACKLOG, interface=listen.interface),
            security,
        )
        try:
            port = await endpoint.listen(self.assembly.factory)
        except CannotListenError as error:
            raise CannotListen(listen.interface, listen.port, str(error.socketError)) from error
        self.ports.append(port)
        profile = security.current.profile
        if profile.retired:
            self.log.warn(
                "profile {profile} ({section}) is retired: its links may be weak; use it only for "
                "peers that know nothing better",
                profile=profile.name,
                section=profile.section,
            )
        address = port.getHost()
        assert isinstance(address, (IPv4Address, IPv6Address))  # TCP
        self.log.info(
            "{ae_title} listens on {host} port {port}, profile {profile}",
            ae_title=self._configuration.node.ae_title,
            host=address.host,
            port=address.port,
            profile=profile.name,
        )

    def _warn_of_what_everybody_may(self) -> None:
        more = self._configuration.offered - frozenset(HARMLESS)
        if more and not self._configuration.peer:
            self.log.warn(
                "there is no [[peer]]: everybody with a trusted certificate may use {services}",
                services=", ".join(sorted(more)),
            )

    def _reloaded(self) -> None:
        self._look_at_expiry()
        if self._on_reload is not None:
            self._on_reload()

    def _look_at_expiry(self) -> None:
        self._expiry.look(
            each
            for security in self.reloader.securities.values()
            for each in expirations(security.current)
        )

    async def _stop(self) -> None:
        self.started.addErrback(lambda _: None)
        if self._loading is not None:
            self._loading.cancel()
        await DeferredList([self._starting], consumeErrors=True)
        self.reloader.stop()
        if self._tidying is not None:
            self._tidying.stop()
        if self._looking_at_expiry.running:
            self._looking_at_expiry.stop()
        ports, self.ports = self.ports, []
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])
        if self._assembly is not None:
            await self._assembly.stop(self._configuration.limits.drain)


def _used_sections(configuration: Configuration) -> set[str]:
    """The sections of TLS that somebody listens with, or calls with."""
    return {listen.tls for listen in configuration.listen} | {
        peer.tls for peer in configuration.peer if peer.host is not None
    }
