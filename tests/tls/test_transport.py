"""The transport carries bytes whole and in order, and survives whatever happens."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA
from tests.tls.pair import (
    SERVER_NAME,
    FromContext,
    Pair,
    Recorder,
    hear,
    join,
    make_transport,
    security,
)
from txdicomtls.errors import LinkError
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    READ_SIZE,
    Security,
    TLSTransport,
    TLSVersion,
    wrap_factory,
)

NODE = security(CA.issue(SERVER_NAME).credentials, resumption=False)
TLS_1_2 = replace(DEFAULT_PROFILE, maximum_version=TLSVersion.TLS_1_2)
NODE_1_2 = security(CA.issue(SERVER_NAME).credentials, profile=TLS_1_2, resumption=False)


class SocketLike(StringTransport):
    """Has the attribute by which Twisted's TCP transports are tuned."""

    bufferSize = 65536


def encrypted(pair: Pair, data: bytes) -> bytes:
    """What the client sends for this data."""
    raw = StringTransport()
    pair.client.transport.transport = raw
    pair.client.transport.write(data)
    sent: bytes = raw.value()
    return sent


class CarryingTests(SynchronousTestCase):
    @settings(max_examples=25)
    @given(sizes=st.lists(st.integers(0, 60_000), max_size=8))
    def test_what_is_written_arrives_in_order(self, sizes: list[int]) -> None:
        for node in (NODE, NODE_1_2):
            pair = join(node, node)
            pieces = [os.urandom(size) for size in sizes]
            for piece in pieces:
                pair.client.transport.write(piece)
            pair.server.transport.writeSequence(pieces)
            pair.pump.flush()
            self.assertEqual(b"".join(pair.server.received), b"".join(pieces))
            self.assertEqual(b"".join(pair.client.received), b"".join(pieces))

    def test_a_large_write_is_one_write_to_the_socket(self) -> None:
        data = os.urandom(1_000_000)
        pair = join(NODE, NODE)
        raw = StringTransport()
        written: list[bytes] = []
        raw.write = written.append  # type: ignore[method-assign]  # counts
        pair.client.transport.transport = raw
        pair.client.transport.write(data)
        self.assertEqual(len(written), 1)
        self.assertGreater(len(written[0]), len(data))

    def test_a_connection_that_writes_record_by_record_sends_all(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.use_certificate(CA.issue(SERVER_NAME).certificate)
        context.use_privatekey(CA.issue(SERVER_NAME).key)
        data = os.urandom(100_000)
        pair = join(FromContext(context), NODE)
        pair.client.transport.write(data)
        pair.pump.flush()
        self.assertEqual(b"".join(pair.server.received), data)

    def test_what_is_written_before_the_handshake_waits_for_it(self) -> None:
        tls, recorder = make_transport(NODE.client_creator(SERVER_NAME), is_client=True)
        raw = StringTransport()
        tls.makeConnection(raw)
        hello = len(raw.value())
        tls.write(b"early")
        self.assertEqual(len(raw.value()), hello)
        self.assertIsNone(recorder.link)

    def test_views_can_be_written_too(self) -> None:
        pair = join(NODE, NODE)
        pair.client.transport.writeSequence([b"head", memoryview(b"body")])
        pair.pump.flush()
        self.assertEqual(b"".join(pair.server.received), b"headbody")

    def test_sockets_are_read_in_larger_pieces(self) -> None:
        tls, _recorder = make_transport(NODE.server_creator(), is_client=False)
        raw = SocketLike()
        tls.makeConnection(raw)
        self.assertEqual(raw.bufferSize, READ_SIZE)

    def test_the_first_bytes_are_kept_however_they_come(self) -> None:
        for step in (1, 3, 100):
            tls, _recorder = make_transport(NODE.server_creator(), is_client=False)
            tls.makeConnection(StringTransport())
            data = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
            for offset in range(0, len(data), step):
                tls.dataReceived(data[offset : offset + step])
            self.assertEqual(tls.first_bytes, data[:8])


class EndingTests(SynchronousTestCase):
    def test_a_link_that_is_closed_in_order_ends_without_an_error(self) -> None:
        for node in (NODE, NODE_1_2):
            pair = join(node, node)
            pair.client.transport.loseConnection()
            pair.pump.flush()
            for side in (pair.client, pair.server):
                self.assertTrue(side.is_lost)
                self.assertIsNone(side.error)

    def test_what_was_written_before_closing_arrives(self) -> None:
        pair = join(NODE, NODE)
        pair.client.transport.write(b"x" * 300_000)
        pair.client.transport.loseConnection()
        pair.pump.flush()
        self.assertEqual(sum(map(len, pair.server.received)), 300_000)

    def test_an_end_without_close_notify_is_told_apart(self) -> None:
        for reason in (connectionDone, Failure(ConnectionLost())):
            pair = join(NODE, NODE)
            pair.server.transport.connectionLost(reason)
            self.assertIn("without closing the link", str(pair.server.failure))

    def test_nothing_is_delivered_after_an_abort(self) -> None:
        pair = join(NODE, NODE)
        pair.server.on_data = lambda _data: pair.server.transport.abortConnection()
        pair.client.transport.write(b"x" * 100_000)
        pair.pump.flush()
        self.assertEqual(len(pair.server.received), 1)
        self.assertTrue(pair.server.is_lost)

    def test_the_connection_may_be_gone_after_each_piece(self) -> None:
        pair = join(NODE, NODE)
        pair.server.on_data = lambda _data: pair.server.transport.connectionLost(connectionDone)
        pair.server.transport.dataReceived(encrypted(pair, b"x" * 100_000))
        self.assertTrue(pair.server.is_lost)
        self.assertEqual(len(pair.server.received), 1)

    def test_abort_is_safe_at_every_moment(self) -> None:
        for when in ("before the handshake", "in it", "after it", "when all is over"):
            if when in ("before the handshake", "in it"):
                tls, recorder = make_transport(NODE.server_creator(), is_client=False)
                raw = StringTransport()
                tls.makeConnection(raw)
                if when == "in it":
                    tls.dataReceived(b"\x16\x03\x01")
            else:
                recorder = join(NODE, NODE).server
                tls = recorder.transport
                if when == "when all is over":
                    tls.connectionLost(connectionDone)
            for _ in range(3):
                tls.abortConnection()
            tls.write(b"late")
            tls.loseConnection()
            if not recorder.is_lost:
                tls.connectionLost(connectionDone)
            tls.abortConnection()
            tls.write(b"later")
            tls.unregisterProducer()
            self.assertTrue(recorder.is_lost)
            self.assertRaises(LinkError, tls.secure_link)

    def test_a_producer_may_be_unregistered_when_the_connection_is_gone(self) -> None:
        pair = join(NODE, NODE)
        producer = _Producer()
        pair.client.transport.registerProducer(producer, True)
        pair.client.transport.loseConnection()
        pair.client.transport.connectionLost(connectionDone)
        pair.client.transport.unregisterProducer()

    def test_an_altered_record_ends_the_link(self) -> None:
        pair = join(NODE, NODE)
        record = bytearray(encrypted(pair, b"x" * 100))
        record[20] ^= 1
        pair.server.transport.dataReceived(bytes(record))
        pair.pump.flush()
        self.assertIn("integrity check failed", str(pair.server.failure))
        self.assertEqual(pair.server.received, [])


class _Producer:
    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None: ...


class SecureLinkTests(SynchronousTestCase):
    def test_there_is_no_link_before_the_handshake_is_done(self) -> None:
        tls, _recorder = make_transport(NODE.server_creator(), is_client=False)
        tls.makeConnection(StringTransport())
        self.assertFalse(tls.handshake_done)
        self.assertRaises(LinkError, tls.secure_link)

    def test_the_link_names_the_profile_of_its_security(self) -> None:
        profile = replace(DEFAULT_PROFILE, name="of-this-site")
        node = security(CA.issue(SERVER_NAME).credentials, profile=profile)
        pair = join(node, NODE)
        self.assertTrue(pair.client.transport.handshake_done)
        self.assertEqual(pair.client.secure_link.profile, "of-this-site")
        self.assertEqual(pair.server.secure_link.profile, "bcp195-rfc9325")

    def test_a_factory_is_wrapped(self) -> None:
        factory = wrap_factory(NODE.server_creator(), False, Factory.forProtocol(Recorder), Clock())
        tls = factory.buildProtocol(None)  # type: ignore[arg-type]  # the address is not looked at
        self.assertIsInstance(tls, TLSTransport)


class FakeTCP(StringTransport):
    """Takes so many bytes at once, as a TCP transport of Twisted whose buffers are empty."""

    dataBuffer = b""
    _tempDataLen = 0

    def __init__(self, room: int | Exception) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted has not typed it
        self.room = room
        self.at_once: list[bytes] = []

    def writeSomeData(self, data: bytes) -> int | Exception:
        if isinstance(self.room, Exception):
            return self.room
        self.at_once.append(data[: self.room])
        return len(self.at_once[-1])


class SendingTests(SynchronousTestCase):
    def send(self, raw: FakeTCP, data: bytes) -> FakeTCP:
        pair = join(NODE, NODE)
        pair.client.transport.transport = raw
        pair.client.transport.write(data)
        return raw

    def test_what_the_socket_takes_is_written_at_once(self) -> None:
        raw = self.send(FakeTCP(room=1_000_000), b"short")
        self.assertEqual((1, b""), (len(raw.at_once), raw.value()))

    def test_what_the_socket_does_not_take_is_written_in_turn(self) -> None:
        raw = self.send(FakeTCP(room=10), b"short")
        self.assertEqual([10], [len(part) for part in raw.at_once])
        self.assertGreater(len(raw.value()), len("short"))

    def test_nothing_overtakes_what_waits_to_be_written(self) -> None:
        for waiting in ({"dataBuffer": b"x"}, {"_tempDataLen": 1}, {"connected": False}):
            raw = FakeTCP(room=1_000_000)
            for name, value in waiting.items():
                setattr(raw, name, value)
            self.send(raw, b"short")
            self.assertEqual([], raw.at_once, waiting)
            self.assertTrue(raw.value(), waiting)

    def test_a_socket_that_fails_is_left_to_the_reactor(self) -> None:
        raw = self.send(FakeTCP(room=ConnectionLost()), b"short")
        self.assertTrue(raw.value())

    def test_a_peer_that_closes_before_its_handshake_is_done_is_told_so(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        client = SSL.Connection(context, None)
        client.set_connect_state()
        with contextlib.suppress(SSL.WantReadError):
            client.do_handshake()
        hello, close_notify = client.bio_read(100_000), bytes.fromhex("15 03 03 00 02 01 00")
        recorder, _raw = hear(hello + close_notify, NODE.server_creator(), is_client=False)
        self.assertIn("the peer closed the connection during", str(recorder.failure))

    def test_after_the_handshake_a_server_of_tls_1_3_waits_for_its_first_answer(self) -> None:
        for node, silent in ((NODE, True), (NODE_1_2, False)):
            server, raw, client = self.handshake(node)
            self.assertEqual(silent, not raw.value())
            raw.clear()
            server.write(b"answer")
            client.bio_write(raw.value())
            self.assertEqual(b"answer", client.recv(100))

    def handshake(self, node: Security) -> tuple[TLSTransport, StringTransport, SSL.Connection]:
        """A server whose handshake has just been done, what it sent since, and its client."""
        server, _recorder = make_transport(node.server_creator(), is_client=False)
        raw = StringTransport()
        server.makeConnection(raw)
        creator: Any = node.client_creator(SERVER_NAME)
        client: SSL.Connection = creator.clientConnectionForTLS(server)
        client.set_connect_state()
        while not server.handshake_done:
            with contextlib.suppress(SSL.WantReadError):
                client.do_handshake()
            raw.clear()
            server.dataReceived(client.bio_read(100_000))
            if raw.value():
                client.bio_write(raw.value())
        if client.get_protocol_version() != SSL.TLS1_3_VERSION:
            client.do_handshake()
        return server, raw, client
