"""The first message of a handshake, in every way that it can be strange."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import PATIENCE, associate_rq
from tests.daemon.process import memory, processor_time
from tests.daemon.tls_hello import (
    OF_TLS_1_3,
    SERVER_NAME,
    SUPPORTED_VERSIONS,
    Answer,
    alpn,
    extension,
    hello,
    server_name,
    vector,
)
from tests.daemon.tls_peer import OddPeer
from tests.daemon.tls_records import (
    CERTIFICATE,
    CLIENT_HELLO,
    FINISHED,
    HANDSHAKE,
    SERVER_HELLO,
    TLS_1_2,
    TLS_1_3,
    handshake,
    parts,
    record,
)
from tests.running import Node, make_certificates
from txdicomtls.tls.authority import KeyType, write

#: Suites by their numbers (IANA: TLS Cipher Suites), each family of what no profile of today has.
WEAK_SUITES = {
    "NULL": (0x0000, 0x0001, 0x0002, 0x003B, 0xC006, 0xC010),
    "EXPORT": (0x0003, 0x0006, 0x0008, 0x000B, 0x000E, 0x0011, 0x0014, 0x0017, 0x0019),
    "RC4": (0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011),
    "RC2, IDEA and DES": (0x0006, 0x0007, 0x0009, 0x000C, 0x000F, 0x0012, 0x0015),
    "3DES": (0x000A, 0x000D, 0x0010, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012),
    "nobody authenticated": (0x0018, 0x001B, 0x0034, 0x003A, 0x006C, 0x00A6, 0xC018, 0xC019),
    "RSA for the key exchange": (0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D, 0xC09C, 0xC0A0),
    "static Diffie-Hellman": (0x0030, 0x0031, 0x003E, 0x00A0, 0xC004, 0xC005, 0xC02D, 0xC02E),
    "CBC": (0x0033, 0x0039, 0x0067, 0x006B, 0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC028),
    "Camellia, SEED and ARIA": (0x0041, 0x0084, 0x0096, 0x009A, 0xC03C, 0xC049, 0xC072, 0xC077),
    "a short integrity check": (0xC0A2, 0xC0A3, 0xC0AE, 0xC0AF, 0x1305),
    "a shared secret": (0x008C, 0x00A8, 0x00AE, 0xC035, 0xCCAB, 0xC01D),
    "nothing": (0x00FF,),
    "numbers that nobody has": (0x0A0A, 0xFAFA, 0xFFFF),
}

#: Names that a client asks for, and what comes of them: the certificate of "node" is what a
#: client gets that is served without being known by name.
NAMES = {
    "nobody here": (server_name(b"nobody.example"), ""),
    "an IP address": (server_name(b"127.0.0.1"), ""),
    "an empty one": (server_name(b""), ""),
    "the longest": (server_name(b"a" * 255), ""),
    "no text": (server_name(b"\xff\xfe\xe4"), ""),
    "control characters": (server_name(b"a\nb\x1b[2J\r"), ""),
    "only a dot": (server_name(b"."), ""),
    "empty labels": (server_name(b"..pacs..example.."), ""),
    "a wildcard": (server_name(b"*.example"), ""),
    "too long": (server_name(b"a" * 256), "unrecognized_name"),
    "much too long": (server_name(b"a" * 16000), "unrecognized_name"),
    "a zero in it": (server_name(b"pacs.example\0.evil"), "unrecognized_name"),
    "an empty list": (server_name(), "decode_error"),
    "two": (server_name(b"pacs.example", b"other.example"), "decode_error"),
    "of another type": (server_name(b"pacs.example", name_type=7), "decode_error"),
    "cut off": (extension(SERVER_NAME, b"\0\x09\0\0\0"), "decode_error"),
    "twice": (server_name(b"pacs.example") * 2, "illegal_parameter"),
}

_PSK = extension(41, vector(vector(b"ticket", 2) + bytes(4), 2) + vector(vector(bytes(32), 1), 2))

#: A ClientHello that is not as it should be, and the alert for it; none where it does no harm.
HELLOS = {
    "1 MB": (handshake(CLIENT_HELLO, bytes(1 << 20)), "illegal_parameter"),
    "1 MB that do not come": (b"\x01\x10\0\0" + bytes(16000), "illegal_parameter"),
    "1,000 extensions": (hello(*(extension(1000 + each) for each in range(1000))), ""),
    "1,000 extensions of TLS 1.3": (
        hello(*OF_TLS_1_3, *(extension(1000 + each) for each in range(1000))),
        "",
    ),
    "60 kB of an extension that nobody knows": (hello(extension(4000, bytes(60000))), ""),
    "30,000 suites": (hello(suites=[*[0x0A0A] * 30000, 0xC02C, 0xC030]), ""),
    "no extensions": (hello(usual=()), "handshake_failure"),
    "no suites": (hello(suites=()), "decode_error"),
    "a session ID that is too long": (hello(session=bytes(33)), "decode_error"),
    "no compression methods": (hello(compressions=b""), "decode_error"),
    "nothing but compression": (hello(compressions=b"\x01"), "illegal_parameter"),
    "nothing": (handshake(CLIENT_HELLO), "decode_error"),
    "half of it": (handshake(CLIENT_HELLO, hello()[4:40]), "decode_error"),
    "more than it says": (handshake(CLIENT_HELLO, hello()[4:] + b"xx"), "decode_error"),
    "less than its extensions say": (handshake(CLIENT_HELLO, hello()[4:-10]), "decode_error"),
    "version 0.0": (hello(version=0), "protocol_version"),
    "SSL 3.0": (hello(version=0x0300), "protocol_version"),
    "a version that will never be": (hello(version=0xFFFF), ""),
    "only versions that nobody has": (
        hello(extension(SUPPORTED_VERSIONS, vector(b"\x7f\x1c", 1))),
        "protocol_version",
    ),
    "TLS 1.3 without a key share": (hello(OF_TLS_1_3[0]), "missing_extension"),
    "a key share that is no point": (
        hello(OF_TLS_1_3[0], extension(51, vector(b"\0\x1d" + vector(bytes(32), 2), 2))),
        "illegal_parameter",
    ),
    "a key share that is too short": (
        hello(OF_TLS_1_3[0], extension(51, vector(b"\0\x1d" + vector(bytes(31), 2), 2))),
        "illegal_parameter",
    ),
    "a ticket of nobody": (hello(*OF_TLS_1_3, extension(45, b"\x01\x01"), _PSK), ""),
    "a ticket that is not the last": (
        hello(*OF_TLS_1_3, extension(45, b"\x01\x01"), _PSK, extension(4000)),
        "illegal_parameter",
    ),
    "TLS 1.2 where 1.3 has failed": (
        # RFC 7507: a client that says so gets no worse than what both can.
        hello(suites=(0xC02C, 0xC030, 0x5600)),
        "inappropriate_fallback",
    ),
    "a ServerHello": (handshake(SERVER_HELLO, bytes(40)), "unexpected_message"),
    "a Certificate": (handshake(CERTIFICATE, bytes(3)), "unexpected_message"),
    "a Finished": (handshake(FINISHED, bytes(12)), "unexpected_message"),
}

#: What clients want to speak, and the alert for it; none where it is DICOM.
PROTOCOLS = {
    "HTTP": (alpn(b"h2", b"http/1.1"), "no_application_protocol"),
    "DICOM": (alpn(b"dicom"), ""),
    "DICOM or something else": (alpn(b"h2", b"dicom"), ""),
    "what nobody can read": (alpn(b"\xff\n\x1b[2J"), "no_application_protocol"),
    "much of it": (alpn(*(b"%05d" % each for each in range(2000))), "no_application_protocol"),
    "nothing": (alpn(), "decode_error"),
    "an empty word": (alpn(b""), "decode_error"),
}


class HelloTests(DaemonTestCase):
    async def test_no_suite_that_is_weak_is_taken(self) -> None:
        # Of both kinds of keys: what one cannot do is refused for that alone.
        for key_type in KeyType:
            daemon = await self.start(
                certificates=make_certificates(Path(self.mktemp()).absolute(), key_type=key_type)  # noqa: ASYNC240  # a test may wait
            )
            every = tuple(suite for family in WEAK_SUITES.values() for suite in family)
            for what, suites in {**WEAK_SUITES, "all of them": every}.items():
                for more in ((), OF_TLS_1_3):
                    message = hello(*more, suites=suites)
                    answer = await in_thread(Answer, daemon.port, record(HANDSHAKE, message))
                    self.assertEqual("handshake_failure", answer.alert, f"{what}, {key_type}")
                    said = await self.log_of(daemon, answer.port)
                    self.assertIn("no cipher suite that the profile allows", said, what)
            answer = await in_thread(Answer, daemon.port, record(HANDSHAKE, hello()))
            self.assertTrue(answer.is_server_hello)

    async def test_a_strange_hello_is_refused_or_does_no_harm_at_once(self) -> None:
        daemon = await self.start()
        before, used = memory(daemon), processor_time(daemon)
        for what, (message, alert) in HELLOS.items():
            octets = b"".join(record(HANDSHAKE, part, 0x0301) for part in parts(message))
            answer = await in_thread(Answer, daemon.port, octets)
            self.assertEqual((alert, not alert), (answer.alert, answer.is_server_hello), what)
            self.assertLess(len(await self.log_of(daemon, answer.port)), 500, what)
        self.assertLess(processor_time(daemon) - used, 1.0)
        self.assertLess(memory(daemon) - before, 8 << 20)
        await self.assert_serves(daemon)

    async def test_a_hello_may_come_in_records_of_one_byte(self) -> None:
        daemon = await self.start()

        def associate(version: int) -> bytes:
            with OddPeer(daemon, version) as peer:
                peer.shake_hands(drip=True)
                return peer.ask(associate_rq())

        for version in (TLS_1_2, TLS_1_3):
            self.assertEqual(0x02, (await in_thread(associate, version))[0])

    async def test_who_wants_to_speak_something_else_is_refused(self) -> None:
        daemon = await self.start()
        for what, (wanted, alert) in PROTOCOLS.items():
            for more in ((), OF_TLS_1_3):
                octets = record(HANDSHAKE, hello(*more, wanted))
                answer = await in_thread(Answer, daemon.port, octets)
                self.assertEqual((alert, not alert), (answer.alert, answer.is_server_hello), what)
                said = await self.log_of(daemon, answer.port)
                if alert == "no_application_protocol":
                    self.assertIn("and not DICOM: it is not a DICOM application", said)
                self.assertLess(len(said), 1000, what)
        await self.assert_serves(daemon)


class ServerNameTests(DaemonTestCase):
    async def start_with_two(self) -> Node:
        """Start a daemon that has a certificate for pacs.example besides that for localhost."""
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        key = certificates.authority.issue_node(["pacs.example"], now=NOW, days=1)
        write(certificates.directory, {"pacs": key})
        further = (
            f'certificate = "{certificates.certificate("pacs")}"\n'
            f'private_key = "{certificates.key("pacs")}"'
        )
        return await self.start(
            certificates=certificates, more=f"[[tls.default.further]]\n{further}"
        )

    async def test_a_strange_name_is_refused_or_gets_what_everybody_gets(self) -> None:
        daemon = await self.start_with_two()
        for what, (indicated, alert) in NAMES.items():
            for more in ((), OF_TLS_1_3):
                octets = record(HANDSHAKE, hello(indicated, *more))
                answer = await in_thread(Answer, daemon.port, octets)
                self.assertEqual((alert, not alert), (answer.alert, answer.is_server_hello), what)
                said = await self.log_of(daemon, answer.port)
                self.assertIn("handshake", said, what)
                self.assertNotIn("\x1b", said, what)
        await self.assert_serves(daemon)

    async def test_a_name_gets_its_certificate_and_no_name_the_first(self) -> None:
        daemon = await self.start_with_two()
        for name, shown in {
            None: "localhost",
            "localhost": "localhost",
            "nobody.example": "localhost",
            "127.0.0.1": "localhost",
            "pacs.example": "pacs.example",
            "PACS.Example": "pacs.example",
        }.items():
            names = await in_thread(names_shown, daemon, name)
            self.assertIn(shown, names, name)


NOW = datetime.now(UTC)


def names_shown(daemon: Node, name: str | None) -> list[str]:
    """The DNS names in the certificate that a client is shown that asks for a name."""
    context = good_context(daemon)
    with (
        socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        octets = secured.getpeercert(binary_form=True)
    assert octets is not None
    found = x509.load_der_x509_certificate(octets).extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)
