"""Protocol data units of the DICOM upper layer: bytes to frozen values and back (PS3.8 9.3).

This package knows nothing of sockets, of states or of messages.
"""

from __future__ import annotations

from txdicomtls.pdu.decode import decode
from txdicomtls.pdu.encode import data_header, encode
from txdicomtls.pdu.framer import NEED_DATA, DataPiece, Frame, Framer, FramerLimits, NeedData
from txdicomtls.pdu.items import (
    ContextResult,
    ItemType,
    PresentationContextAC,
    PresentationContextRQ,
)
from txdicomtls.pdu.user_information import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentityAC,
    UserIdentityRQ,
    UserIdentityType,
    UserInformation,
)
from txdicomtls.pdu.values import (
    APPLICATION_CONTEXT,
    DEFAULT_MAXIMUM_LENGTH,
    PDU,
    PROTOCOL_VERSION,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    ControlPDU,
    PDataTF,
    PDUType,
    PresentationDataValue,
    ReleaseRP,
    ReleaseRQ,
)

__all__ = [
    "APPLICATION_CONTEXT",
    "DEFAULT_MAXIMUM_LENGTH",
    "NEED_DATA",
    "PDU",
    "PROTOCOL_VERSION",
    "Abort",
    "AssociateAC",
    "AssociateRJ",
    "AssociateRQ",
    "AsynchronousOperationsWindow",
    "CommonExtendedNegotiation",
    "ContextResult",
    "ControlPDU",
    "DataPiece",
    "ExtendedNegotiation",
    "Frame",
    "Framer",
    "FramerLimits",
    "ItemType",
    "NeedData",
    "PDUType",
    "PDataTF",
    "PresentationContextAC",
    "PresentationContextRQ",
    "PresentationDataValue",
    "ReleaseRP",
    "ReleaseRQ",
    "RoleSelection",
    "UserIdentityAC",
    "UserIdentityRQ",
    "UserIdentityType",
    "UserInformation",
    "data_header",
    "decode",
    "encode",
]
