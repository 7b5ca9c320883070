"""A server is who it says, or it is refused."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.authorities import craft
from tests.tls.certificates import CA
from tests.tls.pair import join, security
from txdicomtls.errors import PeerNameMismatch
from txdicomtls.tls import ClientCertificate, verify_server_name
from txdicomtls.tls.names import (
    SHOWN_CHARACTERS,
    SHOWN_NAMES,
    normalized_server_name,
    presented_names,
    printable,
    shown_name,
    subject_of,
    verify_certificate_name,
)

SERVER = CA.issue("pacs.example", "*.ward.example", "192.0.2.7", "2001:db8::7", "dicom://x/y")


class CertificateNameTests(SynchronousTestCase):
    def test_the_names_of_a_certificate_match(self) -> None:
        for name in (
            "pacs.example",
            "PACS.Example",
            "pacs.example.",
            "ct1.ward.example",
            "192.0.2.7",
            "2001:db8::7",
            "2001:DB8:0:0:0:0:0:7",
        ):
            verify_certificate_name(SERVER.certificate, name)

    def test_other_names_are_a_mismatch_that_carries_both(self) -> None:
        for name in ("ris.example", "a.b.ward.example", "ward.example", "192.0.2.8", "::1"):
            error = self.assertRaises(
                PeerNameMismatch, verify_certificate_name, SERVER.certificate, name
            )
            self.assertEqual(error.expected, name)
            self.assertEqual(error.presented, presented_names(SERVER.certificate))

    def test_the_common_name_is_no_name(self) -> None:
        nameless = CA.issue(subject="pacs.example").certificate
        error = self.assertRaises(
            PeerNameMismatch, verify_certificate_name, nameless, "pacs.example"
        )
        self.assertEqual(error.presented, ())

    def test_an_ip_address_does_not_match_a_dns_name_that_looks_like_it(self) -> None:
        certificate = CA.issue("pacs.example").certificate
        self.assertRaises(PeerNameMismatch, verify_certificate_name, certificate, "192.0.2.7")

    def test_presented_names_are_in_order_of_kind(self) -> None:
        self.assertEqual(
            presented_names(SERVER.certificate),
            ("pacs.example", "*.ward.example", "192.0.2.7", "2001:db8::7", "dicom://x/y"),
        )

    def test_names_of_other_scripts_are_compared_as_a_labels(self) -> None:
        certificate = CA.issue("xn--rntgen-wxa.example").certificate
        verify_certificate_name(certificate, "Röntgen.example")

    def test_a_name_is_compared_as_certificates_have_it(self) -> None:
        for asked, wanted in (
            ("PACS.Example.", "pacs.example"),
            ("Röntgen.example", "xn--rntgen-wxa.example"),
            ("XN--RNTGEN-WXA.example", "xn--rntgen-wxa.example"),
            ("röntgen。example", "xn--rntgen-wxa.example"),
            ("p\u0430cs.example", "xn--pcs-6cd.example"),  # a Cyrillic letter among Latin ones
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
        ):
            self.assertEqual(normalized_server_name(asked), wanted)

    def test_a_name_that_looks_alike_is_another(self) -> None:
        certificate = CA.issue("pacs.example").certificate
        self.assertRaises(
            PeerNameMismatch, verify_certificate_name, certificate, "p\u0430cs.example"
        )

    def test_a_name_in_upper_case_in_the_certificate(self) -> None:
        verify_certificate_name(CA.issue("PACS.Example").certificate, "pacs.example")
        odd = CA.issue("XN--RNTGEN-WXA.example").certificate
        verify_certificate_name(odd, "röntgen.example")

    def test_what_a_wildcard_matches(self) -> None:
        certificate = CA.issue("*.ward.example").certificate
        verify_certificate_name(certificate, "ct1.ward.example")
        for name in ("ward.example", "a.ct1.ward.example", "ct1ward.example"):
            self.assertRaises(PeerNameMismatch, verify_certificate_name, certificate, name)

    def test_wildcards_that_match_nothing(self) -> None:
        for pattern, name in (
            ("*", "example"),
            ("*.example", "pacs.example"),
            ("p*s.ward.example", "pacs.ward.example"),
            ("*cs.ward.example", "pacs.ward.example"),
            ("pacs.*.example", "pacs.ward.example"),
            ("*.*.example", "pacs.ward.example"),
            ("xn--*.ward.example", "xn--rntgen-wxa.ward.example"),
            ("*.0.2.7", "192.0.2.7"),
        ):
            certificate = CA.issue(pattern).certificate
            self.assertRaises(PeerNameMismatch, verify_certificate_name, certificate, name)
            # Nor do they spoil a good name beside them.
            verify_certificate_name(CA.issue(pattern, name).certificate, name)

    def test_an_address_is_not_a_name_in_text(self) -> None:
        names = x509.SubjectAlternativeName([x509.DNSName("192.0.2.7")])
        certificate = craft(CA, (names, False)).certificate
        self.assertRaises(PeerNameMismatch, verify_certificate_name, certificate, "192.0.2.7")

    def test_the_zone_of_a_link_local_address_is_our_own(self) -> None:
        verify_certificate_name(CA.issue("fe80::7").certificate, "fe80::7%eth0")

    def test_a_name_with_nul_spoils_the_certificate(self) -> None:
        for names in (["pacs.example\0.evil"], ["pacs.example", "pacs.example\0.evil"]):
            certificate = CA.issue(*names).certificate
            error = self.assertRaises(
                PeerNameMismatch, verify_certificate_name, certificate, "pacs.example"
            )
            self.assertIn("pacs.example\\x00.evil", str(error))

    def test_of_many_names_some_are_shown(self) -> None:
        certificate = CA.issue(*(f"n{number}.example" for number in range(100))).certificate
        error = self.assertRaises(
            PeerNameMismatch, verify_certificate_name, certificate, "pacs.example"
        )
        self.assertEqual(len(error.presented), SHOWN_NAMES + 1)
        self.assertEqual(error.presented[-1], f"{100 - SHOWN_NAMES} more names")

    def test_a_long_name_is_cut(self) -> None:
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 64)] * 10
        shown = shown_name(x509.Name(parts))
        self.assertEqual(len(shown), SHOWN_CHARACTERS + len("... (669 characters)"))
        self.assertTrue(shown.endswith("... (669 characters)"))

    def test_a_name_that_is_none_is_refused_before_anything_is_sent(self) -> None:
        for name in (
            "",
            ".",
            "a..b",
            "pacs.example..",
            "bad name.example",
            "bad_name.example",
            "-bad.example",
            "bad\0.example",
            "*.example",
            "x" * 64 + ".example",
            "x." * 127 + "xy",
            "xn--zz.example",
            "xn--.example",
            "xn--rntgen-wxa\u00f6.example",
            "a\u200db.example",
            "[2001:db8::7]",
            "127.1",
            "192.0.2.007",
            "0x7f000001",
        ):
            self.assertRaises(ValueError, normalized_server_name, name)

    def test_a_subject_cannot_break_a_line(self) -> None:
        hostile = CA.issue(subject="a\r\nb\x1b[2J").certificate
        self.assertTrue(subject_of(hostile).isprintable())
        self.assertEqual(printable("a\nb"), "a\\nb")


class ServerNameTests(SynchronousTestCase):
    def test_the_peer_of_a_connection_is_checked(self) -> None:
        pair = join(security(SERVER.credentials), security(SERVER.credentials))
        connection = pair.client.transport.getHandle()
        verify_server_name(connection, "192.0.2.7")
        self.assertRaises(PeerNameMismatch, verify_server_name, connection, "ris.example")

    def test_a_peer_without_a_certificate_has_no_name(self) -> None:
        server = security(SERVER.credentials, client_certificate=ClientCertificate.NONE)
        pair = join(security(), server)
        self.assertIsNotNone(pair.server.link)
        error = self.assertRaises(
            PeerNameMismatch, verify_server_name, pair.server.transport.getHandle(), "x.example"
        )
        self.assertEqual(error.presented, ())
