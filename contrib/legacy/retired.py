"""The retired profiles, and what two sides that have one of them must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Link(NamedTuple):
    """What was negotiated, in parts."""

    protocol: str
    suite: str
    encryption: str
    bits: int
    integrity: str
    key_exchange: str
    authentication: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A retired profile, and what two sides that have it must agree on.

    :param name: our name.
    :param option: what DCMTK calls it on a command line.
    :param suite: IANA name.
    :param encryption: algorithm, key length and mode.
    :param bits: strength of the encryption.
    """

    name: str
    option: str
    suite: str
    encryption: str
    bits: int

    def link(self, protocol: str) -> Link:
        """What must be negotiated in a version of TLS."""
        return Link(
            protocol=protocol,
            suite=self.suite,
            encryption=self.encryption,
            bits=self.bits,
            integrity="HMAC-SHA1",
            key_exchange="RSA",
            authentication="RSA",
        )

    @property
    def of_old(self) -> str:
        """Name of the same profile without any version but TLS 1.0."""
        return f"{self.name}-of-old"


RETIRED = (
    Retired(
        name="basic",
        option="+pb",
        suite="TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        encryption="3DES-EDE-CBC",
        bits=112,
    ),
    Retired(
        name="aes",
        option="+pa",
        suite="TLS_RSA_WITH_AES_128_CBC_SHA",
        encryption="AES-128-CBC",
        bits=128,
    ),
    Retired(
        name="atna-unencrypted",
        option="+pn",
        suite="TLS_RSA_WITH_NULL_SHA",
        encryption="NULL",
        bits=0,
    ),
)
