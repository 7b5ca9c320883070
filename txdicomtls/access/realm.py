"""From who it is to what it may: avatars in the sense of twisted.cred.

A checker answers with an avatar ID, which says who it is: a :class:`Peer` for a node, a
:class:`VerifiedUser` for a user.  The realm answers with an avatar, which says what that may do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import LoginDenied
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred, execute
from zope.interface import Interface, implementer

from txdicomtls.access.interfaces import IAssociationAvatar, INodeCredentials
from txdicomtls.access.policy import AnyPeer, Caller, Peer
from txdicomtls.interfaces import Grant

#: The longest response in bytes: with all else that an A-ASSOCIATE-AC says of its user it must fit
#: into one item, whose length has 16 bits (PS3.8 9.3.3.3).
LONGEST_RESPONSE = 48 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedUser:
    """A user whose identity was verified.

    :param name: for log lines and audit.
    :param response: what a positive response carries (PS3.7 D.3.3.7.2): a Kerberos server
        ticket or a SAML response; empty for the other types.
    :param services: names of the services that it may use; None for all.
    :param sop_classes: UIDs of the SOP classes that it may use; None for all.
    :param valid_for: seconds from now until it has to prove itself anew; None for never.
    :raises ValueError: the response is too long to be sent.
    """

    name: str
    response: bytes = field(default=b"", repr=False)
    services: frozenset[str] | None = None
    sop_classes: frozenset[str] | None = None
    valid_for: float | None = None

    def __post_init__(self) -> None:
        if len(self.response) > LONGEST_RESPONSE:
            raise ValueError(f"a response has at most {LONGEST_RESPONSE} bytes")

    @property
    def grant(self) -> Grant:
        """What it may do."""
        return Grant(
            services=self.services,
            sop_classes=self.sop_classes,
            user=self.name,
            identity_response=self.response,
            valid_for=self.valid_for,
        )


@implementer(IAssociationAvatar)
@dataclass(frozen=True, slots=True)
class Avatar:
    """See :class:`~txdicomtls.access.interfaces.IAssociationAvatar`."""

    grant: Grant


@implementer(ICredentialsChecker)
class PeerChecker:
    """Finds out which node it is.

    :param policy: knows the nodes.
    """

    credentialInterfaces = (INodeCredentials,)

    def __init__(self, policy: AnyPeer) -> None:
        self._policy = policy

    def requestAvatarId(self, credentials: Caller) -> Deferred[Any]:  # Twisted's name
        """Ask the policy.

        :return: the :class:`Peer`; fails with :class:`~txdicomtls.errors.AssociationRefused`.
        """
        return execute(self._policy.identify, credentials)


@implementer(IRealm)
class Realm:
    """Grants nodes and users what is said of them where they are listed or verified."""

    def requestAvatar(  # Twisted's name
        self, avatarId: object, mind: object, *interfaces: type[Interface]
    ) -> tuple[type[Interface], object, Callable[[], None]]:
        """Answer with an avatar for associations.

        :param avatarId: a :class:`Peer` or :class:`VerifiedUser`; from a checker that is not of
            this package also the name of a user in UTF-8.
        :raises LoginDenied: it is anonymous.
        :raises NotImplementedError: another interface is asked for.
        """
        if IAssociationAvatar not in interfaces:
            raise NotImplementedError("there are avatars for associations only")
        who = avatarId
        if isinstance(who, bytes):
            who = VerifiedUser(name=who.decode("utf-8", "backslashreplace"))
        if not isinstance(who, Peer | VerifiedUser):
            raise LoginDenied("it is nobody in particular")
        return IAssociationAvatar, Avatar(who.grant), _nothing_to_undo


def intersection(peer: Grant, user: Grant) -> Grant:
    """What a verified user may do at a node: what both may; the user is the second one's."""
    times = [each.valid_for for each in (peer, user) if each.valid_for is not None]
    return Grant(
        services=_common(peer.services, user.services),
        sop_classes=_common(peer.sop_classes, user.sop_classes),
        user=user.user,
        identity_response=user.identity_response,
        valid_for=min(times, default=None),
    )


def _common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _nothing_to_undo() -> None:
    """An avatar is a value: nobody needs to know when it is no longer used."""
