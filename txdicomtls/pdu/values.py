"""The seven PDUs of PS3.8 9.3 as frozen values; no bytes here, see ``encode`` and ``decode``.

A value holds what the standard calls a field.  Reserved fields are not kept:
they are sent as the standard says and never tested when received.  Code fields
are plain integers, because a peer may send any; the enumerations in
:mod:`txdicomtls.codes` name the ones that the standard defines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from txdicomtls.pdu.items import PresentationContextAC, PresentationContextRQ
from txdicomtls.pdu.user_information import UserInformation

#: The only application context name that DICOM defines (PS3.7 A.2.1).
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

#: Bit 0 is version 1, the only one there is (PS3.8 9.3.2).
PROTOCOL_VERSION = 1

#: Maximum length that this package announces unless told otherwise: bytes of the variable
#: field of a P-DATA-TF PDU (PS3.8 D.1).
DEFAULT_MAXIMUM_LENGTH = 0x1_0000


class PDUType(IntEnum):
    """First byte of a PDU (PS3.8 9.3.1)."""

    A_ASSOCIATE_RQ = 0x01
    A_ASSOCIATE_AC = 0x02
    A_ASSOCIATE_RJ = 0x03
    P_DATA_TF = 0x04
    A_RELEASE_RQ = 0x05
    A_RELEASE_RP = 0x06
    A_ABORT = 0x07


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateRQ:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2).

    :param called_ae_title: up to 16 characters, without padding.
    :param calling_ae_title: up to 16 characters, without padding.
    :param presentation_contexts: what is proposed, in order.
    :param user_information: the sub-items of item 50H.
    :param application_context: application context name.
    :param protocol_version: bit field; only bit 0 is tested.
    """

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[PresentationContextRQ, ...]
    user_information: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateAC:
    """A-ASSOCIATE-AC (PS3.8 9.3.3).

    :param called_ae_title: that of the request, sent back and not tested.
    :param calling_ae_title: likewise.
    :param presentation_contexts: the answers to what was proposed, in any order.
    :param user_information: the sub-items of item 50H.
    :param application_context: application context name.
    :param protocol_version: bit field; only bit 0 is tested.
    """

    called_ae_title: str
    calling_ae_title: str
    presentation_contexts: tuple[PresentationContextAC, ...]
    user_information: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationDataValue:
    """One item of a P-DATA-TF PDU: a fragment of a message (PS3.8 9.3.5.1, Annex E.2).

    :param context_id: presentation context ID, odd, 1 to 255.
    :param is_command: the fragment is of a command set, not of a data set.
    :param is_last: it is the last one of its command set or data set.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class PDataTF:
    """P-DATA-TF (PS3.8 9.3.5)."""

    values: tuple[PresentationDataValue, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRQ:
    """A-RELEASE-RQ (PS3.8 9.3.6)."""


@dataclass(frozen=True, slots=True)
class ReleaseRP:
    """A-RELEASE-RP (PS3.8 9.3.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """A-ABORT (PS3.8 9.3.8)."""

    source: int
    reason: int = 0


#: Every PDU but P-DATA-TF, which the framer takes apart while it arrives.
ControlPDU = AssociateRQ | AssociateAC | AssociateRJ | ReleaseRQ | ReleaseRP | Abort
PDU = ControlPDU | PDataTF
