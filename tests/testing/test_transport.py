"""One end of a link in memory behaves as TLS over TCP does."""

from __future__ import annotations

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from txdicomtls.errors import HandshakeFailed, LinkError, PeerNameMismatch
from txdicomtls.net.transport import SecureTransport
from txdicomtls.testing import LinkFacts, MemoryNetwork, MemoryTransport, NetworkLimits, Pair

SMALL = NetworkLimits(capacity=10)


@implementer(IHandshakeListener, IPushProducer)
class User(Protocol):
    """Remembers what it is told."""

    transport: MemoryTransport

    def __init__(self) -> None:
        self.secured = 0
        self.pieces: list[bytes] = []
        self.lost: Failure | None = None
        self.produced: list[str] = []

    def handshakeCompleted(self) -> None:
        self.secured += 1

    def dataReceived(self, data: bytes) -> None:
        assert self.secured
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert self.lost is None
        self.lost = reason

    def pauseProducing(self) -> None:
        self.produced.append("pause")

    def resumeProducing(self) -> None:
        self.produced.append("resume")

    def stopProducing(self) -> None:
        self.produced.append("stop")


class Case(SynchronousTestCase):
    def joined(
        self, limits: NetworkLimits | None = None, facts: LinkFacts | None = None
    ) -> tuple[User, User, Pair]:
        """Two users, linked; nothing was said."""
        self.network = MemoryNetwork(limits=limits)
        client, server = User(), User()
        pair = self.network.join(client, server, facts)
        self.network.flush()
        return client, server, pair

    def assert_lost(self, user: User, kind: type[Exception]) -> None:
        assert user.lost is not None, "it is not lost"
        self.assertIsInstance(user.lost.value, kind)


class TalkingTests(Case):
    def test_it_is_all_that_an_association_needs(self) -> None:
        client, _, _ = self.joined()
        transport: SecureTransport = client.transport
        transport.setTcpNoDelay(True)
        self.assertIsInstance(transport, MemoryTransport)

    def test_both_ends_are_told_of_the_handshake_once_before_any_byte(self) -> None:
        network, client, server = MemoryNetwork(), User(), User()
        network.join(client, server)
        self.assertEqual((0, 0), (client.secured, server.secured))
        client.transport.write(b"early")
        network.flush()
        self.assertEqual((1, 1, [b"early"]), (client.secured, server.secured, server.pieces))

    def test_what_is_written_arrives_in_order_on_the_other_side(self) -> None:
        client, server, pair = self.joined()
        client.transport.writeSequence([b"a", memoryview(b"bc")])
        server.transport.write(b"d")
        self.assertEqual(3, pair.client.waiting)
        self.network.flush()
        self.assertEqual(([b"abc"], [b"d"]), (server.pieces, client.pieces))
        self.assertEqual(
            (3, 3, 0), (pair.client.written, pair.server.delivered, pair.client.waiting)
        )

    def test_bytes_arrive_in_pieces_where_that_is_wanted(self) -> None:
        client, server, _ = self.joined(NetworkLimits(chunk=2))
        client.transport.write(b"abcde")
        self.network.flush()
        self.assertEqual([b"ab", b"cd", b"e"], server.pieces)

    def test_the_two_know_each_other_by_address(self) -> None:
        client, server, _ = self.joined(facts=LinkFacts(client_address="192.0.2.77"))
        self.assertEqual("192.0.2.77", server.transport.getPeer().host)
        self.assertEqual(client.transport.getHost(), server.transport.getPeer())
        self.assertEqual(2762, client.transport.getPeer().port)


class LinkTests(Case):
    def test_there_is_no_link_before_the_handshake_nor_after_the_end(self) -> None:
        network, client, server = MemoryNetwork(), User(), User()
        pair = network.join(client, server)
        self.assertRaises(LinkError, client.transport.secure_link)
        network.flush()
        self.assertEqual("TLSv1.3", client.transport.secure_link().protocol)
        pair.cut()
        self.assertRaises(LinkError, client.transport.secure_link)

    def test_what_the_client_finds_wrong_is_raised_on_its_side_only(self) -> None:
        error = PeerNameMismatch("pacs.example", ())
        client, server, _ = self.joined(facts=LinkFacts(error=error))
        self.assertIs(error, self.assertRaises(PeerNameMismatch, client.transport.secure_link))
        server.transport.secure_link()

    def test_a_handshake_may_never_come_to_its_end(self) -> None:
        client, server, _ = self.joined(facts=LinkFacts(handshake=False))
        self.assertEqual((0, 0), (client.secured, server.secured))
        client.transport.loseConnection()
        self.network.flush()
        self.assert_lost(client, ConnectionAborted)
        assert server.lost is not None
        self.assertIsInstance(server.transport.explain(server.lost), HandshakeFailed)

    def test_to_close_before_the_handshake_is_an_abort(self) -> None:
        for close in (MemoryTransport.loseConnection, MemoryTransport.hang_up):
            network, client, server = MemoryNetwork(), User(), User()
            network.join(client, server)
            close(client.transport)
            network.flush()
            self.assert_lost(client, ConnectionAborted)
            self.assert_lost(server, ConnectionLost)
            self.assertEqual(0, client.secured)


