"""The 13 states and 19 events of the upper layer, in the standard's own words (PS3.8 9.2)."""

from __future__ import annotations

from enum import Enum
from typing import Self


class State(Enum):
    """States of the DICOM upper layer protocol machine (PS3.8 Tables 9-1 to 9-5)."""

    title: str

    STA1 = (1, "Idle")
    STA2 = (2, "Transport connection open (awaiting A-ASSOCIATE-RQ PDU)")
    STA3 = (3, "Awaiting local A-ASSOCIATE response primitive (from local user)")
    STA4 = (4, "Awaiting transport connection opening to complete (from local transport service)")
    STA5 = (5, "Awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ PDU")
    STA6 = (6, "Association established and ready for data transfer")
    STA7 = (7, "Awaiting A-RELEASE-RP PDU")
    STA8 = (8, "Awaiting local A-RELEASE response primitive (from local user)")
    STA9 = (9, "Release collision requestor side; awaiting A-RELEASE response (from local user)")
    STA10 = (10, "Release collision acceptor side; awaiting A-RELEASE-RP PDU")
    STA11 = (11, "Release collision requestor side; awaiting A-RELEASE-RP PDU")
    STA12 = (
        12,
        "Release collision acceptor side; awaiting A-RELEASE response primitive (from local user)",
    )
    STA13 = (13, "Awaiting Transport Connection Close Indication (association no longer exists)")

    def __new__(cls, number: int, title: str) -> Self:
        """The number is the value; the title is the standard's text."""
        state = object.__new__(cls)
        state._value_ = number
        state.title = title
        return state

    @property
    def is_established(self) -> bool:
        """Whether an association exists: made, and neither released nor aborted yet."""
        return self not in (State.STA1, State.STA2, State.STA3, State.STA4, State.STA5, State.STA13)


class Event(Enum):
    """Events of the DICOM upper layer protocol machine (PS3.8 Table 9-10, first column)."""

    title: str

    ASSOCIATE_REQUEST = (1, "A-ASSOCIATE Request (local user)")
    TRANSPORT_CONFIRMED = (2, "Transport Connection Confirmation (local transport service)")
    ASSOCIATE_AC_RECEIVED = (3, "A-ASSOCIATE-AC PDU (received on transport connection)")
    ASSOCIATE_RJ_RECEIVED = (4, "A-ASSOCIATE-RJ PDU (received on transport connection)")
    TRANSPORT_INDICATED = (5, "Transport Connection Indication (local transport service)")
    ASSOCIATE_RQ_RECEIVED = (6, "A-ASSOCIATE-RQ PDU (received on transport connection)")
    ASSOCIATE_ACCEPT = (7, "A-ASSOCIATE response primitive (accept)")
    ASSOCIATE_REJECT = (8, "A-ASSOCIATE response primitive (reject)")
    DATA_REQUEST = (9, "P-DATA request primitive")
    DATA_RECEIVED = (10, "P-DATA-TF PDU")
    RELEASE_REQUEST = (11, "A-RELEASE Request primitive")
    RELEASE_RQ_RECEIVED = (12, "A-RELEASE-RQ PDU (received on open transport connection)")
    RELEASE_RP_RECEIVED = (13, "A-RELEASE-RP PDU (received on transport connection)")
    RELEASE_RESPONSE = (14, "A-RELEASE Response primitive")
    ABORT_REQUEST = (15, "A-ABORT Request primitive")
    ABORT_RECEIVED = (16, "A-ABORT PDU (received on open transport connection)")
    TRANSPORT_CLOSED = (
        17,
        "Transport connection closed indication (local transport service)",
    )
    ARTIM_EXPIRED = (18, "ARTIM timer expired (Association reject/release timer)")
    INVALID_PDU_RECEIVED = (19, "Unrecognized or invalid PDU received")

    def __new__(cls, number: int, title: str) -> Self:
        """The number is the value; the title is the standard's text."""
        event = object.__new__(cls)
        event._value_ = number
        event.title = title
        return event


class Role(Enum):
    """Which side of the association this is (PS3.8 3.1): who asked for it."""

    REQUESTOR = "association-requestor"
    ACCEPTOR = "association-acceptor"
