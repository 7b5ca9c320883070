"""Nodes and users log in, and what is granted is what both may."""

from __future__ import annotations

from typing import Any

from twisted.cred.checkers import ICredentialsChecker, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.access.facts import facts, identity, passcode, said
from txdicomtls.access import (
    AnyPeer,
    INodeCredentials,
    IUserNameAndPasscode,
    KnownPeers,
    Peer,
    PeerChecker,
    PortalAccess,
    Realm,
    UnknownIdentity,
    VerifiedUser,
)
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import AssociationRefused, IdentityUnavailable
from txdicomtls.interfaces import Grant, IAccess
from txdicomtls.net import AssociationFactory

PEERS = KnownPeers([Peer(ae_title="CT1", allow=frozenset({"echo", "store"}))], ("PACS",))
ALICE = VerifiedUser(name="alice", services=frozenset({"store", "find"}), valid_for=60.0)


@implementer(ICredentialsChecker)
class Checker:
    """Answers as it is told.

    :ivar answer: a user, what to fail with, or None to say nothing at all.
    :ivar asked: how often.
    """

    credentialInterfaces: tuple[Any, ...] = (IUserNameAndPasscode,)

    def __init__(self, answer: VerifiedUser | Exception | None = ALICE) -> None:
        self.answer = answer
        self.asked = 0
        self.cancelled = False

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        self.asked += 1
        if self.answer is None:
            return Deferred(self._cancel)
        if isinstance(self.answer, Exception):
            return fail(self.answer)
        return succeed(self.answer)

    def _cancel(self, _: object) -> None:
        self.cancelled = True


class NodeChecker(Checker):
    credentialInterfaces = (INodeCredentials,)


class PortalCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.checker = Checker()

    def access(self, *checkers: ICredentialsChecker, **more: Any) -> PortalAccess:
        asked = checkers or (PeerChecker(PEERS), self.checker)
        return PortalAccess(Portal(Realm(), asked), clock=self.clock, **more)

    def granted(self, access: PortalAccess, association: Any) -> Grant:
        grant = self.successResultOf(access.authorize(association))
        self.assertEqual([], self.clock.getDelayedCalls())
        return grant

    def assertRefused(
        self,
        asked: Deferred[Grant],
        reason: RejectReason = RejectReason.NO_REASON_GIVEN,
        result: RejectResult = RejectResult.PERMANENT,
    ) -> None:
        error = self.failureResultOf(asked, AssociationRefused).value
        self.assertEqual((reason, result), (error.reason, error.result))
        self.assertEqual([], self.clock.getDelayedCalls())


class GrantTests(PortalCase):
    def test_it_is_a_policy_that_a_factory_takes(self) -> None:
        access = self.access()
        verifyObject(IAccess, access)
        access.admit(object(), "192.0.2.1:5")
        factory = AssociationFactory(self.clock, services=[], access=access)
        self.assertIs(access, factory.access)

    def test_a_node_without_a_user_may_what_the_node_may(self) -> None:
        grant = self.granted(self.access(), facts())
        self.assertEqual(Grant(frozenset({"echo", "store"})), grant)
        self.assertEqual(0, self.checker.asked)

    def test_a_user_may_what_both_may(self) -> None:
        grant = self.granted(self.access(), facts(identity=passcode(b"alice", b"sesame")))
        expected = Grant(frozenset({"store"}), user="alice", identity_response=b"", valid_for=60.0)
        self.assertEqual(expected, grant)

    def test_any_checker_of_twisted_for_passwords_will_do(self) -> None:
        users = InMemoryUsernamePasswordDatabaseDontUse(alice=b"sesame")
        access = self.access(PeerChecker(PEERS), users)
        grant = self.granted(access, facts(identity=passcode(b"alice", b"sesame")))
        self.assertEqual("alice", grant.user)
        self.assertRefused(access.authorize(facts(identity=passcode(b"alice", b"x"))))


