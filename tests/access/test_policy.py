"""Who may associate, and what for."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txdicomtls.access import AnyPeer, KnownPeers, Peer
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant, IAccess


@dataclass(frozen=True)
class Titles:
    calling_ae_title: str = "CT_ROOM_1"
    called_ae_title: str = "PACS"


class PolicyCase(SynchronousTestCase):
    def assert_refused(self, policy: AnyPeer, titles: Titles, reason: RejectReason) -> None:
        error = self.assertRaises(AssociationRefused, policy.authorize, titles)
        self.assertEqual((reason, RejectResult.PERMANENT), (error.reason, error.result))


class GrantTests(SynchronousTestCase):
    def test_a_grant_without_a_list_allows_everything(self) -> None:
        self.assertTrue(Grant().allows("store"))

    def test_a_grant_with_a_list_allows_what_is_on_it(self) -> None:
        grant = Grant(frozenset({"echo"}))
        self.assertTrue(grant.allows("echo"))
        self.assertFalse(grant.allows("store"))

    def test_an_empty_list_allows_nothing(self) -> None:
        self.assertFalse(Grant(frozenset()).allows("echo"))


class AnyPeerTests(PolicyCase):
    def test_it_is_a_policy_that_admits_every_verified_link(self) -> None:
        policy = AnyPeer()
        verifyObject(IAccess, policy)
        policy.admit(object(), "192.0.2.1:5")

    def test_everybody_may_do_everything(self) -> None:
        self.assertEqual(Grant(), AnyPeer().authorize(Titles("WHOEVER", "WHATEVER")))

    def test_who_calls_us_by_another_name_is_refused(self) -> None:
        policy = AnyPeer(("PACS", "ARCHIVE"))
        for title in ("PACS", "ARCHIVE"):
            self.assertEqual(Grant(), policy.authorize(Titles(called_ae_title=title)))
        for title in ("pacs", "PACS2", "", "PAC"):
            self.assert_refused(
                policy,
                Titles(called_ae_title=title),
                RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED,
            )

    def test_with_no_name_at_all_nobody_can_call_us(self) -> None:
        self.assert_refused(AnyPeer(()), Titles(), RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)


class KnownPeersTests(PolicyCase):
    policy = KnownPeers(
        [Peer(ae_title="CT_ROOM_1", allow=frozenset({"echo"})), Peer(ae_title="CT_ROOM_2")],
        ("PACS",),
    )

    def test_it_is_a_policy(self) -> None:
        verifyObject(IAccess, self.policy)

    def test_a_listed_peer_gets_what_it_is_allowed(self) -> None:
        self.assertEqual(Grant(frozenset({"echo"})), self.policy.authorize(Titles()))
        self.assertEqual(Grant(), self.policy.authorize(Titles("CT_ROOM_2")))

    def test_a_peer_that_is_not_listed_is_refused(self) -> None:
        for title in ("CT_ROOM_3", "ct_room_1", "", "CT_ROOM_1X"):
            self.assert_refused(
                self.policy, Titles(title), RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
            )

    def test_a_listed_peer_that_calls_us_by_another_name_is_refused(self) -> None:
        self.assert_refused(
            self.policy,
            Titles(called_ae_title="OTHER"),
            RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED,
        )

    def test_the_name_that_we_are_called_by_is_looked_at_first(self) -> None:
        self.assert_refused(
            self.policy,
            Titles("STRANGER", "OTHER"),
            RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED,
        )

    def test_an_empty_list_knows_nobody(self) -> None:
        self.assert_refused(KnownPeers([]), Titles(), RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
