"""Suites are read by either name."""

from __future__ import annotations

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.tls import SuiteDescription, describe_suite

#: IANA name, OpenSSL name, key exchange, authentication, encryption, bits, mode, integrity.
SAMPLES = (
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE", "ECDSA",
     "AES-256-GCM", 256, "GCM", "AEAD"),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE", "RSA",
     "CHACHA20-POLY1305", 256, "POLY1305", "AEAD"),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE-ECDSA-AES128-CCM", "ECDHE", "ECDSA",
     "AES-128-CCM", 128, "CCM", "AEAD"),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "ECDHE-ECDSA-AES256-CCM8", "ECDHE", "ECDSA",
     "AES-256-CCM-8", 256, "CCM_8", "AEAD"),
    ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256", "DHE", "RSA",
     "AES-128-GCM", 128, "GCM", "AEAD"),
    ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", "RSA", "RSA",
     "AES-128-CBC", 128, "CBC", "HMAC-SHA1"),
    ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384", "ECDHE", "RSA",
     "AES-256-CBC", 256, "CBC", "HMAC-SHA384"),
    ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA", "RSA", "RSA",
     "3DES-EDE-CBC", 112, "CBC", "HMAC-SHA1"),
    ("TLS_RSA_WITH_NULL_SHA", "NULL-SHA", "RSA", "RSA", "NULL", 0, "stream", "HMAC-SHA1"),
    ("TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256", "ECDHE-RSA-CAMELLIA128-GCM-SHA256", "ECDHE",
     "RSA", "CAMELLIA-128-GCM", 128, "GCM", "AEAD"),
    ("TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256", "DHE-RSA-CAMELLIA256-SHA256", "DHE", "RSA",
     "CAMELLIA-256-CBC", 256, "CBC", "HMAC-SHA256"),
    ("TLS_DH_anon_WITH_AES_128_CBC_SHA", "ADH-AES128-SHA", "DH", "anon",
     "AES-128-CBC", 128, "CBC", "HMAC-SHA1"),
    ("TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5", "RSA", "RSA", "RC4", 128, "stream", "HMAC-MD5"),
    ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "", "",
     "AES-128-GCM", 128, "GCM", "AEAD"),
    ("TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_CCM_8_SHA256", "", "",
     "AES-128-CCM-8", 128, "CCM_8", "AEAD"),
    ("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "", "",
     "CHACHA20-POLY1305", 256, "POLY1305", "AEAD"),
)  # fmt: skip


class DescribeSuiteTests(SynchronousTestCase):
    def test_known_suites_are_taken_apart_by_either_name(self) -> None:
        for iana, openssl, exchange, authentication, encryption, bits, mode, integrity in SAMPLES:
            wanted = SuiteDescription(
                iana_name=iana,
                openssl_name=openssl,
                key_exchange=exchange,
                authentication=authentication,
                encryption=encryption,
                encryption_bits=bits,
                mode=mode,
                integrity=integrity,
            )
            self.assertEqual(describe_suite(iana), wanted)
            self.assertEqual(describe_suite(openssl), wanted)

    def test_all_that_openssl_would_negotiate_is_known(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_cipher_list(b"ALL:COMPLEMENTOFALL:!PSK:!SRP:!ARIA:@SECLEVEL=0")
        names = SSL.Connection(context, None).get_cipher_list()
        self.assertGreater(len(names), 30)
        for name in names:
            self.assertEqual(describe_suite(name).openssl_name, name)

    def test_an_unknown_suite_is_named(self) -> None:
        for name in ("TLS_RSA_WITH_ROT13_SHA", "TLS_AES_128_CBC_SHA", "", "ECDHE-RSA-"):
            error = self.assertRaises(ValueError, describe_suite, name)
            self.assertIn(repr(name), str(error))