class FlowTests(Case):
    def test_who_is_paused_reads_nothing_until_it_is_resumed(self) -> None:
        client, server, _ = self.joined()
        server.transport.pauseProducing()
        client.transport.write(b"a")
        self.network.flush()
        self.assertEqual(([], False), (server.pieces, server.transport.reading))
        server.transport.resumeProducing()
        self.network.flush()
        self.assertEqual(([b"a"], True), (server.pieces, server.transport.reading))

    def test_the_network_holds_no_more_than_its_capacity(self) -> None:
        client, server, pair = self.joined(SMALL)
        client.transport.registerProducer(client, True)
        server.transport.pauseProducing()
        client.transport.write(bytes(10))
        self.network.flush()
        client.transport.write(bytes(10))
        self.assertEqual([], client.produced)
        client.transport.write(bytes(1))
        self.network.flush()
        self.assertEqual((["pause"], 21), (client.produced, pair.client.waiting))
        server.transport.resumeProducing()
        self.network.flush()
        self.assertEqual((["pause", "resume"], 0), (client.produced, pair.client.waiting))

    def test_there_is_one_producer_at_most(self) -> None:
        client, _, _ = self.joined()
        client.transport.registerProducer(client, True)
        with self.assertRaises(RuntimeError):
            client.transport.registerProducer(client, True)

    def test_a_producer_that_comes_too_late_is_stopped(self) -> None:
        client, _, pair = self.joined()
        pair.cut()
        client.transport.registerProducer(client, True)
        self.assertEqual(["stop"], client.produced)


class EndTests(Case):
    def test_closing_waits_for_what_was_written_and_for_the_peer(self) -> None:
        client, server, pair = self.joined()
        client.transport.write(b"last")
        client.transport.loseConnection()
        client.transport.write(b"too late")
        server.transport.pauseProducing()
        self.network.flush()
        self.assertEqual((None, None), (client.lost, server.lost))
        server.transport.resumeProducing()
        self.network.flush()
        self.assertEqual([b"last"], server.pieces)
        self.assert_lost(client, ConnectionDone)
        self.assert_lost(server, ConnectionDone)
        self.assertFalse(pair.is_open)

    def test_who_closes_still_hears_what_the_peer_has_said(self) -> None:
        client, server, _ = self.joined()
        server.transport.write(b"on its way")
        client.transport.loseConnection()
        self.network.flush()
        self.assertEqual([b"on its way"], client.pieces)

    def test_closing_waits_for_the_producer_to_go(self) -> None:
        client, server, _ = self.joined()
        client.transport.registerProducer(client, True)
        client.transport.loseConnection()
        client.transport.write(b"more")
        self.network.flush()
        self.assertEqual((None, [b"more"]), (server.lost, server.pieces))
        client.transport.unregisterProducer()
        self.network.flush()
        self.assert_lost(server, ConnectionDone)

    def test_hanging_up_does_not_wait_for_the_peer(self) -> None:
        client, server, _ = self.joined()
        server.transport.pauseProducing()
        client.transport.write(b"last")
        client.transport.hang_up()
        self.network.flush()
        self.assert_lost(client, ConnectionDone)
        self.assertIsNone(server.lost)
        server.transport.resumeProducing()
        self.network.flush()
        self.assertEqual([b"last"], server.pieces)
        self.assert_lost(server, ConnectionDone)

    def test_an_abort_loses_what_was_on_its_way(self) -> None:
        client, server, _ = self.joined()
        server.transport.pauseProducing()
        client.transport.write(b"lost")
        self.network.flush()
        client.transport.abortConnection()
        self.assertIsNone(client.lost, "it is told later, as by a reactor")
        server.transport.resumeProducing()
        self.network.flush()
        self.assert_lost(client, ConnectionAborted)
        self.assert_lost(server, ConnectionLost)
        self.assertEqual([], server.pieces)

    def test_a_link_that_is_cut_is_lost_for_both_at_once(self) -> None:
        for clean, kind in ((True, ConnectionDone), (False, ConnectionLost)):
            client, server, pair = self.joined()
            client.transport.registerProducer(client, True)
            client.transport.write(b"lost")
            pair.cut(clean=clean)
            self.assert_lost(client, kind)
            self.assert_lost(server, kind)
            self.assertEqual(["stop"], client.produced)
            self.network.flush()
            self.assertEqual([], server.pieces)

    def test_only_an_end_that_is_not_clean_is_explained(self) -> None:
        client, _, _ = self.joined()
        self.assertIsNone(client.transport.explain(Failure(ConnectionDone())))
        self.assertIsInstance(client.transport.explain(Failure(ConnectionLost())), LinkError)
