"""Which node may associate, and what for."""

from __future__ import annotations

from ipaddress import ip_network

from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.access.facts import certificate, facts, said
from txdicomtls.access import AnyPeer, CertificateBinding, KnownPeers, Peer
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant, IAccess
from txdicomtls.net import AssociationFacts

CALLED, CALLING = (
    RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED,
    RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED,
)


class PolicyCase(SynchronousTestCase):
    def assert_refused(
        self, policy: AnyPeer, association: AssociationFacts, reason: RejectReason
    ) -> None:
        error = self.assertRaises(AssociationRefused, policy.authorize, association)
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
        self.assertEqual(Grant(), AnyPeer().authorize(facts("WHOEVER", "WHATEVER")))

    def test_who_calls_us_by_another_name_is_refused(self) -> None:
        policy = AnyPeer(("PACS", "ARCHIVE"))
        for title in ("PACS", "ARCHIVE", " PACS "):
            self.assertEqual(Grant(), policy.authorize(facts(called=title)))
        for title in ("pacs", "PACS2", "", "PAC"):
            self.assert_refused(policy, facts(called=title), CALLED)

    def test_with_no_name_at_all_nobody_can_call_us(self) -> None:
        self.assert_refused(AnyPeer(()), facts(), CALLED)


class KnownPeersTests(PolicyCase):
    policy = KnownPeers(
        [
            Peer(ae_title="CT1", allow=frozenset({"echo"}), sop_classes=frozenset({"1.2"})),
            Peer(ae_title="CT2"),
        ],
        ("PACS",),
    )

    def test_it_is_a_policy(self) -> None:
        verifyObject(IAccess, self.policy)

    def test_a_listed_peer_gets_what_it_is_allowed(self) -> None:
        expected = Grant(frozenset({"echo"}), frozenset({"1.2"}))
        self.assertEqual(expected, self.policy.authorize(facts("CT1")))
        self.assertEqual(Grant(), self.policy.authorize(facts("CT2")))

    def test_a_peer_that_is_not_listed_is_refused(self) -> None:
        for title in ("CT3", "ct1", "", "CT1X"):
            self.assert_refused(self.policy, facts(title), CALLING)

    def test_spaces_around_a_title_do_not_count(self) -> None:
        self.assertEqual(Grant(), self.policy.authorize(facts("  CT2 ")))

    def test_a_listed_peer_that_calls_us_by_another_name_is_refused(self) -> None:
        self.assert_refused(self.policy, facts(called="OTHER"), CALLED)

    def test_the_name_that_we_are_called_by_is_looked_at_first(self) -> None:
        self.assert_refused(self.policy, facts("STRANGER", "OTHER"), CALLED)

    def test_an_empty_list_knows_nobody(self) -> None:
        self.assert_refused(KnownPeers([]), facts(), CALLING)


class CertificateTests(PolicyCase):
    """A good certificate with an AE title that is not its own."""

    ours, other = certificate("ct1.example"), certificate("ct2.example", subject="C\n2")
    policy = KnownPeers(
        [Peer(ae_title="CT1", certificate=CertificateBinding.of(san=["ct1.example"]))]
    )

    def test_the_right_one_is_believed(self) -> None:
        self.assertEqual(Grant(), self.policy.authorize(facts(shown=self.ours)))

    def test_another_one_is_answered_as_an_unknown_title_is_and_the_log_has_the_difference(
        self,
    ) -> None:
        with capturedLogs() as events:
            self.assert_refused(self.policy, facts(shown=self.other), CALLING)
        (event,) = events
        self.assertEqual(LogLevel.warn, event["log_level"])
        text = said(events)
        self.assertIn("192.0.2.7:50000 is not believed to be 'CT1'", text)
        self.assertIn("certificate of 'CN=C", text)
        self.assertNotIn("C\n2", text)
        with capturedLogs() as events:
            self.assert_refused(self.policy, facts("CT9", shown=self.ours), CALLING)
        self.assertEqual([], events)

    def test_none_is_not_believed(self) -> None:
        with capturedLogs() as events:
            self.assert_refused(self.policy, facts(), CALLING)
        self.assertIn("it shows no certificate, which is not", said(events))


class AddressTests(PolicyCase):
    policy = KnownPeers(
        [
            Peer(
                ae_title="CT1",
                addresses=(ip_network("192.0.2.7"), ip_network("2001:db8::/32")),
            )
        ]
    )

    def test_it_may_call_from_its_networks(self) -> None:
        for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::5", "2001:db8::5%eth0"):
            self.assertEqual(Grant(), self.policy.authorize(facts(address=address)))

    def test_from_elsewhere_or_from_nowhere_it_is_not_believed(self) -> None:
        for address in ("192.0.2.8", "::1", "2001:db9::5", "", "ct1.example"):
            with capturedLogs() as events:
                self.assert_refused(self.policy, facts(address=address), CALLING)
            self.assertIn("calls from an address that is not", said(events))
