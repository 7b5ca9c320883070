"""Clients that prove nothing: each sees the alert that says why, and so does the log."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.peer import Peer, tls_context
from tests.running import Certificates, Node, make_certificates
from txdicomtls.tls.authority import Authority, CertifiedKey, KeyType, create_authority, write

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

#: Suites of TLS 1.2 that no profile of today has, and that a client of yesterday may still speak.
WEAK_SUITES = (
    "AES128-SHA",  # no forward secrecy, CBC with SHA-1
    "AES256-GCM-SHA384",  # no forward secrecy
    "ECDHE-RSA-AES128-SHA",  # CBC with SHA-1
    "ECDHE-RSA-AES256-SHA384",  # CBC
    "NULL-SHA256",  # no encryption
    "AECDH-AES128-SHA",  # no authentication
)


def issue(
    issuer: CertifiedKey | None,
    *,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
) -> CertifiedKey:
    """The certificate of a client, as a CA would never make it.

    :param issuer: None for one that is its own issuer.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "impostor")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    signer = issuer.private_key if issuer else key
    return CertifiedKey(certificate=builder.sign(signer, hashes.SHA256()), private_key=key)


def namesake(authority: Authority) -> CertifiedKey:
    """A CA that has the name of another, and nothing else of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = authority.key.certificate.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return CertifiedKey(certificate=builder.sign(key, hashes.SHA256()), private_key=key)


@dataclass(frozen=True)
class Impostor:
    """A client that must not come in.

    :param alerts: that it may be sent; which of them is up to the version of TLS.
    :param said: what the log says of it.
    """

    make: Callable[[Authority], CertifiedKey | None]
    alerts: tuple[str, ...]
    said: str


IMPOSTORS = {
    "without a certificate": Impostor(
        lambda ours: None,
        ("handshake failure", "certificate required"),
        "the client showed no certificate, and this node requires one: configure a certificate",
    ),
    "of another CA": Impostor(
        lambda ours: create_authority(now=NOW, days=1).issue_client("client", now=NOW, days=1),
        ("unknown ca",),
        "was not issued by a CA that this node trusts",
    ),
    "of a CA with the name of ours": Impostor(
        lambda ours: issue(namesake(ours)),
        ("unknown ca", "decrypt error", "bad certificate"),
        "the certificate of the client (CN=impostor)",
    ),
    "of nobody": Impostor(
        lambda ours: issue(None),
        ("unknown ca",),
        "was not issued by a CA that this node trusts (issuer: CN=impostor)",
    ),
    "expired": Impostor(
        lambda ours: issue(ours.key, begin=NOW - 2 * DAY, end=NOW - DAY),
        ("certificate expired",),
        f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC, and this machine's clock says ",
    ),
    "not yet valid": Impostor(
        lambda ours: issue(ours.key, begin=NOW + DAY, end=NOW + 2 * DAY),
        ("bad certificate",),
        f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC, and this machine's clock says ",
    ),
    "for servers": Impostor(
        lambda ours: issue(ours.key, usage=ExtendedKeyUsageOID.SERVER_AUTH),
        ("unsupported certificate",),
        "may not be used for client authentication",
    ),
}


class ClientCertificateTests(DaemonTestCase):
    async def test_a_client_that_proves_nothing_is_told_why_and_so_is_the_log(self) -> None:
        daemon = await self.start()
        keys = {name: each.make(daemon.certificates.authority) for name, each in IMPOSTORS.items()}
        pki = Path(self.mktemp())
        write(pki, {name: key for name, key in keys.items() if key is not None})
        for name, impostor in IMPOSTORS.items():
            files = (pki / f"{name}.crt", pki / f"{name}.key") if keys[name] else (None, None)
            for version in VERSIONS:
                context = tls_context(certificate=files[0], private_key=files[1], version=version)
                port, alert = await in_thread(refused, daemon, context)
                what = f"a client {name}, {version.name}"
                self.assertIn(alert, impostor.alerts, what)
                self.assertIn(impostor.said, await self.log_of(daemon, port), what)
        await self.assert_serves(daemon)


class NegotiationTests(DaemonTestCase):
    async def test_old_versions_of_tls_are_refused_by_alert(self) -> None:
        daemon = await self.start()
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context = self.client(daemon.certificates, version, "ALL:@SECLEVEL=0")
            port, alert = await in_thread(refused, daemon, context)
            self.assertEqual("protocol version", alert, version.name)
            line = await self.log_of(daemon, port)
            self.assertIn("only versions of TLS that the profile does not allow: update it", line)
        await self.assert_serves(daemon)

    async def test_weak_cipher_suites_are_refused_by_alert(self) -> None:
        # With an RSA key, because with another no server has anything to say to most of them.
        certificates = make_certificates(Path(self.mktemp()).absolute(), key_type=KeyType.RSA)  # noqa: ASYNC240  # a test may wait
        daemon = await self.start(certificates=certificates)
        for suite in WEAK_SUITES:
            context = self.client(certificates, ssl.TLSVersion.TLSv1_2, f"{suite}:@SECLEVEL=0")
            port, alert = await in_thread(refused, daemon, context)
            self.assertEqual("handshake failure", alert, suite)
            line = await self.log_of(daemon, port)
            self.assertIn("the client offers no cipher suite that the profile allows", line)
        await self.assert_serves(daemon)

    def client(
        self, certificates: Certificates, version: ssl.TLSVersion, ciphers: str
    ) -> ssl.SSLContext:
        return tls_context(
            certificate=certificates.certificate("client"),
            private_key=certificates.key("client"),
            version=version,
            ciphers=ciphers,
        )


def refused(daemon: Node, context: ssl.SSLContext) -> tuple[int, str]:
    """Connect, in vain: the client's own port, and the alert that it was sent."""
    peer = Peer(daemon.port)
    try:
        # In TLS 1.3 the client is done before the server has seen its certificate: the alert
        # is what it reads first.
        with context.wrap_socket(peer.socket, server_hostname="localhost") as secured:
            secured.recv(1)
    except ssl.SSLError as error:
        reason = (error.reason or "").lower().replace("_", " ")
        return peer.port, reason.partition("alert ")[2] or reason
    finally:
        peer.socket.close()
    raise AssertionError("the node let it in")
