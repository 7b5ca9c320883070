"""A response that is stapled is about our certificate, good, and of now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, DAY, NOW
from tests.tls.key_files import pem, write
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError
from txdicomtls.tls import Credentials, load_credentials
from txdicomtls.tls.ocsp import CLOCK_TOLERANCE
from txdicomtls.tls.ocsp_files import read_ocsp_response

NODE = CA.issue("node.example")
OTHER = CA.issue("other.example")


def response(
    certificate: x509.Certificate = NODE.certificate,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    begin: datetime = NOW - DAY,
    end: datetime | None = NOW + DAY,
) -> bytes:
    revoked = NOW - DAY if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=CA.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=begin,
        next_update=end,
        revocation_time=revoked,
        revocation_reason=None,
    )
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, CA.certificate).sign(
        CA.key, hashes.SHA256()
    )
    return signed.public_bytes(Encoding.DER)


class ResponseTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def read(self, content: bytes) -> bytes:
        return read_ocsp_response(write(self.path, content), NODE.certificate, NOW)

    def problem(self, content: bytes) -> str:
        error = self.assertRaises(CredentialError, self.read, content)
        self.assertEqual(error.path, str(self.path))
        self.assertNotIn("\n", str(error))
        return str(error.problem)

    def test_a_good_response_is_given_as_it_is(self) -> None:
        ahead = response(begin=NOW + CLOCK_TOLERANCE)
        for content in (response(), response(end=None), ahead):
            self.assertEqual(self.read(content), content)

    def test_a_response_about_another_certificate_is_refused(self) -> None:
        self.assertIn("about another certificate", self.problem(response(OTHER.certificate)))

    def test_a_response_that_is_not_good_is_refused(self) -> None:
        self.assertIn("revoked", self.problem(response(status=ocsp.OCSPCertStatus.REVOKED)))
        unknown = response(status=ocsp.OCSPCertStatus.UNKNOWN)
        self.assertIn("knows no such certificate", self.problem(unknown))

    def test_a_response_of_another_time_is_refused_with_its_date(self) -> None:
        old = response(begin=NOW - 2 * DAY, end=NOW - DAY)
        self.assertIn(f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC", self.problem(old))
        early = response(begin=NOW + DAY, end=NOW + 2 * DAY)
        self.assertIn(f"not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC", self.problem(early))

    def test_an_error_of_the_responder_is_no_response(self) -> None:
        error = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        self.assertIn("answered try later", self.problem(error.public_bytes(Encoding.DER)))

    def test_what_is_no_response_is_refused(self) -> None:
        for content in (b"hello", pem(NODE.certificate), response()[:-20]):
            self.assertIn("damaged", self.problem(content))

    def test_credentials_are_loaded_with_their_response(self) -> None:
        certificate = write(Path(self.mktemp()), NODE.certificate_pem)
        key = write(Path(self.mktemp()), NODE.key_pem())

        def load(content: bytes) -> Deferred[Credentials]:
            path = write(self.path, content)
            return load_credentials(certificate, key, ocsp_response=path, in_thread=in_this_thread)

        good = response()
        self.assertEqual(self.successResultOf(load(good)).ocsp_response, good)
        error = self.failureResultOf(load(response(OTHER.certificate)), CredentialError).value
        self.assertEqual(error.path, str(self.path))
