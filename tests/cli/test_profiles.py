"""What ``txdicomtls profiles`` says of the profiles, and of the OpenSSL in use."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli import profiles as command
from txdicomtls.tls import capabilities
from txdicomtls.tls.capabilities import available_suites, openssl_version
from txdicomtls.tls.profiles import PROFILES, Preference, profile_named

TRIPLE_DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
MODIFIED = profile_named("bcp195-rfc9325-modified")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.profiles, list(arguments), env={"COLUMNS": "200"})


class ProfilesTests(SynchronousTestCase):
    def lack(self, *names: str) -> None:
        """Pretend that the OpenSSL in use lacks these suites, and has all others."""
        every = {suite.iana_name for profile in PROFILES.values() for suite in profile.suites}
        for module in (capabilities, command):
            self.patch(module, "available_suites", lambda: frozenset(every.difference(names)))

    def test_all_profiles_are_listed_with_section_versions_and_status(self) -> None:
        result = run()
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertIn(f"OpenSSL {openssl_version()}", result.output)
        for profile in PROFILES.values():
            line = next(
                line for line in result.output.splitlines() if line.startswith(profile.name + " ")
            )
            self.assertIn(profile.section, line)
            self.assertIn("retired" if profile.retired else "", line)
        self.assertRegex(result.output, r"bcp195-rfc9325 .* 1\.2-1\.3 .* default ")
        self.assertRegex(result.output, r"bcp195-extended .* 1\.2 .* retired ")

    def test_what_openssl_cannot_do_is_said(self) -> None:
        self.lack(TRIPLE_DES)
        output = run().output
        self.assertRegex(output, rf"basic .* refused: lacks {TRIPLE_DES}")
        self.assertRegex(output, r"aes .* all but 1 optional")
        self.assertRegex(output, r"bcp195-rfc9325-modified .* all *\n")

    def test_one_profile_is_shown_in_full(self) -> None:
        output = run(MODIFIED.name).output
        for text in (
            "PS3.15 B.13",
            "TLSv1.2, TLSv1.3",
            "no suite but these",
            "the server's decides",
            "X25519, secp256r1",
            "RSA 2048 bits, EC 256 bits",
            "sha256, sha384, sha512",
            "ecdsa_secp256r1_sha256",
        ):
            self.assertIn(text, output)
        places = [output.index(f" {suite.iana_name} ") for suite in MODIFIED.suites]
        self.assertEqual(places, sorted(places))
        self.assertRegex(
            output,
            r"5 +TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 +ECDHE +ECDSA +AES-256-GCM +AEAD +yes",
        )
        self.assertRegex(output, r"0 +TLS_AES_256_GCM_SHA384 +by group +any +AES-256-GCM +AEAD")
        self.assertIn("Diffie-Hellman 2048 bits", run("bcp195-extended").output)

    def test_each_suite_says_whether_it_is_here(self) -> None:
        self.lack(TRIPLE_DES, "TLS_RSA_WITH_NULL_SHA")
        self.assertRegex(run("basic").output, rf"{TRIPLE_DES} .* no\s*\n")
        self.assertRegex(run("aes").output, rf"{TRIPLE_DES} .* no, optional\s*\n")
        self.assertRegex(run("aes").output, r"TLS_RSA_WITH_AES_128_CBC_SHA .* yes\s*\n")

    def test_groups_that_lack_are_named(self) -> None:
        self.patch(command, "has_group", lambda name: name != "secp521r1")
        self.assertIn("(lacking here: secp521r1)", run("aes").output)

    def test_the_order_of_the_client_is_said(self) -> None:
        own = MODIFIED.with_cipher_suites(["TLS_AES_128_GCM_SHA256"], preference=Preference.CLIENT)
        self.assertIn("the client's decides", dict(command.facts(own))["Order"])

    def test_json_has_everything(self) -> None:
        values = json.loads(run("--json").output)
        self.assertEqual([value["name"] for value in values], list(PROFILES))
        for value in values:
            profile = profile_named(value["name"])
            self.assertEqual(value["section"], profile.section)
            self.assertEqual(value["retired"], profile.retired)
            self.assertEqual(value["rsa_bits"], profile.rsa_bits)
            self.assertEqual(
                [suite["iana_name"] for suite in value["suites"]],
                [suite.iana_name for suite in profile.suites],
            )
            for suite in value["suites"]:
                self.assertEqual(suite["available"], suite["iana_name"] in available_suites())

    def test_json_of_one_profile_is_one_object(self) -> None:
        self.lack(TRIPLE_DES)
        value = json.loads(run("basic", "--json").output)
        self.assertEqual(value["openssl"]["missing"], [TRIPLE_DES])
        self.assertIs(value["openssl"]["usable"], False)
        self.assertEqual(value["suites"][0]["code"], "0x000A")
        self.assertEqual(value["suites"][0]["openssl_name"], "DES-CBC3-SHA")
        self.assertIs(json.loads(run("aes", "--json").output)["openssl"]["usable"], True)

    def test_an_unknown_profile_is_answered_with_those_that_are_known(self) -> None:
        result = run("rot13")
        self.assertEqual(result.exit_code, 2)
        self.assertIn("'rot13'", result.output)
        self.assertIn("bcp195-extended", result.output)

    def test_help_has_examples(self) -> None:
        output = run("--help").output
        self.assertIn("txdicomtls profiles basic --json", output)
        self.assertIn("List the security profiles", output)
