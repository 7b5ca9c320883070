"""Finds out what a server accepts, by asking for one thing after another.

Theory of operation.  A ClientHello made by hand (:mod:`txdicomtls.probe.hello`) is
answered by what the server chooses, or by its refusal: so
:mod:`txdicomtls.probe.questions` asks for everything there is, also for what
OpenSSL has given up.  What only shows in a link that was made, as whether we
must have a certificate, shows in a handshake with OpenSSL
(:mod:`txdicomtls.probe.handshake`).  Nothing else is ever sent, and nothing
of what is found is judged here but the certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from OpenSSL import SSL
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from txdicomtls.errors import HandshakeFailed, LinkError, PeerNotTLS
from txdicomtls.probe.connections import MOST_CONNECTIONS, Connections
from txdicomtls.probe.facts import (
    ChainFacts,
    Demand,
    Facts,
    Reaction,
    Resumption,
    VersionFacts,
)
from txdicomtls.probe.handshake import Handshake, Offer, lenient_context
from txdicomtls.probe.hello import ProtocolVersion
from txdicomtls.probe.identity import judge_chain, readable_name
from txdicomtls.probe.questions import Questions
from txdicomtls.tls.credentials import Credentials
from txdicomtls.tls.diagnosis import explain
from txdicomtls.tls.names import is_ip_address, normalized_server_name, printable
from txdicomtls.tls.trust import Trust

#: Nobody has this name (RFC 6761 6.4).
UNKNOWN_NAME = "no-such-node.invalid"

#: Nobody speaks this.
UNKNOWN_PROTOCOL = b"no-such-protocol"

_DICOM = b"dicom"
_TLS_1_3 = ProtocolVersion.TLS_1_3


def probe(
    endpoint: IStreamClientEndpoint,
    clock: IReactorTime,
    *,
    host: str,
    port: int,
    now: datetime,
    timeout: float = 10.0,
    trust: Trust | None = None,
    credentials: Credentials | None = None,
    most_connections: int = MOST_CONNECTIONS,
    made: Callable[[int], object] = lambda _: None,
) -> Deferred[Facts]:
    """Find out what a server accepts.

    :param endpoint: the server, without TLS.
    :param clock: the deadlines run on it.
    :param host: DNS name or IP address that its certificate should be for.
    :param port: TCP port.
    :param now: the time, aware of its zone.
    :param timeout: seconds for each connection.
    :param trust: who may vouch for it; None to pass no judgement.
    :param credentials: what to show where a link is needed to take up its session.
    :param most_connections: connections in all.
    :param made: called with the number of connections up to now.
    :raises txdicomtls.errors.PeerUnreachable: it cannot be reached at all.
    """
    connections = Connections(
        endpoint, clock, host=host, port=port, timeout=timeout, most=most_connections, made=made
    )
    questions = Questions(connections, _indicated_name(host))

    async def facts() -> Facts:
        stranger = await _stranger(questions)
        if stranger is None:
            found = await _Probe(connections, questions, host).facts(port, trust, credentials, now)
        else:
            speaks = stranger.protocol if isinstance(stranger, PeerNotTLS) else "nothing"
            found = Facts(host=host, port=port, speaks=speaks, explanation=str(stranger))
        return replace(found, connections=connections.count, remarks=connections.remarks)

    return Deferred.fromCoroutine(facts())


def _indicated_name(host: str) -> str:
    try:
        name = normalized_server_name(host)
    except ValueError:
        return ""
    return "" if is_ip_address(name) else name


async def _stranger(questions: Questions) -> LinkError | None:
    """What speaks there where it is not TLS; None where it is."""
    # Some old servers hang up on whoever offers what they have never heard of.
    for version in (_TLS_1_3, ProtocolVersion.TLS_1_2, ProtocolVersion.TLS_1_0):
        flight = await questions.ask(version)
        if flight.hello is not None or flight.alert:
            return None
        if flight.first_bytes:
            error = explain(
                ConnectionDone(),
                first_bytes=flight.first_bytes,
                is_client=True,
                handshake_done=False,
            )
            return error if isinstance(error, PeerNotTLS) else None
        if "closed" not in flight.problem:
            return LinkError(
                f"the peer says nothing ({flight.problem}): check that this is a port for DICOM "
                "over TLS, and that nothing on the way swallows what is sent"
            )
    return explain(ConnectionDone(), first_bytes=b"", is_client=True, handshake_done=False)


class _Probe:
    """Puts together what is learned of a server that speaks TLS."""

    def __init__(self, connections: Connections, questions: Questions, host: str) -> None:
        self._connections = connections
        self._questions = questions
        self._host = host
        self._server_name = _indicated_name(host)

    async def facts(
        self, port: int, trust: Trust | None, credentials: Credentials | None, now: datetime
    ) -> Facts:
        """Ask everything."""
        versions = await self._versions()
        context = lenient_context()
        plain = await self._connections.handshake(context, Offer(server_name=self._server_name))
        facts = Facts(
            host=self._host,
            port=port,
            speaks="TLS",
            versions=versions,
            chains=self._chains(plain, trust, now),
            client_certificate=self._demand(plain),
            authorities=self._authorities(plain),
        )
        if not versions:
            return facts
        # What is in the clear can be asked of every server, whatever its suites.
        version = next((v.version for v in versions if v.version is not _TLS_1_3), _TLS_1_3)
        return replace(
            facts,
            prefers=await self._questions.preferred_version(versions),
            unknown_name=await self._questions.reaction_to_name(version, UNKNOWN_NAME),
            alpn_dicom=await self._reaction_to_protocol(version, _DICOM),
            alpn_other=await self._reaction_to_protocol(version, UNKNOWN_PROTOCOL),
            resumption=await self._resumption(context, plain, credentials),
        )

    async def _versions(self) -> tuple[VersionFacts, ...]:
        """All that are accepted, the newest first."""
        newest_first = sorted(ProtocolVersion, reverse=True)
        found = await gatherResults(
            [Deferred.fromCoroutine(self._questions.version(version)) for version in newest_first],
            consumeErrors=True,
        )
        return tuple(each for each in found if each is not None)

    def _chains(
        self, plain: Handshake, trust: Trust | None, now: datetime
    ) -> tuple[ChainFacts, ...]:
        staples = {chain: flight.staple for chain, flight in self._questions.shown.items()}
        if plain.chain:
            staples.setdefault(plain.chain, plain.staple)
        return tuple(
            judge_chain(chain, staple, host=self._host, trust=trust, now=now)
            for chain, staple in staples.items()
        )

    def _demand(self, plain: Handshake) -> Demand:
        flights = self._questions.shown.values()
        if plain.certificate_requested and plain.survived:
            return Demand.OPTIONAL
        if plain.certificate_requested and isinstance(plain.error, LinkError):
            return Demand.REQUIRED if _by_peer(plain.error) else Demand.ASKED
        if any(flight.certificate_requested for flight in flights):
            return Demand.ASKED
        return Demand.NONE if flights or plain.is_complete else Demand.UNKNOWN

    def _authorities(self, plain: Handshake) -> tuple[str, ...]:
        names = [
            readable_name(name)
            for flight in self._questions.shown.values()
            for name in flight.authorities
        ]
        return tuple(dict.fromkeys([*names, *map(printable, plain.authorities)]))

    async def _reaction_to_protocol(self, version: ProtocolVersion, protocol: bytes) -> Reaction:
        if version is not _TLS_1_3:
            return await self._questions.reaction_to_protocol(version, protocol)
        offer = Offer(server_name=self._server_name, alpn=(protocol,))
        handshake = await self._connections.handshake(lenient_context(), offer)
        if handshake.alpn:
            return Reaction.TAKEN
        if handshake.chain:
            return Reaction.PASSED_OVER
        return Reaction.REFUSED if _by_peer(handshake.error) else Reaction.UNKNOWN

    async def _resumption(
        self, context: SSL.Context, plain: Handshake, credentials: Credentials | None
    ) -> Resumption:
        offer = Offer(server_name=self._server_name)
        if credentials is not None and plain.certificate_requested:
            context = lenient_context(credentials)
            plain = await self._connections.handshake(context, offer)
        if not plain.survived or plain.session is None:
            return Resumption.UNKNOWN
        again = await self._connections.handshake(context, replace(offer, session=plain.session))
        if not again.survived:
            return Resumption.UNKNOWN
        return Resumption.RESUMED if again.resumed else Resumption.FULL


def _by_peer(error: LinkError | None) -> bool:
    """Whether the server turned us away, be it without a word."""
    return error is not None and (not isinstance(error, HandshakeFailed) or error.by_peer)
