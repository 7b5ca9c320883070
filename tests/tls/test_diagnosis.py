"""Every way in which a link fails is one line that says what to do."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL
from twisted.internet.error import (
    ConnectError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, OTHER_CA
from tests.tls.pair import SERVER_NAME, hear, join, security
from txdicomtls.errors import HandshakeFailed, LinkError, LinkTimeout, PeerNotTLS
from txdicomtls.tls import DEFAULT_PROFILE, TLSVersion, explain
from txdicomtls.tls.alerts import ALERTS

SERVER = CA.issue(SERVER_NAME)
CLIENT = CA.issue("ct1.example")
TLS_1_2 = replace(DEFAULT_PROFILE, maximum_version=TLSVersion.TLS_1_2)
TLS_1_3 = replace(DEFAULT_PROFILE, minimum_version=TLSVersion.TLS_1_3)

# An A-ASSOCIATE-RQ and an A-ABORT as they begin (PS3.8 9.3.2, 9.3.8).
ASSOCIATE_RQ = bytes.fromhex("01 00 00 00 00 cd 00 01 00 00") + b"PACS            "
ABORT = bytes.fromhex("07 00 00 00 00 04 00 00 00 00")


class NotTLSTests(SynchronousTestCase):
    def hear(self, noise: bytes, *, is_client: bool) -> PeerNotTLS:
        both = security(SERVER.credentials)
        creator = both.client_creator(SERVER_NAME) if is_client else both.server_creator()
        recorder, raw = hear(noise, creator, is_client=is_client)
        if not is_client:
            self.assertEqual(raw.value(), b"", "nothing is sent to a peer that speaks no TLS")
        assert isinstance(recorder.failure, PeerNotTLS), recorder.error
        self.assertNotIn("\n", str(recorder.failure))
        self.assertEqual(recorder.received, [])
        return recorder.failure

    def test_plain_dicom_on_the_tls_port(self) -> None:
        error = self.hear(ASSOCIATE_RQ, is_client=False)
        self.assertEqual(error.protocol, "plain DICOM")
        self.assertIn("switch TLS on at the peer", str(error))

    def test_tls_to_a_plain_dicom_port(self) -> None:
        error = self.hear(ABORT, is_client=True)
        self.assertEqual(error.protocol, "plain DICOM")
        self.assertIn("connect to its TLS port", str(error))

    def test_other_protocols_are_named(self) -> None:
        for noise, protocol in (
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
            (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH"),
            (b"220 mail.example ESMTP\r\n", "unknown"),
            (b"\x00" * 20, "unknown"),
            (b"\xffSMB\r\n\r\n\r\n", "unknown"),
        ):
            for is_client in (True, False):
                self.assertEqual(self.hear(noise, is_client=is_client).protocol, protocol)

    @given(noise=st.binary(min_size=16, max_size=64))
    def test_no_noise_makes_a_link_or_a_traceback(self, noise: bytes) -> None:
        creator = security(SERVER.credentials).server_creator()
        recorder, _raw = hear(noise, creator, is_client=False)
        self.assertIsNone(recorder.link)
        if recorder.is_lost:
            self.assertNotIn("\n", str(recorder.failure))

    def test_a_peer_that_leaves_at_once(self) -> None:
        for noise, words in ((b"", "without a byte"), (b"\x16\x03", "during the TLS handshake")):
            error = explain(
                ConnectionDone(), first_bytes=noise, is_client=False, handshake_done=False
            )
            self.assertIsInstance(error, HandshakeFailed)
            self.assertIn(words, str(error))


class HandshakeTests(SynchronousTestCase):
    def test_a_missing_client_certificate_is_known_to_both_sides(self) -> None:
        for profile, alert in ((TLS_1_2, "handshake_failure"), (TLS_1_3, "certificate_required")):
            pair = join(security(profile=profile), security(SERVER.credentials))
            self.assertIn("the client showed no certificate", str(pair.server.failure))
            told = pair.client.failure
            assert isinstance(told, HandshakeFailed)
            self.assertTrue(told.by_peer)
            self.assertEqual(told.alert, alert)
            self.assertIn("client certificate", str(told))

    def test_in_tls_1_3_the_client_is_told_after_its_handshake(self) -> None:
        stranger = security(OTHER_CA.issue("x.example").credentials, profile=TLS_1_3)
        pair = join(stranger, security(SERVER.credentials))
        self.assertIsNotNone(pair.client.link)
        told = pair.client.failure
        assert isinstance(told, HandshakeFailed)
        self.assertEqual((told.by_peer, told.alert), (True, "unknown_ca"))
        self.assertIn("add that CA to the peer's trust", str(told))

    def test_versions_without_overlap(self) -> None:
        for client, server in ((TLS_1_2, TLS_1_3), (TLS_1_3, TLS_1_2)):
            pair = join(
                security(CLIENT.credentials, profile=client),
                security(SERVER.credentials, profile=server),
            )
            for side, by_peer in ((pair.client, True), (pair.server, False)):
                error = side.failure
                assert isinstance(error, HandshakeFailed)
                self.assertEqual((error.alert, error.by_peer), ("protocol_version", by_peer))

    def test_suites_without_overlap(self) -> None:
        client = replace(TLS_1_2, cipher_suites=TLS_1_2.cipher_suites[:1])
        server = replace(TLS_1_2, cipher_suites=TLS_1_2.cipher_suites[2:3])
        pair = join(
            security(CLIENT.credentials, profile=client),
            security(SERVER.credentials, profile=server),
        )
        self.assertIn("no cipher suite", str(pair.server.failure))
        self.assertIn("no cipher suite", str(pair.client.failure))

    def test_a_key_of_the_wrong_type_for_the_suites(self) -> None:
        only_rsa = replace(TLS_1_2, cipher_suites=("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",))
        pair = join(security(CLIENT.credentials, profile=only_rsa), security(SERVER.credentials))
        self.assertIn("the type of our key", str(pair.server.failure))

    def test_groups_without_overlap(self) -> None:
        client = replace(DEFAULT_PROFILE, groups=("X25519",))
        server = replace(DEFAULT_PROFILE, groups=("secp256r1",))
        pair = join(
            security(CLIENT.credentials, profile=client),
            security(SERVER.credentials, profile=server),
        )
        self.assertIn("key exchange group", str(pair.server.failure))
        self.assertIn("group", str(pair.client.failure))


class ExplainTests(SynchronousTestCase):
    def explain(
        self,
        reason: Failure | BaseException,
        *,
        first_bytes: bytes = b"\x16\x03\x03",
        handshake_done: bool = False,
    ) -> LinkError:
        error = explain(
            reason, first_bytes=first_bytes, is_client=True, handshake_done=handshake_done
        )
        self.assertNotIn("\n", str(error))
        return error

    def test_an_error_of_ours_says_enough_itself(self) -> None:
        error = LinkTimeout("handshaking", 10)
        self.assertIs(self.explain(error), error)
        self.assertIs(self.explain(Failure(error), first_bytes=b"SSH-2.0-"), error)

    def test_every_alert_is_in_words(self) -> None:
        for words, alert in ALERTS.items():
            for prefix in ("tls", "tlsv1", "tlsv13", "ssl/tls"):
                reason = SSL.Error([("SSL routines", "", f"{prefix} alert {words}")])
                error = self.explain(Failure(reason))
                assert isinstance(error, HandshakeFailed)
                self.assertTrue(error.by_peer)
                self.assertEqual(error.alert, alert.name)
                self.assertIn(f"the peer refused {alert.meaning}", str(error))

    def test_the_alerts_that_openssl_does_not_call_so_are_alerts_too(self) -> None:
        for words in (
            "unsupported extension",
            "unrecognized name",
            "bad certificate status response",
            "bad certificate hash value",
        ):
            error = self.explain(SSL.Error([("SSL routines", "", f"tlsv1 {words}")]))
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((True, ALERTS[words].name), (error.by_peer, error.alert))

    def test_an_alert_that_is_new_keeps_its_name(self) -> None:
        error = self.explain(SSL.Error([("SSL routines", "", "tls alert ech required")]))
        assert isinstance(error, HandshakeFailed)
        self.assertEqual(error.alert, "ech_required")

    def test_an_alert_behind_another_error_is_found(self) -> None:
        queue = [("SSL routines", "", "x"), ("SSL routines", "", "tlsv1 alert unknown ca")]
        error = self.explain(SSL.Error(queue))
        assert isinstance(error, HandshakeFailed)
        self.assertEqual(error.alert, "unknown_ca")

    def test_an_altered_record_is_an_integrity_failure(self) -> None:
        queue = [
            ("SSL routines", "", "decryption failed or bad record mac"),
            ("SSL routines", "", "record layer failure"),
        ]
        error = self.explain(SSL.Error(queue), handshake_done=True)
        self.assertIn("integrity check failed", str(error))

    def test_an_error_without_a_reason_still_has_words(self) -> None:
        for reason in (SSL.Error([]), SSL.Error(), SSL.Error("odd"), ZeroDivisionError()):
            for handshake_done in (True, False):
                self.assertGreater(
                    len(str(self.explain(reason, handshake_done=handshake_done))), 15
                )

    def test_the_end_of_a_link_says_how_it_ended(self) -> None:
        for reason, words in (
            (ConnectionDone(), "closed the link"),
            (ConnectionLost(), "without closing the link"),
            (SSL.SysCallError(-1, "Unexpected EOF"), "without closing the link"),
            (ConnectionAborted(), "this node dropped the connection"),
        ):
            self.assertIn(words, str(self.explain(Failure(reason), handshake_done=True)))

    def test_a_connection_that_was_never_made_says_why(self) -> None:
        error = self.explain(ConnectError(111, "refused"), first_bytes=b"")
        self.assertIn("refused", str(error))
