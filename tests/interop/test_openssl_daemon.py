"""OpenSSL's s_client calls the daemon: what its configuration can say of TLS."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.trial.unittest import TestCase

from tests.interop.openssl_peer import (
    LEAVE,
    PROVOKE,
    openssl,
    openssl_credentials,
    refused_s_client,
    s_client,
)
from tests.interop.shared_certificates import shared_certificates
from tests.running import Node, start_node
from tests.tls.authorities import crl, ocsp_response
from tests.tls.certificates import CA, DAY, NOW, Issued

#: An order that is in no profile.
OWN_LIST = """\
cipher_suites = [
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
]
"""


class _Called(TestCase):
    timeout = 60

    def setUp(self) -> None:
        openssl()
        self.certificates = shared_certificates()

    @property
    def authority(self) -> Issued:
        """The authority that issued all of them."""
        key = self.certificates.authority.key
        return Issued(key.certificate, key.private_key)

    def written(self, *contents: bytes) -> list[Path]:
        """Write files."""
        directory = Path(self.mktemp()).absolute()
        directory.mkdir()
        paths = [directory / str(number) for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.touch(0o600)
            path.write_bytes(content)
        return paths

    def files(self, issued: Issued) -> list[Path]:
        """Write a certificate and its key."""
        return self.written(issued.certificate_pem, issued.key_pem())

    async def node(self, tls: str) -> Node:
        return await start_node(self, certificates=self.certificates, tls=tls)

    async def said(
        self, node: Node, *options: object, last: bytes = LEAVE, host: str = "localhost"
    ) -> str:
        """Let s_client call with a good certificate, and verify that of the node."""
        known = [*openssl_credentials(self.certificates), "-verify_hostname", host]
        return await s_client(self, node.port, *known, *options, last=last)

    async def refusal(self, node: Node, *options: object) -> str:
        """Let s_client call, which must be refused."""
        known = openssl_credentials(self.certificates)
        return await refused_s_client(self, node.port, *known, *options)


class SuiteListTests(_Called):
    async def test_the_order_of_the_node_decides_where_it_has_the_preference(self) -> None:
        node = await self.node(OWN_LIST + 'preference = "server"')
        await self.chosen(
            node,
            {
                "-tls1_2": "ECDHE-ECDSA-AES128-GCM-SHA256",
                "-tls1_3": "TLS_CHACHA20_POLY1305_SHA256",
            },
        )
        # One that the client does not have is passed over.
        said = await self.said(node, "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256")
        self.assertEqual("TLS_AES_128_GCM_SHA256", cipher(said))

    async def test_the_order_of_the_client_decides_where_it_has_the_preference(self) -> None:
        node = await self.node(OWN_LIST + 'preference = "client"')
        await self.chosen(
            node,
            {
                "-tls1_2": "ECDHE-ECDSA-CHACHA20-POLY1305",
                "-tls1_3": "TLS_AES_128_GCM_SHA256",
            },
        )

    async def chosen(self, node: Node, expected: dict[str, str]) -> None:
        """Propose suites in another order than that of the node's list."""
        order = {
            "-tls1_2": ("-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"),
            "-tls1_3": (
                "-ciphersuites",
                "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
            ),
        }
        for version, suite in expected.items():
            self.assertEqual(suite, cipher(await self.said(node, version, *order[version])))

    async def test_nothing_is_spoken_that_the_list_does_not_have(self) -> None:
        node = await self.node('cipher_suites = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]')
        self.assertEqual("ECDHE-ECDSA-AES128-GCM-SHA256", cipher(await self.said(node)))
        said = await self.refusal(node, "-tls1_3")
        self.assertIn("alert protocol version", said)
        said = await self.refusal(node, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")
        self.assertIn("alert handshake failure", said)
        await node.process.when_says("offers no cipher suite that the profile allows")


class ExtensionTests(_Called):
    async def test_dicom_is_agreed_on_and_no_alpn_is_tolerated(self) -> None:
        node = await self.node("")
        for version in ("-tls1_2", "-tls1_3"):
            for offered in ("dicom", "h2,dicom,http/1.1"):
                said = await self.said(node, version, "-alpn", offered)
                self.assertIn("ALPN protocol: dicom\n", said)
            self.assertIn("No ALPN negotiated\n", await self.said(node, version))

    async def test_another_protocol_is_refused(self) -> None:
        node = await self.node("")
        for version in ("-tls1_2", "-tls1_3"):
            said = await self.refusal(node, version, "-alpn", "h2,http/1.1")
            self.assertIn("alert no application protocol", said)
        await node.process.when_says("(.*wants to speak h2, http/1.1, and not DICOM.*\n){2}")

    async def test_the_certificate_is_that_of_the_name_that_was_asked_for(self) -> None:
        further = ""
        for name in ("other.example", "*.wild.example"):
            certificate, key = self.files(self.authority.issue(name))
            further += (
                f'[[tls.default.further]]\ncertificate = "{certificate}"\nprivate_key = "{key}"\n'
            )
        node = await self.node(further)
        for asked, shown in (
            ("localhost", "localhost"),
            ("other.example", "other.example"),
            ("OTHER.example", "other.example"),
            ("ct1.wild.example", "ct1.wild.example"),
            ("unknown.example", "localhost"),
        ):
            for version in ("-tls1_2", "-tls1_3"):
                said = await self.said(node, version, "-servername", asked, host=shown)
                self.assertIn(f"Verified peername: {shown}", said.replace("*.wild", "ct1.wild"))
        said = await self.said(node, "-noservername")
        self.assertIn("Verified peername: localhost\n", said)

    async def test_the_status_of_the_certificate_is_stapled(self) -> None:
        path = self.certificates.certificate("node")
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        [response] = self.written(ocsp_response(certificate, self.authority))
        node = await self.node(f'ocsp_response = "{response}"')
        for version in ("-tls1_2", "-tls1_3"):
            said = await self.said(node, version, "-status")
            self.assertIn("OCSP Response Status: successful (0x0)", said)
            self.assertIn("Cert Status: good", said)
            self.assertIn(f"Serial Number: {certificate.serial_number:040X}", said)
            self.assertNotIn("OCSP Response Data", await self.said(node, version))


class SessionTests(_Called):
    async def test_a_session_is_taken_up_again(self) -> None:
        node = await self.node("")
        for version in ("-tls1_2", "-tls1_3"):
            [kept] = self.written(b"")
            first = await self.said(node, version, "-sess_out", kept, last=PROVOKE)
            again = await self.said(node, version, "-sess_in", kept, last=PROVOKE)
            self.assertEqual(["New", "Reused"], [began(first), began(again)])
            self.assertEqual(cipher(first), cipher(again))

    async def test_without_resumption_none_is(self) -> None:
        node = await self.node("resumption = false")
        [kept] = self.written(b"")
        await self.said(node, "-tls1_2", "-sess_out", kept, last=PROVOKE)
        self.assertEqual(b"", kept.read_bytes())
        # In TLS 1.3 there are tickets all the same, which are good for nothing.
        await self.said(node, "-tls1_3", "-sess_out", kept, last=PROVOKE)
        again = await self.said(node, "-tls1_3", "-sess_in", kept, last=PROVOKE)
        self.assertEqual("New", began(again))

    async def test_a_session_is_of_no_use_once_its_certificate_is_revoked(self) -> None:
        certificate, key = self.files(self.authority.issue("client.example"))
        issued = x509.load_pem_x509_certificate(certificate.read_bytes())
        [list_] = self.written(crl(self.authority).public_bytes(Encoding.PEM))
        node = await self.node(f'crls = ["{list_}"]\nrevocation = "leaf"')
        options = ["-tls1_3", "-cert", certificate, "-key", key]
        [kept] = self.written(b"")
        await self.said(node, *options, "-sess_out", kept, last=PROVOKE)
        list_.write_bytes(crl(self.authority, issued).public_bytes(Encoding.PEM))
        node.process.send_signal("HUP")
        await node.process.when_says("reloaded")
        said = await self.refusal(node, *options, "-sess_in", kept)
        self.assertEqual("New", began(said))
        self.assertIn("alert certificate revoked", said)


class RefusalTests(_Called):
    async def test_a_revoked_client_is_refused(self) -> None:
        revoked = self.authority.issue("revoked.example", subject="revoked")
        [list_] = self.written(crl(self.authority, revoked.certificate).public_bytes(Encoding.PEM))
        node = await self.node(f'crls = ["{list_}"]\nrevocation = "leaf"')
        await self.refused(node, revoked, "certificate revoked", "CN=revoked.* has been revoked")
        for version in ("-tls1_2", "-tls1_3"):
            await self.said(node, version, last=PROVOKE)
        await node.process.when_says(r"(.*PDU type 6EH is not defined\n){2}")

    async def test_an_expired_client_is_refused(self) -> None:
        expired = self.authority.issue(subject="late", begin=NOW - 2 * DAY, end=NOW - DAY)
        node = await self.node("")
        await self.refused(node, expired, "certificate expired", "CN=late.* expired on ")

    async def test_a_client_of_another_ca_is_refused(self) -> None:
        stranger = CA.issue("stranger.example", subject="stranger")
        node = await self.node("")
        await self.refused(node, stranger, "unknown ca", "CN=stranger.* not issued by a CA that")

    async def test_a_client_that_may_only_be_a_server_is_refused(self) -> None:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH]
        server = self.authority.issue("server.example", subject="server", purposes=purposes)
        node = await self.node("")
        await self.refused(
            node, server, "unsupported certificate", "CN=server.* for client authentication"
        )

    async def test_a_client_without_a_certificate_is_refused(self) -> None:
        node = await self.node("")
        authority = ["-CAfile", self.certificates.certificate("ca")]
        for version, alert in (
            ("-tls1_2", "handshake failure"),
            ("-tls1_3", "certificate required"),
        ):
            said = await refused_s_client(self, node.port, *authority, version)
            self.assertIn(f"alert {alert}", said)
        await node.process.when_says("(.*the client showed no certificate.*\n){2}")

    async def refused(self, node: Node, issued: Issued, alert: str, logged: str) -> None:
        """Let s_client call with a certificate; it is told why not, and the log has it in words."""
        certificate, key = self.files(issued)
        for version in ("-tls1_2", "-tls1_3"):
            said = await self.refusal(node, version, "-cert", certificate, "-key", key)
            self.assertIn(f"alert {alert}", said)
        await node.process.when_says(rf"(.*{logged}.*\n){{2}}")


def cipher(said: str) -> str:
    """The suite that s_client says was agreed on, by its OpenSSL name."""
    return _summary(said)[2]


def began(said: str) -> str:
    """What s_client says of the session: "New" or "Reused"."""
    return _summary(said)[1]


def _summary(said: str) -> re.Match[str]:
    found = re.search(r"^(New|Reused), \S+, Cipher is (\S+)$", said, re.MULTILINE)
    assert found, said
    return found
