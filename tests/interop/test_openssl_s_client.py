"""OpenSSL's s_client calls us: versions, suites and groups that DCMTK does not have.

The suites with Camellia in Galois/counter mode are in no OpenSSL, and the group X25519MLKEM768
is in none before 3.5: these two are tried nowhere here.
"""

from __future__ import annotations

import re
from dataclasses import replace

from twisted.trial.unittest import TestCase

from tests.interop.links import Acceptor, security, start_acceptor
from tests.interop.openssl_peer import (
    EVERYTHING,
    SAID,
    openssl,
    openssl_credentials,
    refused_s_client,
    start_s_client,
)
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
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import PROFILES, Profile, SecureLink, TLSVersion
from txdicomtls.tls.authority import KeyType

DEFAULT = PROFILES["bcp195-rfc9325"]
MODIFIED = PROFILES["bcp195-rfc9325-modified"]

#: The versions before TLS 1.3, and the options by which s_client speaks nothing else.
EARLIER = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}


class _Called(TestCase):
    timeout = 60

    def setUp(self) -> None:
        openssl()

    async def acceptor(self, profile: Profile, key_type: KeyType = KeyType.ECDSA) -> Acceptor:
        """Let an acceptor of ours listen under a profile."""
        secured = await security(shared_certificates(key_type), "node", profile=profile)
        return await start_acceptor(self, secured)

    async def link(
        self, acceptor: Acceptor, *options: str, key_type: KeyType = KeyType.ECDSA
    ) -> tuple[SecureLink, str]:
        """Let s_client make a link; what our side knows of it, and what it said."""
        credentials = openssl_credentials(shared_certificates(key_type))
        checks = ["-verify_hostname", "localhost"]
        process = start_s_client(self, acceptor.port, *credentials, *checks, *options)
        await process.when_says(SAID)
        link = await acceptor.protocols[-1].when_secure_link_ready()
        process.transport.write(b"Q\n")  # type: ignore[union-attr]  # it runs
        await process.ended
        self.assertIn("Verify return code: 0 (ok)", process.output)
        return link, process.output

    async def refusal(
        self, acceptor: Acceptor, *options: str, key_type: KeyType = KeyType.ECDSA
    ) -> HandshakeFailed:
        """Let s_client try, which must fail; the error that our side has for it."""
        credentials = openssl_credentials(shared_certificates(key_type))
        await refused_s_client(self, acceptor.port, *credentials, *options)
        error = await acceptor.ends.get()
        assert isinstance(error, HandshakeFailed)
        return error

    def assert_link(self, name: str, parts: Parts, link: SecureLink, said: str) -> None:
        """Both sides tell of the same suite."""
        self.assertEqual((name, parts), (link.cipher_suite, parts_of(link)))
        self.assertIn(f"Cipher is {parts.openssl_cipher}\n", said)


class SuiteTests(_Called):
    async def test_the_five_suites_of_tls_1_3_are_spoken(self) -> None:
        acceptor = await self.acceptor(MODIFIED)
        for name, parts in TLS_1_3_SUITES.items():
            options = ["-tls1_3", "-ciphersuites", name, "-cipher", EVERYTHING]
            link, said = await self.link(acceptor, *options)
            self.assert_link(name, parts, link, said)
            self.assertEqual("TLSv1.3", link.protocol)
            self.assertIn(f"New, TLSv1.3, Cipher is {name}\n", said)

    async def test_the_ten_suites_of_tls_1_2_are_spoken(self) -> None:
        await self.earlier(MODIFIED, TLS_1_2_SUITES, "TLSv1.2")

    async def test_diffie_hellman_in_finite_fields_is_spoken_where_it_is_demanded(self) -> None:
        for name in ("bcp195-non-downgrading", "bcp195-extended"):
            await self.earlier(PROFILES[name], DHE_SUITES, "TLSv1.2")

    async def test_the_retired_suites_are_spoken_in_each_version_before_1_3(self) -> None:
        aes, null = RETIRED_SUITES
        for version in EARLIER:
            await self.earlier(PROFILES["aes"], {aes: RETIRED_SUITES[aes]}, version)
            await self.earlier(PROFILES["bcp195"], {aes: RETIRED_SUITES[aes]}, version)
            await self.earlier(PROFILES["atna-unencrypted"], {null: RETIRED_SUITES[null]}, version)

    async def earlier(self, profile: Profile, suites: dict[str, Parts], version: str) -> None:
        """Let it propose each of these suites, and no other, in a version before TLS 1.3."""
        acceptors = {kind: await self.acceptor(profile, kind) for kind in KeyType}
        for name, parts in suites.items():
            kind = key_type_for(name)
            options = [EARLIER[version], "-cipher", f"{parts.openssl_cipher}@SECLEVEL=0"]
            link, said = await self.link(acceptors[kind], *options, key_type=kind)
            self.assert_link(name, parts, link, said)
            self.assertEqual(version, link.protocol)
            self.assertRegex(said, rf"Protocol +: {re.escape(version)}\n")

    async def test_what_the_profile_does_not_have_is_refused_in_words(self) -> None:
        acceptor = await self.acceptor(DEFAULT, KeyType.RSA)
        for cipher in ("AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-GCM-SHA384"):
            options = ["-tls1_2", "-cipher", cipher]
            error = await self.refusal(acceptor, *options, key_type=KeyType.RSA)
            self.assertEqual((False, "handshake_failure"), (error.by_peer, error.alert))
            self.assertIn("offers no cipher suite that the profile allows", str(error))

    async def test_a_version_that_the_profile_does_not_have_is_refused_in_words(self) -> None:
        only_1_2 = replace(DEFAULT, maximum_version=TLSVersion.TLS_1_2)
        refused = [(DEFAULT, "-tls1"), (DEFAULT, "-tls1_1"), (only_1_2, "-tls1_3")]
        for profile, option in refused:
            acceptor = await self.acceptor(profile)
            error = await self.refusal(acceptor, option, "-cipher", EVERYTHING)
            self.assertEqual((False, "protocol_version"), (error.by_peer, error.alert))
            self.assertIn("only versions of TLS that the profile does not allow", str(error))


