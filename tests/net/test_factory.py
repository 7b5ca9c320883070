"""What the associations of one acceptor share."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.net.doubles import Gate
from tests.net.pair import (
    CT_ID,
    VERIFICATION_ID,
    NetCase,
    Peer,
    Silent,
    echo_request,
    store_request,
    watch,
)
from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    AssociateRejection,
    MessageBegan,
    Role,
    State,
)
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.interfaces import Grant
from txdicomtls.net import AcceptorProtocol, AssociationFactory, Quotas
from txdicomtls.net import factory as factory_module


class LimitTests(NetCase):
    def call(self, factory: AssociationFactory) -> Peer:
        return self.called(factory)[0]

    def test_one_association_too_many_is_rejected_for_the_time_being(self) -> None:
        factory = self.factory(quotas=Quotas(total=2))
        first, second, third = self.call(factory), self.call(factory), self.call(factory)
        for peer in (first, second):
            self.assertEqual(1, len(peer.told(AssociateConfirmation)))
        (rejection,) = third.told(AssociateRejection)
        reason = RejectReason.LOCAL_LIMIT_EXCEEDED
        self.assertEqual(
            (RejectResult.TRANSIENT, reason.source, reason.code),
            (rejection.result, rejection.source, rejection.reason),
        )
        self.assertTrue(third.is_lost)

    def test_an_association_that_ended_makes_room_for_the_next(self) -> None:
        factory = self.factory(quotas=Quotas(total=1))
        first, _, wire = self.called(factory)
        first.do(first.connection.release())
        wire.flush()
        self.assertEqual(0, factory.connections)
        self.assertEqual(1, len(self.call(factory).told(AssociateConfirmation)))

    def test_a_rejected_association_does_not_count(self) -> None:
        factory = self.factory(quotas=Quotas(total=1))
        self.call(factory)
        for _ in range(3):
            self.assertEqual(1, len(self.call(factory).told(AssociateRejection)))
        self.assertEqual(1, factory.connections)

    def test_associations_that_are_decided_at_the_same_time_are_counted_as_well(self) -> None:
        gate = Gate(authorization=Deferred())
        factory = self.factory(access=gate, quotas=Quotas(total=1))
        peers, wires = [], []
        decisions: list[Deferred[Grant]] = []
        for _ in range(2):
            gate.authorization = Deferred()
            decisions.append(gate.authorization)
            peer, _, wire = self.called(factory)
            peers.append(peer)
            wires.append(wire)
        for decision, wire in zip(decisions, wires, strict=True):
            decision.callback(Grant())
            wire.flush()
        self.assertEqual(1, len(peers[0].told(AssociateConfirmation)))
        self.assertEqual(1, len(peers[1].told(AssociateRejection)))

    def test_the_oldest_connection_that_has_proved_nothing_is_dropped_for_a_new_one(self) -> None:
        factory = self.factory(most_unproved=2)
        silent = [Silent() for _ in range(3)]
        servers: list[AcceptorProtocol] = []
        for each in silent:
            servers.append(factory.buildProtocol(None))
            self.join(each, servers[-1])
        self.advance(0)
        self.assertEqual([True, False, False], [each.is_lost for each in silent])
        self.assertIn("too many", str(watch(servers[0].when_secure_link_ready()).failures[0]))
        self.assertEqual(2, factory.connections)

    def test_connections_that_have_proved_themselves_are_not_dropped(self) -> None:
        factory = self.factory(most_unproved=1)
        peer = self.call(factory)
        silent = [Silent() for _ in range(2)]
        for each in silent:
            self.join(each, factory.buildProtocol(None))
        self.advance(0)
        self.assertFalse(peer.is_lost)
        self.assertEqual([True, False], [each.is_lost for each in silent])
        self.assertIs(State.STA6, peer.connection.state)

    def test_the_oldest_that_asks_for_no_association_is_dropped_for_a_new_one(self) -> None:
        self.patch(factory_module, "MOST_WAITING", 2)
        factory = self.factory()
        associated = self.call(factory)
        waiting = [Peer(Role.ACCEPTOR) for _ in range(4)]  # which do not ask by themselves
        for each in waiting:
            self.join(each, factory.buildProtocol(None))
        self.advance(0)
        self.assertEqual([True, True, False, False], [each.is_lost for each in waiting])
        self.assertFalse(associated.is_lost)
        self.assertEqual(3, factory.connections)


class DrainTests(NetCase):
    def test_without_connections_it_is_done_at_once(self) -> None:
        self.successResultOf(self.factory().drain())

    def test_connections_without_an_association_are_closed_and_associations_go_on(self) -> None:
        gate = Gate()
        factory = self.factory(access=gate)
        peer, _, wire = self.called(factory)
        silent = Silent()
        self.join(silent, factory.buildProtocol(None))
        gate.authorization = Deferred()
        undecided, _, _ = self.called(factory)
        drained = watch(factory.drain())
        self.advance(0)
        self.assertTrue(silent.is_lost)
        self.assertTrue(undecided.is_lost)
        self.assertFalse(drained.is_known)
        peer.send(VERIFICATION_ID, echo_request())
        wire.flush()
        self.assertEqual(1, len(peer.told(MessageBegan)))
        peer.do(peer.connection.release())
        wire.flush()
        self.assertTrue(drained.is_known)
        self.assertEqual(0, factory.connections)

    def test_whoever_asks_to_drain_is_told(self) -> None:
        factory = self.factory()
        _, _, wire = self.called(factory)
        drained = [watch(factory.drain()) for _ in range(2)]
        wire.cut()
        self.assertTrue(all(each.is_known for each in drained))

    def test_a_transfer_under_way_is_finished_first(self) -> None:
        factory = self.factory()
        peer, _, wire = self.called(factory)
        peer.send(CT_ID, store_request(), bytes(1000), last=False)
        wire.flush()
        drained = watch(factory.drain())
        peer.do(peer.connection.send_data(CT_ID, bytes(1000), last=True))
        wire.flush()
        self.assertEqual(1, self.receiver.sinks[0].finished)
        self.assertFalse(drained.is_known)
        wire.cut()
        self.assertTrue(drained.is_known)

    def test_what_is_left_can_be_aborted(self) -> None:
        factory = self.factory()
        peers = [self.called(factory)[0] for _ in range(3)]
        silent = Silent()
        self.join(silent, factory.buildProtocol(None))
        drained = watch(factory.drain())
        factory.abort_all("the node stops")
        self.advance(0)
        self.assertTrue(silent.is_lost)
        for peer in peers:
            (abort,) = peer.told(AbortIndication)
            self.assertTrue(abort.by_peer)
        self.assertTrue(drained.is_known)

    def test_an_association_decided_while_we_drain_is_not_begun(self) -> None:
        gate = Gate(authorization=Deferred())
        factory = self.factory(access=gate)
        peer, _, wire = self.called(factory)
        factory.drain()
        assert isinstance(gate.authorization, Deferred)
        gate.authorization.callback(Grant())
        wire.flush()
        self.assertEqual([], peer.told(AssociateConfirmation))
        self.assertTrue(peer.is_lost)
        self.assertEqual(0, factory.connections)


class CountTests(NetCase):
    def test_connections_are_counted_from_tcp_to_the_end(self) -> None:
        factory = self.factory()
        wires = [self.join(Peer(Role.REQUESTOR), factory.buildProtocol(None)) for _ in range(3)]
        self.assertEqual(3, factory.connections)
        for left, wire in zip((2, 1, 0), wires, strict=True):
            wire.cut()
            self.assertEqual(left, factory.connections)
