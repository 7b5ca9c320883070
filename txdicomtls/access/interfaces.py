"""Kerberos and SAML: the node takes the user identity, and somebody else's code verifies it.

Both need what this package does not bring: a keytab and the GSS-API, or the metadata of an
identity provider and signatures in XML.  Write a class that provides one of the interfaces
here, make a checker of it and give that to the portal::

    portal.registerChecker(KerberosChecker(MyVerifier()))

What holds for both interfaces:

- What is handed over came from the network and was not looked at at all.  It is a secret.
- The answer is a :class:`~txdicomtls.access.VerifiedUser`, or a Deferred of one.  Its
  ``response`` is what a positive response carries, if the requestor asked for one.
- Who cannot prove its identity is refused by raising ``twisted.cred.error.UnauthorizedLogin``.
  Its text is for the log and must not hold the secret.
- Where it cannot be found out now, raise
  :class:`~txdicomtls.errors.IdentityUnavailable`: the peer may try again.
- It must not block the reactor.  After some seconds the Deferred is cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from txdicomtls.access.credentials import KerberosTicket, SAMLAssertion
    from txdicomtls.access.realm import VerifiedUser


class IKerberosVerifier(Interface):
    """Verifies Kerberos service tickets (PS3.15 B.6)."""

    def verify(ticket: bytes, credentials: KerberosTicket) -> Deferred[VerifiedUser] | VerifiedUser:
        """Verify a ticket.

        :param ticket: the AP-REQ (RFC 4120 5.5.1) as the peer sent it.
        :param credentials: the same, with the node that it came from.
        :return: the user; its ``response`` is the Kerberos server ticket (AP-REP).
        """


class ISAMLVerifier(Interface):
    """Verifies SAML assertions (PS3.15 B.7)."""

    def verify(
        assertion: bytes, credentials: SAMLAssertion
    ) -> Deferred[VerifiedUser] | VerifiedUser:
        """Verify an assertion: signature, issuer, audience, conditions.

        :param assertion: the XML as the peer sent it.
        :param credentials: the same, with the node that it came from.
        :return: the user; its ``response`` is the SAML response.
        """
