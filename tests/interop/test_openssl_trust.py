"""We call OpenSSL's s_server, which shows what must not be believed, or staples it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus

from tests.interop.links import refused
from tests.interop.openssl_calling import CallingTestCase, call, link_to
from tests.interop.openssl_peer import EVERYTHING, start_s_server
from tests.interop.peers import Words, run
from tests.interop.shared_certificates import shared_certificates
from tests.running import SCRIPTS
from tests.tls.authorities import crl, ocsp_response
from tests.tls.certificates import CA, DAY, NOW, Issued
from txdicomtls.errors import HandshakeFailed, LinkError, PeerNameMismatch
from txdicomtls.tls import DEFAULT_PROFILE, PROFILES, Revocation, Security, Stapling

#: The alert for a staple that is not good.
BAD_STATUS = "bad_certificate_status_response"


class StaplingTests(CallingTestCase):
    async def test_a_good_status_is_taken(self) -> None:
        for stapling in (Stapling.CHECKED, Stapling.REQUIRED):
            for version in ("-tls1_2", "-tls1_3"):
                status = ["-status_file", self.status(), version]
                server, port = await start_s_server(self, shared_certificates(), *status)
                link = await link_to(server, port, await self.security(stapling=stapling))
                self.assertEqual("CN=node", link.peer_subject)

    async def test_a_server_that_staples_that_it_is_revoked_is_refused(self) -> None:
        for version in ("-tls1_2", "-tls1_3"):
            status = ["-status_file", self.status(OCSPCertStatus.REVOKED), version]
            _, port = await start_s_server(self, shared_certificates(), *status)
            error = await refused(port, await self.security())
            self.assertEqual((False, BAD_STATUS), (error.by_peer, error.alert))
            self.assertIn("its CA revoked it on ", str(error))

    async def test_a_server_that_staples_what_is_out_of_date_is_refused(self) -> None:
        old = self.status(begin=NOW - 3 * DAY, end=NOW - DAY)
        _, port = await start_s_server(self, shared_certificates(), "-status_file", old)
        error = await refused(port, await self.security())
        self.assertEqual((False, BAD_STATUS), (error.by_peer, error.alert))
        self.assertIn("the OCSP response with it expired on ", str(error))

    async def test_a_server_that_staples_nothing_is_refused_where_a_status_is_required(
        self,
    ) -> None:
        _, port = await start_s_server(self, shared_certificates())
        error = await refused(port, await self.security(stapling=Stapling.REQUIRED))
        self.assertEqual((False, BAD_STATUS), (error.by_peer, error.alert))
        self.assertIn("there is no OCSP response with it", str(error))

    def status(
        self,
        status: OCSPCertStatus = OCSPCertStatus.GOOD,
        *,
        begin: datetime = NOW - DAY,
        end: datetime = NOW + DAY,
    ) -> Path:
        """Write what a responder says of the certificate of the node."""
        path = shared_certificates().certificate("node")
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        said = ocsp_response(certificate, self.authority(), status, begin=begin, end=end)
        return self.written(said)


class RefusalTests(CallingTestCase):
    async def test_a_server_of_another_name_is_refused(self) -> None:
        error = await self.refusal(self.authority().issue("other.example"))
        assert isinstance(error, PeerNameMismatch)
        self.assertEqual(("localhost", ("other.example",)), (error.expected, error.presented))

    async def test_an_expired_server_is_refused(self) -> None:
        late = self.authority().issue("localhost", begin=NOW - 2 * DAY, end=NOW - DAY)
        error = await self.refusal(late)
        assert isinstance(error, HandshakeFailed)
        self.assertEqual((False, "certificate_expired"), (error.by_peer, error.alert))
        self.assertIn("expired on", str(error))

    async def test_a_server_of_another_ca_is_refused(self) -> None:
        error = await self.refusal(CA.issue("localhost"))
        assert isinstance(error, HandshakeFailed)
        self.assertEqual((False, "unknown_ca"), (error.by_peer, error.alert))

    async def test_a_revoked_server_is_refused(self) -> None:
        revoked = self.authority().issue("localhost")
        usual = await self.security()
        lists = (crl(self.authority(), revoked.certificate),)
        trust = replace(usual.trust, crls=lists, revocation=Revocation.LEAF)
        secured = Security(profile=DEFAULT_PROFILE, trust=trust, credentials=usual.credentials)
        error = await self.refusal(revoked, secured)
        assert isinstance(error, HandshakeFailed)
        self.assertEqual((False, "certificate_revoked"), (error.by_peer, error.alert))

    async def test_a_short_key_is_refused_though_the_level_of_the_profile_permits_it(self) -> None:
        short = self.authority().issue("localhost", kind="rsa1024")
        secured = await self.security(PROFILES["bcp195-rfc9325-modified"])
        error = await self.refusal(short, secured, "-tls1_2", "-cipher", EVERYTHING)
        assert isinstance(error, HandshakeFailed)
        self.assertFalse(error.by_peer)
        self.assertIn("1024", str(error))

    async def test_what_a_server_says_of_our_certificate_is_passed_on(self) -> None:
        # In TLS 1.3 it says so when the link is ready for us.
        for version in ("-tls1_2", "-tls1_3"):
            stranger = ["-CAfile", self.written(CA.certificate_pem), version]
            _, port = await start_s_server(self, shared_certificates(), *stranger)
            error = await refused(port, await self.security())
            self.assertEqual((True, "unknown_ca"), (error.by_peer, error.alert))
            self.assertIn("does not trust the CA that issued it", str(error))

    async def refusal(
        self, issued: Issued, secured: Security | None = None, *options: str
    ) -> LinkError:
        """Connect to an s_server with this certificate, which must fail."""
        shown = self.files(issued)
        _, port = await start_s_server(self, shared_certificates(), *shown, *options)
        protocol = await call(port, secured or await self.security())
        try:
            link = await protocol.when_secure_link_ready()
        except LinkError as error:
            return error
        raise AssertionError(f"there is a link: {link.describe()}")


class CommandTests(CallingTestCase):
    async def test_the_command_says_what_is_wrong_with_a_server(self) -> None:
        late = self.authority().issue("localhost", begin=NOW - 2 * DAY, end=NOW - DAY)
        _, port = await start_s_server(self, shared_certificates(), *self.files(late))
        command: Words = [SCRIPTS / "txdicomtls", "echo", f"localhost:{port}"]
        status, said = await run(self, [*command, *shared_certificates().options])
        self.assertEqual(1, status)
        self.assertRegex(said, r"^txdicomtls: the certificate of the server .* expired on .*\n$")
