"""From who it is to what it may."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.cred.checkers import ANONYMOUS, ICredentialsChecker
from twisted.cred.error import LoginDenied
from twisted.cred.portal import IRealm
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface
from zope.interface.verify import verifyObject

from tests.access.facts import facts
from txdicomtls.access import (
    Avatar,
    IAssociationAvatar,
    KnownPeers,
    Peer,
    PeerChecker,
    Realm,
    VerifiedUser,
)
from txdicomtls.access.credentials import node_credentials
from txdicomtls.access.realm import intersection
from txdicomtls.errors import AssociationRefused
from txdicomtls.interfaces import Grant

SERVICES = ("echo", "store", "find")
limits = st.none() | st.frozensets(st.sampled_from(SERVICES))
grants = st.builds(
    Grant, services=limits, sop_classes=limits, valid_for=st.none() | st.floats(1, 9)
)


class RealmTests(SynchronousTestCase):
    def granted(self, avatar_id: object) -> Grant:
        interface, avatar, logout = Realm().requestAvatar(avatar_id, None, IAssociationAvatar)
        self.assertIs(IAssociationAvatar, interface)
        verifyObject(IAssociationAvatar, avatar)
        assert isinstance(avatar, Avatar)
        logout()
        return avatar.grant

    def test_it_is_a_realm(self) -> None:
        verifyObject(IRealm, Realm())

    def test_a_node_may_what_is_said_of_it_and_has_no_user(self) -> None:
        peer = Peer(ae_title="CT1", allow=frozenset({"echo"}), sop_classes=frozenset({"1.2"}))
        self.assertEqual(Grant(frozenset({"echo"}), frozenset({"1.2"})), self.granted(peer))

    def test_a_user_may_what_its_verification_says(self) -> None:
        user = VerifiedUser(
            name="alice", response=b"r", services=frozenset({"find"}), valid_for=60.0
        )
        expected = Grant(frozenset({"find"}), user="alice", identity_response=b"r", valid_for=60.0)
        self.assertEqual(expected, self.granted(user))

    def test_the_name_alone_from_a_checker_of_twisted_is_a_user(self) -> None:
        self.assertEqual(Grant(user="alice", identity_response=b""), self.granted(b"alice"))
        self.assertEqual("\\xff", self.granted(b"\xff").user)

    def test_nobody_in_particular_may_nothing(self) -> None:
        realm = Realm()
        for nobody in (ANONYMOUS, None, "alice"):
            self.assertRaises(LoginDenied, realm.requestAvatar, nobody, None, IAssociationAvatar)

    def test_there_is_nothing_but_associations(self) -> None:
        class IOther(Interface):
            """Something else."""

        self.assertRaises(NotImplementedError, Realm().requestAvatar, b"alice", None, IOther)


class PeerCheckerTests(SynchronousTestCase):
    checker = PeerChecker(KnownPeers([Peer(ae_title="CT1")]))

    def test_it_is_a_checker(self) -> None:
        verifyObject(ICredentialsChecker, self.checker)

    def test_a_known_node_is_told_and_another_refused_as_by_the_policy(self) -> None:
        asked = self.checker.requestAvatarId(node_credentials(facts("CT1")))
        self.assertEqual(Peer(ae_title="CT1"), self.successResultOf(asked))
        asked = self.checker.requestAvatarId(node_credentials(facts("CT2")))
        self.failureResultOf(asked, AssociationRefused)


class IntersectionTests(SynchronousTestCase):
    @given(grants, grants)
    def test_it_allows_what_both_allow_and_nothing_else(self, peer: Grant, user: Grant) -> None:
        both = intersection(peer, user)
        for service in SERVICES:
            for sop_class in ("", *SERVICES):
                allowed = all(each.allows(service, sop_class) for each in (peer, user))
                self.assertEqual(allowed, both.allows(service, sop_class))

    @given(grants, grants)
    def test_it_ends_when_the_first_of_both_does(self, peer: Grant, user: Grant) -> None:
        both = intersection(peer, user).valid_for
        ends = [each.valid_for for each in (peer, user) if each.valid_for is not None]
        self.assertEqual(min(ends) if ends else None, both)

    def test_it_is_the_users(self) -> None:
        both = intersection(Grant(), Grant(user="alice", identity_response=b"r"))
        self.assertEqual(("alice", b"r"), (both.user, both.identity_response))
