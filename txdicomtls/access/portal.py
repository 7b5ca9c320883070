"""Access for nodes and their users, over a portal of twisted.cred.

Theory of operation.  Each association is decided on in two steps, and both log in to the
same portal.  The first says which node it is and is never left out.  The second says who
the user is, if the request has a user identity (PS3.7 D.3.3.7), with the checker for its
type.  What is granted is what both may.

The peer is told little: that its AE title is not known, for whatever is wrong with the node;
that there is no reason given, for whatever is wrong with the user.  The result field says
whether another try makes sense.  The log says the rest, but no secret and nothing that a
checker of others may have put into the text of an error.
"""

from __future__ import annotations

from enum import StrEnum
from traceback import extract_tb
from typing import cast

from twisted.cred.error import LoginFailed, UnhandledCredentials
from twisted.cred.portal import Portal
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.access.credentials import (
    Facts,
    NodeCredentials,
    UserCredentials,
    node_credentials,
    user_credentials,
)
from txdicomtls.access.interfaces import IAssociationAvatar
from txdicomtls.access.realm import Avatar, intersection
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import AssociationRefused, IdentityUnavailable
from txdicomtls.interfaces import Grant, IAccess

#: Seconds for one decision; less than a link has for it, so that the peer gets an answer.
TIMEOUT = 8.0


class UnknownIdentity(StrEnum):
    """What becomes of a user identity of a type that there is no checker for."""

    IGNORE = "ignore"  #: the association is accepted without a response (PS3.7 D.3.3.7)
    REFUSE = "refuse"  #: the association is rejected


@implementer(IAccess)
class PortalAccess:
    """Lets in who can log in to a portal.

    :param portal: has a checker for
        :class:`~txdicomtls.access.interfaces.INodeCredentials`, and one for each type of user
        identity that is to be verified; its realm has avatars that provide
        :class:`~txdicomtls.access.interfaces.IAssociationAvatar`.
    :param clock: the reactor.
    :param unknown_identity: what becomes of a type that has no checker.
    :param require_identity: refuse who has no user identity that was verified.
    :param timeout: seconds for one decision; after them it is a refusal for the time being.
    """

    log = Logger()

    def __init__(
        self,
        portal: Portal,
        *,
        clock: IReactorTime,
        unknown_identity: UnknownIdentity = UnknownIdentity.IGNORE,
        require_identity: bool = False,
        timeout: float = TIMEOUT,
    ) -> None:
        self._portal = portal
        self._clock = clock
        self._unknown_identity = unknown_identity
        self._require_identity = require_identity
        self._timeout = timeout

    def admit(self, link: object, peer: str) -> None:
        """The link was verified; who it is will be seen from the association request."""

    def authorize(self, association: Facts) -> Deferred[Grant]:
        """Decide on an association.

        :return: what it may do; fails with
            :class:`~txdicomtls.errors.AssociationRefused`, and with nothing else.
        """
        decision = Deferred.fromCoroutine(self._decide(association))
        decision.addTimeout(self._timeout, self._clock)
        return decision.addErrback(self._undecided, association)

    async def _decide(self, facts: Facts) -> Grant:
        try:
            peer = await self._log_in(node_credentials(facts))
        except LoginFailed as error:  # of a checker that is not ours
            reason = RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
            raise self._refused(facts, "the node", error, reason) from None
        user = await self._user(facts)
        if user is not None:
            return intersection(peer, user)
        if self._require_identity:
            raise self._refused(facts, "the user", "it must prove its identity, and does not")
        return peer

    async def _user(self, facts: Facts) -> Grant | None:
        """What the user may; None where no identity was verified, which may be all right."""
        identity = facts.user_identity
        if identity is None:
            return None
        credentials = user_credentials(facts, identity)
        try:
            if credentials is not None:
                return await self._log_in(credentials)
        except UnhandledCredentials:
            pass
        except LoginFailed as error:
            raise self._refused(facts, "the user", error) from None
        if self._unknown_identity is UnknownIdentity.REFUSE:
            why = f"no identity of type {identity.identity_type} is taken here"
            raise self._refused(facts, "the user", why)
        return None

    async def _log_in(self, credentials: NodeCredentials | UserCredentials) -> Grant:
        _, avatar, logout = await self._portal.login(credentials, None, IAssociationAvatar)
        logout()  # the grant is all that is kept of it
        return cast("Avatar", avatar).grant

    def _refused(
        self,
        facts: Facts,
        who: str,
        why: object,
        reason: RejectReason = RejectReason.NO_REASON_GIVEN,
    ) -> AssociationRefused:
        self.log.warn(
            "{who} of {calling!r} at {peer} is refused: {why}",
            who=who,
            calling=facts.calling_ae_title,
            peer=facts.peer,
            why=str(why),
        )
        return AssociationRefused(reason)

    def _undecided(self, failure: Failure, facts: Facts) -> Failure:
        """Whatever else goes wrong is not the peer's fault: it may come again."""
        if failure.check(AssociationRefused, CancelledError):
            return failure
        self.log.error(
            "who {calling!r} at {peer} is cannot be found out now: {why}",
            calling=facts.calling_ae_title,
            peer=facts.peer,
            why=self._why(failure),
        )
        return Failure(AssociationRefused(RejectReason.NO_REASON_GIVEN, RejectResult.TRANSIENT))

    def _why(self, failure: Failure) -> str:
        error = failure.value
        if isinstance(error, IdentityUnavailable):
            return error.why
        if isinstance(error, DeferredTimeout):
            return f"no answer within {self._timeout:g} s"
        # The text of an error that we do not know may hold what was to be checked.
        where = extract_tb(error.__traceback__ if error else None)[-1:]
        at = "".join(f" at {frame.filename}:{frame.lineno}" for frame in where)
        return f"a checker failed with {type(error).__qualname__}{at}"
