"""What is known of a link once its handshake is done."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

from txdicomtls.tls.bindings import was_resumed
from txdicomtls.tls.certificates import CertificateDescription, describe_certificate
from txdicomtls.tls.keys import KeyDescription, key_of
from txdicomtls.tls.names import presented_names, printable, shortened, subject_of
from txdicomtls.tls.suites import SuiteDescription, describe_suite
from txdicomtls.tls.verification import LinkConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureLink:
    """Who is at the other end, and how what is said to it is protected.

    :param protocol: as "TLSv1.3".
    :param cipher_suite: IANA name of the suite.
    :param openssl_cipher: OpenSSL name of the suite.
    :param encryption: as "AES-256-GCM".
    :param encryption_bits: length of the key.
    :param integrity: "AEAD", or as "HMAC-SHA1".
    :param key_exchange: as "ECDHE" or "ECDHE+ML-KEM".
    :param group: group of the key exchange, as "X25519MLKEM768"; empty where there was none.
    :param authentication: what the peer proved its identity with, as "ECDSA"; empty
        where it showed no certificate.
    :param peer_key: type of the peer's key, as "EC secp256r1"; empty likewise.
    :param peer_key_bits: length of the peer's key; 0 likewise.
    :param peer_certificate: None where the peer showed none.
    :param peer_chain: the chain that was verified, the peer's own certificate first.
    :param server_name: on the connecting side what was connected to, on the
        accepting side the name that the client indicated; empty if none.
    :param alpn: protocol that was agreed on, as "dicom"; empty if none.
    :param resumed: an earlier session was taken up.
    :param profile: name of the security profile.
    """

    protocol: str
    cipher_suite: str
    openssl_cipher: str
    encryption: str
    encryption_bits: int
    integrity: str
    key_exchange: str
    group: str
    authentication: str
    peer_key: str
    peer_key_bits: int
    peer_certificate: x509.Certificate | None
    peer_chain: tuple[x509.Certificate, ...]
    server_name: str
    alpn: str
    resumed: bool
    profile: str

    @property
    def peer_names(self) -> tuple[str, ...]:
        """DNS names, IP addresses and URIs that the peer's certificate is for."""
        return presented_names(self.peer_certificate) if self.peer_certificate else ()

    @property
    def peer_subject(self) -> str:
        """Subject of the peer's certificate (RFC 4514); empty if it showed none."""
        return subject_of(self.peer_certificate) if self.peer_certificate else ""

    @property
    def peer_fingerprint(self) -> str:
        """SHA-256 of the peer's certificate, 64 hexadecimal digits; empty if it showed none."""
        return self.peer_certificate.fingerprint(SHA256()).hex() if self.peer_certificate else ""

    @property
    def suite(self) -> SuiteDescription:
        """All that the name of the cipher suite says."""
        return describe_suite(self.cipher_suite)

    @property
    def certificates(self) -> tuple[CertificateDescription, ...]:
        """The verified chain in words, the peer's own certificate first."""
        return tuple(describe_certificate(certificate) for certificate in self.peer_chain)

    def describe(self) -> str:
        """The link in one line, for a log."""
        exchange = f"{self.key_exchange} {self.group}".strip()
        peer = "no peer certificate"
        if self.peer_certificate:
            subject = shortened(self.peer_subject)
            peer = f"peer {subject} ({self.peer_key}, {self.peer_key_bits} bits)"
        return (
            f"{self.protocol} {self.cipher_suite}, {self.encryption} with {self.integrity}, "
            f"{exchange}, {peer}, profile {self.profile}"
        )


def key_exchange_of(group: str) -> str:
    """The kind of key exchange that a group is for."""
    folded = group.lower()
    if folded.startswith("ffdhe"):
        return "DHE"
    if "mlkem" not in folded:
        return "ECDHE"
    return "ML-KEM" if folded.startswith("mlkem") else "ECDHE+ML-KEM"


def introspect(connection: SSL.Connection, *, profile: str) -> SecureLink:
    """Read all there is to know from a connection whose handshake is done.

    :param profile: name of the profile that the connection was made under.
    :raises ValueError: the handshake is not done.
    """
    openssl_cipher = connection.get_cipher_name()
    if openssl_cipher is None:
        raise ValueError("the handshake is not done")
    suite = describe_suite(openssl_cipher)
    group = connection.get_group_name() or ""
    chain = _verified_chain(connection)
    certificate = chain[0] if chain else connection.get_peer_certificate(as_cryptography=True)
    key = key_of(certificate) if certificate else KeyDescription("", "", 0)
    return SecureLink(
        protocol=connection.get_protocol_version_name(),
        cipher_suite=suite.iana_name,
        openssl_cipher=openssl_cipher,
        encryption=suite.encryption,
        encryption_bits=suite.encryption_bits,
        integrity=suite.integrity,
        key_exchange=suite.key_exchange or key_exchange_of(group),
        group=group,
        authentication=key.algorithm,
        peer_key=key.name,
        peer_key_bits=key.bits,
        peer_certificate=certificate,
        peer_chain=chain,
        server_name=_server_name(connection),
        alpn=connection.get_alpn_proto_negotiated().decode("ascii", "backslashreplace"),
        resumed=was_resumed(connection),
        profile=profile,
    )


def _verified_chain(connection: SSL.Connection) -> tuple[x509.Certificate, ...]:
    if isinstance(connection, LinkConnection):
        return connection.chain  # which was read when it was verified; to read it again takes time
    return tuple(connection.get_verified_chain(as_cryptography=True) or ())


def _server_name(connection: SSL.Connection) -> str:
    if isinstance(connection, LinkConnection) and connection.server_name:
        return connection.server_name
    return printable((connection.get_servername() or b"").decode("utf-8", "backslashreplace"))
