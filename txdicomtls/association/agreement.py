"""The requestor's side of association negotiation: what the acceptor's answer means (PS3.8 7.1).

A pure function, as :mod:`txdicomtls.association.negotiation` is for the other side.  Nothing
that the acceptor grants beyond what was asked for is used.
"""

from __future__ import annotations

from types import MappingProxyType

from txdicomtls.association.negotiation import by_sop_class, usable_maximum_length
from txdicomtls.association.terms import Acceptance, PresentationContext, Roles, Window
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu import (
    AssociateAC,
    AssociateRQ,
    AsynchronousOperationsWindow,
    PresentationContextAC,
    PresentationContextRQ,
    UserInformation,
)

#: Where both sides say "unlimited", something must still bound what is kept for answers to come.
MOST_OUTSTANDING = 256


def agree(request: AssociateRQ, acceptance: AssociateAC) -> Acceptance:
    """Read the peer's A-ASSOCIATE-AC against what we proposed.

    :raises RemoteProtocolError: the answer is to something that was not proposed, accepts a
        transfer syntax that was not offered, or leaves no room for data.
    """
    proposed = {context.context_id: context for context in request.presentation_contexts}
    asked, answered = request.user_information, acceptance.user_information
    roles = _agreed_roles(asked, answered)
    contexts = {}
    for answer in acceptance.presentation_contexts:
        context = proposed.get(answer.context_id)
        if context is None:
            msg = f"presentation context {answer.context_id} was accepted but never proposed"
            raise RemoteProtocolError(msg)
        if answer.accepted:
            contexts[answer.context_id] = _agreed_context(context, answer, roles)
    peer_maximum = usable_maximum_length(answered)
    if peer_maximum is None:
        msg = f"maximum length {answered.maximum_length} leaves no room for data"
        raise RemoteProtocolError(msg)
    offered = {item.sop_class_uid for item in asked.extended}
    return Acceptance(
        pdu=acceptance,
        contexts=contexts,
        peer_maximum_length=peer_maximum,
        window=_agreed_window(asked.window, answered.window),
        extended=MappingProxyType(
            {
                uid: item.information
                for uid, item in by_sop_class(answered.extended).items()
                if uid in offered
            }
        ),
    )


def _agreed_context(
    context: PresentationContextRQ, answer: PresentationContextAC, roles: dict[str, Roles]
) -> PresentationContext:
    if answer.transfer_syntax not in context.transfer_syntaxes:
        msg = (
            f"presentation context {answer.context_id} was accepted with a transfer syntax "
            "that was not offered"
        )
        raise RemoteProtocolError(msg)
    return PresentationContext(
        context_id=answer.context_id,
        abstract_syntax=context.abstract_syntax,
        transfer_syntax=answer.transfer_syntax,
        roles=roles.get(context.abstract_syntax, Roles()),
    )


def _agreed_roles(asked: UserInformation, answered: UserInformation) -> dict[str, Roles]:
    """The roles of each SOP class for which both sides named some; else the default holds."""
    answers = by_sop_class(answered.roles)
    return {
        uid: Roles(scu=role.scu and answers[uid].scu, scp=role.scp and answers[uid].scp)
        for uid, role in by_sop_class(asked.roles).items()
        if uid in answers
    }


def _agreed_window(
    asked: AsynchronousOperationsWindow | None, answered: AsynchronousOperationsWindow | None
) -> Window:
    """The window that holds after the answer: 1/1 unless both sides named one."""
    if asked is None or answered is None:
        return Window()
    return Window(
        invoked=_smaller(asked.invoked, answered.invoked),
        performed=_smaller(asked.performed, answered.performed),
    )


def _smaller(asked: int, answered: int) -> int:
    """The smaller of two limits, of which 0 is none."""
    return min((n for n in (asked, answered) if n), default=MOST_OUTSTANDING)
