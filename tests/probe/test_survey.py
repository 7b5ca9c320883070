"""A probe finds out what a server accepts, whatever the server does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL, crypto
from twisted.trial.unittest import SynchronousTestCase

from tests.probe.flights import OldServer, alert, lenient_server, record, server_hello
from tests.probe.probed import TIMEOUT, Answering, MemoryServer, probe_of, serve
from tests.tls.certificates import CA, NOW, OTHER_CA
from tests.tls.pair import SERVER_NAME, security
from txdicomtls.errors import PeerUnreachable
from txdicomtls.probe.connections import AT_ONCE, MOST_SILENCES
from txdicomtls.probe.facts import Demand, Reaction, Resumption
from txdicomtls.probe.hello import ProtocolVersion
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    ClientCertificate,
    Credentials,
    TLSVersion,
)
from txdicomtls.tls.profiles import Preference

SERVER = CA.issue(SERVER_NAME)
CLIENT = CA.issue("ct1.example")
SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = ProtocolVersion


class OwnServerTests(SynchronousTestCase):
    """Our own server, by its default profile."""

    def test_what_the_profile_says_is_what_is_found(self) -> None:
        facts = probe_of(serve(security(SERVER.credentials)), trust=CA.trust)
        self.assertEqual("TLS", facts.speaks)
        self.assertEqual([TLS_1_3, TLS_1_2], [each.version for each in facts.versions])
        newest, second = facts.versions
        self.assertEqual(DEFAULT_PROFILE.tls13_cipher_suites, newest.suites)
        ecdsa = tuple(name for name in DEFAULT_PROFILE.cipher_suites if "_ECDSA_" in name)
        self.assertEqual(ecdsa, second.suites)
        self.assertEqual([Preference.SERVER] * 2, [newest.preference, second.preference])
        self.assertEqual(set(DEFAULT_PROFILE.groups), set(newest.groups))
        self.assertIn("secp256r1", second.groups)
        self.assertEqual((False, 0), (second.compression, second.dhe_bits))
        self.assertTrue(second.renegotiation_info)
        self.assertTrue(second.extended_master_secret)
        self.assertEqual(TLS_1_3, facts.prefers)
        self.assertEqual(Demand.REQUIRED, facts.client_certificate)
        self.assertEqual((), facts.remarks)

    def test_dicom_is_chosen_and_another_protocol_refused(self) -> None:
        for minimum in (TLSVersion.TLS_1_2, TLSVersion.TLS_1_3):
            profile = replace(DEFAULT_PROFILE, minimum_version=minimum)
            facts = probe_of(serve(security(SERVER.credentials, profile=profile)))
            self.assertEqual(Reaction.TAKEN, facts.alpn_dicom)
            self.assertEqual(Reaction.REFUSED, facts.alpn_other)

    def test_the_chain_is_found_in_tls_1_3_alone_too(self) -> None:
        for minimum in (TLSVersion.TLS_1_2, TLSVersion.TLS_1_3):
            profile = replace(DEFAULT_PROFILE, minimum_version=minimum)
            facts = probe_of(serve(security(SERVER.credentials, profile=profile)), trust=CA.trust)
            [chain] = facts.chains
            self.assertEqual(SERVER.certificate, chain.certificates[0].certificate)
            self.assertEqual((True, ()), (chain.is_trusted, chain.problems))
            self.assertEqual("none", chain.staple)

    def test_a_client_certificate_may_be_optional_or_not_asked_for(self) -> None:
        for wanted, demand in (
            (ClientCertificate.REQUIRED, Demand.REQUIRED),
            (ClientCertificate.OPTIONAL, Demand.OPTIONAL),
            (ClientCertificate.NONE, Demand.NONE),
        ):
            for maximum in (TLSVersion.TLS_1_2, TLSVersion.TLS_1_3):
                profile = replace(DEFAULT_PROFILE, maximum_version=maximum)
                server = security(SERVER.credentials, profile=profile, client_certificate=wanted)
                self.assertEqual(demand, probe_of(serve(server)).client_certificate)


class LenientServerTests(SynchronousTestCase):
    """A server that takes everything."""

    def test_all_that_is_weak_is_found(self) -> None:
        facts = probe_of(serve(lenient_server("rsa2048", "p256")))
        self.assertEqual(
            [TLS_1_3, TLS_1_2, TLS_1_1, TLS_1_0], [each.version for each in facts.versions]
        )
        for version in facts.versions[1:]:
            self.assertIn("TLS_RSA_WITH_NULL_SHA", version.suites)
            self.assertIn("TLS_RSA_WITH_AES_128_CBC_SHA", version.suites)
            self.assertIn("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", version.suites)
            self.assertEqual(len(version.suites), len(set(version.suites)))
            self.assertEqual(Preference.CLIENT, version.preference)
        self.assertIn("TLS_RSA_WITH_IDEA_CBC_SHA", facts.versions[-1].suites)
        self.assertNotIn("TLS_RSA_WITH_IDEA_CBC_SHA", facts.versions[1].suites)
        self.assertEqual(Demand.NONE, facts.client_certificate)
        self.assertEqual(2, len(facts.chains))
        self.assertEqual(Reaction.PASSED_OVER, facts.alpn_dicom)
        self.assertEqual(Reaction.TAKEN, facts.unknown_name)

    def test_an_order_of_its_own_is_found(self) -> None:
        context = lenient_server("rsa2048")
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
        context.set_cipher_list(b"AES128-SHA:AES256-SHA:AES128-GCM-SHA256:@SECLEVEL=0")
        second = probe_of(serve(context)).version(TLS_1_2)
        assert second is not None
        names = (
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_CBC_SHA",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
        )
        self.assertEqual((Preference.SERVER, names), (second.preference, second.suites))

    def test_a_name_that_it_does_not_have_is_refused(self) -> None:
        facts = probe_of(lambda: _ByName(TLS_1_2, (0x002F,)))
        self.assertEqual(Reaction.REFUSED, facts.unknown_name)

    def test_a_name_may_be_warned_of(self) -> None:
        facts = probe_of(lambda: _ByName(TLS_1_2, (0x002F,), level=1))
        self.assertEqual(Reaction.PASSED_OVER, facts.unknown_name)

    def test_sessions_are_taken_up_or_not(self) -> None:
        for minimum in (SSL.TLS1_3_VERSION, SSL.TLS1_2_VERSION):
            resuming = lenient_server("p256")
            resuming.set_max_proto_version(minimum)
            self.assertEqual(Resumption.RESUMED, probe_of(serve(resuming)).resumption)
            forgetful = lenient_server("p256")
            forgetful.set_max_proto_version(minimum)
            forgetful.set_options(SSL.OP_NO_TICKET)
            forgetful.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            self.assertEqual(Resumption.FULL, probe_of(serve(forgetful)).resumption)

    def test_whether_sessions_are_taken_up_behind_a_certificate_needs_one(self) -> None:
        def demanding() -> SSL.Context:
            context = lenient_server("p256")
            context.set_session_id(b"test")
            store = context.get_cert_store()
            assert store is not None
            store.add_cert(crypto.X509.from_cryptography(CA.certificate))
            demand = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
            context.set_verify(demand, lambda *arguments: bool(arguments[-1]))
            context.set_client_ca_list(
                [crypto.X509.from_cryptography(CA.certificate).get_subject()]
            )
            return context

        facts = probe_of(serve(demanding()))
        self.assertEqual(Resumption.UNKNOWN, facts.resumption)
        self.assertEqual(Demand.REQUIRED, facts.client_certificate)
        self.assertEqual(("CN=Test CA",), facts.authorities)
        facts = probe_of(serve(demanding()), credentials=CLIENT.credentials)
        self.assertEqual(Resumption.RESUMED, facts.resumption)


class CertificateTests(SynchronousTestCase):
    def problems(self, host: str = SERVER_NAME, **settings: object) -> tuple[str, ...]:
        issued = CA.issue(SERVER_NAME, **settings)  # type: ignore[arg-type]  # as it wants them
        [chain] = probe_of(serve(_showing(issued.credentials)), host=host).chains
        return chain.problems

    def test_a_good_one_has_no_problems(self) -> None:
        self.assertEqual((), self.problems())

    def test_a_wrong_name_an_expired_one_and_a_wrong_purpose_are_said(self) -> None:
        self.assertEqual(
            (f"it is for {SERVER_NAME}, not for 127.0.0.1",), self.problems(host="127.0.0.1")
        )
        [expired] = self.problems(end=NOW - timedelta(hours=1))
        self.assertIn("expired on", expired)
        [early] = self.problems(begin=NOW + timedelta(hours=1))
        self.assertIn("is not valid before", early)
        [purpose] = self.problems(purposes=[ExtendedKeyUsageOID.CLIENT_AUTH])
        self.assertIn("may not be used for a server", purpose)

    def test_trust_is_judged_where_somebody_is_trusted(self) -> None:
        for trust, is_trusted in ((None, None), (CA.trust, True), (OTHER_CA.trust, False)):
            [chain] = probe_of(serve(_showing(SERVER.credentials)), trust=trust).chains
            self.assertEqual(is_trusted, chain.is_trusted)
            self.assertEqual(is_trusted is False, any("lead" in p for p in chain.problems))

    def test_days_left_are_counted(self) -> None:
        issued = CA.issue(SERVER_NAME, end=NOW + timedelta(days=9, hours=1))
        [chain] = probe_of(serve(_showing(issued.credentials))).chains
        self.assertEqual(9, chain.certificates[0].days_left)
        self.assertEqual("sha256", chain.certificates[0].signature_hash)

    def test_a_staple_is_put_into_words_in_every_version(self) -> None:
        # An OCSP response that says "unauthorized" (RFC 6960 4.2.1).
        unauthorized = bytes.fromhex("30 03 0a 01 06")
        for newest in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            context = lenient_server("p256")
            context.set_min_proto_version(newest)
            context.set_max_proto_version(newest)
            context.set_ocsp_server_callback(lambda *_: unauthorized)
            [chain] = probe_of(serve(context)).chains
            self.assertEqual("refused: unauthorized", chain.staple)


class OldServerTests(SynchronousTestCase):
    """What OpenSSL no longer has is found all the same."""

    def test_triple_des_rc4_des_and_export_are_found_in_the_versions_of_their_time(self) -> None:
        codes = (0x000A, 0x0005, 0x0009, 0x0003)
        for version in (SSL_3_0, TLS_1_0):
            facts = probe_of(partial(OldServer, version, codes, compression=1))
            [only] = facts.versions
            self.assertEqual(version, only.version)
            self.assertEqual(
                (
                    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
                    "TLS_RSA_WITH_RC4_128_SHA",
                    "TLS_RSA_WITH_DES_CBC_SHA",
                    "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
                ),
                only.suites,
            )
            self.assertTrue(only.compression)
            self.assertFalse(only.renegotiation_info)
            self.assertEqual(Preference.SERVER, only.preference)
            self.assertEqual(Demand.NONE, facts.client_certificate)
            self.assertEqual(CA.certificate, facts.chains[0].certificates[0].certificate)


class StrangerTests(SynchronousTestCase):
    """What is not TLS is named, and left alone."""

    def test_other_protocols_are_named(self) -> None:
        for answer, speaks in (
            (bytes.fromhex("07 00 00 00 00 04 00 00 00 00"), "plain DICOM"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
            (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH"),
            (b"\xde\xad\xbe\xef", "unknown"),
        ):
            server = MemoryServer(partial(_answering, answer))
            facts = server.probe()
            self.assertEqual(speaks, facts.speaks)
            self.assertIn("check" if speaks != "plain DICOM" else "switch TLS", facts.explanation)
            self.assertEqual((1, ()), (server.count, facts.versions))

    def test_who_hangs_up_speaks_nothing(self) -> None:
        facts = probe_of(lambda: Answering(None, closes=True))
        self.assertEqual(("nothing", 3), (facts.speaks, facts.connections))
        self.assertIn("without a byte of TLS", facts.explanation)

    def test_who_is_silent_speaks_nothing_and_is_asked_once(self) -> None:
        server = MemoryServer(lambda _number: Answering(None))
        facts = server.probe()
        self.assertEqual(("nothing", 1), (facts.speaks, server.count))
        self.assertIn("says nothing", facts.explanation)
        self.assertLess(server.clock.seconds(), 2 * TIMEOUT)

    def test_who_cannot_be_reached_is_an_error(self) -> None:
        with self.assertRaises(PeerUnreachable):
            probe_of(lambda: None)


class BadServerTests(SynchronousTestCase):
    """A server may do what it likes: the probe ends."""

    good = staticmethod(serve(lenient_server("p256")))

    def test_there_are_never_more_than_two_connections_at_once(self) -> None:
        server = MemoryServer(lambda number: self.good() if number == 1 else Answering(None))
        facts = server.probe()
        self.assertEqual(AT_ONCE, server.most_at_once)
        self.assertEqual(server.count, facts.connections)

    def test_there_are_never_more_connections_than_allowed(self) -> None:
        server = MemoryServer(lambda _number: self.good())
        counts: list[int] = []
        facts = server.probe(most_connections=10, made=counts.append)
        self.assertEqual((10, 10), (server.count, facts.connections))
        self.assertEqual(list(range(1, 11)), counts)
        [remark] = facts.remarks
        self.assertIn("not asked: there were 10 connections already", remark)

    def test_one_that_falls_silent_is_left_alone(self) -> None:
        server = MemoryServer(lambda number: self.good() if number < 20 else Answering(None))
        facts = server.probe()
        self.assertEqual("TLS", facts.speaks)
        self.assertLessEqual(server.count, 20 + MOST_SILENCES)
        self.assertTrue(any("did not answer within 5 s" in each for each in facts.remarks))
        self.assertTrue(any("not asked" in each for each in facts.remarks))

    def test_one_that_is_silent_now_and_then_is_asked_on(self) -> None:
        server = MemoryServer(lambda number: Answering(None) if number % 7 == 0 else self.good())
        facts = server.probe()
        self.assertGreater(server.count, 40)
        self.assertIn("did not answer", facts.remarks[0])

    def test_one_that_takes_no_more_connections_is_left_alone(self) -> None:
        server = MemoryServer(lambda number: self.good() if number < 20 else None)
        facts = server.probe()
        self.assertLessEqual(server.count, 20 + MOST_SILENCES)
        self.assertTrue(any("did not take the connection" in each for each in facts.remarks))

    def test_one_that_says_nonsense_in_tls_is_reported(self) -> None:
        nonsense = record(22, b"\x02\x00\x00\x05nonsense")
        facts = probe_of(lambda: Answering(nonsense))
        self.assertEqual(("TLS", ()), (facts.speaks, facts.versions))
        self.assertIn("a length that is not true", facts.remarks[0])

    def test_one_that_chooses_what_was_not_offered_does_not_hold_us(self) -> None:
        for version in ProtocolVersion:
            hello = record(22, server_hello(min(version, TLS_1_2), 0xFFFF))
            facts = probe_of(partial(Answering, hello, closes=True))
            self.assertEqual(("TLS", ()), (facts.speaks, facts.versions))

    def test_one_that_refuses_everything_accepts_nothing(self) -> None:
        facts = probe_of(lambda: Answering(alert(40), closes=True))
        self.assertEqual(("TLS", ()), (facts.speaks, facts.versions))
        self.assertEqual(Demand.UNKNOWN, facts.client_certificate)


def _answering(answer: bytes, _number: int) -> Answering:
    return Answering(answer, closes=True)


def _showing(credentials: Credentials) -> SSL.Context:
    """A server of few suites with any certificate: our own would refuse to show a bad one."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.use_certificate(credentials.certificate)
    context.use_privatekey(credentials.private_key)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    return context


class _ByName(OldServer):
    """Has one name, and says so to whoever asks for another."""

    def __init__(self, version: int, suites: tuple[int, ...], *, level: int = 2) -> None:
        super().__init__(version, suites)
        self.level = level

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if data[0] == 0x16 and SERVER_NAME.encode() not in data:
            self.transport.write(alert(112, level=self.level))
            if self.level == 2:
                self.transport.loseConnection()
                return
        super().dataReceived(data)
