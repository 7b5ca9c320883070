"""A peer whose certificate is not good is refused, with the reason on both sides."""

from __future__ import annotations

from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued, authority
from tests.tls.pair import SERVER_NAME, FromContext, Pair, join, security
from txdicomtls.errors import HandshakeFailed, PeerNameMismatch
from txdicomtls.tls import DEFAULT_PROFILE, Trust
from txdicomtls.tls.verification import VERIFY_DEPTH, LinkConnection, verify_callback

SERVER = CA.issue(SERVER_NAME, subject="PACS")
CLIENT = CA.issue("ct1.example", subject="CT 1")
VERSIONS = (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION)


def careless(issued: Issued, version: int, security_level: int = 0) -> FromContext:
    """A peer that shows what it has and believes everything, on one version of TLS."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(f"DEFAULT:@SECLEVEL={security_level}".encode())
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.use_certificate(issued.certificate)
    for intermediate in issued.chain:
        context.add_extra_chain_cert(intermediate)
    context.use_privatekey(issued.key)
    return FromContext(context)


class RefusalTestCase(SynchronousTestCase):
    def assert_refused(self, pair: Pair, *, by_client: bool, words: str, alert: str) -> None:
        """One side has refused with these words, the other was told by this alert."""
        here, there = (pair.client, pair.server) if by_client else (pair.server, pair.client)
        refusal = here.failure
        assert isinstance(refusal, HandshakeFailed)
        self.assertIn(words, str(refusal))
        self.assertNotIn("\n", str(refusal))
        self.assertEqual((refusal.by_peer, refusal.alert), (False, alert))
        self.assertIsNone(here.link)
        told = there.failure
        assert isinstance(told, HandshakeFailed)
        self.assertEqual((told.by_peer, told.alert), (True, alert))
        self.assertEqual((here.received, there.received), ([], []))

    def refuse_client(
        self, client: Issued, words: str, alert: str, trust: Trust | None = None
    ) -> None:
        for version in VERSIONS:
            pair = join(careless(client, version), security(SERVER.credentials, trust=trust))
            self.assert_refused(pair, by_client=False, words=words, alert=alert)

    def refuse_server(self, server: Issued, words: str, alert: str) -> None:
        for version in VERSIONS:
            pair = join(security(CLIENT.credentials), careless(server, version))
            self.assert_refused(pair, by_client=True, words=words, alert=alert)


class ClientCertificateTests(RefusalTestCase):
    def test_a_certificate_of_another_ca(self) -> None:
        self.refuse_client(OTHER_CA.issue("ct1.example"), "(issuer: CN=Other CA)", "unknown_ca")

    def test_a_ca_of_the_same_name_is_another_ca(self) -> None:
        impostor = authority("Test CA", kind="p384").issue("ct1.example")
        for version in VERSIONS:
            pair = join(careless(impostor, version), security(SERVER.credentials))
            self.assertIsInstance(pair.server.failure, HandshakeFailed)
            self.assertIsNone(pair.server.link)

    def test_a_self_signed_certificate(self) -> None:
        self.refuse_client(authority("CT 1", kind="p384"), "was not issued by a CA", "unknown_ca")

    def test_an_expired_certificate(self) -> None:
        expired = CA.issue("ct1.example", begin=NOW - 2 * DAY, end=NOW - DAY)
        words = f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC"
        self.refuse_client(expired, words, "certificate_expired")

    def test_a_certificate_of_the_future(self) -> None:
        future = CA.issue("ct1.example", begin=NOW + DAY, end=NOW + 2 * DAY)
        words = f"not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC"
        self.refuse_client(future, words, "bad_certificate")

    def test_a_certificate_for_servers_only(self) -> None:
        server_only = CA.issue("ct1.example", purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
        self.refuse_client(server_only, "client authentication", "unsupported_certificate")

    def test_a_certificate_issued_by_a_leaf(self) -> None:
        leaf = CA.issue("ct1.example", subject="Leaf", kind="p384")
        forged = leaf.issue("ct2.example")
        self.refuse_client(forged, "not that of a CA", "unknown_ca")

    def test_a_chain_that_is_too_long(self) -> None:
        issuer = CA
        for number in range(VERIFY_DEPTH):
            issuer = issuer.issue(subject=f"Intermediate {number}", is_ca=True)
        pair = join(
            careless(issuer.issue("ct1.example"), SSL.TLS1_3_VERSION),
            security(SERVER.credentials),
        )
        self.assertEqual(len(pair.server.secure_link.peer_chain), VERIFY_DEPTH + 2)
        issuer = issuer.issue(subject="One more", is_ca=True)
        self.refuse_client(issuer.issue("ct1.example"), f"more than {VERIFY_DEPTH}", "unknown_ca")

    def test_a_missing_intermediate(self) -> None:
        intermediate = CA.issue(subject="Intermediate", is_ca=True)
        alone = intermediate.issue("ct1.example")
        self.refuse_client(
            Issued(alone.certificate, alone.key), "send the certificates between", "unknown_ca"
        )

    def test_a_short_key(self) -> None:
        for kind in ("rsa1024", "p224"):
            pair = join(
                careless(CA.issue("ct1.example", kind=kind), SSL.TLS1_2_VERSION),
                security(SERVER.credentials),
            )
            refusal = pair.server.failure
            assert isinstance(refusal, HandshakeFailed)
            self.assertIn("key", str(refusal))
            self.assertIsNone(pair.server.link)

    def test_a_trusted_intermediate_ends_the_chain(self) -> None:
        intermediate = CA.issue(subject="Intermediate", is_ca=True)
        client = intermediate.issue("ct1.example")
        server = security(SERVER.credentials, trust=Trust((intermediate.certificate,)))
        pair = join(security(client.credentials), server)
        self.assertEqual(
            pair.server.secure_link.peer_chain, (client.certificate, intermediate.certificate)
        )

    def test_a_trusted_peer_needs_no_ca(self) -> None:
        client = OTHER_CA.issue("ct1.example")
        server = security(SERVER.credentials, trust=client.trust)
        pair = join(security(client.credentials), server)
        self.assertEqual(pair.server.secure_link.peer_chain, (client.certificate,))


class ServerCertificateTests(RefusalTestCase):
    def test_a_certificate_of_another_ca(self) -> None:
        self.refuse_server(OTHER_CA.issue(SERVER_NAME), "(issuer: CN=Other CA)", "unknown_ca")

    def test_an_expired_certificate(self) -> None:
        expired = CA.issue(SERVER_NAME, begin=NOW - 2 * DAY, end=NOW - DAY)
        self.refuse_server(expired, "the certificate of the server", "certificate_expired")

    def test_a_certificate_for_clients_only(self) -> None:
        client_only = CA.issue(SERVER_NAME, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH])
        self.refuse_server(client_only, "server authentication", "unsupported_certificate")

    def test_a_certificate_for_another_name(self) -> None:
        for version in VERSIONS:
            pair = join(security(CLIENT.credentials), careless(CA.issue("ris.example"), version))
            refusal = pair.client.failure
            assert isinstance(refusal, PeerNameMismatch)
            self.assertEqual(refusal.expected, SERVER_NAME)
            self.assertEqual(refusal.presented, ("ris.example",))
            self.assertIsNone(pair.client.link)
            self.assertIsNone(pair.server.link)

    def test_an_ip_address_is_verified_too(self) -> None:
        server = security(CA.issue("192.0.2.7").credentials)
        pair = join(security(CLIENT.credentials), server, "192.0.2.7")
        self.assertEqual(pair.client.secure_link.server_name, "192.0.2.7")
        self.assertEqual(pair.server.secure_link.server_name, "")
        pair = join(security(CLIENT.credentials), server, "192.0.2.8")
        self.assertIsInstance(pair.client.failure, PeerNameMismatch)


class CallbackTests(SynchronousTestCase):
    def test_an_exception_in_the_callback_fails_the_handshake(self) -> None:
        class Broken(LinkConnection):
            @property
            def server_name(self) -> str:
                raise ZeroDivisionError

            @server_name.setter
            def server_name(self, value: str) -> None:
                pass

        @implementer(IOpenSSLClientConnectionCreator)
        class Creator:
            def __init__(self) -> None:
                self.context = SSL.Context(SSL.TLS_METHOD)
                self.context.set_verify(SSL.VERIFY_PEER, verify_callback(DEFAULT_PROFILE))
                store = self.context.get_cert_store()
                assert store is not None
                store.add_cert(crypto.X509.from_cryptography(CA.certificate))

            def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
                return Broken(self.context, is_client=True, profile="")

        for version in VERSIONS:
            pair = join(Creator(), careless(SERVER, version))
            assert pair.client.reason is not None
            self.assertIsInstance(pair.client.reason.value, ZeroDivisionError)
            self.assertIn("ZeroDivisionError", str(pair.client.failure))
            self.assertIsNone(pair.client.link)
            self.assertIsNone(pair.server.link)

    def test_a_connection_that_cannot_remember_is_refused(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER, verify_callback(DEFAULT_PROFILE))
        pair = join(FromContext(context), security(SERVER.credentials))
        assert pair.client.reason is not None
        self.assertIsInstance(pair.client.reason.value, TypeError)
        self.assertIsNone(pair.client.link)
