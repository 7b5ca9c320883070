"""What a server staples is checked whole."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.authorities import BOTH, craft, ocsp_response
from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued, authority, private_key
from tests.tls.pair import SERVER_NAME, FromContext, join
from tests.tls.verifiers import CLIENT, VERSIONS, Verifier
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import Trust
from txdicomtls.tls.ocsp import (
    CLOCK_TOLERANCE,
    StatusQuestion,
    UnusableResponse,
    check_response,
    staple_callback,
)
from txdicomtls.tls.profiles import DEFAULT_PROFILE
from txdicomtls.tls.trust import Stapling
from txdicomtls.tls.verification import LinkConnection

ALERT = "bad_certificate_status_response"
SERVER = CA.issue(SERVER_NAME, subject="PACS")
LEAF = SERVER.certificate
RESPONDER = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
MUST_STAPLE = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
REVOKED, UNKNOWN = ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
QUESTION = StatusQuestion(certificate=LEAF, issuer=CA.certificate, profile=DEFAULT_PROFILE, now=NOW)


def trust(stapling: Stapling = Stapling.CHECKED, pinned: tuple[Issued, ...] = ()) -> Trust:
    certificates = tuple(one.certificate for one in pinned)
    return Trust((CA.certificate,), pinned=certificates, stapling=stapling)


class StaplingTests(SynchronousTestCase):
    def take(self, response: bytes, believed: Trust, server: Issued = SERVER) -> None:
        for version in VERSIONS:
            shown = Verifier(CA.trust, server, response=response)
            pair = join(Verifier(believed, CLIENT, version=version), shown)
            self.assertIsNotNone(pair.client.link, pair.client.error)

    def refuse(
        self,
        response: bytes,
        words: str,
        server: Issued = SERVER,
        stapling: tuple[Stapling, ...] = (Stapling.CHECKED, Stapling.REQUIRED),
    ) -> None:
        for version in VERSIONS:
            for mode in stapling:
                shown = Verifier(CA.trust, server, response=response)
                pair = join(Verifier(trust(mode), CLIENT, version=version), shown)
                refusal, told = pair.client.failure, pair.server.failure
                assert isinstance(refusal, HandshakeFailed)
                self.assertIn(words, str(refusal))
                self.assertEqual((refusal.by_peer, refusal.alert), (False, ALERT))
                self.assertIn("status", str(told))
                self.assertEqual((pair.client.link, pair.server.link), (None, None))

    def test_a_good_response(self) -> None:
        for mode in Stapling:
            self.take(ocsp_response(LEAF), trust(mode))

    def test_a_good_response_of_a_responder_that_the_ca_has_made_one(self) -> None:
        responder = craft(CA, RESPONDER, subject="Responder")
        self.take(ocsp_response(LEAF, responder=responder), trust(Stapling.REQUIRED))

    def test_no_response(self) -> None:
        self.take(b"", trust(Stapling.IGNORED))
        self.take(b"", trust(Stapling.CHECKED))
        words = "there is no OCSP response with it"
        self.refuse(b"", words, stapling=(Stapling.REQUIRED,))

    def test_no_response_with_a_certificate_that_demands_one(self) -> None:
        server = craft(CA, BOTH, MUST_STAPLE, names=[SERVER_NAME])
        words = "it says itself that an OCSP response must come with it"
        self.refuse(b"", words, server, stapling=(Stapling.CHECKED,))
        self.take(ocsp_response(server.certificate), trust(), server)
        self.take(b"", trust(Stapling.IGNORED), server)

    def test_a_revoked_certificate(self) -> None:
        words = f"its CA revoked it on {NOW - DAY:%Y-%m-%d %H:%M} UTC"
        self.refuse(ocsp_response(LEAF, status=REVOKED), words)
        self.take(ocsp_response(LEAF, status=REVOKED), trust(Stapling.IGNORED))

    def test_a_certificate_that_the_responder_does_not_know(self) -> None:
        self.refuse(ocsp_response(LEAF, status=UNKNOWN), "does not know it")

    def test_an_expired_response(self) -> None:
        old = ocsp_response(LEAF, begin=NOW - 2 * DAY, end=NOW - DAY)
        words = f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC, and this machine's clock says "
        self.refuse(old, words)

    def test_a_response_of_the_future(self) -> None:
        future = ocsp_response(LEAF, begin=NOW + DAY, end=NOW + 2 * DAY)
        self.refuse(future, f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC")
        self.take(ocsp_response(LEAF, begin=NOW + CLOCK_TOLERANCE / 2), trust())

    def test_a_response_that_holds_for_ever(self) -> None:
        self.refuse(ocsp_response(LEAF, end=None), "does not say how long it holds")

    def test_a_responder_that_is_none(self) -> None:
        for responder in (
            craft(CA, BOTH, subject="A node"),
            craft(CA, subject="Nothing said"),
            craft(OTHER_CA, RESPONDER, subject="Of another CA"),
            craft(CA, RESPONDER, subject="Expired", begin=NOW - 2 * DAY, end=NOW - DAY),
            craft(CA, RESPONDER, subject="Weak", key=private_key("rsa1024", 1)),
        ):
            response = ocsp_response(LEAF, responder=responder)
            self.refuse(response, "is not signed by its CA, nor by a responder")

    def test_an_altered_response(self) -> None:
        good = ocsp_response(LEAF)
        self.refuse(good[:-1] + bytes((good[-1] ^ 1,)), "is not signed by its CA")

    def test_a_responder_that_does_not_answer(self) -> None:
        later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        self.refuse(later.public_bytes(Encoding.DER), "gave no status, but try later")

    def test_a_pinned_server_needs_no_response(self) -> None:
        for server in (
            OTHER_CA.issue(SERVER_NAME),
            craft(None, BOTH, names=[SERVER_NAME]),
            craft(OTHER_CA, BOTH, MUST_STAPLE, names=[SERVER_NAME]),
        ):
            for mode in Stapling:
                self.take(b"", trust(mode, pinned=(server,)), server)

    def test_below_an_intermediate_ca_it_is_the_one_that_issued_it_who_signs(self) -> None:
        ca = CA.issue(subject="Intermediate", is_ca=True, kind="p384")
        server = ca.issue(SERVER_NAME)
        self.take(ocsp_response(server.certificate, ca), trust(Stapling.REQUIRED), server)
        response = ocsp_response(server.certificate, ca, responder=CA)
        self.refuse(response, "is not signed by its CA", server)

    def test_an_exception_in_the_callback_fails_the_handshake(self) -> None:
        for version in VERSIONS:
            client = Verifier(CA.trust, CLIENT, version=version)

            def broken(*_: object) -> bool:
                raise ZeroDivisionError

            client.context.set_ocsp_client_callback(broken)
            pair = join(client, Verifier(CA.trust, SERVER))
            self.assertIsNone(pair.client.link)
            self.assertIsNone(pair.server.link)
            told = pair.server.failure
            assert isinstance(told, HandshakeFailed)
            self.assertEqual(told.alert, "internal_error")

    def test_connections_that_cannot_remember_are_refused(self) -> None:
        client = Verifier(CA.trust, CLIENT)
        judge = staple_callback(DEFAULT_PROFILE, CA.trust)
        plain = FromContext(client.context).clientConnectionForTLS(None)  # type: ignore[arg-type]
        self.assertRaises(TypeError, judge, plain, b"", None)

    def test_without_a_verified_chain_nothing_is_good(self) -> None:
        judge = staple_callback(DEFAULT_PROFILE, CA.trust)
        connection = LinkConnection(Verifier(CA.trust).context, is_client=True, profile="")
        self.assertFalse(judge(connection, ocsp_response(LEAF), None))


class ResponseTests(SynchronousTestCase):
    """What OpenSSL's own server would not even send."""

    def refuse(self, response: bytes, words: str) -> None:
        error = self.assertRaises(UnusableResponse, check_response, response, QUESTION)
        self.assertIn(words, str(error))

    def test_a_good_one(self) -> None:
        check_response(ocsp_response(LEAF), QUESTION)

    def test_one_that_is_damaged(self) -> None:
        self.refuse(ocsp_response(LEAF)[:-1], "is damaged")
        self.refuse(b"garbage", "is damaged")

    def test_one_about_another_certificate(self) -> None:
        other = CA.issue(SERVER_NAME).certificate
        self.refuse(ocsp_response(other), "is about another certificate")

    def test_one_of_another_ca(self) -> None:
        self.refuse(ocsp_response(LEAF, OTHER_CA), "is about another certificate")
        impostor = authority("Test CA", kind="p384")
        self.refuse(ocsp_response(LEAF, impostor), "is about another certificate")

    def test_one_whose_signature_is_too_weak(self) -> None:
        strict = replace(DEFAULT_PROFILE, signature_hashes=frozenset(("sha384",)))
        question = replace(QUESTION, profile=strict)
        error = self.assertRaises(UnusableResponse, check_response, ocsp_response(LEAF), question)
        self.assertIn("is signed with sha256, which is too weak", str(error))

    def test_each_kind_of_key_may_sign(self) -> None:
        for kind in ("rsa2048", "p384"):
            responder = craft(CA, RESPONDER, subject=kind, key=private_key(kind, 4))
            check_response(ocsp_response(LEAF, responder=responder), QUESTION)
