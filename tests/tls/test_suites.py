"""Suites are read by either name, and by their code points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.tls.suites import (
    SuiteDescription,
    describe_suite,
    registered_suites,
    suite_of_code,
)

REGISTRY = Path(__file__).with_name("iana_suites.txt")
REGISTERED = 354

#: What OpenSSL once had, under the names of its time.
RETIRED = (
    ("DES-CBC-SHA", "TLS_RSA_WITH_DES_CBC_SHA"),
    ("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    ("EDH-RSA-DES-CBC-SHA", "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    ("EDH-RSA-DES-CBC3-SHA", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    ("DHE-RSA-DES-CBC3-SHA", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    ("EDH-DSS-DES-CBC3-SHA", "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
    ("NULL-MD5", "TLS_RSA_WITH_NULL_MD5"),
    ("NULL-SHA", "TLS_RSA_WITH_NULL_SHA"),
    ("RC4-MD5", "TLS_RSA_WITH_RC4_128_MD5"),
    ("EXP-RC4-MD5", "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    ("EXP-RC2-CBC-MD5", "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"),
    ("EXP-DES-CBC-SHA", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    ("EXP-EDH-RSA-DES-CBC-SHA", "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    ("EXP-ADH-RC4-MD5", "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"),
    ("EXP1024-DES-CBC-SHA", "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA"),
    ("ADH-DES-CBC3-SHA", "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    ("AECDH-RC4-SHA", "TLS_ECDH_anon_WITH_RC4_128_SHA"),
    ("KRB5-DES-CBC-MD5", "TLS_KRB5_WITH_DES_CBC_MD5"),
    ("ECDH-RSA-AES128-SHA", "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA"),
    ("PSK-RC4-SHA", "TLS_PSK_WITH_RC4_128_SHA"),
    ("IDEA-CBC-SHA", "TLS_RSA_WITH_IDEA_CBC_SHA"),
    ("GOST2012-GOST8912-GOST8912", "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
    ("GOST2001-GOST89-GOST89", "TLS_GOSTR341001_WITH_28147_CNT_IMIT"),
)


def expected() -> Iterator[SuiteDescription]:
    """The suites as they are written down beside this module."""
    for line in REGISTRY.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        fields = ["" if field == "-" else field for field in line.split(" ")]
        code, iana, openssl, exchange, authentication, encryption, bits, mode, integrity = fields
        yield SuiteDescription(
            code=int(code, 16),
            iana_name=iana,
            openssl_name=openssl,
            key_exchange=exchange,
            authentication=authentication,
            encryption=encryption,
            encryption_bits=int(bits),
            mode=mode,
            integrity=integrity,
        )


class RegistryTests(SynchronousTestCase):
    def test_every_registered_suite_is_taken_apart_by_either_name_and_by_its_code_point(
        self,
    ) -> None:
        for wanted in expected():
            self.assertEqual(describe_suite(wanted.iana_name), wanted)
            self.assertEqual(suite_of_code(wanted.code), wanted)
            if wanted.openssl_name:
                self.assertEqual(describe_suite(wanted.openssl_name), wanted)

    def test_the_registry_is_complete_and_nothing_else_is_taken_for_registered(self) -> None:
        known = registered_suites()
        self.assertEqual(len(known), REGISTERED)
        self.assertEqual(list(known), list(expected())[:REGISTERED])

    def test_no_two_suites_share_a_name_or_a_code_point(self) -> None:
        suites = list(expected())
        self.assertEqual(len({suite.iana_name for suite in suites}), len(suites))
        self.assertEqual(len({suite.code for suite in suites}), len(suites))
        openssl = [suite.openssl_name for suite in suites if suite.openssl_name]
        self.assertEqual(len(set(openssl)), len(openssl))

    def test_a_suite_belongs_to_tls_1_3_or_says_how_keys_are_exchanged(self) -> None:
        for suite in registered_suites():
            self.assertEqual(suite.is_tls13, not suite.authentication, suite.iana_name)
            if "_WITH_" not in suite.iana_name:
                self.assertTrue(suite.is_tls13, suite.iana_name)

    def test_a_code_point_without_a_suite_has_none(self) -> None:
        for code in (0x00FF, 0x5600, 0x0A0A, 0xFFFF, -1, 0x10000):
            self.assertIsNone(suite_of_code(code))


class NameTests(SynchronousTestCase):
    def test_all_that_openssl_would_negotiate_is_known(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
        names = SSL.Connection(context, None).get_cipher_list()
        self.assertGreater(len(names), 30)
        for name in names:
            self.assertEqual(describe_suite(name).openssl_name, name)

    def test_retired_names_of_openssl_are_known(self) -> None:
        for openssl, iana in RETIRED:
            self.assertEqual(describe_suite(openssl).iana_name, iana)

    def test_openssl_s_own_standard_names_are_known(self) -> None:
        self.assertIs(
            describe_suite("TLS_DHE_PSK_WITH_AES_128_CCM_8"),
            describe_suite("DHE-PSK-AES128-CCM8"),
        )

    def test_an_unknown_suite_is_named(self) -> None:
        for name in ("TLS_RSA_WITH_ROT13_SHA", "TLS_AES_128_CBC_SHA", "", "ECDHE-RSA-"):
            error = self.assertRaises(ValueError, describe_suite, name)
            self.assertIn(repr(name), str(error))

    def test_a_signal_is_refused_as_what_it_is(self) -> None:
        for name in ("TLS_EMPTY_RENEGOTIATION_INFO_SCSV", "TLS_FALLBACK_SCSV"):
            error = self.assertRaises(ValueError, describe_suite, name)
            self.assertIn(f"{name!r} is not a cipher suite but a signal", str(error))
