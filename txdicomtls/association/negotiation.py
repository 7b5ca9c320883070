"""Association negotiation as pure functions: request and policy in, answer out (PS3.8 7.1).

The acceptor's side is :func:`negotiate`, the requestor's reading of the answer
is :func:`agree`.  Neither keeps state, and neither knows how a policy was made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.dimse.messages import is_sendable_uid
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu import (
    APPLICATION_CONTEXT,
    PROTOCOL_VERSION,
    AssociateAC,
    AssociateRQ,
    AsynchronousOperationsWindow,
    ContextResult,
    PresentationContextAC,
    PresentationContextRQ,
    UserInformation,
)

#: Smaller maximum lengths leave no room for a fragment: 6 bytes of PDV header and 2 of data.
SMALLEST_MAXIMUM_LENGTH = 8

#: What a peer that sends no maximum length item gets (it is mandatory, PS3.8 D.1; DCMTK's default).
ASSUMED_MAXIMUM_LENGTH = 16384

#: Where both sides say "unlimited", something must still bound what is kept for answers to come.
MOST_OUTSTANDING = 256

#: 1 to 16 characters of ISO 646, no control characters, no backslash (PS3.5 6.2, AE).
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")

#: Implicit VR Little Endian, which every implementation knows (PS3.5 10.1).
_DEFAULT_TRANSFER_SYNTAX = "1.2.840.10008.1.2"

#: The answer to one proposed context: a transfer syntax to accept, or why none.
ContextChoice = str | ContextResult


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationContext:
    """An accepted presentation context: what messages on it are about and how they are encoded."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How many operations may be outstanding at once (PS3.7 D.3.3.3).

    :param invoked: by the association requestor.
    :param performed: by the association acceptor, towards the requestor.
    """

    invoked: int = 1
    performed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptancePolicy:
    """What an acceptor takes.

    :param choose: for an abstract syntax and the transfer syntaxes offered with it, the
        one to accept, or the reason for none.
    :param called_ae_titles: the titles that this node answers to; None for any.
    :param maximum_length: bytes of P-DATA-TF that we can receive.
    :param window: the most operations that we let the requestor have outstanding.
    """

    choose: Callable[[str, tuple[str, ...]], ContextChoice]
    maximum_length: int
    implementation_class_uid: str
    implementation_version_name: str
    called_ae_titles: Collection[str] | None = None
    window: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A request that is accepted: the answer to send and what it means."""

    pdu: AssociateAC
    contexts: dict[int, PresentationContext] = field(default_factory=dict)
    peer_maximum_length: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A request that is not accepted (PS3.8 9.3.4)."""

    reason: RejectReason
    result: RejectResult = RejectResult.PERMANENT


def is_valid_ae_title(title: str) -> bool:
    """Whether this can be an AE title once the spaces around it are gone (PS3.5 6.2)."""
    return bool(_AE_TITLE.fullmatch(title)) and title.strip() == title


def provider_rejection(request: AssociateRQ) -> Rejection | None:
    """What the service provider itself refuses, before any user is asked (PS3.8 9.3.4)."""
    if not request.protocol_version & PROTOCOL_VERSION:
        return Rejection(reason=RejectReason.PROTOCOL_VERSION_NOT_SUPPORTED)
    return None


def negotiate(request: AssociateRQ, policy: AcceptancePolicy) -> Acceptance | Rejection:
    """Answer an A-ASSOCIATE-RQ.

    An association whose every context is refused is still accepted, as PS3.8 7.1.1 has it:
    the requestor sees each reason and releases.
    """
    if request.application_context != APPLICATION_CONTEXT:
        return Rejection(reason=RejectReason.APPLICATION_CONTEXT_NOT_SUPPORTED)
    if not is_valid_ae_title(request.calling_ae_title):
        return Rejection(reason=RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
    known = policy.called_ae_titles
    if not is_valid_ae_title(request.called_ae_title) or (
        known is not None and request.called_ae_title not in known
    ):
        return Rejection(reason=RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
    peer_maximum = usable_maximum_length(request.user_information)
    if peer_maximum is None:
        return Rejection(reason=RejectReason.NO_REASON_GIVEN)

    answers = tuple(_answer(context, policy) for context in request.presentation_contexts)
    proposed = {context.context_id: context for context in request.presentation_contexts}
    asked = request.user_information.window
    window = _answer_window(asked, policy.window)
    return Acceptance(
        pdu=AssociateAC(
            called_ae_title=request.called_ae_title,
            calling_ae_title=request.calling_ae_title,
            presentation_contexts=answers,
            user_information=UserInformation(
                maximum_length=policy.maximum_length,
                implementation_class_uid=policy.implementation_class_uid,
                implementation_version_name=policy.implementation_version_name,
                window=asked
                and AsynchronousOperationsWindow(
                    invoked=window.invoked, performed=window.performed
                ),
            ),
        ),
        contexts={
            answer.context_id: PresentationContext(
                context_id=answer.context_id,
                abstract_syntax=proposed[answer.context_id].abstract_syntax,
                transfer_syntax=answer.transfer_syntax,
            )
            for answer in answers
            if answer.accepted
        },
        peer_maximum_length=peer_maximum,
        window=window,
    )


def agree(request: AssociateRQ, acceptance: AssociateAC) -> Acceptance:
    """Read the peer's A-ASSOCIATE-AC against what we proposed.

    :raises RemoteProtocolError: the answer is to something that was not proposed, accepts a
        transfer syntax that was not offered, or leaves no room for data.
    """
    proposed = {context.context_id: context for context in request.presentation_contexts}
    contexts = {}
    for answer in acceptance.presentation_contexts:
        asked = proposed.get(answer.context_id)
        if asked is None:
            msg = f"presentation context {answer.context_id} was accepted but never proposed"
            raise RemoteProtocolError(msg)
        if not answer.accepted:
            continue
        if answer.transfer_syntax not in asked.transfer_syntaxes:
            msg = (
                f"presentation context {answer.context_id} was accepted with a transfer syntax "
                "that was not offered"
            )
            raise RemoteProtocolError(msg)
        contexts[answer.context_id] = PresentationContext(
            context_id=answer.context_id,
            abstract_syntax=asked.abstract_syntax,
            transfer_syntax=answer.transfer_syntax,
        )
    peer_maximum = usable_maximum_length(acceptance.user_information)
    if peer_maximum is None:
        msg = f"maximum length {acceptance.user_information.maximum_length} leaves no room for data"
        raise RemoteProtocolError(msg)
    return Acceptance(
        pdu=acceptance,
        contexts=contexts,
        peer_maximum_length=peer_maximum,
        window=_agreed_window(request.user_information.window, acceptance.user_information.window),
    )


def usable_maximum_length(information: UserInformation) -> int | None:
    """The peer's maximum length: 0 is unlimited, None is one too small to carry anything."""
    length = information.maximum_length
    if length is None:
        return ASSUMED_MAXIMUM_LENGTH
    if 0 < length < SMALLEST_MAXIMUM_LENGTH:
        return None
    return length


