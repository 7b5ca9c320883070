"""A server is who it says, or it is refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA
from tests.tls.pair import join, security
from txdicomtls.errors import PeerNameMismatch
from txdicomtls.tls import ClientCertificate, verify_server_name
from txdicomtls.tls.names import (
    normalized_server_name,
    presented_names,
    printable,
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

    def test_a_name_that_is_none_is_refused_before_anything_is_sent(self) -> None:
        for name in ("", "bad name.example", "x" * 64 + ".example", "a..b"):
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
