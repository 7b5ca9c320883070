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

from twisted.cred.credentials import IUsernamePassword
from zope.interface import implementer

from txdicomtls.access.interfaces import (
    IJSONWebToken,
    IKerberosTicket,
    INodeCredentials,
    ISAMLAssertion,
    IUserName,
    IUserNameAndPasscode,
)
from txdicomtls.access.policy import Caller
from txdicomtls.pdu import UserIdentityRQ
from txdicomtls.pdu.user_information import UserIdentityType
from txdicomtls.tls import SecureLink


class Facts(Caller, Protocol):
    """What is known of an association; :class:`txdicomtls.net.AssociationFacts` is one."""

    @property
    def user_identity(self) -> UserIdentityRQ | None:
        """Who the user is said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationCredentials:
    """See :class:`~txdicomtls.access.interfaces.IAssociationCredentials`."""

    calling_ae_title: str
    called_ae_title: str
    peer: str
    address: str
    link: SecureLink


@implementer(INodeCredentials)
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCredentials(AssociationCredentials):
    """See :class:`~txdicomtls.access.interfaces.INodeCredentials`."""


@implementer(IUserName)
@dataclass(frozen=True, slots=True, kw_only=True)
class UserName(AssociationCredentials):
    """See :class:`~txdicomtls.access.interfaces.IUserName`."""

    user_name: bytes


@implementer(IUserNameAndPasscode, IUsernamePassword)
@dataclass(frozen=True, slots=True, kw_only=True)
class UserNameAndPasscode(AssociationCredentials):
    """See :class:`~txdicomtls.access.interfaces.IUserNameAndPasscode`.

    Any checker of twisted.cred for passwords takes it as well.
    """

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
class KerberosTicket(AssociationCredentials):
    """See :class:`~txdicomtls.access.interfaces.IKerberosTicket`."""

    ticket: bytes = field(repr=False)


@implementer(ISAMLAssertion)
@dataclass(frozen=True, slots=True, kw_only=True)
class SAMLAssertion(AssociationCredentials):
    """See :class:`~txdicomtls.access.interfaces.ISAMLAssertion`."""

    assertion: bytes = field(repr=False)


@implementer(IJSONWebToken)
@dataclass(frozen=True, slots=True, kw_only=True)
class JSONWebToken(AssociationCredentials):
    """See :class:`~txdicomtls.access.interfaces.IJSONWebToken`."""

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
