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
from txdicomtls.dimse import Message, Request
from txdicomtls.errors import AssociationRefused, DicomTLSError
from txdicomtls.net.dispatch import Dispatcher
from txdicomtls.net.protocol import AssociationProtocol
from txdicomtls.net.request import AssociationFacts, IncomingRequest
from txdicomtls.net.timers import Deadline
from txdicomtls.tls import SecureLink

if TYPE_CHECKING:
    from txdicomtls.interfaces import Grant
    from txdicomtls.net.factory import AssociationFactory
    from txdicomtls.pdu import AssociateRQ


_NO_ROOM = Rejection(reason=RejectReason.LOCAL_LIMIT_EXCEEDED, result=RejectResult.TRANSIENT)


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
            limits=factory.limits,
            timeouts=factory.timeouts,
            deadlines=factory.deadlines,
        )
        self.factory = factory
        self.facts: AssociationFacts | None = None
        self.dispatcher = Dispatcher(self, factory.service_for)
        self._secure_link: SecureLink | None = None
        self._release_asked = False
        self._idle = Deadline(factory.clock, self.timeouts.idle, self._idle_too_long)

    # -- the link ----------------------------------------------------------------------------

    def connectionMade(self) -> None:  # Twisted's name
        """A connection that has not proved itself counts as such."""
        super().connectionMade()
        self.factory.connected(self)

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
        """Dispatch by kind; data first, being a thousand times as frequent as the rest."""
        if type(indication) is DataArrived:
            self._idle.start()
            self.dispatcher.data(indication.data)
        elif isinstance(indication, MessageBegan):
            self._begin(indication)
        elif isinstance(indication, MessageEnded):
            self._idle.stop()
            self.dispatcher.end()
        elif isinstance(indication, AssociateIndication):
            self._decide(indication.request)
        elif isinstance(indication, ReleaseIndication):
            self._release_requested()
        elif isinstance(indication, MessageRefused):
            self.answer(indication.context.context_id, indication.response)
        elif isinstance(indication, AbortIndication):
            self._aborted(indication)

    def ended(self, error: DicomTLSError) -> None:
        """Nothing can be answered any more."""
        self._idle.stop()
        self.dispatcher.abandon()
        self.factory.disconnected(self, error)

    # -- the association ---------------------------------------------------------------------

    def _decide(self, request: AssociateRQ) -> None:
        assert self._secure_link is not None  # no association without a ready link
        self.facts = AssociationFacts(
            calling_ae_title=request.calling_ae_title,
            called_ae_title=request.called_ae_title,
            peer=self.peer,
            link=self._secure_link,
        )
        if self.factory.full:
            self._reject(_NO_ROOM)
            return
        authorize: Callable[..., Any] = self.factory.access.authorize
        decision: Deferred[Grant] = maybeDeferred(authorize, self.facts)
        decision.addCallback(self._negotiate, request).addErrback(self._unauthorized)

    def _negotiate(self, grant: Grant, request: AssociateRQ) -> None:
        if self.connection.state is not State.STA3:
            return
        if self.factory.full:  # others may have been accepted while this one was decided on
            self._reject(_NO_ROOM)
            return
        answer = negotiate(request, self.factory.policy(grant))
        if isinstance(answer, Rejection):
            self._reject(answer)
        else:
            self._accept(answer)

    def _accept(self, acceptance: Acceptance) -> None:
        assert self.facts is not None  # made by _decide
        self.dispatcher.window = acceptance.window.invoked
        self.factory.associated(self)
        self.link.associated()
        self._idle.start()
        self.perform(self.connection.accept(acceptance))
        # Written when the answer is on its way, because the peer waits for that.
        self.log.info(
            "association from {calling} at {peer}: {contexts} presentation contexts, {link}",
            calling=self.facts.calling_ae_title,
            peer=self.peer,
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
            self._reject(
                Rejection(reason=RejectReason.ACSE_NO_REASON_GIVEN, result=RejectResult.TRANSIENT)
            )

    def _reject(self, rejection: Rejection) -> None:
        assert self.facts is not None  # made by _decide
        self.log.warn(
            "association from {calling!r} at {peer} to {called!r} rejected: {reason}",
            calling=self.facts.calling_ae_title,
            called=self.facts.called_ae_title,
            peer=self.peer,
            reason=rejection.reason.name.lower().replace("_", " "),
        )
        self.perform(self.connection.reject(rejection))

    def _release_requested(self) -> None:
        if self.connection.in_message:
            self.abort("a release was requested in the midst of a message")
        else:
            self._release_asked = True
            self._answer_release()

    def _answer_release(self) -> None:
        """Release once every operation is answered: the requestor may still be owed a status."""
        if self._release_asked and not self.dispatcher.busy:
            self._release_asked = False
            self._idle.stop()
            self.perform(self.connection.respond_to_release())

    def _aborted(self, indication: AbortIndication) -> None:
        if indication.by_peer:
            self.log.info("{peer} aborted the association", peer=self.peer)
        else:
            self.log.warn(
                "association with {peer} aborted: {why}", peer=self.peer, why=indication.why
            )

    def _idle_too_long(self) -> None:
        if self._holds:  # it is we who let the peer wait
            self._idle.start()
            return
        self.abort(f"nothing came for {self.timeouts.idle:g} s")

    # -- messages ----------------------------------------------------------------------------

    def _begin(self, began: MessageBegan) -> None:
        assert self.facts is not None  # messages come only on an association
        self._idle.start()
        if isinstance(began.message, Request):
            self.dispatcher.begin(
                IncomingRequest(
                    message=began.message, context=began.context, association=self.facts
                )
            )
        else:
            self.abort("a response came to a request that was never made")

    def answer(self, context_id: int, message: Message) -> None:
        """Send a response, unless the association is over."""
        if self.connection.can_send:
            self.perform(self.connection.send_message(context_id, message))

    def quiet(self) -> None:
        """No operation is outstanding: the peer may release, or has to do something."""
        if self._release_asked:
            self._answer_release()
        elif self.connection.can_send:
            self._idle.start()
