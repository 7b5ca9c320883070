"""One association without I/O: bytes in, indications out; intentions in, bytes out.

Theory of operation.  :class:`Connection` is to DICOM what ``h11.Connection``
is to HTTP.  It has no socket, no clock and no thread.  Every method returns the
list of :mod:`outputs <txdicomtls.association.events>` that follow from it, in
the order in which they must be performed; whoever drives the connection
performs all of them and calls back with what happens next.

Three parts do the work: the framer takes the stream apart, the machine says
what each event means in the present state, the assembler puts fragments
together to messages.  The connection only passes things between them, and
translates errors: what the peer did wrong becomes event 19 of the state table
(an A-ABORT with the reason that the error carries), once; what we do wrong is
raised as :class:`~txdicomtls.errors.LocalProtocolError` and changes nothing.

After an invalid PDU no byte of the peer is looked at again: where one PDU is
broken, nobody can tell where the next one begins.  In Sta13 at most one more
A-ABORT is sent (AA-7), so that a peer cannot make us answer for ever.
"""

from __future__ import annotations

from collections.abc import Mapping

from txdicomtls.association.actions import Action, Effect
from txdicomtls.association.agreement import agree
from txdicomtls.association.events import (
    AbortIndication,
    AssociateConfirmation,
    AssociateIndication,
    AssociateRejection,
    DataArrived,
    Indication,
    MessageBegan,
    MessageEnded,
    MessageRefused,
    Output,
    ReleaseConfirmation,
    ReleaseIndication,
    Send,
    StartARTIM,
    StopARTIM,
)
from txdicomtls.association.limits import ConnectionLimits
from txdicomtls.association.machine import Machine
from txdicomtls.association.negotiation import provider_rejection
from txdicomtls.association.outputs import outputs_of, rejection_pdu
from txdicomtls.association.states import Event, Role, State
from txdicomtls.association.terms import Acceptance, PresentationContext, Rejection, Window
from txdicomtls.codes import AbortReason, AbortSource
from txdicomtls.dimse import (
    CommandReceived,
    DataReceived,
    Message,
    MessageAssembler,
    command_fragments,
    data_fragments,
    refusal,
)
from txdicomtls.errors import (
    LocalProtocolError,
    MalformedCommand,
    RemoteProtocolError,
    UnreadableCommand,
)
from txdicomtls.pdu import (
    NEED_DATA,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ControlPDU,
    DataPiece,
    Framer,
    FramerLimits,
    ReleaseRP,
    ReleaseRQ,
    encode,
)

_RECEIVED: dict[type[ControlPDU], Event] = {
    AssociateRQ: Event.ASSOCIATE_RQ_RECEIVED,
    AssociateAC: Event.ASSOCIATE_AC_RECEIVED,
    AssociateRJ: Event.ASSOCIATE_RJ_RECEIVED,
    ReleaseRQ: Event.RELEASE_RQ_RECEIVED,
    ReleaseRP: Event.RELEASE_RP_RECEIVED,
    Abort: Event.ABORT_RECEIVED,
}


