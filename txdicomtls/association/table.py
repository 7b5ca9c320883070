"""PS3.8 Table 9-10 as literal data: the action and the next state for each event in each state.

Rows are events, as in the standard's table.  A cell that the table leaves
blank is absent: the event cannot occur in that state, and the machine treats
it as an error of whoever caused it.  Where a cell names two next states, the
action decides: AE-6 by whether the service provider accepts the request, AR-8
by which side asked for the association.
"""

from __future__ import annotations

from dataclasses import dataclass

from txdicomtls.association.actions import Action
from txdicomtls.association.states import Event, State

(S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13) = State


@dataclass(frozen=True, slots=True)
class Transition:
    """One cell of the table."""

    action: Action
    next_states: tuple[State, ...]


def _to(action: Action, *next_states: State) -> Transition:
    return Transition(action, next_states)


def _each(states: tuple[State, ...], transition: Transition) -> dict[State, Transition]:
    return dict.fromkeys(states, transition)


_AA_1 = _to(Action.AA_1, S13)
_AA_2 = _to(Action.AA_2, S1)
_AA_3 = _to(Action.AA_3, S1)
_AA_4 = _to(Action.AA_4, S1)
_AA_6 = _to(Action.AA_6, S13)
_AA_7 = _to(Action.AA_7, S13)
_AA_8 = _to(Action.AA_8, S13)

_S6_TO_S12 = (S6, S7, S8, S9, S10, S11, S12)
_S8_TO_S12 = (S8, S9, S10, S11, S12)

_ROWS: dict[Event, dict[State, Transition]] = {
    Event.ASSOCIATE_REQUEST: {S1: _to(Action.AE_1, S4)},
    Event.TRANSPORT_CONFIRMED: {S4: _to(Action.AE_2, S5)},
    Event.ASSOCIATE_AC_RECEIVED: {
        S2: _AA_1,
        S3: _AA_8,
        S5: _to(Action.AE_3, S6),
        **_each(_S6_TO_S12, _AA_8),
        S13: _AA_6,
    },
    Event.ASSOCIATE_RJ_RECEIVED: {
        S2: _AA_1,
        S3: _AA_8,
        S5: _to(Action.AE_4, S1),
        **_each(_S6_TO_S12, _AA_8),
        S13: _AA_6,
    },
    Event.TRANSPORT_INDICATED: {S1: _to(Action.AE_5, S2)},
    Event.ASSOCIATE_RQ_RECEIVED: {
        S2: _to(Action.AE_6, S3, S13),
        S3: _AA_8,
        S5: _AA_8,
        **_each(_S6_TO_S12, _AA_8),
        S13: _AA_7,
    },
    Event.ASSOCIATE_ACCEPT: {S3: _to(Action.AE_7, S6)},
    Event.ASSOCIATE_REJECT: {S3: _to(Action.AE_8, S13)},
    Event.DATA_REQUEST: {S6: _to(Action.DT_1, S6), S8: _to(Action.AR_7, S8)},
    Event.DATA_RECEIVED: {
        S2: _AA_1,
        S3: _AA_8,
        S5: _AA_8,
        S6: _to(Action.DT_2, S6),
        S7: _to(Action.AR_6, S7),
        **_each(_S8_TO_S12, _AA_8),
        S13: _AA_6,
    },
    Event.RELEASE_REQUEST: {S6: _to(Action.AR_1, S7)},
    Event.RELEASE_RQ_RECEIVED: {
        S2: _AA_1,
        S3: _AA_8,
        S5: _AA_8,
        S6: _to(Action.AR_2, S8),
        S7: _to(Action.AR_8, S9, S10),
        **_each(_S8_TO_S12, _AA_8),
        S13: _AA_6,
    },
    Event.RELEASE_RP_RECEIVED: {
        S2: _AA_1,
        S3: _AA_8,
        S5: _AA_8,
        S6: _AA_8,
        S7: _to(Action.AR_3, S1),
        S8: _AA_8,
        S9: _AA_8,
        S10: _to(Action.AR_10, S12),
        S11: _to(Action.AR_3, S1),
        S12: _AA_8,
        S13: _AA_6,
    },
    Event.RELEASE_RESPONSE: {
        S8: _to(Action.AR_4, S13),
        S9: _to(Action.AR_9, S11),
        S12: _to(Action.AR_4, S13),
    },
    Event.ABORT_REQUEST: {
        S3: _AA_1,
        S4: _AA_2,
        S5: _AA_1,
        **_each(_S6_TO_S12, _AA_1),
    },
    Event.ABORT_RECEIVED: {
        S2: _AA_2,
        S3: _AA_3,
        S5: _AA_3,
        **_each(_S6_TO_S12, _AA_3),
        S13: _AA_2,
    },
    Event.TRANSPORT_CLOSED: {
        S2: _to(Action.AA_5, S1),
        S3: _AA_4,
        S4: _AA_4,
        S5: _AA_4,
        **_each(_S6_TO_S12, _AA_4),
        S13: _to(Action.AR_5, S1),
    },
    Event.ARTIM_EXPIRED: {S2: _AA_2, S13: _AA_2},
    Event.INVALID_PDU_RECEIVED: {
        S2: _AA_1,
        S3: _AA_8,
        S5: _AA_8,
        **_each(_S6_TO_S12, _AA_8),
        S13: _AA_7,
    },
}

#: The table by cell.
TRANSITIONS: dict[tuple[State, Event], Transition] = {
    (state, event): transition for event, row in _ROWS.items() for state, transition in row.items()
}
