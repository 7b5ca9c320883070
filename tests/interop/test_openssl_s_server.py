"""We call OpenSSL's s_server: versions, suites, groups and staples that DCMTK does not have.

It answers no association: what is looked at is the link, or why there is none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.links import refused, security
from tests.interop.openssl_peer import (
    EVERY_TLS_1_3_SUITE,
    EVERYTHING,
    call,
    link_to,
    openssl,
    start_s_server,
)
from tests.interop.peers import Words
from tests.interop.shared_certificates import shared_certificates
from tests.interop.suites import (
    DHE_SUITES,
    RETIRED_SUITES,
    TLS_1_2_SUITES,
    TLS_1_3_SUITES,
    Parts,
    key_type_for,
    parts_of,
)
from tests.running import Running
from tests.tls.certificates import Issued
from txdicomtls.errors import PeerNameMismatch
from txdicomtls.tls import PROFILES, Profile, Revocation, SecureLink, Security, Stapling, TLSVersion
from txdicomtls.tls.authority import KeyType

DEFAULT = PROFILES["bcp195-rfc9325"]
MODIFIED = PROFILES["bcp195-rfc9325-modified"]


class _Calling(TestCase):
    timeout = 60

    def setUp(self) -> None:
        openssl()

    async def security(
        self,
        profile: Profile = DEFAULT,
        key_type: KeyType = KeyType.ECDSA,
        stapling: Stapling = Stapling.CHECKED,
    ) -> Security:
        """Our side of it, with a certificate of the client."""
        usual = await security(shared_certificates(key_type), "client", profile=profile)
        if stapling is usual.trust.stapling:
            return usual
        return Security(
            profile=usual.profile,
            trust=replace(usual.trust, stapling=stapling),
            credentials=usual.credentials,
        )

    def authority(self) -> Issued:
        """The authority that issued the certificates of these tests."""
        key = shared_certificates().authority.key
        return Issued(key.certificate, key.private_key)

    def files(self, issued: Issued) -> Words:
        """Give the options by which s_server shows another certificate than that of the node."""
        certificate, key = (self.written(one) for one in (issued.certificate_pem, issued.key_pem()))
        return ["-cert", certificate, "-key", key]

    def written(self, content: bytes) -> Path:
        """Write a file."""
        path = Path(self.mktemp()).absolute()
        path.write_bytes(content)
        return path


class SuiteTests(_Calling):
    async def test_the_five_suites_of_tls_1_3_are_spoken(self) -> None:
        options = ["-tls1_3", "-ciphersuites", EVERY_TLS_1_3_SUITE, "-cipher", EVERYTHING]
        server, port = await start_s_server(self, shared_certificates(), *options)
        for name, parts in TLS_1_3_SUITES.items():
            secured = await self.security(MODIFIED.with_cipher_suites([name]))
            link = await self.link(server, port, secured, name, parts)
            self.assertEqual("TLSv1.3", link.protocol)

    async def test_the_ten_suites_of_tls_1_2_are_spoken(self) -> None:
        await self.earlier(MODIFIED, TLS_1_2_SUITES, TLSVersion.TLS_1_2)

    async def test_diffie_hellman_in_finite_fields_is_spoken_where_it_is_demanded(self) -> None:
        for name in ("bcp195-non-downgrading", "bcp195-extended"):
            await self.earlier(PROFILES[name], DHE_SUITES, TLSVersion.TLS_1_2)

    async def test_the_retired_suites_are_spoken_in_each_version_before_1_3(self) -> None:
        aes, null = ({name: parts} for name, parts in RETIRED_SUITES.items())
        for version in (TLSVersion.TLS_1_0, TLSVersion.TLS_1_1, TLSVersion.TLS_1_2):
            await self.earlier(PROFILES["aes"], aes, version)
            await self.earlier(PROFILES["bcp195"], aes, version)
            await self.earlier(PROFILES["atna-unencrypted"], null, version)

    async def earlier(
        self, profile: Profile, suites: dict[str, Parts], version: TLSVersion
    ) -> None:
        """Propose each of these suites, and no other, up to a version before TLS 1.3."""
        profile = replace(profile, maximum_version=version)
        options = ["-no_tls1_3", "-cipher", EVERYTHING]
        servers = {
            kind: await start_s_server(self, shared_certificates(kind), *options)
            for kind in dict.fromkeys(key_type_for(name) for name in suites)
        }
        for name, parts in suites.items():
            kind = key_type_for(name)
            secured = await self.security(profile.with_cipher_suites([name]), kind)
            link = await self.link(*servers[kind], secured, name, parts)
            self.assertEqual(version.value, link.protocol)

    async def link(
        self, server: Running, port: int, secured: Security, name: str, parts: Parts
    ) -> SecureLink:
        """A link on which both sides tell of the same suite."""
        link = await link_to(server, port, secured)
        self.assertEqual((name, parts), (link.cipher_suite, parts_of(link)))
        await server.when_says(f"CIPHER is {parts.openssl_cipher}\n")
        return link

    async def test_the_order_of_the_server_decides_where_it_wants_to(self) -> None:
        suites = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"
        for preference, chosen in (
            (["-serverpref"], "ECDHE-ECDSA-CHACHA20-POLY1305"),
            ([], "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ):
            options = ["-tls1_2", "-cipher", suites, *preference]
            server, port = await start_s_server(self, shared_certificates(), *options)
            link = await link_to(server, port, await self.security())
            self.assertEqual(chosen, link.openssl_cipher)

    async def test_a_server_without_a_suite_of_the_profile_is_an_error_that_says_so(self) -> None:
        options = ["-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384:AES128-SHA"]
        _, port = await start_s_server(self, shared_certificates(KeyType.RSA), *options)
        error = await refused(port, await self.security(key_type=KeyType.RSA))
        self.assertEqual((True, "handshake_failure"), (error.by_peer, error.alert))
        self.assertIn("no cipher suite or group in common", str(error))

    async def test_a_server_of_an_old_version_is_an_error_that_says_so(self) -> None:
        for version in ("-tls1", "-tls1_1"):
            options = [version, "-cipher", EVERYTHING]
            _, port = await start_s_server(self, shared_certificates(), *options)
            error = await refused(port, await self.security())
            self.assertEqual((True, "protocol_version"), (error.by_peer, error.alert))
            self.assertIn("it takes only versions that our profile does not allow", str(error))


class GroupTests(_Calling):
    async def test_each_group_of_the_profile_is_agreed_on(self) -> None:
        secured = {
            version: await self.security(replace(DEFAULT, **limits), KeyType.RSA)
            for version, limits in (
                ("TLSv1.2", {"maximum_version": TLSVersion.TLS_1_2}),
                ("TLSv1.3", {"minimum_version": TLSVersion.TLS_1_3}),
            )
        }
        for group, known_as in (
            ("X25519", "x25519"),
            ("P-256", "secp256r1"),
            ("P-384", "secp384r1"),
            ("P-521", "secp521r1"),
        ):
            certificates = shared_certificates(KeyType.RSA)
            server, port = await start_s_server(self, certificates, "-groups", group)
            for version, ours in secured.items():
                link = await link_to(server, port, ours)
                self.assertEqual(
                    (version, "ECDHE", known_as), (link.protocol, link.key_exchange, link.group)
                )

    async def test_a_group_that_the_profile_does_not_have_is_an_error(self) -> None:
        _, port = await start_s_server(self, shared_certificates(), "-groups", "X448")
        error = await refused(port, await self.security())
        self.assertEqual((True, "handshake_failure"), (error.by_peer, error.alert))


class ExtensionTests(_Calling):
    async def test_dicom_is_agreed_on_and_no_alpn_is_tolerated(self) -> None:
        secured = await self.security()
        for options, agreed in ((["-alpn", "h2,dicom"], "dicom"), ([], "")):
            server, port = await start_s_server(self, shared_certificates(), *options)
            link = await link_to(server, port, secured)
            self.assertEqual(agreed, link.alpn)
            await server.when_says(
                "ALPN protocols advertised by the client: dicom\n"
            ) if agreed else None

    async def test_a_server_of_another_protocol_is_an_error(self) -> None:
        _, port = await start_s_server(self, shared_certificates(), "-alpn", "h2,http/1.1")
        error = await refused(port, await self.security())
        self.assertEqual((True, "no_application_protocol"), (error.by_peer, error.alert))
        self.assertIn("refused DICOM as the application protocol", str(error))

    async def test_the_name_is_indicated(self) -> None:
        other = self.files(self.authority().issue("other.example"))
        [_, certificate, _, key] = other
        options = ["-servername", "localhost", "-cert2", certificate, "-key2", key]
        _, port = await start_s_server(self, shared_certificates(), *options)
        protocol = await call(port, await self.security())
        with self.assertRaises(PeerNameMismatch) as caught:
            await protocol.when_secure_link_ready()
        self.assertEqual(("other.example",), caught.exception.presented)

    async def test_a_session_is_taken_up_again(self) -> None:
        for option in ("-tls1_2", "-tls1_3"):
            server, port = await start_s_server(self, shared_certificates(), option)
            secured = await self.security()
            links = [await link_to(server, port, secured) for _ in range(3)]
            self.assertEqual([False, True, True], [link.resumed for link in links])
            self.assertEqual({"CN=node"}, {link.peer_subject for link in links})
            await server.when_says(r"(?s)(Reused session-id.*){2}")


class StaplingTests(_Calling):
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
            print(error.by_peer, error.alert, error)

    async def test_a_server_that_staples_what_is_out_of_date_is_refused(self) -> None:
        old = self.status(begin=NOW - 3 * DAY, end=NOW - DAY)
        _, port = await start_s_server(self, shared_certificates(), "-status_file", old)
        error = await refused(port, await self.security())
        print(error.by_peer, error.alert, error)

    async def test_a_server_that_staples_nothing_is_refused_where_a_status_is_required(
        self,
    ) -> None:
        _, port = await start_s_server(self, shared_certificates())
        error = await refused(port, await self.security(stapling=Stapling.REQUIRED))
        print(error.by_peer, error.alert, error)

    def status(self, status: OCSPCertStatus = OCSPCertStatus.GOOD, **dates: datetime) -> Path:
        """Write what a responder says of the certificate of the node."""
        path = shared_certificates().certificate("node")
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        return self.written(ocsp_response(certificate, self.authority(), status, **dates))


class RefusalTests(_Calling):
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
        secured = Security(profile=DEFAULT, trust=trust, credentials=usual.credentials)
        error = await self.refusal(revoked, secured)
        assert isinstance(error, HandshakeFailed)
        self.assertEqual((False, "certificate_revoked"), (error.by_peer, error.alert))

    async def test_a_short_key_is_refused_though_the_level_of_the_profile_permits_it(self) -> None:
        short = self.authority().issue("localhost", kind="p224")
        secured = await self.security(MODIFIED)
        options = ["-tls1_2", "-cipher", EVERYTHING]
        error = await self.refusal(short, secured, *options)
        print(error)

    async def refusal(
        self, issued: Issued, secured: Security | None = None, *options: str
    ) -> LinkError:
        """Connect to an s_server with this certificate, which must fail."""
        shown = self.files(issued)
        _, port = await start_s_server(self, shared_certificates(), *shown, *options)
        protocol = await call(port, secured or await self.security())
        return await self.assertFailure(protocol.when_secure_link_ready(), LinkError)


class CommandTests(_Calling):
    async def test_the_command_says_what_is_wrong_with_a_server(self) -> None:
        late = self.authority().issue("localhost", begin=NOW - 2 * DAY, end=NOW - DAY)
        _, port = await start_s_server(self, shared_certificates(), *self.files(late))
        command: Words = [SCRIPTS / "txdicomtls", "echo", f"localhost:{port}"]
        status, said = await run(self, [*command, *shared_certificates().options])
        print(status, said)
