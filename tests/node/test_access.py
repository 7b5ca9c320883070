"""What a configuration says of peers and users becomes the policy that decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from tests.access.facts import certificate, facts, identity, passcode
from tests.access.test_token_keys import pem
from tests.archive.doubles import at_once
from tests.node.cases import SMALLEST, ConfigurationCase
from tests.tls.certificates import private_key
from txdicomtls.access import AnyPeer, KnownPeers, PortalAccess, hash_passcode
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationRefused, ConfigurationError, CredentialError
from txdicomtls.interfaces import Grant
from txdicomtls.net import AssociationFacts
from txdicomtls.node.access import ConfiguredAccess, make_access
from txdicomtls.pdu import UserIdentityRQ

NOW = 1_800_000_000.0
KEY = private_key("p256", 7)


def asking(
    calling: str = "CT1", called: str = "TXDICOM", user: UserIdentityRQ | None = None, **more: Any
) -> AssociationFacts:
    return facts(calling, called, identity=user, **more)


class AccessCase(ConfigurationCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()

    def made(self, more: str = "", node: str = "") -> ConfiguredAccess:
        configuration = self.load(SMALLEST.replace("[tls.", f"{node}\n[tls.") + more)
        return make_access(configuration, clock=self.clock, in_thread=at_once, now=lambda: NOW)

    def asked(self, access: ConfiguredAccess, association: AssociationFacts) -> Deferred[Grant]:
        authorize: Callable[..., Any] = access.policy.authorize
        return maybeDeferred(authorize, association)

    def granted(self, access: ConfiguredAccess, association: AssociationFacts) -> Grant:
        return self.successResultOf(self.asked(access, association))

    def assertRefused(
        self,
        access: ConfiguredAccess,
        association: AssociationFacts,
        reason: RejectReason = RejectReason.NO_REASON_GIVEN,
    ) -> None:
        failure = self.failureResultOf(self.asked(access, association), AssociationRefused)
        self.assertIs(reason, failure.value.reason)
        self.assertEqual([], self.clock.getDelayedCalls())


class NodeTests(AccessCase):
    def test_without_peers_everybody_is_let_in_who_knows_our_title(self) -> None:
        access = self.made()
        self.assertIs(AnyPeer, type(access.policy))
        self.assertEqual(Grant(), self.granted(access, asking("ANY")))
        other = RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED
        self.assertRefused(access, asking("ANY", "OTHER"), other)

    def test_any_called_title_is_taken_where_that_is_wanted(self) -> None:
        access = self.made(node="accept_any_called_ae_title = true")
        self.assertEqual(Grant(), self.granted(access, asking("ANY", "OTHER")))

    def test_with_peers_only_they_are_let_in_for_what_they_are_allowed(self) -> None:
        access = self.made(
            "[[peer]]\nae_title = 'CT1'\nallow = ['echo', 'find']\nsop_classes = ['1.2.3']\n"
            "[[peer]]\nae_title = 'CT2'\n"
        )
        self.assertIs(KnownPeers, type(access.policy))
        expected = Grant(frozenset({"echo", "find"}), frozenset({"1.2.3"}))
        self.assertEqual(expected, self.granted(access, asking("CT1")))
        self.assertEqual(Grant(frozenset({"echo", "store"})), self.granted(access, asking("CT2")))
        self.assertRefused(access, asking("CT3"), RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)

    def test_a_peer_is_known_by_its_certificate_and_its_address(self) -> None:
        access = self.made(
            "[[peer]]\nae_title = 'CT1'\ncertificate = { san = 'ct1.example' }\n"
            "addresses = '192.0.2.0/24'\n"
        )
        ours = asking(shown=certificate("ct1.example"))
        self.granted(access, ours)
        for wrong in (asking(shown=certificate("ct2.example")), replace(ours, address="10.0.0.1")):
            self.assertRefused(access, wrong, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)


class UserTests(AccessCase):
    def setUp(self) -> None:
        super().setUp()
        self.users = self.directory / "users"
        self.users.write_text(f"alice:{hash_passcode(b'sesame', n=16384, p=1)}\n")
        self.users.chmod(0o600)

    def test_users_are_those_of_the_file(self) -> None:
        access = self.made("[identity]\nusers = 'users'\n")
        self.assertIs(PortalAccess, type(access.policy))
        self.assertEqual([self.users], [file.path for file in access.files])
        grant = self.granted(access, asking(user=passcode(b"alice", b"sesame")))
        self.assertEqual(("alice", b""), (grant.user, grant.identity_response))
        self.assertRefused(access, asking(user=passcode(b"alice", b"x")))
        self.assertEqual("", self.granted(access, asking(user=identity(1, b"alice"))).user)

    def test_the_peer_must_be_right_as_well(self) -> None:
        access = self.made("[identity]\nusers = 'users'\n[[peer]]\nae_title = 'CT1'\n")
        user = passcode(b"alice", b"sesame")
        grant = self.granted(access, asking("CT1", user=user))
        self.assertEqual(frozenset({"echo", "store"}), grant.services)
        reason = RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
        self.assertRefused(access, asking("CT2", user=user), reason)

    def test_names_are_believed_where_that_is_said(self) -> None:
        access = self.made("[identity]\nnames = true\n")
        self.assertEqual("bob", self.granted(access, asking(user=identity(1, b"bob"))).user)

    def test_an_identity_may_be_required(self) -> None:
        access = self.made("[identity]\nusers = 'users'\nrequired = true\n")
        self.granted(access, asking(user=passcode(b"alice", b"sesame")))
        for user in (None, identity(1, b"alice"), identity(3, b"ticket")):
            self.assertRefused(access, asking(user=user))

    def test_unknown_types_are_refused_where_that_is_said_also_without_any_checker(self) -> None:
        access = self.made("[identity]\nunknown = 'refuse'\n")
        self.granted(access, asking())
        self.assertRefused(access, asking(user=identity(1, b"alice")))

    def test_the_files_are_checked_before_anybody_is_let_in(self) -> None:
        access = self.made("[identity]\nusers = 'users'\n")
        self.successResultOf(Deferred.fromCoroutine(access.check(at_once)))
        self.users.chmod(0o644)
        checked = Deferred.fromCoroutine(access.check(at_once))
        self.failureResultOf(checked, CredentialError)


class JWTTests(AccessCase):
    SECTION = (
        "[identity.jwt]\nkeys = 'keys'\nalgorithms = ['ES256']\nissuer = 'https://login.example'\n"
        "audience = 'pacs'\nleeway = 10\nuser_claim = 'email'\nservices_claim = 'scope'\n"
    )

    def token(self, **more: object) -> UserIdentityRQ:
        claims = {
            "iss": "https://login.example", "aud": "pacs", "exp": NOW + 50, "email": "a@b.c",
            "scope": "echo find",
        }  # fmt: skip
        return identity(5, jwt.encode(claims | more, KEY, "ES256").encode())

    def test_everything_that_the_section_says_counts(self) -> None:
        (self.directory / "keys").write_bytes(pem(KEY))
        access = self.made(self.SECTION)
        grant = self.granted(access, asking(user=self.token()))
        expected = Grant(
            frozenset({"echo", "find"}), user="a@b.c", identity_response=b"", valid_for=60.0
        )
        self.assertEqual(expected, grant)
        for wrong in ({"iss": "x"}, {"aud": "x"}, {"exp": NOW - 10}, {"email": ""}):
            self.assertRefused(access, asking(user=self.token(**wrong)))

    def test_public_keys_may_be_read_by_everybody_and_a_secret_may_not(self) -> None:
        keys = self.directory / "keys"
        keys.write_bytes(pem(KEY))
        keys.chmod(0o644)
        self.successResultOf(Deferred.fromCoroutine(self.made(self.SECTION).check(at_once)))
        keys.write_bytes(b"s" * 32)
        access = self.made(self.SECTION.replace("ES256", "HS256"))
        checked = Deferred.fromCoroutine(access.check(at_once))
        self.failureResultOf(checked, CredentialError)
        keys.chmod(0o600)
        self.successResultOf(Deferred.fromCoroutine(access.check(at_once)))

    def test_a_file_without_keys_is_told(self) -> None:
        (self.directory / "keys").write_bytes(b"nonsense")
        checked = Deferred.fromCoroutine(self.made(self.SECTION).check(at_once))
        self.failureResultOf(checked, ConfigurationError)
