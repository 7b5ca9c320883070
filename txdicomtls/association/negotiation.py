"""The acceptor's side of association negotiation: request and policy in, answer out (PS3.8 7.1).

A pure function: :func:`negotiate` keeps no state, and does not know how a policy was
made.  The requestor reads the answer in :mod:`txdicomtls.association.agreement`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from txdicomtls.association.terms import (
    Acceptance,
    Accepted,
    ContextChoice,
    PresentationContext,
    Proposal,
    Rejection,
    Roles,
    Window,
)
from txdicomtls.codes import RejectReason
from txdicomtls.dimse.messages import is_sendable_uid
from txdicomtls.pdu import (
    APPLICATION_CONTEXT,
    PROTOCOL_VERSION,
    AssociateAC,
    AssociateRQ,
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ContextResult,
    ExtendedNegotiation,
    PresentationContextAC,
    RoleSelection,
    UserIdentityAC,
    UserInformation,
)

#: Smaller maximum lengths leave no room for a fragment: 6 bytes of PDV header and 2 of data.
SMALLEST_MAXIMUM_LENGTH = 8

#: What a peer that sends no maximum length item gets (it is mandatory, PS3.8 D.1; DCMTK's default).
ASSUMED_MAXIMUM_LENGTH = 16384

#: 1 to 16 characters of ISO 646, no control characters, no backslash (PS3.5 6.2, AE).
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")

#: Implicit VR Little Endian, which every implementation knows (PS3.5 10.1).
_DEFAULT_TRANSFER_SYNTAX = "1.2.840.10008.1.2"

_Item = TypeVar("_Item", RoleSelection, ExtendedNegotiation, CommonExtendedNegotiation)


def _nothing_extended(_sop_class: str, _information: bytes) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptancePolicy:
    """What an acceptor takes.

    :param choose: how a proposed presentation context is accepted, or the reason why not.
    :param called_ae_titles: the titles that this node answers to; None for any.
    :param maximum_length: bytes of P-DATA-TF that we can receive.
    :param window: the most operations outstanding, in either direction.
    :param extended: given a SOP class and the information of its extended negotiation, what is
        answered; None for no answer (PS3.7 D.3.3.5).
    :param identity_response: the positive response to the user identity; None where there is
        none to give.  It is sent only to who asked for it (PS3.7 D.3.3.7).
    """

    choose: Callable[[Proposal], ContextChoice]
    maximum_length: int
    implementation_class_uid: str
    implementation_version_name: str
    called_ae_titles: Collection[str] | None = None
    window: int = 1
    extended: Callable[[str, bytes], bytes | None] = _nothing_extended
    identity_response: bytes | None = None


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
    return _acceptance(request, policy, peer_maximum)


def usable_maximum_length(information: UserInformation) -> int | None:
    """The peer's maximum length: 0 is unlimited, None is one too small to carry anything."""
    length = information.maximum_length
    if length is None:
        return ASSUMED_MAXIMUM_LENGTH
    if 0 < length < SMALLEST_MAXIMUM_LENGTH:
        return None
    return length


def by_sop_class(items: Iterable[_Item]) -> dict[str, _Item]:
    """Sub-items by their SOP class; there may be one for each, so the first one counts."""
    found: dict[str, _Item] = {}
    for item in items:
        found.setdefault(item.sop_class_uid, item)
    return found


def _acceptance(request: AssociateRQ, policy: AcceptancePolicy, peer_maximum: int) -> Acceptance:
    asked = request.user_information
    selected = _selected(asked.roles)
    answers = []
    contexts = {}
    for context_id, proposal in proposals(request):
        choice = policy.choose(proposal)
        answers.append(_answer(context_id, proposal, choice))
        if isinstance(choice, Accepted):
            item = selected.get(proposal.abstract_syntax)
            contexts[context_id] = PresentationContext(
                context_id=context_id,
                abstract_syntax=proposal.abstract_syntax,
                transfer_syntax=choice.transfer_syntax,
                roles=_granted_roles(item, choice.roles),
            )
    extended = _answer_extended(asked.extended, contexts, policy)
    window = _answer_window(asked.window, policy.window)
    return Acceptance(
        pdu=AssociateAC(
            called_ae_title=request.called_ae_title,
            calling_ae_title=request.calling_ae_title,
            presentation_contexts=tuple(answers),
            user_information=UserInformation(
                maximum_length=policy.maximum_length,
                implementation_class_uid=policy.implementation_class_uid,
                implementation_version_name=policy.implementation_version_name,
                window=asked.window
                and AsynchronousOperationsWindow(
                    invoked=window.invoked, performed=window.performed
                ),
                roles=_answer_roles(selected, contexts),
                extended=tuple(
                    ExtendedNegotiation(sop_class_uid=uid, information=information)
                    for uid, information in extended.items()
                ),
                user_identity_response=_answer_identity(asked, policy),
            ),
        ),
        contexts=contexts,
        peer_maximum_length=peer_maximum,
        window=window,
        extended=MappingProxyType(extended),
    )


