"""Profiles are data, and say what they name."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.tls import DEFAULT_PROFILE, PROFILES, TLSVersion, describe_suite, profile_named


class ProfileTests(SynchronousTestCase):
    def test_a_profile_is_found_by_its_name(self) -> None:
        self.assertIs(profile_named("bcp195-rfc9325"), DEFAULT_PROFILE)
        for name, profile in PROFILES.items():
            self.assertIs(profile_named(name), profile)

    def test_an_unknown_name_is_answered_with_those_that_are_known(self) -> None:
        error = self.assertRaises(ValueError, profile_named, "rot13")
        self.assertIn("'rot13'", str(error))
        self.assertIn("bcp195-rfc9325", str(error))

    def test_the_default_takes_nothing_older_than_tls_1_2(self) -> None:
        self.assertIs(DEFAULT_PROFILE.minimum_version, TLSVersion.TLS_1_2)
        self.assertIs(DEFAULT_PROFILE.maximum_version, TLSVersion.TLS_1_3)

    def test_the_default_holds_the_suites_that_rfc_9325_recommends(self) -> None:
        self.assertLessEqual(
            {
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            },
            set(DEFAULT_PROFILE.cipher_suites),
        )

    def test_every_suite_of_the_default_is_ephemeral_and_authenticated(self) -> None:
        for name in DEFAULT_PROFILE.cipher_suites:
            suite = describe_suite(name)
            self.assertEqual((suite.key_exchange, suite.integrity), ("ECDHE", "AEAD"), name)
            self.assertGreaterEqual(suite.encryption_bits, 128)

    def test_openssl_names_keep_the_order(self) -> None:
        self.assertEqual(
            DEFAULT_PROFILE.openssl_ciphers[:2],
            ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        )
