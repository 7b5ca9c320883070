"""Kerberos and SAML, verified by code of others: here by one that signs what it says itself."""

from __future__ import annotations

import hmac
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.access.facts import facts, identity
from txdicomtls.access import (
    IKerberosVerifier,
    ISAMLVerifier,
    KerberosChecker,
    KerberosTicket,
    SAMLAssertion,
    SAMLChecker,
    VerifiedUser,
)
from txdicomtls.access.credentials import user_credentials
from txdicomtls.access.realm import LONGEST_RESPONSE


class Signed:
    """Names that were signed with a shared secret; its answers are signed as well."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, name: bytes) -> bytes:
        return name + b"|" + hmac.digest(self._secret, name, "sha256").hex().encode()

    def judge(self, signed: bytes, title: str) -> VerifiedUser:
        name = signed.rpartition(b"|")[0]
        if not hmac.compare_digest(signed, self.sign(name)):
            raise UnauthorizedLogin("what it shows is not signed by us")
        return VerifiedUser(name=name.decode(), response=self.sign(b"for " + title.encode()))


@implementer(IKerberosVerifier)
class Tickets(Signed):
    def verify(self, ticket: bytes, credentials: KerberosTicket) -> Deferred[VerifiedUser]:
        return succeed(self.judge(ticket, credentials.calling_ae_title))


@implementer(ISAMLVerifier)
class Assertions(Signed):
    def verify(self, assertion: bytes, credentials: SAMLAssertion) -> VerifiedUser:
        return self.judge(assertion, credentials.calling_ae_title)


class VerifierTests(SynchronousTestCase):
    tickets, assertions = Tickets(b"one"), Assertions(b"two")

    def asked(self, checker: ICredentialsChecker, kind: int, shown: bytes) -> Deferred[Any]:
        credentials = user_credentials(facts("CT1"), identity(kind, shown))
        return checker.requestAvatarId(credentials)

    def test_they_are_what_the_interfaces_say(self) -> None:
        verifyObject(IKerberosVerifier, self.tickets)
        verifyObject(ISAMLVerifier, self.assertions)
        verifyObject(ICredentialsChecker, KerberosChecker(self.tickets))
        verifyObject(ICredentialsChecker, SAMLChecker(self.assertions))

    def test_who_is_verified_gets_the_response_of_the_verifier(self) -> None:
        for checker, kind, signed in (
            (KerberosChecker(self.tickets), 3, self.tickets),
            (SAMLChecker(self.assertions), 4, self.assertions),
        ):
            user = self.successResultOf(self.asked(checker, kind, signed.sign(b"alice")))
            expected = VerifiedUser(name="alice", response=signed.sign(b"for CT1"))
            self.assertEqual(expected, user)

    def test_who_is_not_is_refused_whether_the_verifier_raises_or_fails(self) -> None:
        for checker, kind in (
            (KerberosChecker(self.tickets), 3),
            (SAMLChecker(self.assertions), 4),
        ):
            for shown in (b"", b"alice", b"alice|00", Signed(b"other").sign(b"alice")):
                self.failureResultOf(self.asked(checker, kind, shown), UnauthorizedLogin)

    def test_a_response_that_could_not_be_sent_is_an_error_of_the_verifier(self) -> None:
        VerifiedUser(name="a", response=bytes(LONGEST_RESPONSE))
        self.assertRaises(ValueError, VerifiedUser, name="a", response=bytes(LONGEST_RESPONSE + 1))
