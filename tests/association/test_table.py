"""The state table is the standard's, cell for cell."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.association import TRANSITIONS, Action, Event, Machine, Role, State
from txdicomtls.errors import LocalProtocolError

# PS3.8 Table 9-10, typed from the standard on its own: rows are events 1 to 19, columns
# states 1 to 13; "AE-1:4" is action AE-1 with next state Sta4; "-" is a blank cell.
STANDARD = """
AE-1:4 -      -      -      -      -      -         -      -       -       -      -      -
-      -      -      AE-2:5 -      -      -         -      -       -       -      -      -
-      AA-1:13 AA-8:13 -    AE-3:6 AA-8:13 AA-8:13  AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13
-      AA-1:13 AA-8:13 -    AE-4:1 AA-8:13 AA-8:13  AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13
AE-5:2 -      -      -      -      -      -         -      -       -       -      -      -
-      AE-6:3/13 AA-8:13 -  AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-7:13
-      -      AE-7:6 -      -      -      -         -      -       -       -      -      -
-      -      AE-8:13 -     -      -      -         -      -       -       -      -      -
-      -      -      -      -      DT-1:6 -         AR-7:8 -       -       -      -      -
-      AA-1:13 AA-8:13 -    AA-8:13 DT-2:6 AR-6:7   AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13
-      -      -      -      -      AR-1:7 -         -      -       -       -      -      -
-      AA-1:13 AA-8:13 -    AA-8:13 AR-2:8 AR-8:9/10 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13
-      AA-1:13 AA-8:13 -    AA-8:13 AA-8:13 AR-3:1  AA-8:13 AA-8:13 AR-10:12 AR-3:1 AA-8:13 AA-6:13
-      -      -      -      -      -      -         AR-4:13 AR-9:11 -      -      AR-4:13 -
-      -      AA-1:13 AA-2:1 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 -
-      AA-2:1 AA-3:1 -      AA-3:1 AA-3:1 AA-3:1    AA-3:1 AA-3:1  AA-3:1  AA-3:1 AA-3:1 AA-2:1
-      AA-5:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1    AA-4:1 AA-4:1  AA-4:1  AA-4:1 AA-4:1 AR-5:1
-      AA-2:1 -      -      -      -      -         -      -       -       -      -      AA-2:1
-      AA-1:13 AA-8:13 -    AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-7:13
"""


def standard_cells() -> dict[tuple[State, Event], str]:
    """The table above by cell; blank cells are left out."""
    rows = [line.split() for line in STANDARD.strip().splitlines()]
    return {
        (state, event): cell
        for event, cells in zip(Event, rows, strict=True)
        for state, cell in zip(State, cells, strict=True)
        if cell != "-"
    }


def machine_in(state: State, role: Role) -> Machine:
    """A machine that was put into a state."""
    machine = Machine(role)
    machine._state = state
    return machine


class TableTests(SynchronousTestCase):
    """All 13 by 19 cells."""

    def test_there_are_247_cells_of_which_123_are_filled(self) -> None:
        """The typed table is complete, so that the comparison below means something."""
        rows = [line.split() for line in STANDARD.strip().splitlines()]
        self.assertEqual([len(row) for row in rows], [13] * 19)
        self.assertEqual(len(State) * len(Event), 247)
        self.assertEqual(len(standard_cells()), 123)

    def test_every_cell_has_the_action_and_the_next_states_of_the_standard(self) -> None:
        """Cell by cell, blank ones included."""
        expected = standard_cells()
        for state in State:
            for event in Event:
                transition = TRANSITIONS.get((state, event))
                found = transition and "{}:{}".format(
                    transition.action.code,
                    "/".join(str(after.value) for after in transition.next_states),
                )
                self.assertEqual(found, expected.get((state, event)), (state, event))

    def test_every_filled_cell_moves_the_machine_as_the_standard_says(self) -> None:
        """For both roles; where two states are possible the role or the provider decides."""
        for (state, event), cell in standard_cells().items():
            code, _, after = cell.partition(":")
            numbers = [int(number) for number in after.split("/")]
            for role in Role:
                for refuses in (False, True):
                    machine = machine_in(state, role)
                    action = machine.fire(event, provider_refuses=refuses)
                    choice = {
                        "AE-6": int(refuses),
                        "AR-8": int(role is Role.ACCEPTOR),
                    }.get(code, 0)
                    self.assertEqual(action.code, code)
                    self.assertEqual(machine.state.value, numbers[choice], (state, event))

    def test_every_blank_cell_is_an_error_that_changes_nothing(self) -> None:
        """An event that cannot occur is the caller's fault."""
        filled = standard_cells()
        for state in State:
            for event in Event:
                if (state, event) not in filled:
                    machine = machine_in(state, Role.ACCEPTOR)
                    self.assertFalse(machine.allows(event))
                    self.assertRaises(LocalProtocolError, machine.fire, event)
                    self.assertIs(machine.state, state)

    def test_every_action_of_the_standard_is_used(self) -> None:
        """28 actions, none forgotten, none invented."""
        used = {transition.action for transition in TRANSITIONS.values()}
        self.assertEqual(used, set(Action))
        self.assertEqual(len(Action), 28)

    def test_established_is_from_data_transfer_to_the_end_of_the_release(self) -> None:
        """Sta6 to Sta12."""
        established = [state.value for state in State if state.is_established]
        self.assertEqual(established, [6, 7, 8, 9, 10, 11, 12])
