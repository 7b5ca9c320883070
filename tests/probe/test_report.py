"""Which profiles a server satisfies follows from the facts, and from nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from twisted.trial.unittest import SynchronousTestCase

from tests.probe.flights import SERVER_NAME
from tests.tls.certificates import CA, NOW, Issued
from txdicomtls.probe.facts import ChainFacts, Demand, Facts, VersionFacts
from txdicomtls.probe.hello import ProtocolVersion
from txdicomtls.probe.identity import judge_chain
from txdicomtls.probe.report import plain, satisfies
from txdicomtls.tls import DEFAULT_PROFILE, PROFILES, Profile
from txdicomtls.tls.profiles import Preference

SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = ProtocolVersion

AES_128_CBC = "TLS_RSA_WITH_AES_128_CBC_SHA"
TRIPLE_DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
GCM_OF_RSA = (
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
)
DHE_GCM = (
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
)


def chain(issued: Issued) -> ChainFacts:
    certificates = (issued.certificate, *issued.chain)
    return judge_chain(
        tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates),
        b"",
        host=SERVER_NAME,
        trust=None,
        now=NOW,
    )


def version(number: ProtocolVersion, *suites: str, **more: Any) -> VersionFacts:
    usual: dict[str, Any] = {}
    if number is not TLS_1_3:
        usual = {"renegotiation_info": True, "extended_master_secret": True}
    return VersionFacts(version=number, suites=suites, **(usual | more))


def server(*versions: VersionFacts, kind: str = "rsa2048", **more: Any) -> Facts:
    return Facts(
        host=SERVER_NAME,
        port=2762,
        speaks="TLS",
        versions=versions,
        prefers=max(each.version for each in versions),
        chains=(chain(CA.issue(SERVER_NAME, kind=kind)),),
        **more,
    )


NEWEST = version(TLS_1_3, *DEFAULT_PROFILE.tls13_cipher_suites)
GOOD = server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, groups=("X25519", "secp256r1")))


def profile(name: str) -> Profile:
    return PROFILES[name]


class DefaultProfileTests(SynchronousTestCase):
    """B.12 recommends suites, requires TLS 1.2 and forbids what is weak."""

    def failures(self, facts: Facts) -> tuple[str, ...]:
        return satisfies(facts, DEFAULT_PROFILE)

    def test_a_good_server_fails_nothing(self) -> None:
        self.assertEqual((), self.failures(GOOD))

    def test_a_suite_that_is_not_listed_but_as_good_is_no_failure(self) -> None:
        suites = (*GCM_OF_RSA, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384")
        self.assertEqual((), self.failures(server(NEWEST, version(TLS_1_2, *suites))))

    def test_tls_1_3_need_not_be_there_and_tls_1_2_must(self) -> None:
        self.assertEqual((), self.failures(server(version(TLS_1_2, *GCM_OF_RSA))))
        self.assertEqual(("does not take TLS 1.2",), self.failures(server(NEWEST)))

    def test_older_versions_are_failures_whatever_their_suites(self) -> None:
        for old in (SSL_3_0, TLS_1_0, TLS_1_1):
            facts = server(*GOOD.versions, version(old, *GCM_OF_RSA))
            self.assertEqual((f"accepts {old.label}",), self.failures(facts))

    def test_a_suite_that_is_not_permitted_is_named_with_the_reason(self) -> None:
        for name, reason in (
            (AES_128_CBC, "its key exchange is RSA"),
            (DHE_GCM[0], "its key exchange is DHE"),
            (TRIPLE_DES, "112 bits"),
            ("TLS_ECDHE_RSA_WITH_NULL_SHA", "it does not encrypt"),
            ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "RC4"),
            ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "anon"),
            ("0xFFFF", "it is not known"),
        ):
            [line] = self.failures(server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, name)))
            self.assertIn(f"accepts {name}, which the profile does not permit", line)
            self.assertIn(reason, line)

    def test_tls_1_3_must_be_preferred(self) -> None:
        [line] = self.failures(replace(GOOD, prefers=TLS_1_2))
        self.assertIn("does not prefer TLS 1.3", line)

    def test_none_of_its_suites_is_a_failure(self) -> None:
        facts = server(version(TLS_1_2, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384"))
        self.assertEqual(
            ("accepts none of the cipher suites of the profile",), self.failures(facts)
        )

    def test_what_bcp_195_wants_of_tls_1_2_is_wanted(self) -> None:
        for change, words in (
            ({"compression": True}, "compresses in TLS 1.2"),
            ({"renegotiation_info": False}, "secure renegotiation"),
            ({"extended_master_secret": False}, "extended_master_secret"),
            ({"groups": ("secp256r1", "secp224r1")}, "takes group secp224r1 of 224 bits"),
        ):
            [line] = self.failures(server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, **change)))
            self.assertIn(words, line)

    def test_a_weak_key_is_a_failure(self) -> None:
        [line] = self.failures(replace(GOOD, chains=(chain(CA.issue("a", kind="rsa1024")),)))
        self.assertIn("RSA with 1024 bits, and 2048 are needed", line)
        inner = CA.issue(subject="inner", is_ca=True, kind="rsa1024")
        [line] = self.failures(replace(GOOD, chains=(chain(inner.issue("a")),)))
        self.assertIn("CN=inner", line)

    def test_what_the_site_decides_is_left_alone(self) -> None:
        for demand in Demand:
            self.assertEqual((), self.failures(replace(GOOD, client_certificate=demand)))

    def test_no_tls_is_the_only_failure_there_is(self) -> None:
        facts = Facts(host="a", port=1, speaks="plain DICOM")
        self.assertEqual(("does not speak TLS: plain DICOM",), self.failures(facts))
        facts = Facts(host="a", port=1, speaks="TLS")
        self.assertEqual(
            ("accepts no version and suite of TLS that is known",), self.failures(facts)
        )

    def test_each_failure_is_said_once(self) -> None:
        facts = server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, AES_128_CBC))
        facts = replace(facts, chains=facts.chains * 2, versions=facts.versions * 2)
        self.assertEqual(1, len(self.failures(facts)))


class OtherProfileTests(SynchronousTestCase):
    def test_every_profile_is_satisfied_by_a_server_that_has_just_its_suites(self) -> None:
        for each in PROFILES.values():
            versions = [
                version(ProtocolVersion[number.name], *each.cipher_suites)
                for number in each.versions
                if number.name != "TLS_1_3"
            ]
            if each.tls13_cipher_suites:
                versions.append(version(TLS_1_3, *each.tls13_cipher_suites))
            self.assertEqual((), satisfies(server(*versions), each), each.name)

    def test_no_profile_is_satisfied_by_nothing_or_by_triple_des_under_ssl_3_0(self) -> None:
        for each in PROFILES.values():
            facts = server(version(SSL_3_0, TRIPLE_DES))
            self.assertNotEqual((), satisfies(facts, each), each.name)

    def test_b_13_requires_both_versions_and_all_that_goes_with_the_key(self) -> None:
        modified = profile("bcp195-rfc9325-modified")
        lines = satisfies(GOOD, modified)
        self.assertIn("does not take TLS_AES_128_CCM_8_SHA256", lines)
        self.assertIn("does not take TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", lines)
        self.assertFalse([line for line in lines if "ECDSA" in line], "the key is one of RSA")
        older = server(version(TLS_1_2, *modified.cipher_suites))
        self.assertIn("does not take TLS 1.3", satisfies(older, modified))
        extra = server(
            version(TLS_1_3, *modified.tls13_cipher_suites),
            version(TLS_1_2, *modified.cipher_suites, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"),
        )
        [line] = satisfies(extra, modified)
        self.assertIn("permits no suite but those that it lists", line)

    def test_b_10_requires_its_four_suites_whatever_the_key(self) -> None:
        non_downgrading = profile("bcp195-non-downgrading")
        missing = {f"does not take {name}" for name in DHE_GCM}
        self.assertEqual(missing, set(satisfies(GOOD, non_downgrading)))
        ecdsa = server(version(TLS_1_2, *GCM_OF_RSA), kind="p256")
        self.assertEqual(missing, set(satisfies(ecdsa, non_downgrading)))

    def test_b_10_and_b_11_have_a_floor_for_finite_fields(self) -> None:
        for name in ("bcp195-non-downgrading", "bcp195-extended"):
            suites = (*GCM_OF_RSA, *DHE_GCM)
            short = server(version(TLS_1_2, *suites, dhe_bits=1024))
            [line] = satisfies(short, profile(name))
            self.assertIn("Diffie-Hellman of 1024 bits, and 2048 are needed", line)
            long = server(version(TLS_1_2, *suites, dhe_bits=2048))
            self.assertEqual((), satisfies(long, profile(name)))

    def test_b_9_permits_what_rfc_7525_recommended(self) -> None:
        facts = server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, *DHE_GCM, dhe_bits=2048))
        self.assertEqual((), satisfies(facts, profile("bcp195")))
        self.assertEqual(len(DHE_GCM), len(satisfies(facts, DEFAULT_PROFILE)))

    def test_b_11_permits_no_tls_1_3_and_no_other_suite(self) -> None:
        extended = profile("bcp195-extended")
        facts = server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, *DHE_GCM))
        self.assertEqual(len(NEWEST.suites), len(satisfies(facts, extended)))

    def test_the_profiles_of_old_take_what_is_newer_and_refuse_what_is_weaker(self) -> None:
        basic, aes = profile("basic"), profile("aes")
        modern = server(NEWEST, version(TLS_1_2, *GCM_OF_RSA, AES_128_CBC, TRIPLE_DES))
        self.assertEqual((), satisfies(modern, basic))
        self.assertEqual((), satisfies(modern, aes))
        self.assertEqual(
            ("does not take TLS_RSA_WITH_3DES_EDE_CBC_SHA",),
            satisfies(server(version(TLS_1_0, AES_128_CBC)), basic),
        )
        self.assertEqual((), satisfies(server(version(TLS_1_0, AES_128_CBC)), aes))
        single = server(version(TLS_1_0, TRIPLE_DES, "TLS_RSA_WITH_DES_CBC_SHA"))
        [line] = satisfies(single, basic)
        self.assertIn("TLS_RSA_WITH_DES_CBC_SHA", line)
        self.assertIn("takes no version from TLS 1.0 to TLS 1.2", satisfies(server(NEWEST), basic))


class JSONTests(SynchronousTestCase):
    def test_facts_become_json_with_words_instead_of_codes(self) -> None:
        second = replace(GOOD.versions[1], preference=Preference.SERVER)
        found = json.loads(json.dumps(plain(replace(GOOD, versions=(second,)))))
        self.assertEqual("TLS 1.3", found["prefers"])
        self.assertEqual("not known", found["client_certificate"])
        [only] = found["versions"]
        self.assertEqual(("TLS 1.2", "server"), (only["version"], only["preference"]))
        self.assertEqual(list(GCM_OF_RSA), only["suites"])
        [certificate] = found["chains"][0]["certificates"]
        self.assertEqual("sha256", certificate["signature_hash"])
        self.assertEqual([SERVER_NAME], certificate["description"]["names"])
        self.assertTrue(certificate["description"]["not_after"].startswith("20"))
