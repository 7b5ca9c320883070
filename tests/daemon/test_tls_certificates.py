"""Certificates of clients that are wrong in ways that take some effort: none of them gets in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from OpenSSL import SSL

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.peer import associate_rq
from tests.daemon.process import memory, processor_time
from tests.daemon.tls_certificates import (
    AUTHORITY,
    CLIENT_AUTH,
    DAY,
    IN_1950,
    IN_9999,
    LEAF,
    NOW,
    SEQUENCE,
    SERVER_AUTH,
    Issuer,
    alternative_names,
    basic_constraints,
    der,
    dsa_octets,
    extended_key_usage,
    extension,
    key_usage,
    name,
    private_key,
    public_octets,
    rsa_octets,
    time,
)
from tests.daemon.tls_peer import (
    CERTIFICATE,
    TLS_1_2,
    TLS_1_3,
    OddPeer,
    alert_in,
    certificate_message,
)
from tests.running import Node, make_certificates
from txdicomtls.tls.authority import KeyType

VERSIONS = (TLS_1_2, TLS_1_3)
LATER = timedelta(minutes=2)

#: A chain from the CA that the node trusts, and the public key of the client.
Make = Callable[[Issuer, bytes], list[bytes]]


@dataclass(frozen=True)
class Impostor:
    """A client that must not come in.

    :param alerts: that it may be sent.
    :param said: what the log says of it.
    """

    make: Make
    alerts: tuple[str, ...]
    said: str
