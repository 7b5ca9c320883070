"""What a secure link in memory says of itself: as a real one of the same profile, made up."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from txdicomtls.errors import LinkError
from txdicomtls.tls import DEFAULT_PROFILE, Profile, SecureLink, TLSVersion
from txdicomtls.tls.keys import KeyDescription, key_of
from txdicomtls.tls.secure_link import key_exchange_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """Who is at the two ends of a link in memory.

    :param host: the name that the client connects to (RFC 6761 6.5).
    :param address: the IP address of the server (RFC 5737 3).
    :param client_address: the IP address of the client.
    :param certificate: what the server shows; None for nothing.
    :param client_certificate: what the client shows; None for nothing.
    :param profile: the security profile that both have.
    :param error: what the client finds wrong with the server, so that there is no link.
    :param handshake: whether the handshake comes to its end; without one both wait in vain.
    """

    host: str = "pacs.example"
    address: str = "192.0.2.1"
    client_address: str = "192.0.2.2"
    certificate: x509.Certificate | None = None
    client_certificate: x509.Certificate | None = None
    profile: Profile = DEFAULT_PROFILE
    error: LinkError | None = None
    handshake: bool = True

    @property
    def link_of_client(self) -> SecureLink | LinkError | None:
        """The link as the client sees it, or why it sees none; None where there never is one."""
        return self.error or self._link(self.certificate)

    @property
    def link_of_server(self) -> SecureLink | None:
        """The link as the server sees it; None where there never is one."""
        return self._link(self.client_certificate)

    def _link(self, shown: x509.Certificate | None) -> SecureLink | None:
        if not self.handshake:
            return None
        return memory_link(profile=self.profile, peer_certificate=shown, server_name=self.host)


def memory_link(
    *,
    profile: Profile = DEFAULT_PROFILE,
    peer_certificate: x509.Certificate | None = None,
    peer_chain: tuple[x509.Certificate, ...] = (),
    server_name: str = "",
) -> SecureLink:
    """A link with the first cipher suite and the first group of a profile.

    Nobody has verified the certificate: it is believed, as one that was.

    :param profile: whose suite, version and group it has.
    :param peer_certificate: what the peer shows; None for nothing.
    :param peer_chain: the chain that was verified, the peer's own certificate first; the
        certificate alone if empty.
    :param server_name: what was connected to, or what the client indicated.
    """
    suite = profile.suite(0)
    has_group = suite.is_tls13 or suite.key_exchange.startswith("ECDHE")
    group = profile.groups[0] if has_group else ""
    version = profile.maximum_version
    if version is TLSVersion.TLS_1_3 and not suite.is_tls13:
        version = TLSVersion.TLS_1_2
    key = key_of(peer_certificate) if peer_certificate else KeyDescription("", "", 0)
    return SecureLink(
        protocol=version.value,
        cipher_suite=suite.iana_name,
        openssl_cipher=suite.openssl_name,
        encryption=suite.encryption,
        encryption_bits=suite.encryption_bits,
        integrity=suite.integrity,
        key_exchange=suite.key_exchange or key_exchange_of(group),
        group=group,
        authentication=key.algorithm,
        peer_key=key.name,
        peer_key_bits=key.bits,
        peer_certificate=peer_certificate,
        peer_chain=peer_chain or ((peer_certificate,) if peer_certificate else ()),
        server_name=server_name,
        alpn="dicom",
        resumed=False,
        profile=profile.name,
    )
