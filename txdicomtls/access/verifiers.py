"""Checkers for Kerberos and SAML, which hand over to a verifier that somebody else brings."""

from __future__ import annotations

from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.internet.defer import Deferred, maybeDeferred
from zope.interface import implementer

from txdicomtls.access.credentials import KerberosTicket, SAMLAssertion
from txdicomtls.access.interfaces import (
    IKerberosTicket,
    IKerberosVerifier,
    ISAMLAssertion,
    ISAMLVerifier,
)


@implementer(ICredentialsChecker)
class KerberosChecker:
    """Knows users by their Kerberos tickets: user identity of type 3 (PS3.15 B.6)."""

    credentialInterfaces = (IKerberosTicket,)

    def __init__(self, verifier: IKerberosVerifier) -> None:
        self._verifier = verifier

    def requestAvatarId(self, credentials: KerberosTicket) -> Deferred[Any]:  # Twisted's name
        """Ask the verifier.

        :return: the :class:`VerifiedUser`, or the verifier's refusal.
        """
        return maybeDeferred(self._verifier.verify, credentials.ticket, credentials)


@implementer(ICredentialsChecker)
class SAMLChecker:
    """Knows users by their SAML assertions: user identity of type 4 (PS3.15 B.7)."""

    credentialInterfaces = (ISAMLAssertion,)

    def __init__(self, verifier: ISAMLVerifier) -> None:
        self._verifier = verifier

    def requestAvatarId(self, credentials: SAMLAssertion) -> Deferred[Any]:  # Twisted's name
        """Ask the verifier.

        :return: the :class:`VerifiedUser`, or the verifier's refusal.
        """
        return maybeDeferred(self._verifier.verify, credentials.assertion, credentials)
