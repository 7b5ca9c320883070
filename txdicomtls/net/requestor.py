"""The requestor's side of an association: asks for it, and releases it.

What is invoked on it, and what the peer invokes on us, is the business of
:class:`~txdicomtls.net.messages.Messages`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime

from txdicomtls.association import (
    AbortIndication,
    AssociateConfirmation,
    AssociateRejection,
    ConnectionLimits,
    Indication,
    ReleaseConfirmation,
    ReleaseIndication,
    Role,
    State,
)
from txdicomtls.dimse import Request, Response
from txdicomtls.errors import (
    AssociationAborted,
    AssociationEnded,
    AssociationRejected,
    AssociationTimeout,
    DicomTLSError,
    LocalProtocolError,
)
from txdicomtls.instance import Blocks
from txdicomtls.net.invocation import Invocation
from txdicomtls.net.protocol import AssociationProtocol
from txdicomtls.net.request import AssociationFacts
from txdicomtls.net.services import Services
from txdicomtls.net.timers import Deadline, Timeouts
from txdicomtls.pdu import AssociateRQ
from txdicomtls.tls import LinkDeadlines, SecureLink


class RequestorProtocol(AssociationProtocol):
    """One association that we ask for.

    :param clock: every deadline runs on it.
    :param request: the association to ask for as soon as the link is ready.
    :param services: who serves what the peer invokes on us; none by default.
    :param limits: what the peer may make us hold.
    :param timeouts: how long the association waits.
    :param deadlines: how long the link waits.
    """

    role = Role.REQUESTOR

    def __init__(
        self,
        clock: IReactorTime,
        request: AssociateRQ,
        *,
        services: Services | None = None,
        limits: ConnectionLimits | None = None,
        timeouts: Timeouts | None = None,
        deadlines: LinkDeadlines | None = None,
    ) -> None:
        # The answer to the association request has a timeout of its own.
        deadlines = replace(deadlines or LinkDeadlines(), association=None)
        super().__init__(
            clock,
            services or Services(),
            limits=limits,
            timeouts=timeouts,
            deadlines=deadlines,
        )
        self.request = request
        self._associating: list[Deferred[None]] = []
        self._releasing: list[Deferred[None]] = []
        waits = self.timeouts
        self._answer_due = Deadline(
            clock,
            waits.association,
            lambda: self._give_up("answer to the association request", waits.association),
        )
        self._release_due = Deadline(
            clock,
            waits.release,
            lambda: self._give_up("answer to the release request", waits.release),
        )

    # -- for whoever asks --------------------------------------------------------------------

    def when_associated(self) -> Deferred[None]:
        """Fires when the association is accepted; fails with whatever stood in its way."""
        if self.error is not None:
            return fail(self.error)
        if self.connection.state.is_established:
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._nobody_waits)
        self._associating.append(waiting)
        return waiting

    def start(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Invocation:
        """Invoke an operation; see :meth:`txdicomtls.net.Invoker.start`."""
        return self.messages.invoker.start(context_id, make, blocks)

    def invoke(
        self, context_id: int, make: Callable[[int], Request], blocks: Blocks | None = None
    ) -> Deferred[Response]:
        """Invoke an operation that has one response; see :meth:`txdicomtls.net.Invoker.invoke`."""
        return self.messages.invoker.invoke(context_id, make, blocks)

    def release(self) -> Deferred[None]:
        """Release the association; fires when the peer has agreed, or the link is gone anyway."""
        if self.error is not None:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._releasing.append(done)
        if self.connection.state is State.STA6:
            self.messages.invoker.release()
            self._release_due.start()
            self.perform(self.connection.release())
        elif not self.connection.state.is_established:
            self.close()
        return done

    # -- the link ----------------------------------------------------------------------------

    def admit(self, link: SecureLink) -> Deferred[object]:  # verified already
        """The peer's certificate and name are verified: a requestor asks no more."""
        return succeed(None)

    def ready(self) -> None:
        """Ask for the association."""
        try:
            outputs = self.connection.associate(self.request)
        except LocalProtocolError as error:
            self.finish(error)
            self.close()
            return
        self._answer_due.start()
        self.perform(outputs)
        self.perform(self.connection.transport_open())

    # -- indications -------------------------------------------------------------------------

    def indicated(self, indication: Indication) -> None:
        """What the peer answers."""
        match indication:
            case AssociateConfirmation():
                self._associated()
            case AssociateRejection():
                self.finish(
                    AssociationRejected(indication.result, indication.source, indication.reason)
                )
            case AbortIndication():
                self.finish(
                    AssociationAborted(
                        indication.source,
                        indication.reason,
                        by_peer=indication.by_peer,
                        why=indication.why,
                    )
                )
            case ReleaseConfirmation():
                self.finish(AssociationEnded("the association was released"))
            case ReleaseIndication():
                self.finish(AssociationEnded("the peer released the association"))
                self._answer_release()
            case _:
                super().indicated(indication)

    def ended(self, error: DicomTLSError) -> None:
        """Everybody who waits is told the same."""
        self._answer_due.stop()
        self._release_due.stop()
        associating, self._associating = self._associating, []
        for waiting in associating:
            if not waiting.called:  # cancelled by one before it
                waiting.errback(error)
        super().ended(error)
        releasing, self._releasing = self._releasing, []
        for done in releasing:
            done.callback(None)

    def close(self) -> None:
        """Close the transport; there is nothing more to wait for but that."""
        self._answer_due.stop()
        self._release_due.stop()
        super().close()

    # -- within ------------------------------------------------------------------------------

    def _answer_release(self) -> None:
        """Unless whoever was told of the end has aborted meanwhile."""
        if self.connection.state in (State.STA8, State.STA9):
            self.perform(self.connection.respond_to_release())
        if self.connection.state is State.STA11:  # both have asked: the answer to us is still due
            self._release_due.start()

    def _stop_deadlines(self) -> None:
        super()._stop_deadlines()
        self._answer_due.stop()
        self._release_due.stop()

    def _associated(self) -> None:
        self._answer_due.stop()
        self.link.associated()
        link = self.link.secure_link
        assert link is not None  # an association has a ready link
        self.messages.associated(
            AssociationFacts(
                calling_ae_title=self.request.calling_ae_title,
                called_ae_title=self.request.called_ae_title,
                peer=self.peer,
                link=link,
                address=self.address,
                peer_ae_title=self.request.called_ae_title,
            )
        )
        associating, self._associating = self._associating, []
        for waiting in associating:
            if not waiting.called:  # cancelled by one before it
                waiting.callback(None)

    def _give_up(self, waited_for: str, seconds: float) -> None:
        error = AssociationTimeout(waited_for, seconds)
        self.finish(error)
        self.abort(str(error))

    def _nobody_waits(self, waiting: Deferred[None]) -> None:
        if waiting not in self._associating:  # those who wait are being told just now
            return
        self._associating.remove(waiting)  # it is told of the cancellation
        if not self._associating:
            self.abort("nobody waits for it any more")
