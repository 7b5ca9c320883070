"""How many associations there may be at once, and whose places they take."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import request
from tests.net.doubles import Gate
from tests.net.pair import NetCase, Peer, ask_for
from txdicomtls.association import AssociateConfirmation, AssociateRejection, Role
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant
from txdicomtls.net import AssociationFactory, AssociationFacts, Quotas, Timeouts
from txdicomtls.net.quotas import Places


def facts(
    calling: str = "CT", address: str = "192.0.2.7", certificate: str = "aa"
) -> AssociationFacts:
    certificates = (SimpleNamespace(sha256=certificate),) if certificate else ()
    link: Any = SimpleNamespace(certificates=certificates)
    return AssociationFacts(
        calling_ae_title=calling,
        called_ae_title="PACS",
        peer=f"{address}:1",
        address=address,
        link=link,
    )


class PlacesTests(SynchronousTestCase):
    def assert_limited(
        self, quotas: Quotas, same: AssociationFacts, other: AssociationFacts
    ) -> None:
        """Two of the same, no third, but another one; and one again that is given back."""
        places = Places(quotas)
        self.assertEqual([None, None], [places.take(same) for _ in range(2)])
        for _ in range(3):
            self.assertIn("more than 2 associations", places.take(same) or "")
        self.assertIsNone(places.take(other))
        places.give_back(same)
        self.assertIsNone(places.take(same))
        self.assertIsNotNone(places.take(same))

    def test_there_may_be_so_many_in_all(self) -> None:
        places = Places(Quotas(total=2))
        self.assertEqual([None, None], [places.take(facts(str(n))) for n in range(2)])
        self.assertEqual("more than 2 associations at once", places.take(facts("3")))
        places.give_back(facts("1"))
        self.assertIsNone(places.take(facts("3")))

    def test_there_may_be_so_many_of_one_address(self) -> None:
        self.assert_limited(Quotas(address=2), facts(), facts(address="192.0.2.8"))

    def test_there_may_be_so_many_of_one_certificate(self) -> None:
        self.assert_limited(Quotas(certificate=2), facts(), facts(certificate="bb"))

    def test_there_may_be_so_many_of_one_ae_title(self) -> None:
        self.assert_limited(Quotas(ae_title=2), facts(), facts("MR"))

    def test_what_is_refused_for_one_reason_takes_no_place_for_another(self) -> None:
        places = Places(Quotas(total=10, address=2, ae_title=1))
        self.assertIsNone(places.take(facts("CT")))
        self.assertEqual("more than 1 associations of one AE title", places.take(facts("CT")))
        self.assertIsNone(places.take(facts("MR")))

    def test_who_shows_no_certificate_is_not_counted_by_it(self) -> None:
        places = Places(Quotas(certificate=1))
        self.assertEqual([None] * 3, [places.take(facts(certificate="")) for _ in range(3)])

    def test_without_limits_there_are_none_and_nothing_is_kept(self) -> None:
        places = Places(Quotas(total=None))
        self.assertEqual([None] * 1000, [places.take(facts(str(n))) for n in range(1000)])
        self.assertEqual(0, len(places._taken))

    def test_nothing_is_kept_of_those_that_are_gone(self) -> None:
        places = Places(Quotas(total=9, address=9, certificate=9, ae_title=9))
        for number in range(9):
            places.take(facts(str(number), f"192.0.2.{number}", str(number)))
        for number in range(9):
            places.give_back(facts(str(number), f"192.0.2.{number}", str(number)))
        self.assertEqual(0, len(places._taken))


class AssociationTests(NetCase):
    """With associations: over the limit, and places that are given back."""

    def taken(self, factory: AssociationFactory, **more: Any) -> bool:
        """Whether one more association is accepted; if not, it is rejected with 2/3/2."""
        peer, _, wire = self.called(factory, ask_for(**more))
        if peer.told(AssociateConfirmation):
            return True
        self.assertEqual(bytes.fromhex("03000000000400020302"), bytes(peer.received))
        self.assertTrue(peer.is_lost)
        self.assertFalse(wire.is_open)
        return False

    def test_each_limit_is_kept(self) -> None:
        for quotas in (
            Quotas(total=2),
            Quotas(address=2),
            Quotas(certificate=2),
            Quotas(ae_title=2),
        ):
            factory = self.factory(quotas=quotas)
            self.assertEqual([True, True, False], [self.taken(factory) for _ in range(3)], quotas)

    def test_another_title_has_places_of_its_own(self) -> None:
        factory = self.factory(quotas=Quotas(ae_title=1))
        titles = ("CT", "MR", "CT", "US")
        self.assertEqual(
            [True, True, False, True], [self.taken(factory, calling=title) for title in titles]
        )

    def test_a_thousand_that_are_rejected_hold_no_place(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED))
        factory = self.factory(access=gate, quotas=Quotas(total=1, ae_title=1))
        for _ in range(1000):
            server = factory.buildProtocol(None)
            server.facts = facts()
            self.assertIsNone(factory.take_place(server))
            factory.give_back_place(server)
            factory.give_back_place(server)
        for _ in range(5):
            peer, _, _ = self.called(factory)
            self.assertEqual(1, len(peer.told(AssociateRejection)))
        gate.authorization = None
        self.assertTrue(self.taken(factory))

    def test_what_negotiation_rejects_gives_its_place_back(self) -> None:
        factory = self.factory(quotas=Quotas(total=1))
        peer, _, _ = self.called(factory, request(maximum_length=7))
        self.assertEqual(1, len(peer.told(AssociateRejection)))
        self.assertTrue(self.taken(factory))

    def test_an_abort_a_release_and_a_loss_give_it_back(self) -> None:
        factory = self.factory(quotas=Quotas(total=1))
        for end in ("abort", "release", "loss"):
            peer, _, wire = self.called(factory)
            self.assertEqual(1, len(peer.told(AssociateConfirmation)), end)
            self.assertFalse(self.taken(factory))
            if end == "loss":
                wire.cut()
            elif end == "abort":
                peer.do(peer.connection.abort())
            else:
                peer.do(peer.connection.release())
            wire.flush()
        self.assertTrue(self.taken(factory))

    def test_one_that_is_not_decided_yet_has_its_place_and_gives_it_back(self) -> None:
        gate = Gate(authorization=Deferred())
        factory = self.factory(access=gate, quotas=Quotas(total=1))
        _, _, undecided = self.called(factory)
        self.assertFalse(self.taken(factory))
        undecided.cut()
        assert isinstance(gate.authorization, Deferred)
        gate.authorization.callback(Grant())
        gate.authorization = None
        self.assertTrue(self.taken(factory))

    def test_who_stays_after_the_rejection_is_closed_after_artim(self) -> None:
        factory = self.factory(quotas=Quotas(total=0), timeouts=Timeouts(artim=3))
        peer = Peer(Role.REQUESTOR)
        peer.is_deaf = True
        self.join(peer, factory.buildProtocol(None))
        self.assertEqual(bytes.fromhex("03000000000400020302"), bytes(peer.received))
        self.assertFalse(peer.is_lost)
        self.advance(3)
        self.assertTrue(peer.is_lost)
