"""A certificate is a node's if what it is known by is in it, exactly."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from tests.access.facts import certificate
from tests.tls.certificates import CA, private_key, signature_hash
from txdicomtls.access import CertificateBinding

CT1 = certificate("ct1.example", "192.0.2.7", "urn://ct1", subject="ct1")


def made(subject: x509.Name, *names: x509.GeneralName) -> x509.Certificate:
    """A certificate with any names."""
    key = private_key("p256", 1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(CA.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(CA.certificate.not_valid_before_utc)
        .not_valid_after(CA.certificate.not_valid_after_utc)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(CA.key, signature_hash(CA.key))


def of_names(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


class SANTests(SynchronousTestCase):
    def assertKnown(self, san: str, shown: x509.Certificate = CT1) -> None:
        self.assertTrue(CertificateBinding.of(san=[san]).matches(shown), san)

    def assertUnknown(self, san: str, shown: x509.Certificate = CT1) -> None:
        self.assertFalse(CertificateBinding.of(san=[san]).matches(shown), san)

    def test_a_dns_name_is_compared_whole_and_without_case(self) -> None:
        for san in ("ct1.example", "CT1.Example", "ct1.example."):
            self.assertKnown(san)
        for san in ("ct2.example", "example", "x.ct1.example", "ct1.example.org"):
            self.assertUnknown(san)

    def test_an_address_and_a_uri_are_compared_as_such(self) -> None:
        self.assertKnown("192.0.2.7")
        self.assertKnown("urn://ct1")
        for san in ("192.0.2.70", "::ffff:192.0.2.7", "urn://CT1", "urn://ct1/"):
            self.assertUnknown(san)

    def test_an_ipv6_address_may_be_written_in_any_way(self) -> None:
        self.assertKnown("2001:DB8:0::1", certificate("2001:db8::1"))

    def test_of_a_mail_address_only_the_domain_is_without_case(self) -> None:
        shown = made(of_names((NameOID.COMMON_NAME, "x")), x509.RFC822Name("Ct1@Example.org"))
        self.assertKnown("Ct1@example.ORG", shown)
        self.assertUnknown("ct1@example.org", shown)

    def test_an_address_written_as_a_dns_name_is_no_address(self) -> None:
        shown = made(of_names((NameOID.COMMON_NAME, "x")), x509.DNSName("192.0.2.7"))
        self.assertUnknown("192.0.2.7", shown)

    def test_a_wildcard_in_a_certificate_is_nobody_in_particular(self) -> None:
        self.assertUnknown("ct1.example", certificate("*.example"))

    def test_a_common_name_is_no_alternative_name(self) -> None:
        self.assertUnknown("ct1.example", certificate(subject="ct1.example"))

    def test_a_name_of_another_script_is_compared_as_a_labels(self) -> None:
        self.assertKnown("röntgen.example", certificate("xn--rntgen-wxa.example"))

    def test_what_no_node_can_be_known_by_is_refused(self) -> None:
        for san in ("*.example", "", "a b", "a..b", "a\0b", "x" * 64, "ü@example.org", "urn:ü"):
            self.assertRaises(ValueError, CertificateBinding.of, san=[san])


class SubjectTests(SynchronousTestCase):
    SUBJECT = of_names(
        (NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Klinik, Süd"),
        (NameOID.COMMON_NAME, "ct1"),
    )  # fmt: skip

    def known(self, subject: str, shown: x509.Certificate) -> bool:
        return CertificateBinding.of(subject=[subject]).matches(shown)

    def test_a_whole_subject_is_compared_in_its_order(self) -> None:
        shown = made(self.SUBJECT)
        self.assertTrue(self.known(shown.subject.rfc4514_string(), shown))
        self.assertTrue(self.known(r"CN=ct1,O=Klinik\, Süd,C=DE", shown))
        for other in (r"C=DE,O=Klinik\, Süd,CN=ct1", "CN=ct1", r"CN=CT1,O=Klinik\, Süd,C=DE"):
            self.assertFalse(self.known(other, shown), other)

    def test_without_equals_it_is_the_common_name(self) -> None:
        shown = made(self.SUBJECT)
        self.assertTrue(self.known("ct1", shown))
        for other in ("CT1", "ct", "ct1 ", "DE"):
            self.assertFalse(self.known(other, shown), other)

    def test_of_several_common_names_none_counts(self) -> None:
        two = made(of_names((NameOID.COMMON_NAME, "ct1"), (NameOID.COMMON_NAME, "ct2")))
        self.assertFalse(self.known("ct1", two) or self.known("ct2", two))

    def test_what_is_no_subject_is_refused(self) -> None:
        for text in ("=", "CN=a,=b", "nonsense=a"):
            self.assertRaises(ValueError, CertificateBinding.of, subject=[text])


class FingerprintTests(SynchronousTestCase):
    def test_it_is_the_sha_256_with_colons_or_without(self) -> None:
        digits = CT1.fingerprint(SHA256()).hex()
        colons = ":".join(digits[at : at + 2] for at in range(0, 64, 2)).upper()
        for text in (digits, digits.upper(), colons):
            self.assertTrue(CertificateBinding.of(fingerprint=[text]).matches(CT1))
            self.assertFalse(CertificateBinding.of(fingerprint=[text]).matches(certificate("b")))

    def test_another_digest_is_refused(self) -> None:
        for text in ("", "ab" * 20, "zz" * 32, "ab" * 33):
            self.assertRaises(ValueError, CertificateBinding.of, fingerprint=[text])


class BindingTests(SynchronousTestCase):
    def test_one_match_of_all_is_enough(self) -> None:
        binding = CertificateBinding.of(
            san=["other.example", "ct1.example"], subject=["other"], fingerprint=["ab" * 32]
        )
        self.assertTrue(binding.matches(CT1))

    def test_no_certificate_and_no_binding_match_nothing(self) -> None:
        self.assertFalse(CertificateBinding.of(subject=["ct1"]).matches(None))
        self.assertFalse(CertificateBinding.of().matches(CT1))
        self.assertFalse(CertificateBinding.of().matches(made(x509.Name([]))))
