"""Certificates that are not what they should be are refused, and at little cost."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.authorities import (
    BOTH,
    IS_CA,
    UNKNOWN_EXTENSION,
    craft,
    forge,
    intermediate,
    key_usage,
    rsa_key_info,
    show,
)
from tests.tls.certificates import CA, OTHER_CA, Issued, authority, private_key
from tests.tls.pair import SERVER_NAME, join
from tests.tls.verifiers import SERVER, VERSIONS, DirectionTestCase, Verifier, careless
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import Trust
from txdicomtls.tls.verification import LinkConnection

# Alerts (RFC 8446 B.2).
BAD_CERTIFICATE, DECODE_ERROR, DECRYPT_ERROR = 42, 50, 51

RSA_CA = authority("RSA CA", kind="rsa2048")
assert isinstance(RSA_CA.key, rsa.RSAPrivateKey)
RSA_KEY = RSA_CA.key


class PurposeTests(DirectionTestCase):
    """T-09."""

    def test_a_certificate_that_may_not_sign(self) -> None:
        for usage in ("key_encipherment", "content_commitment"):
            client = craft(CA, BOTH, key_usage(usage))
            self.refuse_client(client, "client authentication", "unsupported_certificate")

    def test_a_certificate_that_may_only_agree_on_keys(self) -> None:
        client = craft(CA, BOTH, key_usage("key_agreement"))
        self.refuse_client(client, "digitalSignature", "unsupported_certificate")

    def test_a_certificate_that_says_nothing_of_its_purpose_is_taken(self) -> None:
        self.take_client(craft(CA))

    def test_the_certificate_of_a_ca_is_not_that_of_a_node(self) -> None:
        self.refuse_client(craft(CA, IS_CA), "is that of a CA", "unsupported_certificate")
        ca = craft(CA, IS_CA, key_usage("key_cert_sign", "crl_sign"))
        self.refuse_client(ca, "key usage", "unsupported_certificate")

    def test_a_chain_that_is_longer_than_its_ca_allows(self) -> None:
        last = (x509.BasicConstraints(ca=True, path_length=0), True)
        issuing = craft(CA, last, subject="Last", key=private_key("p256", 4))
        self.assertEqual(len(self.take_client(issuing.issue("ct1.example"))), 3)
        below = intermediate(issuing)
        words = "(CN=Last) vouches for a longer chain"
        self.refuse_client(below.issue("ct1.example"), words, "unknown_ca")

    def test_an_intermediate_ca_of_version_1(self) -> None:
        below = craft(RSA_CA, subject="V1", key=private_key("rsa2048", 2))
        old = forge(below.certificate, RSA_KEY, is_version_1=True)
        leaf = craft(below, BOTH)
        client = Issued(leaf.certificate, leaf.key, (old,))
        self.refuse_client(client, "is not that of a CA", "unknown_ca", RSA_CA.trust)

    def test_a_ca_that_may_not_sign_certificates(self) -> None:
        ca = intermediate(CA, "No CA", key_usage("digital_signature"))
        for version in VERSIONS:
            pair = join(careless(ca.issue("ct1.example"), version), Verifier(CA.trust, SERVER))
            self.assertIsInstance(pair.server.failure, HandshakeFailed)
            self.assertIsNone(pair.server.link)


class StrengthTests(DirectionTestCase):
    """T-11: by OpenSSL's security level, and by our own floors where a profile needs level 0."""

    def refuse_weak(self, client: Issued, words: str, trust: Trust = CA.trust) -> None:
        for security_level in (2, 0):
            self.refuse_client(
                client,
                words,
                "bad_certificate",
                trust,
                versions=[SSL.TLS1_2_VERSION],  # 1.3 would not sign with some of these keys
                security_level=security_level,
            )

    def test_short_keys(self) -> None:
        self.refuse_weak(CA.issue("ct1.example", kind="rsa1024"), "key")
        self.refuse_weak(CA.issue("ct1.example", kind="p224"), "key")
        p192 = ec.generate_private_key(ec.SECP192R1())
        self.refuse_weak(craft(CA, BOTH, key=p192), "key")

    def test_a_short_key_of_a_ca(self) -> None:
        ca = craft(CA, IS_CA, subject="Weak", key=private_key("rsa1024", 3))
        self.refuse_weak(ca.issue("ct1.example"), "a CA certificate of the client (CN=Weak)")

    def test_a_weak_signature(self) -> None:
        for hash_name in ("md5", "sha1"):
            leaf = craft(RSA_CA, BOTH)
            forged = forge(leaf.certificate, RSA_KEY, hash_name=hash_name)
            self.refuse_weak(Issued(forged, leaf.key), "signature", RSA_CA.trust)

    def test_a_weak_signature_of_an_intermediate_ca(self) -> None:
        for hash_name in ("md5", "sha1"):
            ca = intermediate(RSA_CA, "Weak")
            forged = forge(ca.certificate, RSA_KEY, hash_name=hash_name)
            leaf = craft(ca, BOTH)
            client = Issued(leaf.certificate, leaf.key, (forged,))
            self.refuse_weak(client, "signature", RSA_CA.trust)

    def test_nobody_relies_on_the_signature_of_a_root(self) -> None:
        root = forge(RSA_CA.certificate, RSA_KEY, hash_name="sha1")
        self.take_client(craft(RSA_CA, BOTH), Trust((root,)))

    def test_a_key_that_anybody_can_sign_for(self) -> None:
        leaf = craft(RSA_CA, BOTH, names=[SERVER_NAME]).certificate
        modulus = RSA_KEY.public_key().public_numbers().n
        forged = forge(leaf, RSA_KEY, public_key=rsa_key_info(modulus, 1))
        client = Verifier(RSA_CA.trust).clientConnectionForTLS(None)
        self.assertEqual(show(client, [forged.public_bytes(Encoding.DER)]), BAD_CERTIFICATE)
        self.assertIn("cannot be read", str(client.refusal))

    def test_a_dsa_key(self) -> None:
        dsa_key = dsa.generate_private_key(2048).public_key()
        leaf = craft(CA, BOTH, names=[SERVER_NAME], public_key=dsa_key).certificate
        client = Verifier(CA.trust).clientConnectionForTLS(None)
        self.assertNotEqual(show(client, [leaf.public_bytes(Encoding.DER)]), 0)
        self.assertIn("DSA", str(client.refusal))


