"""Certificates of clients that are wrong in ways that take some effort: none of them gets in.

They are shown without their private keys, in the handshake of the good client: who is to
be refused is refused before that matters.
"""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.process import memory, processor_time
from tests.daemon.tls_certificates import Issuer, root
from tests.daemon.tls_impostors import (
    CONTENTS,
    DATES,
    HARMLESS,
    KEYS,
    PURPOSES,
    SIZES,
    Case,
)
from tests.daemon.tls_peer import OddPeer, alert_in
from tests.daemon.tls_records import CERTIFICATE, TLS_1_2, TLS_1_3, certificate_message
from tests.running import Certificates, Node, make_certificates

VERSIONS = (TLS_1_2, TLS_1_3)

#: Bytes of certificates that OpenSSL takes in a handshake.
LARGE = 100 * 1024


class CertificateTests(DaemonTestCase):
    async def test_dates_are_kept_to(self) -> None:
        await self.check(DATES)

    async def test_purposes_are_kept_to(self) -> None:
        await self.check(PURPOSES)

    async def test_weak_keys_and_signatures_prove_nothing(self) -> None:
        await self.check(KEYS)

    async def test_chains_that_are_too_much_are_refused_quickly(self) -> None:
        await self.check(SIZES)

    async def test_what_cannot_be_understood_or_be_meant_is_refused(self) -> None:
        await self.check(CONTENTS)

    async def test_what_is_only_strange_is_let_in(self) -> None:
        daemon, ca, key = await self.start_below_a_root()
        directory = daemon.certificates.directory
        (directory / "odd.key").write_bytes(daemon.certificates.key("client").read_bytes())
        for what, make in HARMLESS.items():
            (directory / "odd.crt").write_text("".join(map(pem, make(ca, key))))
            for version in VERSIONS:
                with await in_thread(OddPeer, daemon, version, name="odd") as peer:
                    await in_thread(peer.associate)
                said = await self.log_of_association(daemon, peer.port)
                self.assertLess(len(said), 1000, what)
                self.assertNotIn("\x1b", said, what)

    async def check(self, cases: dict[str, Case]) -> None:
        """None gets in, each is told why, and so is the log; all without much ado."""
        daemon, ca, key = await self.start_below_a_root()
        before, used = memory(daemon), processor_time(daemon)
        for what, (make, expected, said) in cases.items():
            chain = make(ca, key)
            for version in VERSIONS:
                port, alert = await in_thread(show, daemon, version, chain)
                line = await self.log_of(daemon, port)
                self.assertIn(said, line, f"{what}, {version:x}: {line}")
                self.assertLess(len(line), 1000, what)
                # What is too large is not read to its end, and then the alert may be lost.
                lost = ("gone",) if sum(map(len, chain)) > LARGE else ()
                self.assertIn(alert, (expected, *lost), f"{what}, {version:x}")
        self.assertLess((processor_time(daemon) - used) / len(cases), 0.1)
        self.assertLess(memory(daemon) - before, 8 << 20)
        await self.assert_serves(daemon)

    async def start_below_a_root(self) -> tuple[Node, Issuer, bytes]:
        """Start a daemon that trusts a further CA: it, that CA, and the client's public key."""
        certificates, ca = below_a_root(Path(self.mktemp()))
        return await self.start(certificates=certificates), ca, public_key(certificates)

    async def log_of_association(self, daemon: Node, port: int) -> str:
        """The line of the log on an association that was accepted."""
        found = await self.soon(
            daemon.process.when_says(rf".*:{port}: \d+ presentation contexts.*")
        )
        return found[0]


def pem(octets: bytes) -> str:
    """A certificate as PEM."""
    lines = textwrap.wrap(base64.b64encode(octets).decode(), 64)
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))


def below_a_root(directory: Path) -> tuple[Certificates, Issuer]:
    """What every daemon of a test has, and a further CA that it trusts."""
    certificates = make_certificates(directory.absolute())
    ca = root()
    with certificates.certificate("ca").open("a") as trust:
        trust.write(pem(ca.own))
    return certificates, ca


def public_key(certificates: Certificates) -> bytes:
    """That of the client."""
    octets = certificates.certificate("client").read_bytes()
    key = x509.load_pem_x509_certificate(octets).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def show(daemon: Node, version: int, chain: list[bytes]) -> tuple[int, str]:
    """Show certificates in place of one's own: the port that one had, and the alert."""

    def alter(message: bytes) -> bytes:
        return certificate_message(chain, version) if message[0] == CERTIFICATE else message

    with OddPeer(daemon, version, alter=alter) as peer:
        try:
            peer.shake_hands()
            return peer.port, peer.said()
        except SSL.Error as error:
            return peer.port, alert_in(error)
        except ConnectionError:
            return peer.port, "gone"
