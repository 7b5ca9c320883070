"""The contracts of access: credentials, avatars, and verifiers that others bring.

Kerberos and SAML need what this package does not bring: a keytab and the GSS-API, or the
metadata of an identity provider and signatures in XML.  Write a class that provides
:class:`IKerberosVerifier` or :class:`ISAMLVerifier`, make a checker of it and give that to the
portal::

    portal.registerChecker(KerberosChecker(MyVerifier()))

What holds for both:

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

from twisted.cred.credentials import ICredentials
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from txdicomtls.access.credentials import KerberosTicket, SAMLAssertion
    from txdicomtls.access.realm import VerifiedUser


class IAssociationCredentials(ICredentials):
    """What all credentials have: who calls whom, from where, over which link."""

    calling_ae_title = Attribute("What the requestor calls itself.")
    called_ae_title = Attribute("What it calls us.")
    peer = Attribute("Its network address, for log lines.")
    address = Attribute("Its host address alone, as '192.0.2.7'.")
    link = Attribute("The txdicomtls.tls.SecureLink, which was verified.")


class INodeCredentials(IAssociationCredentials):
    """The node itself, whoever its user is."""


class IUserName(IAssociationCredentials):
    """User identity of type 1: a name, and no proof."""

    user_name = Attribute("Bytes, UTF-8 if it is right.")


class IUserNameAndPasscode(IAssociationCredentials):
    """User identity of type 2."""

    user_name = Attribute("Bytes, UTF-8 if it is right.")
    passcode = Attribute("Bytes; never to be logged.")


class IKerberosTicket(IAssociationCredentials):
    """User identity of type 3."""

    ticket = Attribute("Bytes of a Kerberos service ticket; never to be logged.")


class ISAMLAssertion(IAssociationCredentials):
    """User identity of type 4."""

    assertion = Attribute("Bytes of a SAML assertion; never to be logged.")


class IJSONWebToken(IAssociationCredentials):
    """User identity of type 5."""

    token = Attribute("Bytes of a JSON Web Token (RFC 7519); never to be logged.")


class IAssociationAvatar(Interface):
    """What one node, or one user, may do on an association."""

    grant = Attribute("A txdicomtls.interfaces.Grant.")


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
