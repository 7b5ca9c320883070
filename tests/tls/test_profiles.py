"""Profiles are data, and say what they name."""

from __future__ import annotations

import runpy
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.tls.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    Preference,
    Profile,
    TLSVersion,
    profile_named,
)
from txdicomtls.tls.suites import describe_suite

MODIFIED = profile_named("bcp195-rfc9325-modified")
EXTENDED = profile_named("bcp195-extended")

#: RFC 9325 4.2, and what PS3.15 B.10 and B.11 require.
RECOMMENDED = {
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
}
FOUR = {
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
}
SHOULD_OF_EXTENDED = {
    "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
    "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
}
TEN_OF_MODIFIED = {
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
}
FIVE_OF_MODIFIED = {
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
}

#: Name, section, versions, whether it is retired.
LISTED = (
    ("bcp195-rfc9325", "PS3.15 B.12", ("TLSv1.2", "TLSv1.3"), False),
    ("bcp195-rfc9325-modified", "PS3.15 B.13", ("TLSv1.2", "TLSv1.3"), False),
    ("bcp195", "PS3.15 B.9", ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), True),
    ("bcp195-non-downgrading", "PS3.15 B.10", ("TLSv1.2", "TLSv1.3"), True),
    ("bcp195-extended", "PS3.15 B.11", ("TLSv1.2",), True),
    ("aes", "PS3.15 B.3", ("TLSv1", "TLSv1.1", "TLSv1.2"), True),
    ("basic", "PS3.15 B.1", ("TLSv1", "TLSv1.1", "TLSv1.2"), True),
    ("atna-unencrypted", "IHE ITI-19", ("TLSv1", "TLSv1.1", "TLSv1.2"), True),
)


class ProfileTests(SynchronousTestCase):
    def test_every_profile_is_there_with_its_section_and_versions(self) -> None:
        self.assertEqual(list(PROFILES), [name for name, *_ in LISTED])
        for name, section, versions, retired in LISTED:
            profile = profile_named(name)
            self.assertEqual(profile.section, section)
            self.assertEqual(tuple(version.value for version in profile.versions), versions)
            self.assertIs(profile.retired, retired)
            self.assertTrue(profile.title)

    def test_a_profile_is_found_by_its_name(self) -> None:
        self.assertIs(profile_named("bcp195-rfc9325"), DEFAULT_PROFILE)
        for name, profile in PROFILES.items():
            self.assertIs(profile_named(name), profile)

    def test_an_unknown_name_is_answered_with_those_that_are_known(self) -> None:
        error = self.assertRaises(ValueError, profile_named, "rot13")
        self.assertIn("'rot13'", str(error))
        self.assertIn("bcp195-rfc9325", str(error))

    def test_the_default_holds_the_suites_that_rfc_9325_recommends(self) -> None:
        self.assertLessEqual(RECOMMENDED, set(DEFAULT_PROFILE.cipher_suites))

    def test_every_suite_of_a_live_profile_is_ephemeral_and_authenticated(self) -> None:
        for profile in PROFILES.values():
            for suite in () if profile.retired else profile.suites:
                self.assertIn(suite.key_exchange, ("ECDHE", ""), suite.iana_name)
                self.assertEqual(suite.integrity, "AEAD", suite.iana_name)
                self.assertGreaterEqual(suite.encryption_bits, 128)

    def test_the_modified_profile_requires_ten_and_five_suites_and_permits_camellia(self) -> None:
        required = set(MODIFIED.cipher_suites) - MODIFIED.optional
        self.assertEqual(required, TEN_OF_MODIFIED)
        self.assertEqual(set(MODIFIED.tls13_cipher_suites), FIVE_OF_MODIFIED)
        self.assertEqual(len(MODIFIED.optional), 4)
        for name in MODIFIED.optional:
            self.assertIn("CAMELLIA", name)
            self.assertIn(name, MODIFIED.cipher_suites)

    def test_suites_with_short_tags_come_last(self) -> None:
        modes = [describe_suite(name).mode for name in MODIFIED.cipher_suites]
        self.assertEqual(modes[-2:], ["CCM_8", "CCM_8"])
        self.assertNotIn("CCM_8", modes[:-2])

    def test_non_downgrading_and_extended_require_the_same_four(self) -> None:
        self.assertEqual(set(profile_named("bcp195-non-downgrading").cipher_suites), FOUR)
        self.assertEqual(set(EXTENDED.cipher_suites) - EXTENDED.optional, FOUR)
        self.assertEqual(EXTENDED.optional, SHOULD_OF_EXTENDED)
        self.assertEqual(EXTENDED.tls13_cipher_suites, ())

    def test_the_oldest_have_the_suites_that_they_are_known_for(self) -> None:
        triple_des = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
        aes = profile_named("aes")
        self.assertEqual(profile_named("basic").cipher_suites, (triple_des,))
        self.assertEqual(aes.cipher_suites, ("TLS_RSA_WITH_AES_128_CBC_SHA", triple_des))
        self.assertEqual(aes.optional, {triple_des})
        self.assertEqual(
            profile_named("atna-unencrypted").cipher_suites, ("TLS_RSA_WITH_NULL_SHA",)
        )

    def test_finite_field_diffie_hellman_is_only_where_it_is_demanded_and_long(self) -> None:
        demanding = {"bcp195-non-downgrading", "bcp195-extended"}
        for profile in PROFILES.values():
            exchanges = {suite.key_exchange for suite in profile.suites}
            self.assertEqual("DHE" in exchanges, profile.name in demanding)
            if "DHE" in exchanges:
                self.assertGreaterEqual(profile.dh_bits, 2048)
                # Below level 2 OpenSSL takes shorter ones from a server.
                self.assertGreaterEqual(profile.security_level, 2)

    def test_only_the_oldest_take_short_keys_and_sha_1(self) -> None:
        oldest = {"aes", "basic", "atna-unencrypted"}
        for profile in PROFILES.values():
            self.assertEqual(profile.rsa_bits < 2048, profile.name in oldest)
            self.assertEqual("sha1" in profile.signature_hashes, profile.name in oldest)
            self.assertNotIn("md5", profile.signature_hashes)
            self.assertGreaterEqual(profile.ec_bits, 256)
            sha1 = [name for name in profile.signature_algorithms if name.upper().endswith("SHA1")]
            self.assertEqual(bool(sha1), profile.name in oldest)
            self.assertTrue(profile.signature_algorithms)

    def test_what_is_optional_is_listed(self) -> None:
        for profile in PROFILES.values():
            self.assertLessEqual(profile.optional, set(profile.cipher_suites))

    def test_openssl_names_keep_the_order_and_leave_out_what_openssl_never_had(self) -> None:
        self.assertEqual(
            DEFAULT_PROFILE.openssl_ciphers[:2],
            ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        )
        self.assertEqual(len(MODIFIED.openssl_ciphers), 10)