def proposals(request: AssociateRQ) -> Iterable[tuple[int, Proposal]]:
    """What a request proposes, with the ID of each presentation context."""
    selected = _selected(request.user_information.roles)
    common = by_sop_class(request.user_information.common_extended)
    for context in request.presentation_contexts:
        role = selected.get(context.abstract_syntax)
        kind = common.get(context.abstract_syntax)
        yield (
            context.context_id,
            Proposal(
                abstract_syntax=context.abstract_syntax,
                transfer_syntaxes=context.transfer_syntaxes,
                roles=Roles(scu=role.scu, scp=role.scp) if role else Roles(),
                service_class=kind.service_class_uid if kind else "",
                related=kind.related_general_sop_classes if kind else (),
            ),
        )


def _selected(roles: Iterable[RoleSelection]) -> dict[str, RoleSelection]:
    """The role selection items that count, by SOP class; one that asks for no role is none."""
    return {uid: role for uid, role in by_sop_class(roles).items() if role.scu or role.scp}


def _granted_roles(item: RoleSelection | None, granted: Roles) -> Roles:
    """The roles of a requestor: no more than it asked for; the default where it did not ask."""
    if item is None:
        return Roles()
    return Roles(scu=item.scu and granted.scu, scp=item.scp and granted.scp)


def _answer(context_id: int, proposal: Proposal, choice: ContextChoice) -> PresentationContextAC:
    if isinstance(choice, ContextResult):
        # The transfer syntax of a refused context is not significant, but the sub-item must
        # be there (PS3.8 9.3.3.2): old peers fail without one.
        return PresentationContextAC(
            context_id=context_id,
            result=choice,
            transfer_syntax=_sendable(proposal.transfer_syntaxes[0]),
        )
    return PresentationContextAC(
        context_id=context_id,
        result=ContextResult.ACCEPTANCE,
        transfer_syntax=choice.transfer_syntax,
    )


def _sendable(transfer_syntax: str) -> str:
    """What a peer sent as a UID, or one that can be sent back in its place."""
    return transfer_syntax if is_sendable_uid(transfer_syntax) else _DEFAULT_TRANSFER_SYNTAX


def _answer_roles(
    selected: dict[str, RoleSelection], contexts: dict[int, PresentationContext]
) -> tuple[RoleSelection, ...]:
    """An answer for each SOP class that was asked about and accepted (PS3.7 D.3.3.4.2)."""
    accepted = {context.abstract_syntax: context.roles for context in contexts.values()}
    return tuple(
        RoleSelection(sop_class_uid=uid, scu=accepted[uid].scu, scp=accepted[uid].scp)
        for uid in selected
        if uid in accepted
    )


def _answer_extended(
    asked: tuple[ExtendedNegotiation, ...],
    contexts: dict[int, PresentationContext],
    policy: AcceptancePolicy,
) -> dict[str, bytes]:
    accepted = {context.abstract_syntax for context in contexts.values()}
    answers = {}
    for uid, item in by_sop_class(asked).items():
        answer = policy.extended(uid, item.information) if uid in accepted else None
        if answer is not None:
            answers[uid] = answer
    return answers


def _answer_identity(asked: UserInformation, policy: AcceptancePolicy) -> UserIdentityAC | None:
    """Only who asked for a response gets one, and only where there is one to give."""
    identity = asked.user_identity
    if identity is None or not identity.positive_response_requested:
        return None
    if policy.identity_response is None:
        return None
    return UserIdentityAC(response=policy.identity_response)


def _answer_window(asked: AsynchronousOperationsWindow | None, ours: int) -> Window:
    """Never above what was offered, nor ours where that is unlimited (0); 1/1 if not asked."""
    if asked is None:
        return Window()
    return Window(
        invoked=min(asked.invoked or ours, ours), performed=min(asked.performed or ours, ours)
    )
