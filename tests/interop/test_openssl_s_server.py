"""We call OpenSSL's s_server: versions, suites, groups and names that DCMTK does not have.

It takes no association: what is looked at is the link, or why there is none.
"""

from __future__ import annotations

from dataclasses import replace

from tests.interop.links import refused
from tests.interop.openssl_calling import CallingTestCase, call, link_to
from tests.interop.openssl_peer import EVERY_TLS_1_3_SUITE, EVERYTHING, start_s_server
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
from txdicomtls.errors import PeerNameMismatch
from txdicomtls.tls import PROFILES, Profile, SecureLink, Security, TLSVersion
from txdicomtls.tls.authority import KeyType

DEFAULT = PROFILES["bcp195-rfc9325"]
MODIFIED = PROFILES["bcp195-rfc9325-modified"]


class SuiteTests(CallingTestCase):
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


class GroupTests(CallingTestCase):
    async def test_each_group_of_the_profile_is_agreed_on(self) -> None:
        only_1_2 = replace(DEFAULT, maximum_version=TLSVersion.TLS_1_2)
        only_1_3 = replace(DEFAULT, minimum_version=TLSVersion.TLS_1_3)
        secured = {
            "TLSv1.2": await self.security(only_1_2, KeyType.RSA),
            "TLSv1.3": await self.security(only_1_3, KeyType.RSA),
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


class ExtensionTests(CallingTestCase):
    async def test_dicom_is_agreed_on_and_no_alpn_is_tolerated(self) -> None:
        secured = await self.security()
        for options, agreed in ((["-alpn", "h2,dicom"], "dicom"), ([], "")):
            server, port = await start_s_server(self, shared_certificates(), *options)
            link = await link_to(server, port, secured)
            self.assertEqual(agreed, link.alpn)

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
            await server.when_says("Reused session-id", times=2)
