"""A server's first flight is read, whoever the server is, and in whatever pieces it comes."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL, crypto
from twisted.trial.unittest import SynchronousTestCase

from tests.probe.flights import (
    alert,
    answer_of,
    issued,
    lenient_server,
    message,
    octets_of,
    read,
    record,
    server_hello,
)
from tests.tls.certificates import CA
from txdicomtls.probe.hello import GROUPS, ClientHello, Extension, ProtocolVersion
from txdicomtls.probe.octets import vector
from txdicomtls.probe.server_flight import (
    HELLO_RETRY_RANDOM,
    MOST_BYTES,
    FlightReader,
    ServerFlight,
    ephemeral_group,
    ephemeral_prime_bits,
)
from txdicomtls.probe.suites import offerable
from txdicomtls.tls.suites import describe_suite

RANDOM = bytes(range(32))
TLS_1_0, TLS_1_2, TLS_1_3 = (
    ProtocolVersion.TLS_1_0,
    ProtocolVersion.TLS_1_2,
    ProtocolVersion.TLS_1_3,
)
#: Without those of finite fields, which would replace the parameters of a server.
CURVES = tuple(code for code in GROUPS if not 0x0100 <= code < 0x0200)

#: An OCSP response that says "unauthorized" (RFC 6960 4.2.1).
STAPLE = bytes.fromhex("30 03 0a 01 06")


def ask(version: ProtocolVersion, *suites: int, groups: tuple[int, ...] = CURVES) -> ClientHello:
    return ClientHello(
        versions=(version,), suites=suites or offerable(version), groups=groups, random=RANDOM
    )


def demanding_server() -> SSL.Context:
    """A server with RSA that wants a certificate, staples a response and chooses a protocol."""
    context = lenient_server("rsa2048")
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    context.set_client_ca_list([crypto.X509.from_cryptography(CA.certificate).get_subject()])
    context.set_ocsp_server_callback(lambda *_: STAPLE)
    context.set_alpn_select_callback(lambda _, offered: offered[0])
    return context


class RoundTripTests(SynchronousTestCase):
    """What OpenSSL answers to what we ask."""

    def test_every_suite_that_openssl_can_negotiate_is_asked_for_and_read(self) -> None:
        context = lenient_server("rsa2048", "p256")
        names = SSL.Connection(context, None).get_cipher_list()
        suites = [describe_suite(name) for name in names]
        asked = [
            suite
            for suite in suites
            if suite.is_tls13 or suite.authentication in ("RSA", "ECDSA", "anon")
        ]
        self.assertGreater(len(asked), 40)
        for suite in asked:
            versions = [TLS_1_3] if suite.is_tls13 else [TLS_1_2]
            if suite.integrity == "HMAC-SHA1":
                versions.append(TLS_1_0)
            if suite.encryption == "IDEA-CBC":
                versions.remove(TLS_1_2)  # which has no IDEA (RFC 5469)
            for version in versions:
                flight = answer_of(context, ask(version, suite.code))
                assert flight.hello is not None, (suite, version, flight)
                self.assertEqual(suite.code, flight.hello.suite)
                self.assertEqual(version, flight.hello.version)
                self.assertEqual(("", True), (flight.problem, flight.is_complete))

    def test_all_that_is_in_the_clear_is_found(self) -> None:
        hello = ClientHello(
            versions=(TLS_1_2,), suites=(0xC02F,), groups=(0x0018,), random=RANDOM, alpn=(b"dicom",)
        )
        flight = answer_of(demanding_server(), hello)
        assert flight.hello is not None
        self.assertEqual((issued("rsa2048").certificate.public_bytes(Encoding.DER),), flight.chain)
        self.assertEqual(b"dicom", flight.hello.alpn)
        self.assertEqual(STAPLE, flight.staple)
        self.assertTrue(flight.certificate_requested)
        self.assertEqual((CA.certificate.subject.public_bytes(),), flight.authorities)
        self.assertEqual(0x0018, ephemeral_group(flight))
        self.assertEqual(0, flight.hello.compression)
        self.assertIn(Extension.RENEGOTIATION_INFO, flight.hello.extensions)
        self.assertIn(Extension.EXTENDED_MASTER_SECRET, flight.hello.extensions)

    def test_the_authorities_are_found_before_tls_1_2_too(self) -> None:
        flight = answer_of(demanding_server(), ask(TLS_1_0, 0x002F))
        self.assertEqual((CA.certificate.subject.public_bytes(),), flight.authorities)
        self.assertEqual("", flight.problem)

    def test_the_prime_of_a_finite_field_is_measured(self) -> None:
        flight = answer_of(lenient_server("rsa2048"), ask(TLS_1_2, 0x009E))
        self.assertEqual((1024, None), (ephemeral_prime_bits(flight), ephemeral_group(flight)))

    def test_tls_1_3_names_suite_and_group_in_a_retry(self) -> None:
        flight = answer_of(lenient_server("p256"), ask(TLS_1_3, 0x1302, groups=(0x0018,)))
        assert flight.hello is not None
        self.assertTrue(flight.hello.retry)
        self.assertEqual((0x1302, 0x0018), (flight.hello.suite, flight.hello.group))

    def test_a_refusal_is_an_alert_by_its_name(self) -> None:
        context = lenient_server("p256")
        flight = answer_of(context, ask(TLS_1_2, 0x002F))
        self.assertEqual(("handshake_failure", None), (flight.alert, flight.hello))
        newest = lenient_server("p256")
        newest.set_min_proto_version(SSL.TLS1_3_VERSION)
        self.assertEqual("protocol_version", answer_of(newest, ask(TLS_1_2)).alert)


class PiecesTests(SynchronousTestCase):
    """The same is read from any chunking and any fragments."""

    whole = octets_of(demanding_server(), ask(TLS_1_2, 0xC02F))

    def test_a_byte_at_a_time(self) -> None:
        self.assertEqual(read(self.whole), read(self.whole, 1))

    @given(st.integers(1, 4000), st.integers(1, 4000))
    def test_messages_may_be_cut_into_records_anywhere(self, fragment: int, chunk: int) -> None:
        messages, at = b"", 0
        while at < len(self.whole):
            length = int.from_bytes(self.whole[at + 3 : at + 5], "big")
            messages += self.whole[at + 5 : at + 5 + length]
            at += 5 + length
        cut = b"".join(
            record(22, messages[start : start + fragment])
            for start in range(0, len(messages), fragment)
        )
        expected, found = read(self.whole), read(cut, chunk)
        self.assertEqual(expected.hello, found.hello)
        self.assertEqual(expected.chain, found.chain)
        self.assertEqual(expected.authorities, found.authorities)
        self.assertTrue(found.is_complete)
        self.assertEqual("", found.problem)


class HostileTests(SynchronousTestCase):
    """Nothing that comes raises, hangs, or is believed without limit."""

    whole = PiecesTests.whole

    def problem(self, octets: bytes) -> str:
        flight = read(octets)
        self.assertTrue(flight.is_complete, flight)
        return flight.problem

    @given(st.binary(max_size=400), st.integers(1, 50))
    def test_noise_never_raises(self, noise: bytes, size: int) -> None:
        for prefix in (b"", b"\x16\x03\x03", b"\x15\x03\x01", b"\x16\x03\x03\x00\x20\x02\x00\x00"):
            flight = read(prefix + noise, size)
            self.assertIsInstance(flight, ServerFlight)
            self.assertEqual((prefix + noise)[: len(flight.first_bytes)], flight.first_bytes)

    @given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=8))
    def test_a_flight_with_wrong_bytes_in_it_never_raises(
        self, changes: list[tuple[int, int]]
    ) -> None:
        octets = bytearray(self.whole)
        for place, value in changes:
            octets[place % len(octets)] = value
        flight = read(bytes(octets), 100)
        ephemeral_group(flight)
        ephemeral_prime_bits(flight)

    @given(st.integers(0, 3000))
    def test_a_flight_that_is_cut_off_waits_for_the_rest(self, place: int) -> None:
        place %= len(self.whole)
        self.assertFalse(read(self.whole[:place]).is_complete)

    @given(st.binary(max_size=80))
    def test_a_hello_with_any_content_never_raises(self, content: bytes) -> None:
        flight = read(record(22, message(2, content)))
        self.assertNotEqual(flight.problem == "", flight.hello is None)

    def test_lengths_that_lie_are_seen(self) -> None:
        hello = server_hello(0x0303, 0x002F)
        self.assertIn("no record of TLS", self.problem(b"HTTP/1.1 400"))
        self.assertIn("version that is none", self.problem(b"\x16\x7f\x00\x00\x01"))
        self.assertIn("too long", self.problem(b"\x16\x03\x01\xff\xff"))
        self.assertIn("cannot be read", self.problem(record(21, b"\x02")))
        self.assertIn("too long", self.problem(record(22, hello + b"\x0b\xff\xff\xff")))
        self.assertIn("not true", self.problem(record(22, hello + message(11, b"\x00\x00\x09ab"))))
        self.assertIn("not true", self.problem(record(22, message(2, b"\x03\x03"))))
        self.assertIn("not begin with", self.problem(record(22, message(11, b"\0\0\0"))))
        self.assertIn("second ServerHello", self.problem(record(22, hello + hello)))
        self.assertIn("out of turn", self.problem(record(22, hello + message(20, b""))))

    def test_a_flight_that_does_not_end_is_left(self) -> None:
        hello = record(22, server_hello(0x0303, 0x002F))
        certificate = record(22, message(11, vector(vector(bytes(9000), 3), 3)))
        for endless in (certificate, record(22, b""), record(20, b"\x01"), alert(90, level=1)):
            reader = FlightReader()
            reader.feed(hello)
            fed = 0
            while not reader.flight.is_complete:
                reader.feed(endless)
                fed += len(endless)
                self.assertLess(fed, 2 * MOST_BYTES)
            self.assertIn("does not end", reader.flight.problem)
            self.assertLess(len(reader.flight.warnings), 100)

    def test_what_follows_the_end_is_not_read(self) -> None:
        reader = FlightReader()
        reader.feed(record(22, server_hello(0x0303, 0x002F) + message(14, b"")))
        self.assertTrue(reader.flight.is_complete)
        reader.feed(b"no TLS")
        reader.end("too late")
        self.assertEqual("", reader.flight.problem)


class AlertTests(SynchronousTestCase):
    def test_a_warning_does_not_end_the_flight(self) -> None:
        flight = read(alert(112, level=1) + record(22, server_hello(0x0303, 0x002F)))
        self.assertEqual(["unrecognized_name"], flight.warnings)
        self.assertIsNotNone(flight.hello)
        self.assertEqual(("", False), (flight.alert, flight.is_complete))

    def test_a_farewell_and_an_unknown_alert_do(self) -> None:
        self.assertEqual("close_notify", read(alert(0, level=1)).alert)
        self.assertEqual("alert 200", read(alert(200)).alert)

    def test_the_retry_is_told_by_its_random(self) -> None:
        hello = bytearray(server_hello(0x0303, 0x1301))
        hello[6:38] = HELLO_RETRY_RANDOM
        flight = read(record(22, bytes(hello)))
        assert flight.hello is not None
        self.assertTrue(flight.hello.retry)
