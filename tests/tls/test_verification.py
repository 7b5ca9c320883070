"""A peer whose certificate is not good is refused, with the reason on both sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.tls.authorities import (
    BOTH,
    IS_CA,
    craft,
    intermediate,
    key_usage,
)
from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued, authority, private_key
from tests.tls.pair import SERVER_NAME, FromContext, join, security
from tests.tls.verifiers import CLIENT, SERVER, VERSIONS, DirectionTestCase, Verifier, careless
from txdicomtls.errors import HandshakeFailed, PeerNameMismatch
from txdicomtls.tls import Trust
from txdicomtls.tls.bindings import judge_verification
from txdicomtls.tls.names import subject_of
from txdicomtls.tls.trust import VERIFY_DEPTH, ChainStep
from txdicomtls.tls.verification import LinkConnection
from txdicomtls.tls.verification_errors import VerificationError, error_alert, error_words


class ClientCertificateTests(DirectionTestCase):
    def test_a_certificate_of_another_ca(self) -> None:
        self.refuse_client(OTHER_CA.issue("ct1.example"), "(issuer: CN=Other CA)", "unknown_ca")

    def test_a_ca_of_the_same_name_is_another_ca(self) -> None:
        impostor = authority("Test CA", kind="p384").issue("ct1.example")
        self.refuse_client(impostor, "another CA of the same name", "decrypt_error")

    def test_a_self_signed_certificate_with_the_name_of_the_ca(self) -> None:
        impostor = craft(None, BOTH, subject="Test CA", key=private_key("p384", 7))
        self.refuse_client(impostor, "was not issued by a CA", "unknown_ca")

    def test_a_self_signed_certificate(self) -> None:
        self.refuse_client(authority("CT 1", kind="p384"), "was not issued by a CA", "unknown_ca")

    def test_an_expired_certificate(self) -> None:
        expired = CA.issue("ct1.example", begin=NOW - 2 * DAY, end=NOW - DAY)
        words = f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC, and this machine's clock says "
        self.refuse_client(expired, words, "certificate_expired")

    def test_a_certificate_of_the_last_century(self) -> None:
        old = CA.issue(
            "ct1.example",
            begin=datetime(1950, 1, 1, tzinfo=UTC),
            end=datetime(1950, 1, 2, tzinfo=UTC),
        )
        self.refuse_client(old, "expired on 1950-01-02 00:00 UTC", "certificate_expired")

    def test_a_certificate_without_an_end_is_taken(self) -> None:
        self.take_client(
            CA.issue("ct1.example", end=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        )

    def test_a_certificate_that_is_valid_in_a_moment(self) -> None:
        soon = datetime.now(UTC) + timedelta(minutes=1)
        self.refuse_client(
            CA.issue("ct1.example", begin=soon), "not valid before", "bad_certificate"
        )

    def test_a_ca_that_has_expired(self) -> None:
        ca = craft(CA, IS_CA, key=private_key("p256", 3), begin=NOW - 2 * DAY, end=NOW - DAY)
        self.refuse_client(ca.issue("ct1.example"), "a CA certificate", "certificate_expired")

    def test_a_certificate_of_the_future(self) -> None:
        future = CA.issue("ct1.example", begin=NOW + DAY, end=NOW + 2 * DAY)
        words = f"not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC, and this machine's clock says "
        self.refuse_client(future, words, "bad_certificate")

    def test_a_certificate_for_servers_only(self) -> None:
        server_only = CA.issue("ct1.example", purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
        self.refuse_client(server_only, "client authentication", "unsupported_certificate")

    def test_a_certificate_issued_by_a_leaf(self) -> None:
        leaf = CA.issue("ct1.example", subject="Leaf", kind="p384")
        forged = leaf.issue("ct2.example")
        self.refuse_client(forged, "is not that of a CA", "unknown_ca")

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


class ServerCertificateTests(DirectionTestCase):
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
            wrong = careless(CA.issue("ris.example"), version)
            pair = join(Verifier(CA.trust, CLIENT), wrong)
            refusal = pair.client.failure
            assert isinstance(refusal, PeerNameMismatch)
            self.assertEqual(refusal.expected, SERVER_NAME)
            self.assertEqual(refusal.presented, ("ris.example",))
            self.assertIsNone(pair.client.link)
            self.assertIsNone(pair.server.link)
            told = pair.server.failure
            assert isinstance(told, HandshakeFailed)
            self.assertEqual(told.alert, "bad_certificate")

    def test_the_name_is_not_asked_for_where_that_is_switched_off(self) -> None:
        client = Verifier(CA.trust, CLIENT, verify_name=False)
        pair = join(client, careless(CA.issue("ris.example"), SSL.TLS1_3_VERSION))
        self.assertIsNotNone(pair.client.link)

    def test_a_server_that_can_only_decipher_its_keys(self) -> None:
        server = craft(CA, BOTH, key_usage("key_encipherment"), key=private_key("rsa2048", 1))
        for version in VERSIONS:
            pair = join(Verifier(CA.trust, CLIENT), careless(server, version))
            self.assert_refused(
                pair, by_client=True, words="digitalSignature", alert="unsupported_certificate"
            )

    def test_an_ip_address_is_verified_too(self) -> None:
        server = security(CA.issue("192.0.2.7").credentials)
        pair = join(security(CLIENT.credentials), server, "192.0.2.7")
        self.assertEqual(pair.client.secure_link.server_name, "192.0.2.7")
        self.assertEqual(pair.server.secure_link.server_name, "")
        pair = join(security(CLIENT.credentials), server, "192.0.2.8")
        self.assertIsInstance(pair.client.failure, PeerNameMismatch)


class AlertTests(SynchronousTestCase):
    def test_the_peer_is_told_what_the_table_says(self) -> None:
        for error in VerificationError:
            context = SSL.Context(SSL.TLS_METHOD)
            judge_verification(context, SSL.VERIFY_PEER, lambda *_, error=error: error)
            pair = join(FromContext(context), careless(SERVER, SSL.TLS1_3_VERSION))
            told = pair.server.failure
            assert isinstance(told, HandshakeFailed)
            self.assertEqual(told.alert, error.alert, error.name)

    def test_every_number_has_words(self) -> None:
        self.assertEqual(list(VerificationError), list(range(1, 105)))
        self.assertTrue(all(error.words for error in VerificationError))
        self.assertEqual(error_words(10), "certificate has expired")
        self.assertEqual(error_words(0), "")
        self.assertEqual(error_words(999), "OpenSSL verification error 999")
        self.assertEqual(error_alert(999), "certificate_unknown")


class JudgeTests(DirectionTestCase):
    """The judge of the application sees all, may refuse more, and can wave nothing through."""

    def test_it_sees_each_certificate_from_the_root(self) -> None:
        steps: list[ChainStep] = []
        client = intermediate().issue("ct1.example", subject="CT 1")
        for version in VERSIONS:
            steps.clear()
            trust = Trust((CA.certificate,), judge=steps.append)
            join(careless(client, version), Verifier(trust, SERVER))
            seen = [(subject_of(step.certificate), step.depth, step.error) for step in steps]
            wanted = [("CN=Test CA", 2, 0), ("CN=Intermediate", 1, 0), ("CN=CT 1", 0, 0)]
            self.assertEqual(seen, wanted)
            self.assertEqual({(step.error_name, step.is_client) for step in steps}, {("", False)})

    def test_it_refuses_more(self) -> None:
        def judge(step: ChainStep) -> str | None:
            return "of the wrong\nward" if step.depth == 0 else None

        trust = Trust((CA.certificate,), judge=judge)
        self.refuse_client(CLIENT, "is not wanted: of the wrong\\nward", "bad_certificate", trust)

    def test_it_sees_why_something_failed_and_cannot_help_it(self) -> None:
        steps: list[ChainStep] = []
        expired = CA.issue("ct1.example", begin=NOW - 2 * DAY, end=NOW - DAY)
        trust = Trust((CA.certificate,), judge=steps.append)
        self.refuse_client(expired, "expired", "certificate_expired", trust)
        self.assertEqual((steps[-1].error, steps[-1].error_name), (10, "certificate has expired"))

    def test_what_it_says_of_a_failure_does_not_hide_the_failure(self) -> None:
        expired = CA.issue("ct1.example", begin=NOW - 2 * DAY, end=NOW - DAY)
        trust = Trust((CA.certificate,), judge=lambda step: "no" if step.error else None)
        self.refuse_client(expired, "expired on", "certificate_expired", trust)

    def test_it_sees_what_breaks_our_own_rules(self) -> None:
        steps: list[ChainStep] = []
        trust = Trust((CA.certificate,), judge=steps.append)
        pair = join(Verifier(trust), careless(CA.issue("ris.example"), SSL.TLS1_3_VERSION))
        self.assertIsInstance(pair.client.failure, PeerNameMismatch)
        self.assertEqual((steps[-1].error_name, steps[-1].is_client), ("hostname mismatch", True))

    def test_an_answer_that_is_no_text_refuses_too(self) -> None:
        trust = Trust((CA.certificate,), judge=lambda _: False)  # type: ignore[arg-type,return-value]
        self.refuse_client(CLIENT, "is not wanted: False", "bad_certificate", trust)

    def test_an_exception_ends_the_handshake(self) -> None:
        def judge(_step: ChainStep) -> str | None:
            raise ZeroDivisionError

        trust = Trust((CA.certificate,), judge=judge)
        self.refuse_client(CLIENT, "the judge of certificates failed", "bad_certificate", trust)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), len(VERSIONS))


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
        class Creator(Verifier):
            def clientConnectionForTLS(
                self, tlsProtocol: TLSMemoryBIOProtocol | None
            ) -> LinkConnection:
                return Broken(self.context, is_client=True, profile="")

        for version in VERSIONS:
            pair = join(Creator(CA.trust), careless(SERVER, version))
            assert pair.client.reason is not None
            self.assertIsInstance(pair.client.reason.value, ZeroDivisionError)
            self.assertIn("ZeroDivisionError", str(pair.client.failure))
            self.assertIsNone(pair.client.link)
            self.assertIsNone(pair.server.link)
            told = pair.server.failure
            assert isinstance(told, HandshakeFailed)
            self.assertEqual(told.alert, "internal_error")

    def test_a_connection_that_cannot_remember_is_refused(self) -> None:
        pair = join(FromContext(Verifier(CA.trust).context), careless(SERVER, VERSIONS[0]))
        assert pair.client.reason is not None
        self.assertIsInstance(pair.client.reason.value, TypeError)
        self.assertIsNone(pair.client.link)
