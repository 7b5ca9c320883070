"""Every PDU as the standard's tables print it, typed by hand, beside its value."""

from __future__ import annotations

from txdicomtls.codes import AbortReason, AbortSource, RejectReason, RejectResult
from txdicomtls.pdu import (
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ContextResult,
    PDataTF,
    PresentationContextAC,
    PresentationContextRQ,
    PresentationDataValue,
    ReleaseRP,
    ReleaseRQ,
    UserInformation,
)

_USER_INFORMATION = UserInformation(
    maximum_length=16384,
    implementation_class_uid="1.2.3.4",
    implementation_version_name="TXD1",
)

# PS3.8 9.3.2
ASSOCIATE_RQ = AssociateRQ(
    called_ae_title="PACS",
    calling_ae_title="CT_ROOM_1",
    presentation_contexts=(
        PresentationContextRQ(
            context_id=1,
            abstract_syntax="1.2.840.10008.1.1",
            transfer_syntaxes=("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"),
        ),
    ),
    user_information=_USER_INFORMATION,
)
ASSOCIATE_RQ_OCTETS = (
    b"\x01\x00\x00\x00\x00\xc5"  # PDU-type, reserved, PDU-length
    b"\x00\x01"  # Protocol-version
    b"\x00\x00"  # reserved
    b"PACS            "  # Called-AE-title
    b"CT_ROOM_1       "  # Calling-AE-title
    + bytes(32)  # reserved
    + b"\x10\x00\x00\x15"  # Item-type, reserved, Item-length
    b"1.2.840.10008.3.1.1.1"  # Application-context-name
    b"\x20\x00\x00\x45"  # Item-type, reserved, Item-length
    b"\x01\x00\x00\x00"  # Presentation-context-ID, reserved, reserved, reserved
    b"\x30\x00\x00\x11"  # Item-type, reserved, Item-length
    b"1.2.840.10008.1.1"  # Abstract-syntax-name
    b"\x40\x00\x00\x11"  # Item-type, reserved, Item-length
    b"1.2.840.10008.1.2"  # Transfer-syntax-name
    b"\x40\x00\x00\x13"  # Item-type, reserved, Item-length
    b"1.2.840.10008.1.2.1"  # Transfer-syntax-name
    b"\x50\x00\x00\x1b"  # Item-type, reserved, Item-length
    b"\x51\x00\x00\x04"  # Item-type, reserved, Item-length
    b"\x00\x00\x40\x00"  # Maximum-length-received
    b"\x52\x00\x00\x07"  # Item-type, reserved, Item-length
    b"1.2.3.4"  # Implementation-class-uid
    b"\x55\x00\x00\x04"  # Item-type, reserved, Item-length
    b"TXD1"  # Implementation-version-name
)

# PS3.8 9.3.3
ASSOCIATE_AC = AssociateAC(
    called_ae_title="PACS",
    calling_ae_title="CT_ROOM_1",
    presentation_contexts=(
        PresentationContextAC(
            context_id=1,
            result=ContextResult.ACCEPTANCE,
            transfer_syntax="1.2.840.10008.1.2",
        ),
        PresentationContextAC(context_id=3, result=ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED),
    ),
    user_information=_USER_INFORMATION,
)
ASSOCIATE_AC_OCTETS = (
    b"\x02\x00\x00\x00\x00\xa5"  # PDU-type, reserved, PDU-length
    b"\x00\x01"  # Protocol-version
    b"\x00\x00"  # reserved
    b"PACS            "  # reserved: the called AE title sent back
    b"CT_ROOM_1       "  # reserved: the calling AE title sent back
    + bytes(32)  # reserved
    + b"\x10\x00\x00\x15"  # Item-type, reserved, Item-length
    b"1.2.840.10008.3.1.1.1"  # Application-context-name
    b"\x21\x00\x00\x19"  # Item-type, reserved, Item-length
    b"\x01\x00\x00\x00"  # Presentation-context-ID, reserved, Result/Reason, reserved
    b"\x40\x00\x00\x11"  # Item-type, reserved, Item-length
    b"1.2.840.10008.1.2"  # Transfer-syntax-name
    b"\x21\x00\x00\x08"  # Item-type, reserved, Item-length
    b"\x03\x00\x03\x00"  # Presentation-context-ID, reserved, Result/Reason, reserved
    b"\x40\x00\x00\x00"  # Item-type, reserved, Item-length; the name is not significant
    b"\x50\x00\x00\x1b"  # Item-type, reserved, Item-length
    b"\x51\x00\x00\x04"  # Item-type, reserved, Item-length
    b"\x00\x00\x40\x00"  # Maximum-length-received
    b"\x52\x00\x00\x07"  # Item-type, reserved, Item-length
    b"1.2.3.4"  # Implementation-class-uid
    b"\x55\x00\x00\x04"  # Item-type, reserved, Item-length
    b"TXD1"  # Implementation-version-name
)

# PS3.8 9.3.4
ASSOCIATE_RJ = AssociateRJ(
    result=RejectResult.PERMANENT,
    source=RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED.source,
    reason=RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED.code,
)
ASSOCIATE_RJ_OCTETS = (
    b"\x03\x00\x00\x00\x00\x04"  # PDU-type, reserved, PDU-length
    b"\x00\x01\x01\x07"  # reserved, Result, Source, Reason/Diag.
)

# PS3.8 9.3.5, E.2
P_DATA_TF = PDataTF(
    (
        PresentationDataValue(
            context_id=1, is_command=True, is_last=True, data=b"\xde\xad\xbe\xef"
        ),
        PresentationDataValue(context_id=1, is_command=False, is_last=True, data=b"\xca\xfe"),
        PresentationDataValue(context_id=255, is_command=False, is_last=False, data=b""),
    )
)
P_DATA_TF_OCTETS = (
    b"\x04\x00\x00\x00\x00\x18"  # PDU-type, reserved, PDU-length
    b"\x00\x00\x00\x06\x01\x03"  # Item-length, Presentation-context-ID, control header
    b"\xde\xad\xbe\xef"
    b"\x00\x00\x00\x04\x01\x02"  # Item-length, Presentation-context-ID, control header
    b"\xca\xfe"
    b"\x00\x00\x00\x02\xff\x00"  # Item-length, Presentation-context-ID, control header
)

# PS3.8 9.3.6
RELEASE_RQ = ReleaseRQ()
RELEASE_RQ_OCTETS = b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"

# PS3.8 9.3.7
RELEASE_RP = ReleaseRP()
RELEASE_RP_OCTETS = b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00"

# PS3.8 9.3.8
ABORT = Abort(source=AbortSource.SERVICE_PROVIDER, reason=AbortReason.INVALID_PDU_PARAMETER_VALUE)
ABORT_OCTETS = (
    b"\x07\x00\x00\x00\x00\x04"  # PDU-type, reserved, PDU-length
    b"\x00\x00\x02\x06"  # reserved, reserved, Source, Reason/Diag.
)

STREAM = (
    ASSOCIATE_RQ_OCTETS
    + ASSOCIATE_AC_OCTETS
    + P_DATA_TF_OCTETS
    + RELEASE_RQ_OCTETS
    + RELEASE_RP_OCTETS
    + ASSOCIATE_RJ_OCTETS
    + ABORT_OCTETS
)
