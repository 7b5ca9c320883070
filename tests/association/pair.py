"""Two connections back to back: what one sends the other receives, in any chunking."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from txdicomtls.association import (
    Acceptance,
    AcceptancePolicy,
    Accepted,
    AssociateIndication,
    CloseTransport,
    Connection,
    ConnectionLimits,
    ContextChoice,
    Output,
    Proposal,
    Rejection,
    Role,
    Send,
    StartARTIM,
    StopARTIM,
    negotiate,
)
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
    ContextResult,
    PresentationContextRQ,
    UserInformation,
)

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
OUR_CLASS = "1.2.3.4"


def request(
    *contexts: tuple[str, tuple[str, ...]],
    called: str = "ACCEPTOR",
    calling: str = "REQUESTOR",
    maximum_length: int | None = 16384,
    window: AsynchronousOperationsWindow | None = None,
) -> AssociateRQ:
    """An association request for these abstract syntaxes with their transfer syntaxes."""
    proposed = contexts or ((VERIFICATION, (IMPLICIT,)), (CT, (EXPLICIT, IMPLICIT)))
    return AssociateRQ(
        called_ae_title=called,
        calling_ae_title=calling,
        presentation_contexts=tuple(
            PresentationContextRQ(
                context_id=2 * index + 1, abstract_syntax=abstract, transfer_syntaxes=transfer
            )
            for index, (abstract, transfer) in enumerate(proposed)
        ),
        user_information=UserInformation(
            maximum_length=maximum_length,
            implementation_class_uid=OUR_CLASS,
            window=window,
        ),
    )


def choose(proposal: Proposal) -> ContextChoice:
    """What is known, in the first transfer syntax that is uncompressed little endian."""
    if proposal.abstract_syntax not in (VERIFICATION, CT, STUDY_ROOT_FIND, STUDY_ROOT_GET):
        return ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
    for uid in proposal.transfer_syntaxes:
        if uid in (IMPLICIT, EXPLICIT):
            return Accepted(transfer_syntax=uid, roles=proposal.roles)
    return ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED


POLICY = AcceptancePolicy(
    choose=choose,
    maximum_length=16384,
    implementation_class_uid=OUR_CLASS,
    implementation_version_name="TEST",
    window=4,
)


def acceptance(wanted: AssociateRQ) -> Acceptance:
    """What the policy makes of a request that it accepts."""
    answer = negotiate(wanted, POLICY)
    assert isinstance(answer, Acceptance)
    return answer


@dataclass
class End:
    """One side: its connection, and what it was told to do."""

    connection: Connection
    heard: list[Output] = field(default_factory=list)
    outbox: deque[bytes] = field(default_factory=deque)
    sent: bytearray = field(default_factory=bytearray)
    artim: bool = False
    closed: bool = False

    def do(self, outputs: Iterable[Output]) -> None:
        """Perform outputs."""
        for output in outputs:
            if isinstance(output, Send):
                data = b"".join(bytes(buffer) for buffer in output.buffers)
                self.outbox.append(data)
                self.sent += data
            elif isinstance(output, StartARTIM):
                self.artim = True
            elif isinstance(output, StopARTIM):
                self.artim = False
            elif isinstance(output, CloseTransport):
                self.closed = True
            else:
                self.heard.append(output)

    def told(self, kind: type[Output]) -> list[Output]:
        """Everything of one kind that it heard."""
        return [output for output in self.heard if isinstance(output, kind)]


class Pair:
    """A requestor and an acceptor, and the wire between them.

    :param chunk: bytes that arrive at once; None for whatever was sent at once.
    """

    def __init__(self, chunk: int | None = None, limits: ConnectionLimits | None = None) -> None:
        self.requestor = End(Connection(Role.REQUESTOR, limits))
        self.acceptor = End(Connection(Role.ACCEPTOR, limits))
        self._chunk = chunk

    def flush(self) -> None:
        """Deliver until nothing is on its way; a side that closed takes the other with it."""
        while self.requestor.outbox or self.acceptor.outbox:
            for sender, receiver in (
                (self.requestor, self.acceptor),
                (self.acceptor, self.requestor),
            ):
                while sender.outbox:
                    self._deliver(sender.outbox.popleft(), receiver)

    def hang_up(self) -> None:
        """The transport ends for both."""
        for end in (self.requestor, self.acceptor):
            end.do(end.connection.transport_closed())

    def ask(self, wanted: AssociateRQ | None = None) -> None:
        """Open the transport and send the request."""
        self.acceptor.do(self.acceptor.connection.transport_open())
        self.requestor.do(self.requestor.connection.associate(wanted or request()))
        self.requestor.do(self.requestor.connection.transport_open())
        self.flush()

    def answer(self, policy: AcceptancePolicy = POLICY) -> Acceptance | Rejection:
        """Negotiate, and send what comes of it."""
        indication = self.acceptor.told(AssociateIndication)[0]
        assert isinstance(indication, AssociateIndication)
        answer = negotiate(indication.request, policy)
        if isinstance(answer, Acceptance):
            self.acceptor.do(self.acceptor.connection.accept(answer))
        else:
            self.acceptor.do(self.acceptor.connection.reject(answer))
        self.flush()
        return answer

    def associate(self, wanted: AssociateRQ | None = None) -> None:
        """Ask and accept."""
        self.ask(wanted)
        self.answer()

    def _deliver(self, data: bytes, receiver: End) -> None:
        step = self._chunk or len(data)
        for start in range(0, len(data), step):
            receiver.do(receiver.connection.receive_data(data[start : start + step]))
