#!/usr/bin/env python3
"""Measures what it costs to find out all about a link, against the handshake that it follows.

    python bench/link_cost.py [ROUNDS]

Both sides are here, joined in memory, each with a certificate of the other's authority.  A
round is two full handshakes of both sides, one after which each side asks for its SecureLink
and one after which it does not, in turns; the figure is the median of the extra time over all
rounds.  A node is one side of a link: the cost of one SecureLink is half of what was added.
"""

from __future__ import annotations

import gc
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

# A script finds its own directory first on the path, not the one that this package is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from OpenSSL import SSL

from txdicomtls.tls import DEFAULT_PROFILE, Credentials, Security, Trust, introspect
from txdicomtls.tls.authority import CertifiedKey, KeyType, create_authority

ROUNDS = 1000
SERVER_NAME = "localhost"


def securities(key_type: KeyType) -> tuple[Security, Security]:
    """A client and a server that know each other, and take no session up again."""
    now = datetime.now(UTC)
    authority = create_authority(now=now, days=1, key_type=key_type)
    trust = Trust((authority.key.certificate,))

    def security(key: CertifiedKey) -> Security:
        return Security(
            profile=DEFAULT_PROFILE,
            trust=trust,
            credentials=Credentials(
                certificate=key.certificate, chain=(), private_key=key.private_key
            ),
            resumption=False,
        )

    return (
        security(authority.issue_client("client", now=now, days=1)),
        security(authority.issue_node([SERVER_NAME], now=now, days=1)),
    )


def shake_hands(client: SSL.Connection, server: SSL.Connection) -> None:
    """A full handshake of both sides."""
    sides = ((client, server), (server, client))
    unfinished = 2
    while unfinished:
        unfinished = 0
        for side, other in sides:
            try:
                side.do_handshake()
            except SSL.WantReadError:
                unfinished += 1
            while True:
                try:
                    other.bio_write(side.bio_read(65536))
                except SSL.WantReadError:
                    break


def once(client: Security, server: Security, *, asking: bool) -> float:
    """One handshake, after which both sides may want to know all: the seconds of it."""
    # Twisted's protocol is what connections are made for, but not what they are made of.
    protocol: Any = None
    near = client.client_creator(SERVER_NAME).clientConnectionForTLS(protocol)
    far = server.server_creator().serverConnectionForTLS(protocol)
    near.set_connect_state()
    far.set_accept_state()
    began = time.perf_counter()
    shake_hands(near, far)
    if asking:
        introspect(near, profile=client.profile.name)
        introspect(far, profile=server.profile.name)
    return time.perf_counter() - began


def measure(key_type: KeyType, rounds: int) -> tuple[float, float]:
    """The seconds of a handshake, and the share that the introspection adds to it."""
    client, server = securities(key_type)
    plain, ratios = [], []
    for round_number in range(rounds + rounds // 10):
        asking_first = bool(round_number % 2)
        first = once(client, server, asking=asking_first)
        second = once(client, server, asking=not asking_first)
        asked, bare = (first, second) if asking_first else (second, first)
        if round_number >= rounds // 10:  # those before are for getting warm
            plain.append(bare)
            ratios.append(asked / bare - 1)
    return median(plain), median(ratios)


def main() -> None:
    """Measure and print, for each kind of key."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    gc.disable()  # what one round left behind is not to be paid for in another
    for key_type in KeyType:
        seconds, share = measure(key_type, rounds)
        print(
            f"{key_type.value}: a full handshake of both sides takes {seconds * 1000:.2f} ms; "
            f"one SecureLink costs {share / 2:.1%} of that, those of both sides {share:.1%}"
        )


if __name__ == "__main__":
    main()
