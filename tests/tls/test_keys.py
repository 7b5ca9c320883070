"""Keys and signatures are described, and weak ones are found."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import DAY, NOW, authority, name, private_key
from txdicomtls.tls.keys import (
    KeyDescription,
    describe_key,
    signature_hash_of,
    weakness,
    weakness_of,
)
from txdicomtls.tls.profiles import DEFAULT_PROFILE, profile_named

RSA_CA = authority("RSA CA", kind="rsa2048")
AES = profile_named("aes")

#: The ends of the object identifiers of RSA signatures with SHA-256 (RFC 8017 A.2.4) and others.
RSA_SHA256 = bytes.fromhex("2a864886f70d01010b")
RSA_SHA1 = bytes.fromhex("2a864886f70d010105")
RSA_MD5 = bytes.fromhex("2a864886f70d010104")
RSA_UNKNOWN = bytes.fromhex("2a864886f70d01017f")


def relabelled(certificate: x509.Certificate, algorithm: bytes) -> x509.Certificate:
    """A certificate that says that it is signed otherwise; nobody makes real ones any more."""
    der = certificate.public_bytes(Encoding.DER)
    assert der.count(RSA_SHA256) == 2
    return x509.load_der_x509_certificate(der.replace(RSA_SHA256, algorithm))


def with_key_identifiers(issuer_is_itself: bool) -> x509.Certificate:
    """A certificate with the name of its issuer, that says whether it is its own issuer."""
    own, other = private_key("rsa2048", 7), private_key("rsa2048")
    issuer = own if issuer_is_itself else other
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("RSA CA"))
        .issuer_name(name("RSA CA"))
        .public_key(own.public_key())
        .serial_number(7)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        .sign(issuer, hashes.SHA256())
    )
    return relabelled(certificate, RSA_SHA1)


class KeyTests(SynchronousTestCase):
    def test_keys_are_described(self) -> None:
        for kind, wanted in (
            ("rsa2048", KeyDescription("RSA", "RSA", 2048)),
            ("p256", KeyDescription("ECDSA", "EC secp256r1", 256)),
            ("p384", KeyDescription("ECDSA", "EC secp384r1", 384)),
            ("ed25519", KeyDescription("Ed25519", "Ed25519", 256)),
        ):
            self.assertEqual(describe_key(private_key(kind).public_key()), wanted)

    def test_good_keys_have_no_weakness(self) -> None:
        for kind in ("rsa2048", "p256", "p384", "ed25519"):
            self.assertEqual(
                weakness(describe_key(private_key(kind).public_key()), DEFAULT_PROFILE), ""
            )

    def test_short_keys_are_named_with_what_is_needed(self) -> None:
        rsa_text = weakness(describe_key(private_key("rsa1024").public_key()), DEFAULT_PROFILE)
        self.assertIn("1024", rsa_text)
        self.assertIn("2048", rsa_text)
        ec_text = weakness(describe_key(private_key("p224").public_key()), DEFAULT_PROFILE)
        self.assertIn("224", ec_text)
        self.assertIn("256", ec_text)

    def test_the_floor_of_a_retired_profile_is_its_own(self) -> None:
        key = describe_key(private_key("rsa1024").public_key())
        self.assertEqual(weakness(key, AES), "")
        self.assertIn("1024", weakness(key, profile_named("bcp195")))
        self.assertIn("1024", weakness(key, profile_named("bcp195-rfc9325-modified")))

    def test_a_kind_that_no_profile_takes_is_named(self) -> None:
        key = dsa.generate_private_key(1024).public_key()  # noqa: S505  # weak on purpose
        self.assertIn("DSA", weakness(describe_key(key), DEFAULT_PROFILE))


class SignatureTests(SynchronousTestCase):
    def test_the_hash_of_a_signature_is_named(self) -> None:
        issued = RSA_CA.issue("a.example").certificate
        self.assertEqual(signature_hash_of(issued), "sha256")
        self.assertEqual(signature_hash_of(relabelled(issued, RSA_SHA1)), "sha1")
        self.assertEqual(
            signature_hash_of(relabelled(issued, RSA_UNKNOWN)), "1.2.840.113549.1.1.127"
        )
        self.assertEqual(signature_hash_of(authority("Ed", kind="ed25519").certificate), "")

    def test_good_signatures_have_no_weakness(self) -> None:
        ed25519_ca = authority("Ed", kind="ed25519")
        for issuer in (RSA_CA, ed25519_ca, authority("EC", kind="p384")):
            self.assertEqual(weakness_of(issuer.issue("a.example").certificate, AES), "")
            self.assertEqual(
                weakness_of(issuer.issue("a.example").certificate, DEFAULT_PROFILE), ""
            )

    def test_a_weak_signature_is_named_with_what_is_needed(self) -> None:
        issued = RSA_CA.issue("a.example").certificate
        for algorithm, spoken in ((RSA_SHA1, "sha1"), (RSA_MD5, "md5")):
            text = weakness_of(relabelled(issued, algorithm), DEFAULT_PROFILE)
            self.assertEqual(
                text, f"its signature is made with {spoken}, and sha256, sha384 or sha512 is needed"
            )

    def test_a_signature_of_an_unknown_kind_is_weak(self) -> None:
        issued = relabelled(RSA_CA.issue("a.example").certificate, RSA_UNKNOWN)
        self.assertIn("1.2.840.113549.1.1.127", weakness_of(issued, AES))

    def test_the_oldest_profiles_take_sha_1_and_not_md5(self) -> None:
        issued = RSA_CA.issue("a.example", kind="rsa2048").certificate
        self.assertEqual(weakness_of(relabelled(issued, RSA_SHA1), AES), "")
        self.assertIn("md5", weakness_of(relabelled(issued, RSA_MD5), AES))

    def test_the_key_is_judged_before_the_signature(self) -> None:
        issued = relabelled(RSA_CA.issue("a.example", kind="rsa1024").certificate, RSA_SHA1)
        self.assertIn("its key is RSA with 1024 bits", weakness_of(issued, DEFAULT_PROFILE))

    def test_the_signature_of_a_self_signed_certificate_does_not_matter(self) -> None:
        for certificate in (
            relabelled(RSA_CA.certificate, RSA_SHA1),
            relabelled(RSA_CA.certificate, RSA_MD5),
            with_key_identifiers(issuer_is_itself=True),
        ):
            self.assertEqual(weakness_of(certificate, DEFAULT_PROFILE), "")

    def test_the_name_of_the_issuer_alone_makes_nothing_self_signed(self) -> None:
        other_kind = relabelled(RSA_CA.issue(subject="RSA CA", kind="p256").certificate, RSA_SHA1)
        for certificate in (other_kind, with_key_identifiers(issuer_is_itself=False)):
            self.assertIn("sha1", weakness_of(certificate, DEFAULT_PROFILE))
