"""Associations as access sees them, with links that no network was needed for."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography import x509
from twisted.logger import formatEvent

from tests.tls.certificates import authority
from txdicomtls.net import AssociationFacts
from txdicomtls.pdu import UserIdentityRQ
from txdicomtls.pdu.user_information import UserIdentityType
from txdicomtls.tls import SecureLink

ADDRESS = "192.0.2.7"


@cache
def certificate(*names: str, subject: str = "ct1") -> x509.Certificate:
    """A certificate for these names."""
    return authority().issue(*names, subject=subject).certificate


def link(shown: x509.Certificate | None = None) -> SecureLink:
    """A link whose peer has shown this certificate."""
    return SecureLink(
        protocol="TLSv1.3",
        cipher_suite="TLS_AES_256_GCM_SHA384",
        openssl_cipher="TLS_AES_256_GCM_SHA384",
        encryption="AES-256-GCM",
        encryption_bits=256,
        integrity="AEAD",
        key_exchange="ECDHE",
        group="X25519",
        authentication="ECDSA",
        peer_key="EC secp256r1",
        peer_key_bits=256,
        peer_certificate=shown,
        peer_chain=(shown,) if shown else (),
        server_name="",
        alpn="",
        resumed=False,
        profile="bcp195-rfc9325",
    )


def facts(
    calling: str = "CT1",
    called: str = "PACS",
    *,
    shown: x509.Certificate | None = None,
    address: str = ADDRESS,
    identity: UserIdentityRQ | None = None,
) -> AssociationFacts:
    """A peer asks for an association."""
    return AssociationFacts(
        calling_ae_title=calling,
        called_ae_title=called,
        peer=f"{address}:50000",
        address=address,
        link=link(shown),
        user_identity=identity,
    )


def identity(
    kind: int, primary: bytes, secondary: bytes = b"", *, respond: bool = True
) -> UserIdentityRQ:
    """A user identity of a type."""
    return UserIdentityRQ(
        identity_type=kind,
        primary=primary,
        secondary=secondary,
        positive_response_requested=respond,
    )


def passcode(name: bytes, code: bytes) -> UserIdentityRQ:
    """A user identity of type 2."""
    return identity(UserIdentityType.USERNAME_AND_PASSCODE, name, code)


def said(events: Any) -> str:
    """All that was logged, as it would be written, and all that the events hold besides."""
    return "\n".join(f"{formatEvent(event)} {event!r}" for event in events)
