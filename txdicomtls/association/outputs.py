"""From the effects of an action to the outputs that carry them out, and the PDUs in them."""

from __future__ import annotations

from txdicomtls.association.actions import Action, Effect
from txdicomtls.association.events import (
    AbortIndication,
    CloseTransport,
    Indication,
    OpenTransport,
    Output,
    Send,
    StartARTIM,
    StopARTIM,
    TransportLost,
)
from txdicomtls.association.terms import Rejection
from txdicomtls.codes import AbortReason, AbortSource
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu import Abort, AssociateRJ, encode


def outputs_of(  # noqa: C901, PLR0912  # one case for each effect, nothing nested
    action: Action,
    *,
    pdu: bytes = b"",
    indication: Indication | None = None,
    error: RemoteProtocolError | None = None,
) -> list[Output]:
    """Turn the effects of an action into outputs, in order.

    :param pdu: what is sent where the action sends the PDU that was asked for.
    :param indication: what the local user is told where the action indicates.
    :param error: what the peer did wrong, where that is why the action is taken.
    """
    reason = error.reason if error else AbortReason.NOT_SPECIFIED
    outputs: list[Output] = []
    for effect in action.effects:
        match effect:
            case Effect.OPEN_TRANSPORT:
                outputs.append(OpenTransport())
            case Effect.CLOSE_TRANSPORT:
                outputs.append(CloseTransport())
            case Effect.START_ARTIM:
                outputs.append(StartARTIM())
            case Effect.STOP_ARTIM:
                outputs.append(StopARTIM())
            case Effect.SEND:
                outputs.append(Send([pdu]))
            case Effect.SEND_USER_ABORT:
                outputs.append(_abort(AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED))
                if error is not None:
                    # No primitive of the standard, there being no association yet: it tells
                    # whoever drives the connection why the peer was turned away.
                    outputs.append(_own_abort(AbortSource.SERVICE_USER, error))
            case Effect.SEND_PROVIDER_ABORT:
                outputs.append(_abort(AbortSource.SERVICE_PROVIDER, reason))
            case Effect.INDICATE:
                if indication is not None:
                    outputs.append(indication)
            case Effect.INDICATE_PROVIDER_ABORT:
                if action is Action.AA_4:
                    outputs.append(TransportLost())
                else:
                    outputs.append(_own_abort(AbortSource.SERVICE_PROVIDER, error))
    return outputs


def rejection_pdu(rejection: Rejection) -> bytes:
    """The A-ASSOCIATE-RJ PDU that says why an association is rejected (PS3.8 9.3.4)."""
    reason = rejection.reason
    return encode(AssociateRJ(result=rejection.result, source=reason.source, reason=reason.code))


def _abort(source: AbortSource, reason: AbortReason) -> Send:
    return Send([encode(Abort(source=source, reason=reason))])


def _own_abort(source: AbortSource, error: RemoteProtocolError | None) -> AbortIndication:
    provider = source is AbortSource.SERVICE_PROVIDER
    return AbortIndication(
        source=source,
        reason=error.reason if error and provider else AbortReason.NOT_SPECIFIED,
        by_peer=False,
        why=str(error or ""),
    )
