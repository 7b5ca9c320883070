"""Peers that read slowly, or are gone: what is held for them, and what is not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.net.blocks import Source
from tests.net.pair import (
    CT_ID,
    VERIFICATION_ID,
    NetCase,
    echo_request,
    store_request,
    watch,
    windowed,
)
from txdicomtls.association import MessageBegan
from txdicomtls.errors import LinkError
from txdicomtls.net.flow import MOST_UNREAD


class UnreadTests(NetCase):
    def test_a_peer_that_asks_and_does_not_read_the_answers_is_not_read_either(self) -> None:
        peer, server, wire = self.called()
        wire.client.pauseProducing()
        asked = 0
        while wire.server.reading and asked < 10_000:
            for _ in range(10):
                asked += 1
                peer.send(VERIFICATION_ID, echo_request(asked % 65536))
            wire.flush()
        self.assertFalse(wire.server.reading)
        self.assertLess(server.flow._unread, 2 * MOST_UNREAD)
        wire.client.resumeProducing()
        wire.flush()
        self.assertTrue(wire.server.reading)
        self.assertEqual(asked, len(peer.told(MessageBegan)))

    def test_a_peer_that_reads_slowly_is_read_while_it_asks_for_little(self) -> None:
        peer, server, wire = self.called()
        wire.client.pauseProducing()
        big: Any = server.transport
        big.write(bytes(1_000_000))  # more than there is room for
        wire.flush()
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.assertEqual(1, server.messages.dispatcher.requests)


class LostTests(NetCase):
    def test_whoever_makes_a_data_set_is_told_at_once_that_the_association_is_gone(self) -> None:
        client, _, wire = self.calling(windowed(2))
        cancelled: list[Any] = []
        source = Source(b"ab", Deferred(cancelled.append))
        stored = watch(client.invoke(CT_ID, store_request, source()))
        wire.flush()
        self.assertEqual([], cancelled)
        wire.cut()
        self.assertIsInstance(stored.failures[0], LinkError)
        self.assertEqual((1, 1), (len(cancelled), source.closed))
