"""The acceptor's side of an association: who is let in, to what, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from txdicomtls.association import (
    AbortIndication,
    Acceptance,
    AssociateIndication,
    DataArrived,
    Indication,
    MessageBegan,
    MessageEnded,
    MessageRefused,
    Rejection,
    ReleaseIndication,
    Role,
    State,
    negotiate,
)
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationRefused,
    DicomTLSError,
    LinkError,
)
from txdicomtls.net.protocol import AssociationProtocol
from txdicomtls.net.request import AssociationFacts
from txdicomtls.net.services import Offer
from txdicomtls.net.timers import Deadline
from txdicomtls.tls import LinkState, SecureLink

if TYPE_CHECKING:
    from txdicomtls.interfaces import Grant
    from txdicomtls.net.factory import AssociationFactory
    from txdicomtls.pdu import AssociateRQ


_NO_ROOM = Rejection(reason=RejectReason.LOCAL_LIMIT_EXCEEDED, result=RejectResult.TRANSIENT)
_NOT_NOW = Rejection(reason=RejectReason.ACSE_NO_REASON_GIVEN, result=RejectResult.TRANSIENT)


class AcceptorProtocol(AssociationProtocol):
    """One association that a peer asks for.

    :param factory: what the associations of one node share.
    """

    role = Role.ACCEPTOR
    log = Logger()
    factory: AssociationFactory

    def __init__(self, factory: AssociationFactory) -> None:
        super().__init__(
            factory.clock,
            factory.services.copy(),
            limits=factory.limits,
            timeouts=factory.timeouts,
            deadlines=factory.deadlines,
        )
        self.factory = factory
        self.facts: AssociationFacts | None = None
        self._secure_link: SecureLink | None = None
        self._release_asked = False
        self._idle = Deadline(factory.clock, self.timeouts.idle, self._idle_too_long)

    # -- the link ----------------------------------------------------------------------------

    def connectionMade(self) -> None:  # Twisted's name
        """A connection that has not proved itself counts as such."""
        super().connectionMade()
        self.factory.connected(self)

    def gone(self, cause: LinkError | None) -> None:
        """It does not count any more."""
        super().gone(cause)
        assert self.error is not None  # there is one by now
        self.factory.disconnected(self, self.error)

    def admit(self, link: SecureLink) -> Deferred[object]:
        """Ask the access policy of the node."""
        self._secure_link = link
        return maybeDeferred(self.factory.access.admit, link, self.peer)

    def ready(self) -> None:
        """Wait for the association request, under ARTIM."""
        self.factory.secured(self)
        self.perform(self.connection.transport_open())

    # -- indications -------------------------------------------------------------------------

    def indicated(self, indication: Indication) -> None:
        """What the peer asks for; messages keep it from being idle."""
        kind = type(indication)
        if kind in (DataArrived, MessageBegan, MessageRefused):
            self._idle.start()
        elif kind is MessageEnded:
            self._idle.stop()
        elif isinstance(indication, AssociateIndication):
            self._decide(indication.request)
        elif isinstance(indication, ReleaseIndication):
            self._release_requested()
        elif isinstance(indication, AbortIndication):
            self._aborted(indication)
        super().indicated(indication)
        if kind is MessageEnded and not self.messages.busy:
            self.quiet()

    def ended(self, error: DicomTLSError) -> None:
        """Nothing can be answered any more."""
        self._release_asked = False
        self._idle.stop()
        super().ended(error)
        self.factory.give_back_place(self)

    # -- the association ---------------------------------------------------------------------

    def _decide(self, request: AssociateRQ) -> None:
        assert self._secure_link is not None  # no association without a ready link
        facts = self.facts = AssociationFacts(
            calling_ae_title=request.calling_ae_title,
            called_ae_title=request.called_ae_title,
            peer=self.peer,
            link=self._secure_link,
            address=self.address,
            user_identity=request.user_information.user_identity,
            peer_ae_title=request.calling_ae_title,
        )
        if self.connection.state is not State.STA3:  # the request came with what ended it
            return
        too_many = self.factory.take_place(self)
        if too_many is not None:
            self._reject(_NO_ROOM, too_many)
            return
        authorize: Callable[..., Any] = self.factory.access.authorize
        self.decision = maybeDeferred(authorize, facts)
        self.decision.addCallbacks(self._negotiate, self._unauthorized, callbackArgs=(request,))
        self.decision.addErrback(self._not_negotiated)

    def _negotiate(self, grant: Grant, request: AssociateRQ) -> None:
        if self.connection.state is not State.STA3 or self.link.state is not LinkState.READY:
            return
        offer = Offer(self.messages.services, grant)
        answer = negotiate(
            request,
            offer.policy(
                maximum_length=self.factory.limits.maximum_length, window=self.factory.window
            ),
        )
        if isinstance(answer, Rejection):
            self._reject(answer)
        else:
            self._accept(answer, grant)

    def _accept(self, acceptance: Acceptance, grant: Grant) -> None:
        assert self.facts is not None  # made by _decide
        outputs = self.connection.accept(acceptance)
        self.factory.associated(self)
        self.link.associated()
        self._idle.start()
        self.messages.associated(self.facts, user=grant.user, valid_for=grant.valid_for)
        self.perform(outputs)
        # Written when the answer is on its way, because the peer waits for that.
        self.log.info(
            "association from {calling} at {peer}{user}: {contexts} presentation contexts, {link}",
            calling=self.facts.calling_ae_title,
            peer=self.peer,
            user=f" for user {grant.user!r}" if grant.user else "",
            contexts=len(acceptance.contexts),
            link=self.facts.link.describe(),
        )

    def _unauthorized(self, failure: Failure) -> None:
        if self.connection.state is not State.STA3:
            return
        error = failure.value
        if isinstance(error, AssociationRefused):
            self._reject(Rejection(reason=error.reason, result=error.result))
        else:
            self.log.failure("the access decision failed", failure=failure)
            self._reject(_NOT_NOW)

    def _not_negotiated(self, failure: Failure) -> None:
        """As where a service raises, or the answer is too long to be sent."""
        self.log.failure("an association could not be answered", failure=failure)
        if self.connection.state is State.STA3:
            self._reject(_NOT_NOW)
        else:
            self.abort("the association could not be begun")

    def _reject(self, rejection: Rejection, why: str = "") -> None:
        assert self.facts is not None  # made by _decide
        self.factory.give_back_place(self)
        self.log.warn(
            "association from {calling!r} at {peer} to {called!r} rejected: {reason}{why}",
            calling=self.facts.calling_ae_title,
            called=self.facts.called_ae_title,
            peer=self.peer,
            reason=rejection.reason.name.lower().replace("_", " "),
            why=f" ({why})" if why else "",
        )
        self.perform(self.connection.reject(rejection))

    def _release_requested(self) -> None:
        if self.connection.in_message:
            self.abort("a release was requested in the midst of a message")
        else:
            self._release_asked = True
            # Who has asked for a release sends no response any more (PS3.8 Table 9-10, Sta7).
            self.messages.invoker.end(AssociationEnded("the peer released the association"))
            self._answer_release()

    def _answer_release(self) -> None:
        """Release once every operation is answered: the requestor may still be owed a status."""
        if self._release_asked and not self.messages.dispatcher.busy:
            self._release_asked = False
            self._idle.stop()
            if self.connection.state is not State.STA8:  # the request came with what ended it
                return
            self.perform(self.connection.respond_to_release())

    def _aborted(self, indication: AbortIndication) -> None:
        # At once, not when the transport is gone at last.
        self.finish(
            AssociationAborted(
                indication.source,
                indication.reason,
                by_peer=indication.by_peer,
                why=indication.why,
            )
        )
        if indication.by_peer:
            self.log.info("{peer} aborted the association", peer=self.peer)
        else:
            self.log.warn(
                "association with {peer} aborted: {why}", peer=self.peer, why=indication.why
            )

    def _idle_too_long(self) -> None:
        if self.is_held:  # it is we who let the peer wait
            self._idle.start()
            return
        self.abort(f"nothing came for {self.timeouts.idle:g} s")

    def quiet(self) -> None:
        """No operation is outstanding: the peer may release, or has to do something."""
        if self._release_asked:
            self._answer_release()
        elif self.connection.can_send and not self.messages.busy:
            self._idle.start()
