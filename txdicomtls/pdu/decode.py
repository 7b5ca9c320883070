"""PDUs from the bytes that a peer sent (PS3.8 9.3).

Strict about structure, because a length that lies is an attack or a defect: it is
refused.  Tolerant about content, because refusing it politely is for others:
unknown items are skipped, reserved fields are never looked at, and AE titles, UIDs and
codes are handed on as they came.  Whatever the bytes are, nothing but
:class:`~txdicomtls.errors.RemoteProtocolError` is raised, and the time it takes is
proportional to their number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

from txdicomtls.codes import AbortReason
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu.fields import FieldReader, read_ae_title, read_items, read_text, read_uid
from txdicomtls.pdu.items import (
    ContextResult,
    ItemType,
    PresentationContextAC,
    PresentationContextRQ,
)
from txdicomtls.pdu.sub_items import decode_user_information
from txdicomtls.pdu.user_information import UserInformation
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

_ASSOCIATE_FIELDS = struct.Struct(">H2x16s16s32x")
_REJECT_FIELDS = struct.Struct(">xBBB")
_ABORT_FIELDS = struct.Struct(">xxBB")
_VALUE_HEADER = struct.Struct(">LBB")

_Context = TypeVar("_Context", PresentationContextRQ, PresentationContextAC)


def decode(pdu_type: int, body: bytes | bytearray | memoryview) -> PDU:
    """The value of a PDU.

    Protocol version, application context, AE titles and UIDs are not judged: the answer
    to a wrong one is an A-ASSOCIATE-RJ or a refused presentation context, not an abort.

    :param pdu_type: first byte of the PDU.
    :param body: the PDU after its header of 6 bytes; nothing of it is kept.
    :raises RemoteProtocolError: the type is not one of the seven (the reason is
        UNRECOGNIZED_PDU), or the body has not the structure of PS3.8 9.3 (the reason is
        INVALID_PDU_PARAMETER_VALUE, the text names the field).
    """
    decoder = _DECODERS.get(pdu_type)
    if decoder is None:
        raise RemoteProtocolError(
            f"PDU type {pdu_type:02X}H is not defined", AbortReason.UNRECOGNIZED_PDU
        )
    return decoder(memoryview(body))


# -- PDUs ----------------------------------------------------------------------------------


def _associate_rq(body: memoryview) -> AssociateRQ:
    version, called, calling = _associate_fields(body, "A-ASSOCIATE-RQ")
    application_context, contexts, user_information = _associate_items(
        body[68:], "A-ASSOCIATE-RQ", ItemType.PRESENTATION_CONTEXT_RQ, _presentation_context_rq
    )
    if not contexts:
        raise RemoteProtocolError("A-ASSOCIATE-RQ proposes no presentation context")
    return AssociateRQ(
        called_ae_title=called,
        calling_ae_title=calling,
        presentation_contexts=contexts,
        user_information=user_information,
        application_context=application_context,
        protocol_version=version,
    )


def _associate_ac(body: memoryview) -> AssociateAC:
    version, called, calling = _associate_fields(body, "A-ASSOCIATE-AC")
    # An acceptor that leaves out what it refuses may leave out everything.
    application_context, contexts, user_information = _associate_items(
        body[68:], "A-ASSOCIATE-AC", ItemType.PRESENTATION_CONTEXT_AC, _presentation_context_ac
    )
    return AssociateAC(
        called_ae_title=called,
        calling_ae_title=calling,
        presentation_contexts=contexts,
        user_information=user_information,
        application_context=application_context,
        protocol_version=version,
    )


def _associate_rj(body: memoryview) -> AssociateRJ:
    _check_length(body, "A-ASSOCIATE-RJ")
    result, source, reason = _REJECT_FIELDS.unpack(body)
    return AssociateRJ(result=result, source=source, reason=reason)


def _p_data_tf(body: memoryview) -> PDataTF:
    values = []
    position, end = 0, len(body)
    while position < end:
        if end - position < 6:
            raise RemoteProtocolError(f"stray bytes at the end of P-DATA-TF: {end - position}")
        length, context_id, control = _VALUE_HEADER.unpack_from(body, position)
        position += 4
        if not 2 <= length <= end - position:
            raise RemoteProtocolError(
                f"Item-length of a presentation data value is {length}, "
                f"and {end - position} bytes are left"
            )
        values.append(
            PresentationDataValue(
                context_id=context_id,
                is_command=bool(control & 1),
                is_last=bool(control & 2),
                data=bytes(body[position + 2 : position + length]),
            )
        )
        position += length
    if not values:
        raise RemoteProtocolError("P-DATA-TF holds no presentation data value")
    return PDataTF(tuple(values))


def _release_rq(body: memoryview) -> ReleaseRQ:
    _check_length(body, "A-RELEASE-RQ")
    return ReleaseRQ()


def _release_rp(body: memoryview) -> ReleaseRP:
    _check_length(body, "A-RELEASE-RP")
    return ReleaseRP()


def _abort(body: memoryview) -> Abort:
    _check_length(body, "A-ABORT")
    source, reason = _ABORT_FIELDS.unpack(body)
    return Abort(source=source, reason=reason)


def _check_length(body: memoryview, pdu: str) -> None:
    if len(body) != 4:
        raise RemoteProtocolError(f"PDU-length of {pdu} is {len(body)}, not 4")


_DECODERS: dict[int, Callable[[memoryview], PDU]] = {
    PDUType.A_ASSOCIATE_RQ: _associate_rq,
    PDUType.A_ASSOCIATE_AC: _associate_ac,
    PDUType.A_ASSOCIATE_RJ: _associate_rj,
    PDUType.P_DATA_TF: _p_data_tf,
    PDUType.A_RELEASE_RQ: _release_rq,
    PDUType.A_RELEASE_RP: _release_rp,
    PDUType.A_ABORT: _abort,
}


# -- association requests and acceptances --------------------------------------------------


def _associate_fields(body: memoryview, pdu: str) -> tuple[int, str, str]:
    """Protocol version, called and calling AE title."""
    if len(body) < _ASSOCIATE_FIELDS.size:
        raise RemoteProtocolError(f"PDU-length of {pdu} is {len(body)}, less than 68")
    version, called, calling = _ASSOCIATE_FIELDS.unpack_from(body)
    return version, read_ae_title(called), read_ae_title(calling)


def _associate_items(
    variable: memoryview,
    pdu: str,
    context_type: ItemType,
    decode_context: Callable[[int, FieldReader], _Context],
) -> tuple[str, tuple[_Context, ...], UserInformation]:
    """Application context, presentation contexts and user information."""
    application_context: str | None = None
    user_information: UserInformation | None = None
    contexts: dict[int, _Context] = {}
    for item_type, _, value in read_items(variable, pdu):
        if item_type == ItemType.APPLICATION_CONTEXT:
            if application_context is not None:
                raise RemoteProtocolError(f"{pdu} has two application context items")
            application_context = read_uid(value, "Application-context-name")
        elif item_type == context_type:
            fields = FieldReader(value, f"presentation context item in {pdu}")
            context_id = fields.number(1, "Presentation-context-ID")
            if not context_id & 1:
                raise RemoteProtocolError(f"Presentation-context-ID {context_id} is not odd")
            if context_id in contexts:
                raise RemoteProtocolError(f"Presentation-context-ID {context_id} is used twice")
            contexts[context_id] = decode_context(context_id, fields)
        elif item_type == ItemType.USER_INFORMATION:
            if user_information is not None:
                raise RemoteProtocolError(f"{pdu} has two user information items")
            user_information = decode_user_information(value)
    if application_context is None:
        raise RemoteProtocolError(f"{pdu} has no application context item")
    if user_information is None:
        raise RemoteProtocolError(f"{pdu} has no user information item")
    return application_context, tuple(contexts.values()), user_information


def _presentation_context_rq(context_id: int, fields: FieldReader) -> PresentationContextRQ:
    fields.take(3, "reserved field")
    within = f"presentation context {context_id}"
    abstract_syntaxes, transfer_syntaxes = [], []
    for item_type, _, value in read_items(fields.rest, within):
        if item_type == ItemType.ABSTRACT_SYNTAX:
            abstract_syntaxes.append(read_uid(value, f"Abstract-syntax-name of {within}"))
        elif item_type == ItemType.TRANSFER_SYNTAX:
            transfer_syntaxes.append(read_uid(value, f"Transfer-syntax-name of {within}"))
    if len(abstract_syntaxes) != 1:
        raise RemoteProtocolError(f"{within} has {len(abstract_syntaxes)} abstract syntaxes, not 1")
    if not transfer_syntaxes:
        raise RemoteProtocolError(f"{within} proposes no transfer syntax")
    return PresentationContextRQ(
        context_id=context_id,
        abstract_syntax=abstract_syntaxes[0],
        transfer_syntaxes=tuple(transfer_syntaxes),
    )


def _presentation_context_ac(context_id: int, fields: FieldReader) -> PresentationContextAC:
    fields.take(1, "reserved field")
    result = fields.number(1, "Result/Reason")
    fields.take(1, "reserved field")
    within = f"presentation context {context_id}"
    transfer_syntaxes = [
        read_text(value)
        for item_type, _, value in read_items(fields.rest, within)
        if item_type == ItemType.TRANSFER_SYNTAX
    ]
    if result == ContextResult.ACCEPTANCE and (
        len(transfer_syntaxes) != 1 or "" in transfer_syntaxes
    ):
        raise RemoteProtocolError(f"{within} is accepted without exactly one transfer syntax")
    return PresentationContextAC(
        context_id=context_id,
        result=result,
        transfer_syntax=transfer_syntaxes[0] if transfer_syntaxes else "",
    )