class Connection:
    """One association, from either side.

    :param role: who asks for the association.
    :param limits: what the peer may make us hold.
    """

    def __init__(self, role: Role, limits: ConnectionLimits | None = None) -> None:
        limits = limits or ConnectionLimits()
        self.role = role
        self._machine = Machine(role)
        self._framer = Framer(FramerLimits(associate=limits.associate, data=limits.maximum_length))
        self._assembler = MessageAssembler(limits.command)
        self._request: AssociateRQ | None = None
        self._agreed: Acceptance | None = None
        self._most = limits.association
        self._received = 0
        self._deaf = False

    # -- what is so --------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The state of PS3.8 9.2.1."""
        return self._machine.state

    @property
    def contexts(self) -> dict[int, PresentationContext]:
        """The accepted presentation contexts by ID; empty before the association exists."""
        return self._agreed.contexts if self._agreed else {}

    @property
    def window(self) -> Window:
        """The agreed asynchronous operations window."""
        return self._agreed.window if self._agreed else Window()

    @property
    def extended(self) -> Mapping[str, bytes]:
        """What was answered to the extended negotiation of each SOP class (PS3.7 D.3.3.5)."""
        return self._agreed.extended if self._agreed else {}

    @property
    def acceptance(self) -> AssociateAC | None:
        """The A-ASSOCIATE-AC that made the association; None before."""
        return self._agreed.pdu if self._agreed else None

    @property
    def peer_maximum_length(self) -> int:
        """Bytes of P-DATA-TF that the peer receives; 0 is unlimited."""
        return self._agreed.peer_maximum_length if self._agreed else 0

    @property
    def can_send(self) -> bool:
        """Whether a message may be sent now."""
        return self._machine.allows(Event.DATA_REQUEST)

    @property
    def in_message(self) -> bool:
        """Whether a message has begun to arrive and is not complete."""
        return self._assembler.in_message

    @property
    def in_pdu(self) -> bool:
        """Whether a PDU has begun to arrive and is not complete: for a deadline."""
        return not self._deaf and self._framer.in_pdu

    @property
    def pdus_begun(self) -> int:
        """How many PDUs have begun to arrive: tells a slow PDU from a stream of them."""
        return self._framer.pdus_begun

    # -- what the transport and the clock say -------------------------------------------

    def transport_open(self) -> list[Output]:
        """The transport connection is open: ours (event 2), or a peer's (event 5)."""
        if self.role is Role.ACCEPTOR:
            return self._outputs(self._machine.fire(Event.TRANSPORT_INDICATED))
        if self._request is None:
            msg = "the transport opened before an association was asked for"
            raise LocalProtocolError(msg)
        return self._outputs(
            self._machine.fire(Event.TRANSPORT_CONFIRMED), pdu=encode(self._request)
        )

    def transport_closed(self) -> list[Output]:
        """The transport connection is gone (event 17); nothing follows once the machine is idle."""
        self._deaf = True
        if not self._machine.allows(Event.TRANSPORT_CLOSED):
            return []
        return self._outputs(self._machine.fire(Event.TRANSPORT_CLOSED))

    def artim_expired(self) -> list[Output]:
        """The ARTIM timer expired (event 18); without effect in a state that does not run it."""
        if not self._machine.allows(Event.ARTIM_EXPIRED):
            return []
        self._deaf = True
        return self._outputs(self._machine.fire(Event.ARTIM_EXPIRED))

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Output]:
        """Take bytes from the peer, in any chunking.

        :param data: never changed afterwards: data sets are handed on as views of it.
        """
        outputs: list[Output] = []
        if self._deaf:
            return outputs
        self._received += len(data)
        if self._most is not None and self._received > self._most:
            return self.abort(f"more than {self._most} bytes came on one association")
        framer = self._framer
        try:
            framer.receive_data(data)
            while not self._deaf:
                frame = framer.next_frame()
                if frame is NEED_DATA:
                    break
                if isinstance(frame, DataPiece):
                    self._receive_piece(frame, outputs)
                else:
                    self._receive_pdu(frame, outputs)
        except UnreadableCommand as error:
            outputs += self.abort(str(error))
        except RemoteProtocolError as error:
            outputs += self._invalid(error)
        return outputs

    # -- what the local user wants -------------------------------------------------------

    def associate(self, request: AssociateRQ) -> list[Output]:
        """Ask for an association (event 1); only a requestor can.

        :raises LocalProtocolError: the request cannot be encoded, or one was made already.
        """
        encode(request)
        action = self._machine.fire(Event.ASSOCIATE_REQUEST)
        self._request = request
        return self._outputs(action)

    def accept(self, acceptance: Acceptance) -> list[Output]:
        """Accept the association that the peer asked for (event 7)."""
        pdu = encode(acceptance.pdu)
        action = self._machine.fire(Event.ASSOCIATE_ACCEPT)
        self._agreed = acceptance
        return self._outputs(action, pdu=pdu)

    def reject(self, rejection: Rejection) -> list[Output]:
        """Reject the association that the peer asked for (event 8)."""
        return self._outputs(
            self._machine.fire(Event.ASSOCIATE_REJECT), pdu=rejection_pdu(rejection)
        )

    def send_message(self, context_id: int, message: Message) -> list[Output]:
        """Send a command set (event 9).  If it announces a data set, that must follow at once."""
        buffers = command_fragments(context_id, message, self.peer_maximum_length)
        action = self._machine.fire(Event.DATA_REQUEST)
        return [Send(buffers)] if Effect.SEND in action.effects else []

    def send_data(self, context_id: int, data: bytes | memoryview, *, last: bool) -> list[Output]:
        """Send the next bytes of the data set of the message sent last (event 9).

        :param last: the data set is complete with these bytes.
        """
        buffers = data_fragments(context_id, data, last=last, max_length=self.peer_maximum_length)
        action = self._machine.fire(Event.DATA_REQUEST)
        return [Send(buffers)] if Effect.SEND in action.effects else []

    def release(self) -> list[Output]:
        """Ask to release the association (event 11)."""
        return self._outputs(self._machine.fire(Event.RELEASE_REQUEST), pdu=encode(ReleaseRQ()))

    def respond_to_release(self) -> list[Output]:
        """Answer the peer's request to release the association (event 14)."""
        return self._outputs(self._machine.fire(Event.RELEASE_RESPONSE), pdu=encode(ReleaseRP()))

    def abort(self, why: str = "") -> list[Output]:
        """Abort the association as its user (event 15); without effect where there is none."""
        if not self._machine.allows(Event.ABORT_REQUEST):
            return []
        outputs = self._outputs(self._machine.fire(Event.ABORT_REQUEST))
        outputs.append(
            AbortIndication(source=AbortSource.SERVICE_USER, reason=0, by_peer=False, why=why)
        )
        return outputs

    # -- within --------------------------------------------------------------------------

    def _receive_piece(self, piece: DataPiece, outputs: list[Output]) -> None:
        action = self._machine.fire(Event.DATA_RECEIVED)
        if Effect.INDICATE not in action.effects:
            outputs += self._outputs(action, error=_unexpected("P-DATA-TF"))
            return
        context = self.contexts.get(piece.context_id)
        if context is None:
            msg = f"data on presentation context {piece.context_id}, which was not accepted"
            raise RemoteProtocolError(msg)
        try:
            parts = self._assembler.receive(piece)
        except MalformedCommand as error:
            outputs.append(MessageRefused(context, refusal(error)))
            return
        for part in parts:
            if isinstance(part, DataReceived):
                outputs.append(DataArrived(part.data))
            elif isinstance(part, CommandReceived):
                outputs.append(MessageBegan(context, part.message))
            else:
                outputs.append(MessageEnded(part.length))

    def _receive_pdu(self, pdu: ControlPDU, outputs: list[Output]) -> None:
        refusal = provider_rejection(pdu) if isinstance(pdu, AssociateRQ) else None
        again = self._machine.state is State.STA13
        action = self._machine.fire(_RECEIVED[type(pdu)], provider_refuses=refusal is not None)
        if action is Action.AE_6 and refusal is not None:
            outputs += [StopARTIM(), Send([rejection_pdu(refusal)]), StartARTIM()]
            return
        indication: Indication | None = None
        if Effect.INDICATE in action.effects:
            indication = self._indication(pdu)
        outputs += self._outputs(
            action, indication=indication, error=_unexpected(type(pdu).__name__)
        )
        if again and action is Action.AA_7:
            self._deaf = True

    def _indication(self, pdu: ControlPDU) -> Indication:
        if isinstance(pdu, AssociateRQ):
            return AssociateIndication(pdu)
        if isinstance(pdu, AssociateAC):
            assert self._request is not None  # Sta5 is reached only through associate()
            self._agreed = agree(self._request, pdu)
            return AssociateConfirmation(pdu, self._agreed.contexts)
        if isinstance(pdu, AssociateRJ):
            return AssociateRejection(result=pdu.result, source=pdu.source, reason=pdu.reason)
        if isinstance(pdu, ReleaseRQ):
            return ReleaseIndication()
        if isinstance(pdu, ReleaseRP):
            return ReleaseConfirmation()
        return AbortIndication(source=pdu.source, reason=pdu.reason, by_peer=True)

    def _outputs(
        self,
        action: Action,
        *,
        pdu: bytes = b"",
        indication: Indication | None = None,
        error: RemoteProtocolError | None = None,
    ) -> list[Output]:
        """What follows from an action; once the transport is to be closed nothing more is heard."""
        if Effect.CLOSE_TRANSPORT in action.effects:
            self._deaf = True
        return outputs_of(action, pdu=pdu, indication=indication, error=error)

    def _invalid(self, error: RemoteProtocolError) -> list[Output]:
        """Event 19: what arrived is no PDU, or not one that makes sense."""
        self._deaf = True
        if not self._machine.allows(Event.INVALID_PDU_RECEIVED):
            return []
        return self._outputs(self._machine.fire(Event.INVALID_PDU_RECEIVED), error=error)


def _unexpected(name: str) -> RemoteProtocolError:
    return RemoteProtocolError(f"{name} came when it could not", AbortReason.UNEXPECTED_PDU)
