"""Errors of associations and their messages (PS3.7, PS3.8)."""

from __future__ import annotations

from txdicomtls.codes import AbortReason, AbortSource, RejectReason, RejectResult
from txdicomtls.errors.root import DicomTLSError


class ProtocolError(DicomTLSError):
    """Something that PS3.7 or PS3.8 does not allow."""


class LocalProtocolError(ProtocolError):
    """We, or the code that calls us, asked for something that the protocol does not allow now."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol.

    :param message: what was wrong, naming the field; no bytes of a data set.
    :param reason: the reason that our A-ABORT PDU gives (PS3.8 9.3.8).
    """

    def __init__(
        self, message: str, reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER_VALUE
    ) -> None:
        super().__init__(message)
        self.reason = reason


class AssociationError(DicomTLSError):
    """The association could not be made, or ended before what was asked of it was done."""


class AssociationRejected(AssociationError):
    """The peer answered with A-ASSOCIATE-RJ (PS3.8 9.3.4).

    :param result: the Result field; 2 means that a later try may succeed.
    :param source: the Source field, as received.
    :param reason: the Reason/Diag. field, as received.
    """

    def __init__(self, result: int, source: int, reason: int) -> None:
        self.result = result
        self.source = source
        self.reason = reason
        known = next((m for m in RejectReason if (m.source, m.code) == (source, reason)), None)
        self.meaning: RejectReason | None = known
        text = known.name.lower().replace("_", " ") if known else "an undefined reason"
        lasting = "transiently" if result == RejectResult.TRANSIENT else "permanently"
        super().__init__(
            f"the peer rejected the association {lasting}: {text} "
            f"(result {result}, source {source}, reason {reason})"
        )

    @property
    def transient(self) -> bool:
        """Whether trying again later makes sense."""
        return self.result == RejectResult.TRANSIENT


class AssociationRefused(AssociationError):
    """An access policy refuses an association; the peer is sent A-ASSOCIATE-RJ.

    :param reason: what the peer is told.
    :param result: permanent, or worth another try.
    """

    def __init__(self, reason: RejectReason, result: RejectResult = RejectResult.PERMANENT) -> None:
        super().__init__(f"refused: {reason.name.lower().replace('_', ' ')}")
        self.reason = reason
        self.result = result


class AssociationAborted(AssociationError):
    """The association was aborted, by the peer or by us.

    :param source: the Source field of the A-ABORT PDU (0 user, 2 provider).
    :param reason: its Reason field; has a meaning only where source is 2.
    :param by_peer: False where the abort was ours.
    :param why: what led to it, where we know.
    """

    def __init__(self, source: int, reason: int, *, by_peer: bool = True, why: str = "") -> None:
        self.source = source
        self.reason = reason
        self.by_peer = by_peer
        self.why = why
        who = "the peer" if by_peer else "this node"
        text = why
        if not text and source == AbortSource.SERVICE_PROVIDER:
            try:
                text = AbortReason(reason).name.lower().replace("_", " ")
            except ValueError:
                text = f"undefined reason {reason}"
        super().__init__(f"{who} aborted the association" + (f": {text}" if text else ""))


class AssociationLost(AssociationError):
    """The link went away under the association (A-P-ABORT without a PDU, PS3.8 9.2.3 AA-4)."""


class AssociationEnded(AssociationError):
    """The association was released while, or before, the operation was asked for."""


class AssociationTimeout(AssociationError):
    """The peer did not answer in time.

    :param waited_for: what we waited for, as "A-ASSOCIATE response".
    :param seconds: how long.
    """

    def __init__(self, waited_for: str, seconds: float) -> None:
        super().__init__(f"no {waited_for} within {seconds:g} s")
        self.waited_for = waited_for
        self.seconds = seconds


class NoPresentationContext(AssociationError):
    """The peer accepted no presentation context that could carry this.

    :param abstract_syntax: the SOP class UID.
    :param transfer_syntax: the transfer syntax UID that was needed; empty if any would have done.
    """

    def __init__(self, abstract_syntax: str, transfer_syntax: str = "") -> None:
        wanted = f" in transfer syntax {transfer_syntax}" if transfer_syntax else ""
        super().__init__(
            f"the peer accepted no presentation context for SOP class {abstract_syntax}{wanted}"
        )
        self.abstract_syntax = abstract_syntax
        self.transfer_syntax = transfer_syntax


class UnreadableCommand(RemoteProtocolError):
    """A command set cannot be read, or not well enough to be answered.

    It is the DIMSE service user that aborts then: A-ABORT with source 0, reason 0.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, AbortReason.NOT_SPECIFIED)


class MalformedCommand(RemoteProtocolError):
    """A request that can be answered, but not be taken; the association may go on (PS3.7 C.5).

    :param message: which command element is wrong, and how.
    :param message_id: Message ID of the request.
    :param command_field: its Command Field, as received.
    :param affected_sop_class_uid: its Affected or else Requested SOP Class UID, as received; empty
        where it has neither.
    :param status: what to answer: 0x0211 (unrecognized operation) or 0x0212 (mistyped argument).
    :param has_data_set: a data set comes with it.
    """

    def __init__(
        self,
        message: str,
        *,
        message_id: int,
        command_field: int,
        affected_sop_class_uid: str,
        status: int,
        has_data_set: bool,
    ) -> None:
        super().__init__(message, AbortReason.NOT_SPECIFIED)
        self.message_id = message_id
        self.command_field = command_field
        self.affected_sop_class_uid = affected_sop_class_uid
        self.status = status
        self.has_data_set = has_data_set
