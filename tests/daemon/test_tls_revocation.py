"""Revocation lists that change under a daemon at work: who is revoked is out, and in doubt all."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.peer import Peer, tls_context
from tests.daemon.test_certificates import refused
from tests.running import Certificates, Node, make_certificates
from txdicomtls.tls.authority import CertifiedKey, create_authority, write

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

#: Only when told: a test is to know when.
NOT_BY_ITSELF = "[reload]\non_change = false"


class RevocationTests(DaemonTestCase):
    """One daemon each, that is given one list after the other."""

    def setUp(self) -> None:
        self.certificates = make_certificates(Path(self.mktemp()).absolute())
        self.list = self.certificates.directory / "ca.crl"
        self.tls = f'crls = ["{self.list}"]\nrevocation = "leaf"'
        now = NOW - DAY / 24
        self.revoked = self.certificates.authority.issue_client("revoked", now=now, days=1)
        write(self.certificates.directory, {"revoked": self.revoked})

    async def test_who_is_revoked_is_refused_and_nobody_else(self) -> None:
        daemon = await self.start_with(crl(self.certificates, [self.revoked]))
        for version in VERSIONS:
            port, alert = await in_thread(refused, daemon, self.context("revoked", version))
            self.assertEqual("certificate revoked", alert)
            said = await self.log_of(daemon, port)
            self.assertIn("(CN=revoked) has been revoked", said)
        await self.assert_serves(daemon)

    async def test_without_a_list_to_trust_nobody_is_let_in_and_the_log_says_why(self) -> None:
        daemon = await self.start_with(crl(self.certificates, []))
        await self.assert_serves(daemon)
        stranger = create_authority(now=NOW, days=1).key
        ours = self.certificates.authority.key
        namesake = CertifiedKey(certificate=ours.certificate, private_key=stranger.private_key)
        begin, end = NOW - 2 * DAY, NOW - DAY
        cases = {
            "that has expired": (crl(self.certificates, [], begin=begin, end=end), "expired on"),
            "of tomorrow": (
                crl(self.certificates, [], begin=NOW + DAY, end=NOW + 2 * DAY),
                "is not valid before",
            ),
            "of another CA": (crl(self.certificates, [], issuer=stranger), "is missing"),
            "that another CA has signed": (
                crl(self.certificates, [], issuer=namesake),
                "was signed by another CA, or altered",
            ),
        }
        for number, (what, (octets, words)) in enumerate(cases.items(), 1):
            self.list.write_bytes(octets)
            await self.reload(daemon, number)
            for version in VERSIONS:
                port, _ = await in_thread(refused, daemon, self.context("client", version))
                said = await self.log_of(daemon, port)
                self.assertIn("cannot be looked up: the revocation list (CRL) of", said, what)
                self.assertIn(words, said, what)
        self.list.write_bytes(crl(self.certificates, []))
        await self.reload(daemon, len(cases) + 1)
        await self.assert_serves(daemon)

    async def test_a_list_that_is_too_large_or_none_is_not_taken_and_the_old_one_stays(
        self,
    ) -> None:
        daemon = await self.start_with(crl(self.certificates, [self.revoked]))
        for number, (octets, words) in enumerate(
            (
                (bytes(50 << 20), "this file has more than"),
                (b"noise", "this is no revocation list"),
                (b"", "ca.crl: "),
            ),
            1,
        ):
            self.list.write_bytes(octets)
            daemon.process.send_signal("HUP")
            said = await self.soon(daemon.process.when_says(r"not reloaded[^\n]*\n", times=number))
            self.assertIn(words, said[0])
            port, _ = await in_thread(refused, daemon, self.context("revoked"))
            self.assertIn("has been revoked", await self.log_of(daemon, port))
            await self.assert_serves(daemon)

    async def test_an_association_outlives_the_revocation_of_its_peer(self) -> None:
        daemon = await self.start_with(crl(self.certificates, []))
        context = self.context("revoked")
        with await in_thread(Peer, daemon.port, context) as peer:
            await in_thread(peer.associate)
            self.list.write_bytes(crl(self.certificates, [self.revoked]))
            await self.reload(daemon, 1)
            await in_thread(refused, daemon, context)
            await in_thread(peer.echo)
            await in_thread(peer.release)
        await self.assert_serves(daemon)

    async def start_with(self, octets: bytes) -> Node:
        """Start a daemon that looks up clients in a list."""
        self.list.write_bytes(octets)
        return await self.start(certificates=self.certificates, tls=self.tls, more=NOT_BY_ITSELF)

    async def reload(self, daemon: Node, times: int) -> None:
        """Make it take up what is new; it is told for so many times by now."""
        daemon.process.send_signal("HUP")
        await self.soon(daemon.process.when_says(r"\breloaded: ", times=times))

    def context(self, name: str, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """TLS with the certificate of a name."""
        return tls_context(
            certificate=self.certificates.certificate(name),
            private_key=self.certificates.key(name),
            version=version,
        )


def crl(
    certificates: Certificates,
    revoked: Sequence[CertifiedKey],
    *,
    issuer: CertifiedKey | None = None,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
) -> bytes:
    """A list of the certificates that a CA has revoked, as PEM.

    :param issuer: the CA of the certificates if not given.
    """
    issuer = issuer or certificates.authority.key
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(begin)
        .next_update(end)
    )
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(begin).build())
    return builder.sign(issuer.private_key, hashes.SHA256()).public_bytes(Encoding.PEM)
