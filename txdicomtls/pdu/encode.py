"""PDUs as bytes (PS3.8 9.3).

What is written here is strict: a value that the standard does not allow is refused
with the name of its field, so that nothing wrong ever leaves this node.  Reserved
fields go out as 00H.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import assert_never

from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu.fields import (
    ae_title_field,
    item,
    number_field,
    returned_ae_title_field,
    uid_item,
)
from txdicomtls.pdu.items import ItemType, PresentationContextAC, PresentationContextRQ
from txdicomtls.pdu.sub_items import encode_user_information
from txdicomtls.pdu.values import (
    PDU,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    PDUType,
    PresentationDataValue,
    ReleaseRP,
    ReleaseRQ,
)

_PDU_HEADER = struct.Struct(">BxL")
_ASSOCIATE_FIELDS = struct.Struct(">2s2x16s16s32x")
_VALUE_HEADER = struct.Struct(">LBB")
_DATA_HEADER = struct.Struct(">BxLLBB")

_P_DATA_TF = int(PDUType.P_DATA_TF)
_LONGEST_PDU = 0xFFFF_FFFF


def encode(pdu: PDU) -> bytes:
    """The bytes of a PDU, header included.

    :param pdu: any of the seven PDUs.
    :return: what goes on the wire (PS3.8 9.3).
    :raises LocalProtocolError: a field holds what the standard does not allow, or does
        not fit; the text names the field and never holds a secret.
    """
    match pdu:
        case AssociateRQ():
            pdu_type, body = PDUType.A_ASSOCIATE_RQ, _associate_rq(pdu)
        case AssociateAC():
            pdu_type, body = PDUType.A_ASSOCIATE_AC, _associate_ac(pdu)
        case AssociateRJ():
            pdu_type, body = PDUType.A_ASSOCIATE_RJ, _associate_rj(pdu)
        case PDataTF():
            pdu_type, body = PDUType.P_DATA_TF, _p_data_tf(pdu.values)
        case ReleaseRQ():
            pdu_type, body = PDUType.A_RELEASE_RQ, bytes(4)
        case ReleaseRP():
            pdu_type, body = PDUType.A_RELEASE_RP, bytes(4)
        case Abort():
            pdu_type, body = PDUType.A_ABORT, _abort(pdu)
        case _:
            assert_never(pdu)
    return _PDU_HEADER.pack(pdu_type, len(body)) + body


def data_header(
    context_id: int,
    is_command: bool,  # noqa: FBT001 - as the fields of the message control header follow
    is_last: bool,  # noqa: FBT001
    length: int,
) -> bytes:
    """The 12 bytes that go before a fragment which is alone in its P-DATA-TF PDU.

    So the fragment itself can be sent from where it lies (PS3.8 9.3.5, E.2).

    :param context_id: presentation context ID, odd, 1 to 255.
    :param is_command: the fragment is of a command set, not of a data set.
    :param is_last: it is the last one of its command set or data set.
    :param length: bytes of the fragment.
    :raises LocalProtocolError: the context ID is not odd, or the length does not fit.
    """
    _check_context_id(context_id)
    if not 0 <= length <= _LONGEST_PDU - 6:
        raise LocalProtocolError(f"a fragment of {length} bytes does not fit in a P-DATA-TF PDU")
    control = is_command | is_last << 1
    return _DATA_HEADER.pack(_P_DATA_TF, length + 6, length + 2, context_id, control)


def _associate_rq(pdu: AssociateRQ) -> bytes:
    _check_context_ids(pdu.presentation_contexts)
    if pdu.user_information.user_identity_response is not None:
        raise LocalProtocolError("sub-item 59H cannot be in an A-ASSOCIATE-RQ")
    fields = _ASSOCIATE_FIELDS.pack(
        number_field(pdu.protocol_version, 2, "Protocol-version"),
        ae_title_field(pdu.called_ae_title, "Called-AE-title"),
        ae_title_field(pdu.calling_ae_title, "Calling-AE-title"),
    )
    contexts = b"".join(map(_presentation_context_rq, pdu.presentation_contexts))
    return (
        fields
        + uid_item(ItemType.APPLICATION_CONTEXT, pdu.application_context)
        + contexts
        + encode_user_information(pdu.user_information)
    )


def _associate_ac(pdu: AssociateAC) -> bytes:
    _check_context_ids(pdu.presentation_contexts)
    if pdu.user_information.common_extended:
        raise LocalProtocolError("sub-item 57H cannot be in an A-ASSOCIATE-AC")
    if pdu.user_information.user_identity is not None:
        raise LocalProtocolError("sub-item 58H cannot be in an A-ASSOCIATE-AC")
    fields = _ASSOCIATE_FIELDS.pack(
        number_field(pdu.protocol_version, 2, "Protocol-version"),
        returned_ae_title_field(pdu.called_ae_title, "Called-AE-title"),
        returned_ae_title_field(pdu.calling_ae_title, "Calling-AE-title"),
    )
    contexts = b"".join(map(_presentation_context_ac, pdu.presentation_contexts))
    return (
        fields
        + uid_item(ItemType.APPLICATION_CONTEXT, pdu.application_context)
        + contexts
        + encode_user_information(pdu.user_information)
    )


def _associate_rj(pdu: AssociateRJ) -> bytes:
    return (
        b"\0"
        + number_field(pdu.result, 1, "Result")
        + number_field(pdu.source, 1, "Source")
        + number_field(pdu.reason, 1, "Reason/Diag.")
    )


def _p_data_tf(values: Iterable[PresentationDataValue]) -> bytes:
    parts = []
    for value in values:
        _check_context_id(value.context_id)
        control = value.is_command | value.is_last << 1
        parts.append(_VALUE_HEADER.pack(len(value.data) + 2, value.context_id, control))
        parts.append(value.data)
    if not parts:
        raise LocalProtocolError("a P-DATA-TF PDU needs at least one presentation data value")
    return b"".join(parts)


def _abort(pdu: Abort) -> bytes:
    return (
        b"\0\0"
        + number_field(pdu.source, 1, "Source")
        + number_field(pdu.reason, 1, "Reason/Diag.")
    )


def _presentation_context_rq(context: PresentationContextRQ) -> bytes:
    if not context.transfer_syntaxes:
        raise LocalProtocolError(
            f"presentation context {context.context_id} proposes no transfer syntax"
        )
    names = [uid_item(ItemType.ABSTRACT_SYNTAX, context.abstract_syntax)]
    names += [uid_item(ItemType.TRANSFER_SYNTAX, name) for name in context.transfer_syntaxes]
    header = bytes((context.context_id, 0, 0, 0))
    return item(ItemType.PRESENTATION_CONTEXT_RQ, header + b"".join(names))


def _presentation_context_ac(context: PresentationContextAC) -> bytes:
    # The sub-item is there even where it means nothing: the standard's table has it.
    if context.accepted or context.transfer_syntax:
        transfer_syntax = uid_item(ItemType.TRANSFER_SYNTAX, context.transfer_syntax)
    else:
        transfer_syntax = item(ItemType.TRANSFER_SYNTAX, b"")
    result = number_field(context.result, 1, "Result/Reason")
    header = bytes((context.context_id, 0)) + result + b"\0"
    return item(ItemType.PRESENTATION_CONTEXT_AC, header + transfer_syntax)


def _check_context_ids(
    contexts: Sequence[PresentationContextRQ] | Sequence[PresentationContextAC],
) -> None:
    if not contexts:
        raise LocalProtocolError("an association needs at least one presentation context")
    taken = set()
    for context in contexts:
        _check_context_id(context.context_id)
        if context.context_id in taken:
            raise LocalProtocolError(f"presentation context ID {context.context_id} is used twice")
        taken.add(context.context_id)


def _check_context_id(context_id: int) -> None:
    if not context_id & 1 or not 0 < context_id < 256:
        raise LocalProtocolError(
            f"presentation context ID {context_id} is not an odd number from 1 to 255"
        )
