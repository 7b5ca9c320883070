"""The ClientHello that is made by hand is, byte for byte, what the RFCs say."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.probe.flights import answer_of, lenient_server
from txdicomtls.probe.hello import DEFLATE, GROUPS, ClientHello, ProtocolVersion
from txdicomtls.probe.suites import offerable

RANDOM = bytes(range(32))

TLS_1_0 = (
    "16 03 01 00 6b",  # record: handshake, 107 bytes
    "01 00 00 67",  # ClientHello, 103 bytes
    "03 01",  # TLS 1.0
    "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
    "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
    "00",  # no session
    "00 02 00 2f",  # TLS_RSA_WITH_AES_128_CBC_SHA
    "01 00",  # no compression
    "00 3c",  # extensions, 60 bytes
    "00 00 00 08 00 06 00 00 03 61 2e 62",  # server_name: host name "a.b"
    "00 05 00 05 01 00 00 00 00",  # status_request: OCSP
    "00 0a 00 04 00 02 00 17",  # supported_groups: secp256r1
    "00 0b 00 02 01 00",  # ec_point_formats: uncompressed
    "00 10 00 08 00 06 05 64 69 63 6f 6d",  # ALPN: "dicom"
    "00 17 00 00",  # extended_master_secret
    "00 23 00 00",  # session_ticket
    "ff 01 00 01 00",  # renegotiation_info
)

SSL_3_0 = (
    "16 03 00 00 30",  # record of SSL 3.0, 48 bytes
    "01 00 00 2c",  # ClientHello, 44 bytes
    "03 00",  # SSL 3.0
    "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
    "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
    "00",  # no session
    "00 04 00 0a 00 ff",  # 3DES, and the signal of RFC 5746
    "02 01 00",  # DEFLATE, or no compression
)

TLS_1_3 = (
    "16 03 01 00 bb",  # record: handshake, 187 bytes
    "01 00 00 b7",  # ClientHello, 183 bytes
    "03 03",  # as TLS 1.2 (RFC 8446 4.1.2)
    "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
    "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
    "20",  # a session ID (RFC 8446 D.4)
    "1f 1e 1d 1c 1b 1a 19 18 17 16 15 14 13 12 11 10",
    "0f 0e 0d 0c 0b 0a 09 08 07 06 05 04 03 02 01 00",
    "00 02 13 01",  # TLS_AES_128_GCM_SHA256
    "01 00",  # no compression
    "00 6c",  # extensions, 108 bytes
    "00 05 00 05 01 00 00 00 00",  # status_request: OCSP
    "00 0a 00 04 00 02 00 1d",  # supported_groups: X25519
    "00 0b 00 02 01 00",  # ec_point_formats: uncompressed
    "00 0d 00 3e 00 3c",  # signature_algorithms, 30 of them
    "04 03 05 03 06 03 08 07 08 08 08 1a 08 1b 08 1c 09 04 09 05 09 06",
    "08 04 08 05 08 06 08 09 08 0a 08 0b 04 01 05 01 06 01",
    "03 03 03 01 04 02 05 02 06 02 03 02 02 03 02 01 02 02 01 01",
    "00 2b 00 03 02 03 04",  # supported_versions: TLS 1.3
    "00 2d 00 02 01 01",  # psk_key_exchange_modes: with (EC)DHE
    "00 33 00 02 00 00",  # key_share: none, so that the server asks for one
)


class GoldenTests(SynchronousTestCase):
    maxDiff = None

    def check(self, golden: tuple[str, ...], hello: ClientHello) -> None:
        self.assertEqual(" ".join(golden), hello.encode().hex(" "))

    def test_tls_1_0_has_the_extensions_of_its_time(self) -> None:
        self.check(
            TLS_1_0,
            ClientHello(
                versions=(ProtocolVersion.TLS_1_0,),
                suites=(0x002F,),
                groups=(0x0017,),
                random=RANDOM,
                server_name="a.b",
                alpn=(b"dicom",),
            ),
        )

    def test_ssl_3_0_has_no_extensions_but_the_signal_for_one(self) -> None:
        self.check(
            SSL_3_0,
            ClientHello(
                versions=(ProtocolVersion.SSL_3_0,),
                suites=(0x000A,),
                compressions=(DEFLATE, 0),
                random=RANDOM,
                server_name="a.b",
            ),
        )

    def test_tls_1_3_alone_offers_nothing_older_and_no_key(self) -> None:
        self.check(
            TLS_1_3,
            ClientHello(
                versions=(ProtocolVersion.TLS_1_3,),
                suites=(0x1301,),
                groups=(0x001D,),
                random=RANDOM,
            ),
        )


class OfferTests(SynchronousTestCase):
    def test_all_suites_and_groups_fit_into_one_record_that_openssl_reads(self) -> None:
        for version in ProtocolVersion:
            hello = ClientHello(versions=(version,), suites=offerable(version), random=RANDOM)
            encoded = hello.encode()
            self.assertEqual(len(encoded) - 5, int.from_bytes(encoded[3:5], "big"))
            flight = answer_of(lenient_server("rsa2048"), hello)
            self.assertTrue(flight.is_complete)
            self.assertEqual("", flight.problem)
            if version is ProtocolVersion.SSL_3_0:
                self.assertEqual("protocol_version", flight.alert)
            else:
                assert flight.hello is not None, flight.alert
                self.assertEqual(version, flight.hello.version)

    def test_all_versions_at_once_are_answered_with_the_newest(self) -> None:
        versions = (ProtocolVersion.TLS_1_0, ProtocolVersion.TLS_1_3, ProtocolVersion.TLS_1_2)
        suites = (0x002F, 0xC02F, 0x1301)
        hello = ClientHello(versions=versions, suites=suites, random=RANDOM)
        flight = answer_of(lenient_server("rsa2048"), hello)
        assert flight.hello is not None
        self.assertEqual((ProtocolVersion.TLS_1_3, 0x1301), _chosen(flight.hello))

    def test_a_version_is_called_as_people_call_it(self) -> None:
        labels = [version.label for version in ProtocolVersion]
        self.assertEqual(["SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"], labels)

    def test_no_suite_is_offered_that_is_none(self) -> None:
        for version in ProtocolVersion:
            # No protection at all; the fallback signal, which makes servers refuse; RFC 5746's.
            self.assertEqual(set(), {0x0000, 0x5600, 0x00FF} & set(offerable(version)))
        self.assertEqual(set(), set(offerable(_TLS_1_3)) & set(offerable(ProtocolVersion.TLS_1_2)))
        for code in (0x0003, 0x0005, 0x0009, 0x000A, 0x0001, 0xC02F):
            self.assertIn(code, offerable(ProtocolVersion.TLS_1_0))

    def test_groups_are_called_as_openssl_calls_them(self) -> None:
        self.assertEqual("secp256r1", GROUPS[0x0017].name)
        self.assertEqual(len(GROUPS), len({group.name for group in GROUPS.values()}))


_TLS_1_3 = ProtocolVersion.TLS_1_3


def _chosen(hello: object) -> tuple[int, int]:
    return (getattr(hello, "version", 0), getattr(hello, "suite", 0))