def _answer(context: PresentationContextRQ, policy: AcceptancePolicy) -> PresentationContextAC:
    choice = policy.choose(context.abstract_syntax, context.transfer_syntaxes)
    if isinstance(choice, ContextResult):
        # The transfer syntax of a refused context is not significant, but the sub-item must
        # be there (PS3.8 9.3.3.2): old peers fail without one.
        return PresentationContextAC(
            context_id=context.context_id,
            result=choice,
            transfer_syntax=_sendable(context.transfer_syntaxes[0]),
        )
    return PresentationContextAC(
        context_id=context.context_id,
        result=ContextResult.ACCEPTANCE,
        transfer_syntax=choice,
    )


def _sendable(transfer_syntax: str) -> str:
    """What a peer sent as a UID, or one that can be sent back in its place."""
    return transfer_syntax if is_sendable_uid(transfer_syntax) else _DEFAULT_TRANSFER_SYNTAX


def _answer_window(asked: AsynchronousOperationsWindow | None, ours: int) -> Window:
    """The acceptor's window: never above what was offered (0: unlimited), 1/1 if not asked."""
    if asked is None:
        return Window()
    return Window(invoked=min(asked.invoked or ours, ours), performed=1)


def _agreed_window(
    asked: AsynchronousOperationsWindow | None, answered: AsynchronousOperationsWindow | None
) -> Window:
    """The window that holds after the answer: 1/1 unless both sides named one."""
    if asked is None or answered is None:
        return Window()
    limits = [n for n in (asked.invoked, answered.invoked) if n]
    return Window(
        invoked=min(limits, default=MOST_OUTSTANDING),
        performed=max(1, min(asked.performed or 1, answered.performed or 1)),
    )
