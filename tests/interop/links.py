"""Our own side of a link inside the tests: an acceptor that remembers, and what requestors need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IAddress
from twisted.trial.unittest import TestCase

from tests.running import Certificates
from txdicomtls.access import AnyPeer
from txdicomtls.errors import DicomTLSError, HandshakeFailed
from txdicomtls.net import AcceptorProtocol, AssociationFactory, ClientEndpoint, ServerEndpoint
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scp import Verification
from txdicomtls.scu import Association, connect, verification_context
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    LinkDeadlines,
    Profile,
    Security,
    TLSVersion,
    load_credentials,
    load_trust,
)
from txdicomtls.tls.key_log import KeyLog

ONLY_TLS_1_2 = replace(DEFAULT_PROFILE, maximum_version=TLSVersion.TLS_1_2)
ONLY_TLS_1_3 = replace(DEFAULT_PROFILE, minimum_version=TLSVersion.TLS_1_3)


def the_reactor() -> Any:
    """The reactor that the tests run in."""
    from twisted.internet import reactor

    return reactor


async def security(
    certificates: Certificates,
    name: str,
    *,
    trusted: Certificates | None = None,
    profile: Profile = DEFAULT_PROFILE,
    key_log: Path | None = None,
) -> Security:
    """Make the security of one of those who have certificates.

    :param name: who, as ``node``.
    :param trusted: whose authority is trusted, where that is another one.
    :param key_log: a file for the keys of all links.
    """
    in_thread = in_thread_of(the_reactor())
    return Security(
        profile=profile,
        trust=await load_trust([(trusted or certificates).certificate("ca")], in_thread=in_thread),
        credentials=await load_credentials(
            certificates.certificate(name),
            certificates.key(name),
            None,
            in_thread=in_thread,
            profile=profile,
        ),
        key_log=None if key_log is None else KeyLog(key_log, in_thread),
    )


async def associate(
    port: int,
    secured: Security,
    *,
    called: str = "PEER",
    contexts: Iterable[PresentationContextRQ] | None = None,
    window: int = 1,
    closing: float = 5,
    **more: Any,
) -> Association:
    """Ask a peer on this machine for an association.

    :param closing: seconds that the link may take to close.
    :param more: whatever else :func:`~txdicomtls.scu.connect` takes.
    """
    reactor = the_reactor()
    return await connect(
        reactor,
        ClientEndpoint(reactor, "localhost", port, secured),
        called=called,
        calling="TXDICOMTLS",
        contexts=contexts or verification_context(),
        window=window,
        deadlines=LinkDeadlines(closing=closing),
        **more,
    )


async def refused(port: int, secured: Security) -> HandshakeFailed:
    """Ask a peer for an association that must fail in the handshake; the error that says why."""
    try:
        association = await associate(port, secured)
    except HandshakeFailed as error:
        return error
    await association.release()
    raise AssertionError(f"there is a link: {association.link.describe()}")


class Acceptor(AssociationFactory):
    """Answers echoes, and remembers the protocol of each connection and why it ended."""

    def __init__(self) -> None:
        super().__init__(the_reactor(), services=[Verification()], access=AnyPeer({"TXDICOM"}))
        self.protocols: list[AcceptorProtocol] = []
        self.ends: DeferredQueue[DicomTLSError] = DeferredQueue()
        self.port = 0

    def buildProtocol(  # type: ignore[override]  # Twisted types it by a protocol that has its factory
        self, addr: IAddress | None
    ) -> AcceptorProtocol:
        protocol = super().buildProtocol(addr)
        self.protocols.append(protocol)
        return protocol

    def disconnected(self, protocol: AcceptorProtocol, error: DicomTLSError) -> None:
        super().disconnected(protocol, error)
        self.ends.put(error)


async def start_acceptor(case: TestCase, secured: Security) -> Acceptor:
    """Let an acceptor listen until the end of the test."""
    reactor = the_reactor()
    acceptor = Acceptor()
    tcp = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    listening: Any = await ServerEndpoint(reactor, tcp, secured).listen(acceptor)
    acceptor.port = listening.getHost().port

    def stop() -> Deferred[None]:
        stopped: Deferred[None] = listening.stopListening()
        return stopped.addCallback(lambda _: acceptor.drain())

    case.addCleanup(stop)
    return acceptor
