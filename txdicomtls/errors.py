"""The whole tree of errors: each carries its facts as fields and says which side is to blame.

Three rules hold for every class here: the text of an error is one line that a
person can act on; it never holds a password or patient data; what a program
needs to decide is in a field, never only in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from txdicomtls.codes import AbortReason, AbortSource, RejectReason, RejectResult


class DicomTLSError(Exception):
    """Root of every error that this package raises on purpose."""


# -- the upper layer ---------------------------------------------------------------------


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
    :param affected_sop_class_uid: its Affected SOP Class UID, as received; empty where it has none.
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


# -- the secure link ---------------------------------------------------------------------


class LinkError(DicomTLSError):
    """No secure link came to be, or it broke; before it is ready nothing of DICOM is exchanged."""


class PeerUnreachable(LinkError):
    """No transport connection could be made: nothing of TLS was tried.

    :param host: whom we tried to reach.
    :param port: TCP port.
    :param problem: what the network said.
    """

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"cannot connect to {host} port {port}: {problem}")
        self.host = host
        self.port = port
        self.problem = problem


class LinkTimeout(LinkError):
    """A deadline of the link passed.

    :param state: what the link was doing, as "handshaking".
    :param seconds: the deadline.
    """

    def __init__(self, state: str, seconds: float) -> None:
        super().__init__(f"the link was still {state} after {seconds:g} s")
        self.state = state
        self.seconds = seconds


class HandshakeFailed(LinkError):
    """The TLS handshake failed.

    :param message: one line: what happened, and what to do.
    :param by_peer: True where the peer refused (it sent the alert), False where we did.
    :param alert: name of the TLS alert, as "unknown_ca"; empty if none is known.
    """

    def __init__(self, message: str, *, by_peer: bool, alert: str = "") -> None:
        super().__init__(message)
        self.by_peer = by_peer
        self.alert = alert


class PeerNotTLS(LinkError):
    """The first bytes of the peer are not TLS.

    :param protocol: what they look like: "plain DICOM", "HTTP", "SSH" or "unknown".
    """

    def __init__(self, message: str, protocol: str) -> None:
        super().__init__(message)
        self.protocol = protocol


class PeerNameMismatch(LinkError):
    """The peer's certificate is valid, but not for the name that we connected to.

    :param expected: DNS name or IP address that was asked for.
    :param presented: the names that the certificate is for.
    """

    def __init__(self, expected: str, presented: Sequence[str]) -> None:
        names = ", ".join(presented) or "no name at all"
        super().__init__(
            f"the certificate of the peer is for {names}, not for {expected}: "
            "connect by a name that it has, or have it issued for this name"
        )
        self.expected = expected
        self.presented = tuple(presented)


class LinkRefused(LinkError):
    """The access decision refused this peer after the handshake, before any DICOM byte."""


# -- credentials and configuration ---------------------------------------------------------


class CredentialError(DicomTLSError):
    """A certificate, key or trust file cannot be used.

    :param path: the file.
    :param problem: what is wrong with it and how to mend it.
    """

    def __init__(self, path: str | Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = str(path)
        self.problem = problem


class ProfileUnavailable(DicomTLSError, ValueError):
    """The OpenSSL in use cannot do what a security profile cannot do without."""


class WrongPassword(CredentialError):
    """The private key is encrypted and the password does not open it."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, "the password does not open this private key")


class PasswordUnavailable(CredentialError):
    """The private key is encrypted and no password could be had."""


@dataclass(frozen=True, slots=True)
class ConfigurationProblem:
    """One thing wrong in a configuration.

    :param key: path of the key, as "listen[0].port"; empty for the file as a whole.
    :param message: what is wrong and what would be right.
    """

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class ConfigurationError(DicomTLSError):
    """The configuration cannot be used; holds every problem found, not only the first.

    :param source: file the configuration came from.
    :param problems: all of them.
    """

    def __init__(self, source: str | Path, problems: Sequence[ConfigurationProblem]) -> None:
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))
        self.source = str(source)
        self.problems = tuple(problems)


class CannotListen(DicomTLSError):
    """A port to accept associations at cannot be had.

    :param interface: the address; empty for all.
    :param port: the TCP port.
    :param problem: what the system said.
    """

    def __init__(self, interface: str, port: int, problem: str) -> None:
        super().__init__(f"cannot listen on {interface or 'any address'} port {port}: {problem}")
        self.interface = interface
        self.port = port
        self.problem = problem


# -- instances and files -------------------------------------------------------------------


class NotADicomFile(DicomTLSError):
    """A file to be sent is missing, unreadable or not DICOM (PS3.10 7.1).

    :param path: the file.
    :param problem: why it cannot be sent.
    """

    def __init__(self, path: str | Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = str(path)
        self.problem = problem


class StorageError(DicomTLSError):
    """An instance could not be kept; each subclass stands for one status (PS3.4 B.2.3, PS3.7 C)."""


class OutOfResources(StorageError):
    """No room, no permission, or the disk failed: a later try may succeed (status 0xA700)."""


class DuplicateInstance(StorageError):
    """This SOP Instance UID is already kept, with other bytes (status 0x0111)."""


class MismatchedInstance(StorageError):
    """The data set says that it is another instance than the request does (status 0xA900)."""


class InvalidInstance(StorageError):
    """The SOP Instance UID is not a valid UID (status 0x0117)."""


class CannotUnderstand(StorageError):
    """What arrived cannot be a data set, for example its length is odd (status 0xC000)."""
