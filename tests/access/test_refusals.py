"""What a peer is really told: through an acceptor, over TLS, octet by octet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import Portal
from twisted.logger import capturedLogs

from tests.access.facts import identity, passcode, said
from tests.access.test_portal import Checker
from tests.access.test_verifiers import Assertions, Tickets
from tests.archive.doubles import Jobs, at_once
from tests.net.pair import CT_ID, VERIFICATION_ID, NetCase, ask_for, echo_request
from txdicomtls.access import (
    CertificateBinding,
    FewThreads,
    KerberosChecker,
    KnownPeers,
    PasscodeChecker,
    Peer,
    PeerChecker,
    PortalAccess,
    Realm,
    SAMLChecker,
    UnknownIdentity,
    UserNameChecker,
    VerifiedUser,
    WatchedFile,
    hash_passcode,
    parse_passcodes,
)
from txdicomtls.association import AssociateConfirmation, AssociateRejection, MessageBegan
from txdicomtls.errors import AssociationRejected, IdentityUnavailable
from txdicomtls.net import Quotas
from txdicomtls.pdu import AssociateRQ, ContextResult, UserIdentityAC, UserIdentityRQ
from txdicomtls.threads import InThread

OURS = CertificateBinding.of(san=["client"])
PEERS = KnownPeers(
    [
        Peer(ae_title="CT1", certificate=OURS),
        Peer(ae_title="CT2", certificate=CertificateBinding.of(san=["ct2.example"])),
    ],
    ("PACS",),
)
ALICE = f"alice:{hash_passcode(b'sesame', n=16384, p=1)}\n"
TICKETS, ASSERTIONS = Tickets(b"one"), Assertions(b"two")


def asking(
    calling: str = "CT1", called: str = "PACS", user: UserIdentityRQ | None = None
) -> AssociateRQ:
    """An association request from a title to a title, with a user identity or without."""
    wanted = ask_for(calling=calling, called=called)
    return replace(wanted, user_information=replace(wanted.user_information, user_identity=user))


class RefusalCase(NetCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.path.write_text(ALICE)
        self.path.chmod(0o600)
        self.users = self.checker(at_once)

    def checker(self, in_thread: InThread) -> PasscodeChecker:
        return PasscodeChecker(WatchedFile(self.path, parse_passcodes, secret=True), in_thread)

    def access(self, *checkers: ICredentialsChecker, **more: Any) -> PortalAccess:
        asked = (PeerChecker(PEERS), *(checkers or (self.users,)))
        return PortalAccess(Portal(Realm(), asked), clock=self.clock, **more)

    def rejected(
        self, access: PortalAccess, wanted: AssociateRQ, *, after: float = 0.0
    ) -> tuple[int, int, int]:
        """The result, source and reason that the requestor is told."""
        client = self.requestor(wanted)
        self.join(client, self.factory(access=access).buildProtocol(None))
        self.advance(after)
        error: Any = self.failureResultOf(client.when_associated(), AssociationRejected).value
        return error.result, error.source, error.reason

    def answered(self, access: PortalAccess, wanted: AssociateRQ) -> UserIdentityAC | None:
        """What the acceptance says of the user identity."""
        peer, _, _ = self.called(self.factory(access=access), wanted)
        (answer,) = peer.told(AssociateConfirmation)
        return answer.acceptance.user_information.user_identity_response


class NodeTests(RefusalCase):
    def test_a_good_certificate_with_the_title_of_another_is_rejected_as_an_unknown_title_is(
        self,
    ) -> None:
        for calling in ("CT2", "CT9"):
            self.assertEqual((1, 1, 3), self.rejected(self.access(), asking(calling)))

    def test_who_calls_us_by_another_name_is_told_so(self) -> None:
        self.assertEqual((1, 1, 7), self.rejected(self.access(), asking(called="OTHER")))

    def test_the_right_title_for_the_certificate_is_let_in(self) -> None:
        self.assertIsNone(self.answered(self.access(), asking()))

    def test_after_many_wrong_titles_the_right_one_is_let_in(self) -> None:
        factory = self.factory(access=self.access(), quotas=Quotas(total=2))
        for _ in range(50):
            peer, _, _ = self.called(factory, asking("CT2"))
            self.assertEqual(1, len(peer.told(AssociateRejection)))
        peer, _, _ = self.called(factory, asking())
        self.assertEqual(1, len(peer.told(AssociateConfirmation)))


class UserTests(RefusalCase):
    def test_a_wrong_passcode_and_an_unknown_user_are_rejected_alike_and_no_log_has_the_passcode(
        self,
    ) -> None:
        with capturedLogs() as events:
            for user in (passcode(b"alice", b"hunter2"), passcode(b"bob", b"hunter2")):
                self.assertEqual((1, 1, 1), self.rejected(self.access(), asking(user=user)))
            self.answered(self.access(), asking(user=passcode(b"alice", b"sesame")))
        for secret in ("hunter2", "sesame"):
            self.assertNotIn(secret, said(events))
        self.assertIn("no user b'bob' with this passcode", said(events))

    def test_a_passcode_as_long_as_can_be_is_only_wrong(self) -> None:
        user = passcode(b"alice", b"x" * 60000)
        self.assertEqual((1, 1, 1), self.rejected(self.access(), asking(user=user)))

    def test_an_identity_that_is_missing_or_not_verified_is_rejected_where_it_is_required(
        self,
    ) -> None:
        access = self.access(require_identity=True)
        for user in (None, identity(1, b"alice")):
            self.assertEqual((1, 1, 1), self.rejected(access, asking(user=user)))

    def test_a_type_that_is_not_taken_is_rejected_where_that_is_wanted(self) -> None:
        access = self.access(unknown_identity=UnknownIdentity.REFUSE)
        for kind in (1, 3, 4, 5, 6):
            user = identity(kind, b"x")
            self.assertEqual((1, 1, 1), self.rejected(access, asking(user=user)))

    def test_what_cannot_be_found_out_now_is_rejected_transiently(self) -> None:
        wanted = asking(user=passcode(b"alice", b"sesame"))
        unavailable = self.access(Checker(IdentityUnavailable("the directory is down")))
        self.assertEqual((2, 1, 1), self.rejected(unavailable, wanted))
        silent = self.access(Checker(None), timeout=5)
        self.assertEqual((2, 1, 1), self.rejected(silent, wanted, after=5.0))

    def test_a_flood_of_logins_beyond_what_may_wait_is_rejected_transiently(self) -> None:
        jobs = Jobs()
        users = self.checker(FewThreads(jobs, at_once=1, waiting=1))
        access, wanted = self.access(users), asking(user=passcode(b"alice", b"sesame"))
        waiting = [self.called(self.factory(access=access), wanted)[0] for _ in range(2)]
        self.assertEqual((2, 1, 1), self.rejected(access, wanted))
        jobs.do_all()
        for wire in self.wires:
            wire.flush()
        for peer in waiting:
            self.assertEqual(1, len(peer.told(AssociateConfirmation)))


class ResponseTests(RefusalCase):
    """A positive response is given to who asked for one and was verified, and to nobody else."""

    def test_each_type_gets_the_response_that_is_its_own(self) -> None:
        access = self.access(
            UserNameChecker(), self.users, KerberosChecker(TICKETS), SAMLChecker(ASSERTIONS)
        )
        for user, response in (
            (identity(1, b"alice"), b""),
            (passcode(b"alice", b"sesame"), b""),
            (identity(3, TICKETS.sign(b"alice")), TICKETS.sign(b"for CT1")),
            (identity(4, ASSERTIONS.sign(b"alice")), ASSERTIONS.sign(b"for CT1")),
        ):
            answer = self.answered(access, asking(user=user))
            self.assertEqual(UserIdentityAC(response=response), answer)

    def test_who_did_not_ask_gets_none(self) -> None:
        user = replace(passcode(b"alice", b"sesame"), positive_response_requested=False)
        self.assertIsNone(self.answered(self.access(), asking(user=user)))

    def test_who_was_not_verified_gets_none(self) -> None:
        for kind in (1, 3, 4, 5, 6):
            self.assertIsNone(self.answered(self.access(), asking(user=identity(kind, b"alice"))))


class GrantTests(RefusalCase):
    """What was granted is kept to: no more than both may, and no longer."""

    def setUp(self) -> None:
        super().setUp()
        user = VerifiedUser(name="alice", services=frozenset({"echo", "find"}), valid_for=60.0)
        access = self.access(Checker(user))
        wanted = asking(user=passcode(b"alice", b"sesame"))
        self.peer, _, self.wire = self.called(self.factory(access=access), wanted)

    def echoed(self) -> list[int]:
        """The statuses of all answers until now, after one more C-ECHO."""
        self.peer.send(VERIFICATION_ID, echo_request(len(self.peer.told(MessageBegan)) + 1))
        self.wire.flush()
        messages: list[Any] = [each.message for each in self.peer.told(MessageBegan)]
        return [message.status for message in messages]

    def test_a_service_that_the_user_may_not_use_gets_no_context(self) -> None:
        (confirmation,) = self.peer.told(AssociateConfirmation)
        self.assertEqual({VERIFICATION_ID}, set(confirmation.contexts))
        results = {
            each.context_id: each.result for each in confirmation.acceptance.presentation_contexts
        }
        self.assertEqual(ContextResult.USER_REJECTION, results[CT_ID])

    def test_what_has_expired_is_answered_with_not_authorized(self) -> None:
        self.assertEqual([0x0000], self.echoed())
        self.advance(59)
        self.assertEqual([0x0000, 0x0000], self.echoed())
        self.advance(1)
        self.assertEqual([0x0000, 0x0000, 0x0124], self.echoed())