class GroupTests(_Called):
    """With RSA keys: before TLS 1.3 the groups of a client are also those of certificates."""

    async def test_each_group_of_the_profile_is_agreed_on(self) -> None:
        acceptor = await self.acceptor(DEFAULT, KeyType.RSA)
        for group, known_as, told in (
            ("X25519", "x25519", "X25519, 253 bits"),
            ("P-256", "secp256r1", "ECDH, prime256v1, 256 bits"),
            ("P-384", "secp384r1", "ECDH, secp384r1, 384 bits"),
            ("P-521", "secp521r1", "ECDH, secp521r1, 521 bits"),
        ):
            for version in ("-tls1_2", "-tls1_3"):
                options = [version, "-groups", group]
                link, said = await self.link(acceptor, *options, key_type=KeyType.RSA)
                self.assertEqual(("ECDHE", known_as), (link.key_exchange, link.group))
                self.assertRegex(said, rf"(Server|Peer) Temp Key: {told}\n")

    async def test_each_finite_field_of_a_profile_is_agreed_on(self) -> None:
        acceptor = await self.acceptor(PROFILES["bcp195-non-downgrading"], KeyType.RSA)
        for group in ("ffdhe2048", "ffdhe3072"):
            options = ["-tls1_3", "-groups", group]
            link, _ = await self.link(acceptor, *options, key_type=KeyType.RSA)
            self.assertEqual(("DHE", group), (link.key_exchange, link.group))

    async def test_the_order_of_the_profile_decides_between_groups_before_tls_1_3(self) -> None:
        acceptor = await self.acceptor(DEFAULT, KeyType.RSA)
        options = ["-tls1_2", "-groups", "P-521:P-384:P-256"]
        link, _ = await self.link(acceptor, *options, key_type=KeyType.RSA)
        self.assertEqual("secp256r1", link.group)

    async def test_a_client_that_began_with_another_group_is_asked_again(self) -> None:
        acceptor = await self.acceptor(DEFAULT, KeyType.RSA)
        options = ["-tls1_3", "-msg", "-groups", "X448:P-384"]
        link, said = await self.link(acceptor, *options, key_type=KeyType.RSA)
        self.assertEqual("secp384r1", link.group)
        # A HelloRetryRequest (RFC 8446 4.1.4) is followed by another ClientHello.
        self.assertEqual(2, len(re.findall(r">>> .*, ClientHello\n", said)), said)

    async def test_a_group_that_the_profile_does_not_have_is_refused_in_words(self) -> None:
        acceptor = await self.acceptor(DEFAULT, KeyType.RSA)
        for version, group, words in (
            ("-tls1_3", "X448", "no key exchange group that the profile allows"),
            ("-tls1_3", "ffdhe2048", "no key exchange group that the profile allows"),
            # OpenSSL says no more of it there.
            ("-tls1_2", "X448", "no cipher suite that the profile allows"),
            ("-tls1_2", "brainpoolP256r1", "no cipher suite that the profile allows"),
        ):
            options = [version, "-groups", group]
            error = await self.refusal(acceptor, *options, key_type=KeyType.RSA)
            self.assertEqual((False, "handshake_failure"), (error.by_peer, error.alert))
            self.assertIn(words, str(error))
