"""Certificates in words."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import BOTH_PURPOSES, CA, DAY, NOW
from txdicomtls.tls.certificates import describe_certificate


class DescriptionTests(SynchronousTestCase):
    def test_it_says_all_that_a_person_wants_to_know(self) -> None:
        issued = CA.issue("pacs.example", "192.0.2.7", "urn://x", subject="node").certificate
        description = describe_certificate(issued)
        self.assertEqual("CN=node", description.subject)
        self.assertEqual("CN=Test CA", description.issuer)
        self.assertEqual(issued.serial_number, int(description.serial, 16))
        self.assertEqual((NOW - DAY, NOW + DAY), (description.not_before, description.not_after))
        self.assertEqual(("pacs.example", "192.0.2.7", "urn://x"), description.names)
        self.assertFalse(description.is_ca)
        self.assertEqual(("TLS server", "TLS client"), description.purposes)
        self.assertEqual(("EC secp256r1", 256), (description.key.name, description.key.bits))
        self.assertEqual((64, 40), (len(description.sha256), len(description.sha1)))

    def test_a_ca_is_one(self) -> None:
        description = describe_certificate(CA.certificate)
        self.assertTrue(description.is_ca)
        self.assertEqual((), description.purposes)

    def test_a_purpose_without_words_is_given_by_its_number(self) -> None:
        purposes = (*BOTH_PURPOSES, ObjectIdentifier("1.3.6.1.4.1.99999.1"))
        description = describe_certificate(CA.issue(purposes=purposes).certificate)
        self.assertEqual("1.3.6.1.4.1.99999.1", description.purposes[-1])

    def test_key_usages_come_before_extended_ones(self) -> None:
        builder = (
            x509.CertificateBuilder()
            .subject_name(CA.certificate.subject)
            .issuer_name(CA.certificate.subject)
            .public_key(CA.key.public_key())
            .serial_number(1)
            .not_valid_before(NOW)
            .not_valid_after(NOW + DAY)
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
        extended = x509.ExtendedKeyUsage(BOTH_PURPOSES)
        certificate = builder.add_extension(extended, critical=False).sign(
            CA.key,
            CA.certificate.signature_hash_algorithm,  # type: ignore[arg-type]  # SHA-256
        )
        self.assertEqual(
            ("digital signature", "certificate signing", "CRL signing", "TLS server", "TLS client"),
            describe_certificate(certificate).purposes,
        )