class OddityTests(DirectionTestCase):
    """T-13."""

    def test_a_critical_extension_that_nobody_knows(self) -> None:
        client = craft(CA, BOTH, (UNKNOWN_EXTENSION, True))
        self.refuse_client(client, "critical extension", "certificate_unknown")
        self.take_client(craft(CA, BOTH, (UNKNOWN_EXTENSION, False)))

    def test_name_constraints_of_a_ca(self) -> None:
        permitted = x509.NameConstraints([x509.DNSName("ward.example")], None)
        ca = intermediate(CA, "Ward", (permitted, True))
        self.take_client(ca.issue("ct1.ward.example"))
        self.refuse_client(ca.issue("pacs.example"), "name constraints", "certificate_unknown")
        excluded = x509.NameConstraints(None, [x509.DNSName("ward.example")])
        ca = intermediate(CA, "Not for the ward", (excluded, True))
        self.refuse_client(ca.issue("ct1.ward.example"), "name constraints", "certificate_unknown")

    def test_extensions_that_cannot_be_read(self) -> None:
        for oid in ("2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"):
            garbage = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x30\5garb")
            self.refuse_client(craft(CA, (garbage, False)), "cannot be read", "bad_certificate")

    def test_a_name_with_nul(self) -> None:
        client = craft(CA, BOTH, subject="good\0.evil")
        self.refuse_client(client, "CN=good\\00.evil) has a name that ends", "bad_certificate")
        client = craft(CA, BOTH, names=["good.example\0.evil"])
        self.refuse_client(client, "has a name that ends", "bad_certificate")

    def test_what_is_no_certificate(self) -> None:
        leaf = CA.issue(SERVER_NAME).certificate.public_bytes(Encoding.DER)
        for wrong in (b"", b"\0", b"garbage", leaf[:-1], leaf + b"\0", leaf[:40] + leaf[41:]):
            client = Verifier(CA.trust).clientConnectionForTLS(None)
            self.assertIn(show(client, [wrong]), (BAD_CERTIFICATE, DECODE_ERROR), wrong)
        client = Verifier(CA.trust).clientConnectionForTLS(None)
        # The same certificate, whole, fails only because the server has another key.
        self.assertEqual(show(client, [leaf]), DECRYPT_ERROR)


class SizeTests(SynchronousTestCase):
    """T-12: refused at little cost.  The limit is 5 times what is wanted, for busy machines."""

    def assert_cheap(
        self, certificates: Sequence[x509.Certificate], trust: Trust
    ) -> LinkConnection:
        client = Verifier(trust).clientConnectionForTLS(None)
        encoded = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
        # What other tests have left behind is not collected at the cost of this one.
        gc.disable()
        try:
            begin = time.process_time()
            alert = show(client, encoded)
            took = time.process_time() - begin
        finally:
            gc.enable()
        self.assertLess(took, 0.5)
        self.assertNotEqual(alert, 0)
        self.assertLess(len(str(client.refusal)), 2000)
        return client

    def test_a_chain_of_a_hundred(self) -> None:
        issuer, chain = CA, []
        for number in range(100):
            issuer = intermediate(issuer, f"CA {number}")
            chain.append(issuer.certificate)
        leaf = craft(issuer, BOTH, names=[SERVER_NAME]).certificate
        client = self.assert_cheap([leaf, *reversed(chain)], CA.trust)
        self.assertIn("more than 3 intermediate", str(client.refusal))

    def test_a_certificate_of_a_megabyte(self) -> None:
        # OpenSSL takes 100 KiB of certificates (SSL_MAX_CERT_LIST_DEFAULT) and reads no more.
        filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(2**20))
        leaf = craft(CA, BOTH, (filling, False), names=[SERVER_NAME]).certificate
        client = self.assert_cheap([leaf], CA.trust)
        self.assertIsNone(client.refusal)

    def test_ten_thousand_names(self) -> None:
        leaf = craft(CA, BOTH, names=[f"{number:04x}" for number in range(10000)]).certificate
        client = self.assert_cheap([leaf], CA.trust)
        self.assertIn("9984 more names", str(client.refusal))

    def test_a_subject_of_16_kilobytes(self) -> None:
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 64)] * 256
        leaf = craft(OTHER_CA, BOTH, subject=x509.Name(attributes)).certificate
        client = self.assert_cheap([leaf], CA.trust)
        self.assertIn("characters)", str(client.refusal))

    def test_cas_that_vouch_for_each_other(self) -> None:
        one, two = craft(None, IS_CA, subject="One"), craft(None, IS_CA, subject="Two")
        loop = [craft(one, IS_CA, subject="Two").certificate]
        loop.append(craft(two, IS_CA, subject="One").certificate)
        leaf = craft(one, BOTH, names=[SERVER_NAME]).certificate
        self.assert_cheap([leaf, *loop * 20], CA.trust)

    def test_the_same_certificate_many_times(self) -> None:
        leaf = craft(OTHER_CA, BOTH, names=[SERVER_NAME]).certificate
        self.assert_cheap([leaf] * 100, CA.trust)
