"""What a handshake has agreed on is read from it in full."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA
from tests.tls.pair import SERVER_NAME, join, security
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    ClientCertificate,
    SecureLink,
    TLSVersion,
    describe_suite,
    introspect,
)
from txdicomtls.tls.secure_link import key_exchange_of

TLS_1_2 = replace(DEFAULT_PROFILE, maximum_version=TLSVersion.TLS_1_2)
CLIENT = CA.issue("ct1.example", "192.0.2.9", subject="CT 1", kind="p384")
RSA_SERVER = CA.issue(SERVER_NAME, subject="PACS", kind="rsa2048")
EC_SERVER = CA.issue(SERVER_NAME, subject="PACS")


class IntrospectTests(SynchronousTestCase):
    def test_tls_1_3_between_nodes_with_certificates(self) -> None:
        pair = join(security(CLIENT.credentials), security(RSA_SERVER.credentials))
        seen = pair.client.secure_link
        self.assertEqual(
            seen,
            SecureLink(
                protocol="TLSv1.3",
                cipher_suite="TLS_AES_256_GCM_SHA384",
                openssl_cipher="TLS_AES_256_GCM_SHA384",
                encryption="AES-256-GCM",
                encryption_bits=256,
                integrity="AEAD",
                key_exchange="ECDHE+ML-KEM",
                group="X25519MLKEM768",
                authentication="RSA",
                peer_key="RSA",
                peer_key_bits=2048,
                peer_certificate=RSA_SERVER.certificate,
                peer_chain=(RSA_SERVER.certificate, CA.certificate),
                server_name=SERVER_NAME,
                alpn="dicom",
                resumed=False,
                profile="bcp195-rfc9325",
            ),
        )
        other = pair.server.secure_link
        self.assertEqual(other.authentication, "ECDSA")
        self.assertEqual((other.peer_key, other.peer_key_bits), ("EC secp384r1", 384))
        self.assertEqual(other.peer_certificate, CLIENT.certificate)
        self.assertEqual(other.server_name, SERVER_NAME)
        self.assertEqual(other.peer_names, ("ct1.example", "192.0.2.9"))
        self.assertEqual(other.peer_subject, "CN=CT 1")
        encoded = CLIENT.certificate.public_bytes(Encoding.DER)
        self.assertEqual(other.peer_fingerprint, hashlib.sha256(encoded).hexdigest())

    def test_every_suite_of_the_profile_can_be_negotiated_and_read(self) -> None:
        for name in DEFAULT_PROFILE.cipher_suites:
            suite = describe_suite(name)
            server = RSA_SERVER if suite.authentication == "RSA" else EC_SERVER
            only = replace(TLS_1_2, cipher_suites=(name,))
            pair = join(security(CLIENT.credentials, profile=only), security(server.credentials))
            link = pair.client.secure_link
            self.assertEqual(link.protocol, "TLSv1.2")
            self.assertEqual((link.cipher_suite, link.openssl_cipher), (name, suite.openssl_name))
            self.assertEqual(link.encryption, suite.encryption)
            self.assertEqual((link.key_exchange, link.authentication),
                             (suite.key_exchange, suite.authentication))  # fmt: skip
            self.assertEqual(link.group.lower(), "x25519")
        for name in DEFAULT_PROFILE.tls13_cipher_suites:
            only = replace(DEFAULT_PROFILE, tls13_cipher_suites=(name,))
            pair = join(security(CLIENT.credentials, profile=only), security(EC_SERVER.credentials))
            self.assertEqual(pair.server.secure_link.cipher_suite, name)

    def test_every_group_of_the_profile_can_be_negotiated(self) -> None:
        for group in DEFAULT_PROFILE.groups:
            only = replace(DEFAULT_PROFILE, groups=(group,))
            pair = join(security(CLIENT.credentials, profile=only), security(EC_SERVER.credentials))
            self.assertEqual(pair.client.secure_link.group.lower(), group.lower())

    def test_a_client_without_a_certificate_has_no_facts_of_one(self) -> None:
        server = security(EC_SERVER.credentials, client_certificate=ClientCertificate.NONE)
        link = join(security(), server).server.secure_link
        self.assertIsNone(link.peer_certificate)
        self.assertEqual((link.peer_chain, link.peer_names), ((), ()))
        self.assertEqual((link.authentication, link.peer_key, link.peer_key_bits), ("", "", 0))
        self.assertEqual((link.peer_subject, link.peer_fingerprint), ("", ""))
        self.assertIn("no peer certificate", link.describe())

    def test_the_line_for_the_log_names_suite_peer_and_profile(self) -> None:
        hostile = CA.issue("x.example", subject="CT\n1")
        pair = join(security(hostile.credentials), security(EC_SERVER.credentials))
        line = pair.server.secure_link.describe()
        for part in ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768", "EC secp256r1",
                     "bcp195-rfc9325"):  # fmt: skip
            self.assertIn(part, line)
        self.assertTrue(line.isprintable())

    def test_before_the_handshake_there_is_nothing_to_read(self) -> None:
        connection = SSL.Connection(SSL.Context(SSL.TLS_METHOD), None)
        self.assertRaises(ValueError, introspect, connection, profile="x")

    def test_the_kind_of_key_exchange_follows_from_the_group(self) -> None:
        for group, kind in (
            ("X25519", "ECDHE"),
            ("secp256r1", "ECDHE"),
            ("ffdhe2048", "DHE"),
            ("X25519MLKEM768", "ECDHE+ML-KEM"),
            ("SecP256r1MLKEM768", "ECDHE+ML-KEM"),
            ("MLKEM1024", "ML-KEM"),
        ):
            self.assertEqual(key_exchange_of(group), kind)