class NodeTests(PortalCase):
    """Who the node is is always asked first."""

    def test_an_unknown_node_is_refused_whoever_its_user_is(self) -> None:
        asked = self.access().authorize(facts("CT2", identity=passcode(b"alice", b"sesame")))
        self.assertRefused(asked, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
        self.assertEqual(0, self.checker.asked)

    def test_who_calls_us_by_another_name_is_told_that(self) -> None:
        asked = self.access().authorize(facts(called="OTHER"))
        self.assertRefused(asked, RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)

    def test_a_node_that_another_checker_refuses_has_no_known_title(self) -> None:
        with capturedLogs() as events:
            asked = self.access(NodeChecker(UnauthorizedLogin("not today"))).authorize(facts())
        self.assertRefused(asked, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
        self.assertIn("the node of 'CT1' at 192.0.2.7:50000 is refused: not today", said(events))

    def test_without_a_checker_for_nodes_nobody_is_let_in(self) -> None:
        asked = self.access(self.checker).authorize(facts())
        self.assertRefused(asked, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)


class UserTests(PortalCase):
    def test_who_is_not_believed_is_refused_for_good(self) -> None:
        for error in (UnauthorizedLogin("wrong"), LoginFailed("wrong")):
            self.checker.answer = error
            with capturedLogs() as events:
                asked = self.access().authorize(facts("CT1", identity=passcode(b"a", b"hunter2")))
            self.assertRefused(asked)
            (event,) = events
            self.assertEqual(LogLevel.warn, event["log_level"])
            self.assertIn("the user of 'CT1' at 192.0.2.7:50000 is refused: wrong", said(events))
            self.assertNotIn("hunter2", said(events))

    def test_a_type_without_a_checker_is_ignored_and_not_answered(self) -> None:
        for kind in (1, 3, 4, 5, 6, 255):
            grant = self.granted(self.access(), facts(identity=identity(kind, b"x")))
            self.assertEqual(("", None), (grant.user, grant.identity_response))

    def test_or_it_is_refused_where_that_is_wanted(self) -> None:
        access = self.access(unknown_identity=UnknownIdentity.REFUSE)
        for kind in (1, 3, 4, 5, 6, 255):
            with capturedLogs() as events:
                asked = access.authorize(facts(identity=identity(kind, b"hunter2")))
            self.assertRefused(asked)
            self.assertIn(f"no identity of type {kind} is taken here", said(events))
            self.assertNotIn("hunter2", said(events))
        self.assertEqual("", self.granted(access, facts()).user)

    def test_where_an_identity_is_required_none_and_one_that_is_not_verified_are_refused(
        self,
    ) -> None:
        access = self.access(require_identity=True)
        for request in (None, identity(1, b"alice"), identity(6, b"x")):
            self.assertRefused(access.authorize(facts(identity=request)))
        grant = self.granted(access, facts(identity=passcode(b"alice", b"sesame")))
        self.assertEqual("alice", grant.user)


class UnavailableTests(PortalCase):
    """What is not the peer's fault may be better when it comes again."""

    def asked(self, access: PortalAccess) -> Deferred[Grant]:
        return access.authorize(facts(identity=passcode(b"alice", b"hunter2")))

    def assertForNow(self, asked: Deferred[Grant]) -> None:
        self.assertRefused(asked, result=RejectResult.TRANSIENT)

    def test_a_checker_that_cannot_say_refuses_for_the_time_being(self) -> None:
        self.checker.answer = IdentityUnavailable("the directory is down")
        with capturedLogs() as events:
            self.assertForNow(self.asked(self.access()))
        self.assertEqual([LogLevel.error], [event["log_level"] for event in events])
        self.assertIn("cannot be found out now: the directory is down", said(events))

    def test_a_checker_that_fails_does_so_too_and_its_text_is_not_logged(self) -> None:
        self.checker.answer = ValueError("cannot parse hunter2")
        with capturedLogs() as events:
            self.assertForNow(self.asked(self.access()))
        self.assertIn("a checker failed with ValueError", said(events))
        self.assertNotIn("hunter2", said(events))
        self.assertEqual([], self.flushLoggedErrors())

    def test_where_it_failed_is_logged(self) -> None:
        class Failing(Checker):
            def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
                raise KeyError(credentials.passcode)

        with capturedLogs() as events:
            self.assertForNow(self.asked(self.access(PeerChecker(AnyPeer()), Failing())))
        self.assertIn(f"KeyError at {__file__}:", said(events))
        self.assertNotIn("hunter2", said(events))

    def test_a_checker_that_never_answers_is_not_waited_for_for_ever(self) -> None:
        self.checker.answer = None
        asked = self.asked(self.access(timeout=5))
        self.clock.advance(4.9)
        self.assertNoResult(asked)
        with capturedLogs() as events:
            self.clock.advance(0.2)
        self.assertForNow(asked)
        self.assertTrue(self.checker.cancelled)
        self.assertIn("no answer within 5 s", said(events))

    def test_nor_is_one_for_nodes(self) -> None:
        asked = self.access(NodeChecker(None)).authorize(facts())
        self.clock.advance(60)
        self.assertForNow(asked)
