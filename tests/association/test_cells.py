"""Every cell of the state table as a connection shows it: what it does, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import VERIFICATION, acceptance, request
from tests.association.test_table import standard_cells
from txdicomtls.association import (
    Connection,
    Event,
    Output,
    Rejection,
    Role,
    State,
)
from txdicomtls.codes import RejectReason
from txdicomtls.dimse import CEchoRQ, command_fragments
from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu import (
    Abort,
    AssociateRJ,
    ReleaseRP,
    ReleaseRQ,
    encode,
)

REQUEST = request()
ACCEPTANCE = acceptance(REQUEST)
ECHO = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)

#: What each action puts out: from the words of PS3.8 Tables 9-6 to 9-9, not from the code.  An
#: abort of ours is told to who drives the connection as well, be it AA-1 or AA-2 in Sta4.
OUTPUTS = {
    "AE-1": ("OpenTransport",),
    "AE-2": ("Send",),
    "AE-3": ("AssociateConfirmation",),
    "AE-4": ("AssociateRejection", "CloseTransport"),
    "AE-5": ("StartARTIM",),
    "AE-6": ("StopARTIM", "AssociateIndication"),
    "AE-7": ("Send",),
    "AE-8": ("Send", "StartARTIM"),
    "DT-1": ("Send",),
    "DT-2": ("MessageBegan", "MessageEnded"),
    "AR-1": ("Send",),
    "AR-2": ("ReleaseIndication",),
    "AR-3": ("ReleaseConfirmation", "CloseTransport"),
    "AR-4": ("Send", "StartARTIM"),
    "AR-5": ("StopARTIM",),
    "AR-6": ("MessageBegan", "MessageEnded"),
    "AR-7": ("Send",),
    "AR-8": ("ReleaseIndication",),
    "AR-9": ("Send",),
    "AR-10": ("ReleaseConfirmation",),
    "AA-1": ("Send", "StartARTIM", "AbortIndication"),
    "AA-2": ("StopARTIM", "CloseTransport"),
    "AA-3": ("AbortIndication", "CloseTransport"),
    "AA-4": ("TransportLost",),
    "AA-5": ("StopARTIM",),
    "AA-6": (),
    "AA-7": ("Send",),
    "AA-8": ("Send", "AbortIndication", "StartARTIM"),
}

#: How each event comes to a connection; event 2 and 5 are one call, which the role tells apart.
CAUSES: dict[Event, Callable[[Connection], list[Output]]] = {
    Event.ASSOCIATE_REQUEST: lambda it: it.associate(REQUEST),
    Event.TRANSPORT_CONFIRMED: lambda it: it.transport_open(),
    Event.ASSOCIATE_AC_RECEIVED: lambda it: it.receive_data(encode(ACCEPTANCE.pdu)),
    Event.ASSOCIATE_RJ_RECEIVED: lambda it: it.receive_data(
        encode(AssociateRJ(result=1, source=1, reason=1))
    ),
    Event.TRANSPORT_INDICATED: lambda it: it.transport_open(),
    Event.ASSOCIATE_RQ_RECEIVED: lambda it: it.receive_data(encode(REQUEST)),
    Event.ASSOCIATE_ACCEPT: lambda it: it.accept(ACCEPTANCE),
    Event.ASSOCIATE_REJECT: lambda it: it.reject(Rejection(reason=RejectReason.NO_REASON_GIVEN)),
    Event.DATA_REQUEST: lambda it: it.send_message(1, ECHO),
    Event.DATA_RECEIVED: lambda it: it.receive_data(
        b"".join(map(bytes, command_fragments(1, ECHO, 0)))
    ),
    Event.RELEASE_REQUEST: lambda it: it.release(),
    Event.RELEASE_RQ_RECEIVED: lambda it: it.receive_data(encode(ReleaseRQ())),
    Event.RELEASE_RP_RECEIVED: lambda it: it.receive_data(encode(ReleaseRP())),
    Event.RELEASE_RESPONSE: lambda it: it.respond_to_release(),
    Event.ABORT_REQUEST: lambda it: it.abort("because"),
    Event.ABORT_RECEIVED: lambda it: it.receive_data(encode(Abort(source=0, reason=0))),
    Event.TRANSPORT_CLOSED: lambda it: it.transport_closed(),
    Event.ARTIM_EXPIRED: lambda it: it.artim_expired(),
    Event.INVALID_PDU_RECEIVED: lambda it: it.receive_data(b"\xff"),
}

#: Events that may come when they mean nothing any more: a timer and a transport know no better,
#: and who aborts need not ask first.
WITHOUT_EFFECT = (Event.ABORT_REQUEST, Event.TRANSPORT_CLOSED, Event.ARTIM_EXPIRED)

#: The roles for which an event can be caused.
ROLES = {
    Event.TRANSPORT_CONFIRMED: (Role.REQUESTOR,),
    Event.TRANSPORT_INDICATED: (Role.ACCEPTOR,),
}


def connection_in(state: State, role: Role) -> Connection:
    """A connection that was put into a state, with an association to speak of."""
    connection = Connection(role)
    connection._machine._state = state
    connection._request = REQUEST
    connection._agreed = ACCEPTANCE
    return connection


class CellTests(SynchronousTestCase):
    def cells(self) -> Iterator[tuple[State, Event, Connection]]:
        """All 13 by 19, each with a connection to try it on; those of one call with its role."""
        for state in State:
            for event in Event:
                for role in ROLES.get(event, tuple(Role)):
                    yield state, event, connection_in(state, role)

    def test_every_filled_cell_puts_out_what_its_action_says_and_comes_to_its_state(self) -> None:
        filled = standard_cells()
        tried = set()
        for state, event, connection in self.cells():
            if (state, event) not in filled:
                continue
            tried.add((state, event))
            code, _, afters = filled[state, event].partition(":")
            outputs = [type(output).__name__ for output in CAUSES[event](connection)]
            expected = {*OUTPUTS[code]}
            if event is Event.ABORT_REQUEST:
                expected.add("AbortIndication")
            self.assertEqual(sorted(expected), sorted(outputs), (state, event))
            self.assertIn(str(connection.state.value), afters.split("/"), (state, event))
        self.assertEqual(set(filled), tried)

    def test_every_blank_cell_is_impossible_or_without_effect_and_changes_nothing(self) -> None:
        filled = standard_cells()
        tried = 0
        for state, event, connection in self.cells():
            if (state, event) in filled:
                continue
            tried += 1
            if event in WITHOUT_EFFECT or (
                # Noise where there is no transport: there is nobody to be told.
                event is Event.INVALID_PDU_RECEIVED
            ):
                self.assertEqual([], CAUSES[event](connection), (state, event))
            else:
                self.assertRaises(LocalProtocolError, CAUSES[event], connection)
            self.assertIs(state, connection.state)
        self.assertGreaterEqual(tried, 247 - len(filled))

    def test_what_comes_after_the_transport_was_closed_is_not_heard(self) -> None:
        for state in State:
            for role in Role:
                connection = connection_in(state, role)
                connection.transport_closed()
                for event in Event:
                    if event.name.endswith("_RECEIVED"):
                        self.assertEqual([], CAUSES[event](connection), (state, event))
                self.assertIs(State.STA1, connection.state)
