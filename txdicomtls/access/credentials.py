"""What a peer shows to be let in: credentials in the sense of twisted.cred.

There is one kind for the node, and one for each type of user identity (PS3.7 D.3.3.7).  Each
has an interface of its own, by which a portal finds the checker for it.  All of them say
what the link is, so that a checker can take the node into account when it judges the user.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.cred.credentials import ICredentials, IUsernamePassword
from zope.interface import Attribute, implementer

from txdicomtls.access.policy import Caller
from txdicomtls.pdu import UserIdentityRQ
from txdicomtls.pdu.user_information import UserIdentityType
from txdicomtls.tls import SecureLink


class Facts(Caller, Protocol):
    """What is known of an association; :class:`txdicomtls.net.AssociationFacts` is one."""

    @property
    def user_identity(self) -> UserIdentityRQ | None:
        """Who the user is said to be."""


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


@implementer(INodeCredentials)
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCredentials:
    """The node at the other end; see :class:`IAssociationCredentials`."""

    calling_ae_title: str
    called_ae_title: str
    peer: str
    address: str
    link: SecureLink


@dataclass(frozen=True, slots=True, kw_only=True)
class _UserCredentials:
    calling_ae_title: str
    called_ae_title: str
    peer: str
    address: str
    link: SecureLink


@implementer(IUserName)
@dataclass(frozen=True, slots=True, kw_only=True)
class UserName(_UserCredentials):
    """See :class:`IUserName`."""

    user_name: bytes


@implementer(IUserNameAndPasscode, IUsernamePassword)
@dataclass(frozen=True, slots=True, kw_only=True)
class UserNameAndPasscode(_UserCredentials):
    """See :class:`IUserNameAndPasscode`; any checker of twisted.cred for passwords takes it too."""

    user_name: bytes
    passcode: bytes = field(repr=False)

    @property
    def username(self) -> bytes:
        """What twisted.cred calls the user name."""
        return self.user_name

    @property
    def password(self) -> bytes:
        """What twisted.cred calls the passcode."""
        return self.passcode

    def checkPassword(self, password: bytes) -> bool:  # Twisted's name
        """Compare the passcode with one that is known in the clear, in constant time."""
        return hmac.compare_digest(self.passcode, password)


@implementer(IKerberosTicket)
@dataclass(frozen=True, slots=True, kw_only=True)
class KerberosTicket(_UserCredentials):
    """See :class:`IKerberosTicket`."""

    ticket: bytes = field(repr=False)


@implementer(ISAMLAssertion)
@dataclass(frozen=True, slots=True, kw_only=True)
class SAMLAssertion(_UserCredentials):
    """See :class:`ISAMLAssertion`."""

    assertion: bytes = field(repr=False)


@implementer(IJSONWebToken)
@dataclass(frozen=True, slots=True, kw_only=True)
class JSONWebToken(_UserCredentials):
    """See :class:`IJSONWebToken`."""

    token: bytes = field(repr=False)


UserCredentials = UserName | UserNameAndPasscode | KerberosTicket | SAMLAssertion | JSONWebToken

_KINDS: dict[int, Callable[[dict[str, Any], UserIdentityRQ], UserCredentials]] = {
    UserIdentityType.USERNAME: lambda common, identity: UserName(
        **common, user_name=identity.primary
    ),
    UserIdentityType.USERNAME_AND_PASSCODE: lambda common, identity: UserNameAndPasscode(
        **common, user_name=identity.primary, passcode=identity.secondary
    ),
    UserIdentityType.KERBEROS: lambda common, identity: KerberosTicket(
        **common, ticket=identity.primary
    ),
    UserIdentityType.SAML: lambda common, identity: SAMLAssertion(
        **common, assertion=identity.primary
    ),
    UserIdentityType.JWT: lambda common, identity: JSONWebToken(**common, token=identity.primary),
}


def node_credentials(caller: Caller) -> NodeCredentials:
    """What the node at the other end shows."""
    return NodeCredentials(**_common(caller))


def user_credentials(facts: Facts, identity: UserIdentityRQ) -> UserCredentials | None:
    """What the user at the other end shows; None where it is of no type that PS3.7 knows."""
    kind = _KINDS.get(identity.identity_type)
    return kind(_common(facts), identity) if kind else None


def _common(caller: Caller) -> dict[str, Any]:
    return {
        "calling_ae_title": caller.calling_ae_title,
        "called_ae_title": caller.called_ae_title,
        "peer": caller.peer,
        "address": caller.address,
        "link": caller.link,
    }
