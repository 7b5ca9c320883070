"""DCMTK with each suite, and each version of TLS, that it has in common with a profile of ours."""

from __future__ import annotations

from dataclasses import replace

from tests.interop.dcmtk_pairings import AES, UNENCRYPTED, PairedTestCase, Pairing
from tests.interop.links import associate, security
from tests.interop.peers import start_storescp
from txdicomtls.tls import PROFILES, Profile, SecureLink, TLSVersion
from txdicomtls.tls.authority import KeyType


class SuiteTests(PairedTestCase):
    """Suite by suite, with nothing else permitted on our side."""

    async def test_each_suite_of_the_default_profile_is_spoken(self) -> None:
        profile = PROFILES["bcp195-rfc9325"]
        self.assertEqual(9, len(profile.suites))
        await self.each_suite(profile, "+py", *naming(profile))

    async def test_each_suite_of_bcp195_is_spoken(self) -> None:
        profile = PROFILES["bcp195"]
        self.assertEqual(8, len(profile.suites))
        await self.each_suite(profile, "+px", *naming(profile))

    async def test_each_suite_of_bcp195_non_downgrading_is_spoken(self) -> None:
        profile = PROFILES["bcp195-non-downgrading"]
        self.assertEqual(7, len(profile.suites))
        await self.each_suite(profile, "+py")

    async def test_each_suite_of_bcp195_extended_is_spoken(self) -> None:
        # Of its twelve, OpenSSL has no version of those with Camellia in Galois/counter mode.
        names = [one for one in PROFILES["bcp195-extended"].cipher_suites if "CAMELLIA" not in one]
        self.assertEqual(6, len(names))
        await self.each_suite(PROFILES["bcp195-extended"].with_cipher_suites(names), "+pz")

    async def each_suite(self, profile: Profile, *options: str) -> None:
        """Let both call under each suite."""
        _, port = await start_storescp(self, self.rsa, *options)
        for suite in profile.suites:
            alone = profile.with_cipher_suites([suite.iana_name])
            if suite.authentication == "ECDSA":
                # As a server of TLS 1.2, DCMTK 3.6.7 takes none but RSA keys.
                await self.called(alone, options, KeyType.ECDSA)
            else:
                await self.called(alone, options, KeyType.RSA)
                await self.calling(alone, port)

    async def called(self, profile: Profile, options: tuple[str, ...], key_type: KeyType) -> None:
        acceptor = await self.acceptor(profile, key_type)
        said = await self.echo_from(acceptor.port, *options, key_type=key_type)
        self.assertIn("Received Echo Response (Success)", said)
        [protocol] = acceptor.protocols
        assert protocol.facts is not None
        self.assert_suite(profile, protocol.facts.link)

    async def calling(self, profile: Profile, port: int) -> None:
        secured = await security(self.rsa, "client", profile=profile)
        async with await associate(port, secured) as association:
            self.assertEqual(0, await association.echo())
            self.assert_suite(profile, association.link)

    def assert_suite(self, profile: Profile, link: SecureLink) -> None:
        """The only suite of a profile, and its parts."""
        [suite] = profile.suites
        self.assertEqual(suite, link.suite)
        self.assertEqual("TLSv1.3" if suite.is_tls13 else "TLSv1.2", link.protocol)
        self.assertEqual(
            (suite.encryption, suite.encryption_bits, suite.integrity),
            (link.encryption, link.encryption_bits, link.integrity),
        )
        self.assertEqual(suite.key_exchange or "ECDHE", link.key_exchange)


class VersionTests(PairedTestCase):
    """The versions of TLS before 1.2, which only the retired profiles have."""

    async def test_a_retired_profile_is_spoken_over_tls_1_0_and_1_1(self) -> None:
        for version in (TLSVersion.TLS_1_0, TLSVersion.TLS_1_1):
            for pairing in (AES, UNENCRYPTED):
                profile = replace(PROFILES[pairing.profile], maximum_version=version)
                await self.downgraded(profile, pairing, version)

    async def test_bcp195_goes_down_to_the_suite_and_versions_of_the_aes_profile(self) -> None:
        for version in (TLSVersion.TLS_1_0, TLSVersion.TLS_1_1, TLSVersion.TLS_1_2):
            profile = replace(PROFILES["bcp195"], maximum_version=version)
            await self.downgraded(profile, AES, version)

    async def downgraded(self, profile: Profile, pairing: Pairing, version: TLSVersion) -> None:
        expected = replace(pairing, profile=profile.name, protocol=version.value)
        acceptor = await self.acceptor(profile)
        said = await self.echo_from(acceptor.port, pairing.option)
        self.assertIn("Received Echo Response (Success)", said)
        [protocol] = acceptor.protocols
        assert protocol.facts is not None
        self.assert_agreed(expected, protocol.facts.link)
        _, port = await start_storescp(self, self.rsa, pairing.option)
        secured = await security(self.rsa, "client", profile=profile)
        async with await associate(port, secured) as association:
            self.assert_agreed(expected, association.link)
            self.assertEqual(0, await association.echo())


def naming(profile: Profile) -> list[str]:
    """Give the options that make DCMTK take suites that are in none of its own profiles."""
    return [word for name in profile.cipher_suites for word in ("+cs", name)]