class OwnListTests(SynchronousTestCase):
    def refusal(self, profile: Profile, *names: str) -> str:
        return str(self.assertRaises(ValueError, profile.with_cipher_suites, names))

    def test_the_order_is_kept_and_either_name_is_taken(self) -> None:
        own = DEFAULT_PROFILE.with_cipher_suites(
            [
                "ECDHE-RSA-AES128-GCM-SHA256",
                "TLS_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_AES_128_GCM_SHA256",
            ]
        )
        self.assertEqual(
            own.cipher_suites,
            (
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            ),
        )
        self.assertEqual(
            own.tls13_cipher_suites,
            ("TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"),
        )
        self.assertEqual(own.name, DEFAULT_PROFILE.name)

    def test_the_list_is_read_back_by_index_those_of_tls_1_3_first(self) -> None:
        own = DEFAULT_PROFILE.with_cipher_suites(
            ["ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"]
        )
        self.assertEqual(own.suite(0).iana_name, "TLS_AES_128_GCM_SHA256")
        self.assertEqual(own.suite(1).openssl_name, "ECDHE-RSA-AES128-GCM-SHA256")
        self.assertEqual(own.suites, (own.suite(0), own.suite(1)))
        self.assertRaises(IndexError, own.suite, 2)

    def test_either_side_may_decide(self) -> None:
        names = ["TLS_AES_128_GCM_SHA256"]
        self.assertIs(DEFAULT_PROFILE.with_cipher_suites(names).preference, Preference.SERVER)
        own = DEFAULT_PROFILE.with_cipher_suites(names, preference=Preference.CLIENT)
        self.assertIs(own.preference, Preference.CLIENT)

    def test_a_list_for_one_version_leaves_the_other_out(self) -> None:
        earlier = DEFAULT_PROFILE.with_cipher_suites(["ECDHE-RSA-AES128-GCM-SHA256"])
        self.assertEqual(earlier.versions, (TLSVersion.TLS_1_2,))
        later = DEFAULT_PROFILE.with_cipher_suites(["TLS_AES_128_GCM_SHA256"])
        self.assertEqual(later.versions, (TLSVersion.TLS_1_3,))

    def test_none_of_a_list_of_one_s_own_is_optional(self) -> None:
        own = MODIFIED.with_cipher_suites(["TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"])
        self.assertEqual(own.optional, frozenset())

    def test_unknown_names_signals_repetitions_and_empty_lists_are_refused(self) -> None:
        self.assertIn("'ROT13-SHA'", self.refusal(DEFAULT_PROFILE, "ROT13-SHA"))
        self.assertIn("a signal", self.refusal(DEFAULT_PROFILE, "TLS_FALLBACK_SCSV"))
        twice = self.refusal(
            DEFAULT_PROFILE,
            "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        )
        self.assertIn("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 twice", twice)
        self.assertIn("names none", self.refusal(DEFAULT_PROFILE))
        error = self.assertRaises(
            ValueError, DEFAULT_PROFILE.with_cipher_suites, "TLS_AES_128_GCM_SHA256"
        )
        self.assertIn("names none", str(error))

    def test_weak_suites_are_refused_with_the_reason(self) -> None:
        for name, reason in (
            ("NULL-SHA256", "does not encrypt"),
            ("TLS_SHA256_SHA256", "does not encrypt"),
            ("ECDHE-RSA-RC4-SHA", "RC4 is forbidden"),
            ("EXP-RC4-MD5", "RC4 is forbidden"),
            ("ECDHE-RSA-DES-CBC3-SHA", "3DES-EDE-CBC, has 112 bits, and 128 are needed"),
            ("DES-CBC-SHA", "DES-CBC, has 56 bits"),
            ("EXP-DES-CBC-SHA", "DES40-CBC, has 40 bits"),
            ("AECDH-AES256-SHA", "authentication is anon"),
            ("ECDHE-PSK-CHACHA20-POLY1305", "authentication is PSK"),
            ("SRP-RSA-AES-256-CBC-SHA", "authentication is SRP+RSA"),
            ("DHE-DSS-AES256-GCM-SHA384", "authentication is DSS"),
            ("AES256-GCM-SHA384", "key exchange is RSA, and it must be ECDHE"),
            ("DHE-RSA-AES256-GCM-SHA384", "key exchange is DHE"),
            ("ECDH-RSA-AES256-GCM-SHA384", "key exchange is ECDH,"),
            ("ECDHE-RSA-AES256-SHA", "integrity is HMAC-SHA1"),
            ("ECDHE-ECDSA-AES128-CCM8", "64 bits"),
        ):
            text = self.refusal(DEFAULT_PROFILE, "TLS_AES_128_GCM_SHA256", name)
            self.assertIn(f"profile bcp195-rfc9325 does not permit {name}: ", text)
            self.assertIn(reason, text)

    def test_suites_as_good_as_its_own_may_be_added(self) -> None:
        for name in ("ECDHE-RSA-AES256-SHA384", "ECDHE-ECDSA-AES256-CCM"):
            self.assertEqual(DEFAULT_PROFILE.with_cipher_suites([name]).openssl_ciphers, (name,))

    def test_profiles_that_permit_no_other_suite_take_none(self) -> None:
        name = "ECDHE-RSA-AES256-SHA384"
        self.assertIn("PS3.15 B.13 permits no suite but", self.refusal(MODIFIED, name))
        self.assertIn("PS3.15 B.11 permits no suite but", self.refusal(EXTENDED, name))
        self.assertIn("PS3.15 B.11", self.refusal(EXTENDED, "TLS_AES_128_GCM_SHA256"))
        own = MODIFIED.with_cipher_suites(["ECDHE-ECDSA-AES128-CCM8"])
        self.assertEqual(own.openssl_ciphers, ("ECDHE-ECDSA-AES128-CCM8",))

    def test_a_retired_profile_takes_more_but_never_what_protects_nothing(self) -> None:
        basic = profile_named("basic")
        for name in ("DES-CBC3-SHA", "AES128-SHA", "DHE-RSA-AES256-SHA"):
            self.assertEqual(basic.with_cipher_suites([name]).openssl_ciphers, (name,))
        for name, reason in (
            ("DES-CBC-SHA", "56 bits, and 112"),
            ("RC4-SHA", "RC4"),
            ("NULL-SHA", "does not encrypt"),
            ("NULL-MD5", "does not encrypt"),
            ("ADH-AES128-SHA", "anon"),
            ("TLS_AES_128_GCM_SHA256", "TLS 1.3"),
        ):
            self.assertIn(reason, self.refusal(basic, name))
        self.assertIn("DHE", self.refusal(profile_named("bcp195"), "DHE-RSA-AES128-SHA"))
        self.assertIn(
            "does not encrypt", self.refusal(profile_named("atna-unencrypted"), "NULL-SHA256")
        )


class DocumentationTests(SynchronousTestCase):
    def test_the_tables_of_the_documentation_have_every_profile_with_its_suites(self) -> None:
        script = Path(__file__).parents[2] / "docs" / "profile_table.py"
        directory = Path(self.mktemp())
        runpy.run_path(str(script))["write"](directory)
        page = (directory / "profiles.md").read_text(encoding="utf-8")
        overview, _, chapters = page.partition("## Suites of each")
        for profile in PROFILES.values():
            self.assertIn(f"| [`{profile.name}`](#{profile.name}) | {profile.section}", overview)
            chapter = chapters.partition(f"### `{profile.name}`\n")[2].partition("###")[0]
            places = [chapter.index(f"`{suite.iana_name}`") for suite in profile.suites]
            self.assertEqual(places, sorted(places))
            self.assertEqual(chapter.count("| optional |"), len(profile.optional))

    def test_the_page_says_why_there_is_no_single_des(self) -> None:
        page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
        self.assertIn("## Single DES", page)
        for profile in PROFILES.values():
            for name in ("DES-CBC-SHA", "EDH-RSA-DES-CBC-SHA"):
                self.assertRaises(ValueError, profile.with_cipher_suites, [name])
