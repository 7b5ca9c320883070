"""The questions of a probe that a ClientHello can ask, one after the other.

All that there is of a kind is offered; what was chosen is noted and taken off the
list, and the rest is offered again until nothing is chosen.  That finds all suites of
a version, or all groups, with one connection for each and one more.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from txdicomtls.probe.connections import Connections
from txdicomtls.probe.facts import Reaction, VersionFacts
from txdicomtls.probe.hello import (
    DEFLATE,
    GROUPS,
    NULL_COMPRESSION,
    ClientHello,
    Extension,
    ProtocolVersion,
)
from txdicomtls.probe.identity import curve_of
from txdicomtls.probe.server_flight import (
    ServerFlight,
    ServerHello,
    ephemeral_group,
    ephemeral_prime_bits,
)
from txdicomtls.probe.suites import key_exchange_of, offerable, suite_name
from txdicomtls.tls.profiles import Preference

#: Some old servers take no more suites than this in one ClientHello.
_FEW = 64

_TLS_1_3 = ProtocolVersion.TLS_1_3


class Questions:
    """Asks, and remembers every flight that showed certificates.

    :param connections: to the server.
    :param server_name: for server name indication, in A-labels; empty for none.
    :ivar shown: flights up to TLS 1.2 that were whole, one for each chain.
    """

    def __init__(self, connections: Connections, server_name: str) -> None:
        self._connections = connections
        self._server_name = server_name
        self.shown: dict[tuple[bytes, ...], ServerFlight] = {}

    async def ask(self, version: ProtocolVersion, **changes: Any) -> ServerFlight:  # noqa: ANN401  # fields of ClientHello
        """Offer all that there is of a version, but for what is given."""
        offer: dict[str, Any] = {
            "versions": (version,),
            "suites": offerable(version),
            "server_name": self._server_name,
        }
        hello = ClientHello(random=secrets.token_bytes(32), **(offer | changes))
        flight = await self._connections.flight(hello)
        if flight.chain and not flight.problem and not flight.alert:
            self.shown.setdefault(flight.chain, flight)
        return flight

    async def version(self, version: ProtocolVersion) -> VersionFacts | None:
        """All about one version; None where it is not accepted."""
        flights = await self._suites(version)
        suites = tuple(hello.suite for hello in map(_hello_of, flights))
        if not suites:
            return None
        preference = await self._preference(version, suites)
        groups = await self._groups(version, suites)
        if version is _TLS_1_3:
            return VersionFacts(
                version=version,
                suites=tuple(map(suite_name, suites)),
                preference=preference,
                groups=groups,
            )
        flight = await self.ask(version, suites=suites, compressions=(DEFLATE, NULL_COMPRESSION))
        # Who cannot make sense of that offer has said what it knows before.
        last = flight.hello or _hello_of(flights[0])
        has_extensions = version > ProtocolVersion.SSL_3_0
        primes = [
            ephemeral_prime_bits(each)
            for each in flights
            if key_exchange_of(_hello_of(each).suite) in ("DHE", "DH")
        ]
        return VersionFacts(
            version=version,
            suites=tuple(map(suite_name, suites)),
            preference=preference,
            groups=groups,
            dhe_bits=min(filter(None, primes), default=0),
            compression=last.compression != NULL_COMPRESSION,
            renegotiation_info=Extension.RENEGOTIATION_INFO in last.extensions,
            extended_master_secret=Extension.EXTENDED_MASTER_SECRET in last.extensions
            if has_extensions
            else None,
        )

    async def preferred_version(self, accepted: Sequence[VersionFacts]) -> ProtocolVersion | None:
        """What it chooses where it may have any of the versions that it accepts."""
        versions = tuple(each.version for each in accepted)
        newest = max(versions)
        suites = tuple(dict.fromkeys(code for each in versions for code in offerable(each)))
        flight = await self.ask(newest, versions=versions, suites=suites)
        chosen = flight.hello.version if flight.hello else None
        return next((version for version in versions if version == chosen), None)

    async def reaction_to_name(self, version: ProtocolVersion, name: str) -> Reaction:
        """What it does with a server name."""
        flight = await self.ask(version, server_name=name)
        if flight.hello is None:
            return Reaction.REFUSED if flight.alert else Reaction.UNKNOWN
        return Reaction.PASSED_OVER if "unrecognized_name" in flight.warnings else Reaction.TAKEN

    async def reaction_to_protocol(self, version: ProtocolVersion, protocol: bytes) -> Reaction:
        """What it does with an application protocol, up to TLS 1.2."""
        flight = await self.ask(version, alpn=(protocol,))
        if flight.hello is None:
            return Reaction.REFUSED if flight.alert else Reaction.UNKNOWN
        return Reaction.TAKEN if flight.hello.alpn else Reaction.PASSED_OVER

    async def _suites(self, version: ProtocolVersion) -> list[ServerFlight]:
        """A flight for each suite that it accepts, in the order that it chose them in."""
        codes = offerable(version)
        found, refusal = await self._exhaust(version, codes)
        if found or refusal.alert == "protocol_version" or refusal.hello is not None:
            return found
        for start in range(0, len(codes), _FEW) if len(codes) > _FEW else ():
            more, refusal = await self._exhaust(version, codes[start : start + _FEW])
            found += more
            if refusal.alert == "protocol_version":
                break
        return found

    async def _exhaust(
        self, version: ProtocolVersion, codes: Sequence[int]
    ) -> tuple[list[ServerFlight], ServerFlight]:
        """Offer these suites until none is chosen: what was, and how the rest was refused."""
        found: list[ServerFlight] = []
        remaining = list(codes)
        flight = ServerFlight()
        while remaining:
            flight = await self.ask(version, suites=tuple(remaining))
            hello = flight.hello
            if hello is None or hello.version != version or hello.suite not in remaining:
                break
            found.append(flight)
            remaining.remove(hello.suite)
        return found, flight

    async def _preference(
        self, version: ProtocolVersion, suites: Sequence[int]
    ) -> Preference | None:
        if len(suites) < 2:
            return None
        first, last = suites[0], suites[-1]
        chosen = [
            (await self.ask(version, suites=pair)).hello for pair in ((first, last), (last, first))
        ]
        if None in chosen:
            return None
        same = len({hello.suite for hello in chosen if hello}) == 1
        return Preference.SERVER if same else Preference.CLIENT

    async def _groups(self, version: ProtocolVersion, suites: Sequence[int]) -> tuple[str, ...]:
        """Find the groups that it accepts."""
        if version is ProtocolVersion.SSL_3_0:
            return ()  # no extension, no choice
        # Up to TLS 1.2 the groups are also the curves that a certificate may have (RFC 8422 5.1):
        # that of the server's own is offered to the last, or its suites would go with it.
        keep: tuple[int, ...] = ()
        if version is not _TLS_1_3:
            suites = [code for code in suites if key_exchange_of(code) == "ECDHE"]
            curves = {curve_of(chain[0]) for chain in self.shown}
            keep = tuple(code for code, group in GROUPS.items() if group.name in curves)
        found: list[int] = []
        remaining = [code for code in GROUPS if code not in keep]
        while suites and (remaining or keep):
            offered = (*remaining, *keep)
            flight = await self.ask(version, suites=tuple(suites), groups=offered)
            group = flight.hello.group if flight.hello and version is _TLS_1_3 else None
            group = ephemeral_group(flight) if group is None else group
            if group is None or group not in offered:
                break
            found.append(group)
            if group in keep:
                break
            remaining.remove(group)
        return tuple(GROUPS[code].name for code in found)


def _hello_of(flight: ServerFlight) -> ServerHello:
    assert flight.hello is not None
    return flight.hello
