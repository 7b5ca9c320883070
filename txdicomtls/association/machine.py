"""The state machine of PS3.8 9.2: one table look-up per event, no I/O, no clock.

Theory of operation.  Two rules:

1. Whatever changes the state goes through :meth:`Machine.fire`; nothing else
   assigns it.
2. The machine does not know what a PDU holds.  Where the table leaves a choice
   between two next states (AE-6 and AR-8), whoever fires the event says which.

The table is the standard's, cell for cell; what is not in it cannot happen, and
is answered with :class:`~txdicomtls.errors.LocalProtocolError`, because events
caused by the peer are complete in the table for every state in which a
transport connection is open.
"""

from __future__ import annotations

from txdicomtls.association.actions import Action
from txdicomtls.association.states import Event, Role, State
from txdicomtls.association.table import TRANSITIONS
from txdicomtls.errors import LocalProtocolError


class Machine:
    """The DICOM upper layer protocol machine of one association.

    :param role: which side we are; decides release collisions (AR-8).
    """

    __slots__ = ("_role", "_state")

    def __init__(self, role: Role) -> None:
        self._role = role
        self._state = State.STA1

    @property
    def state(self) -> State:
        """Where the machine is."""
        return self._state

    def fire(self, event: Event, *, provider_refuses: bool = False) -> Action:
        """Move to the next state and return the action to perform.

        :param provider_refuses: for AE-6 only: the service provider itself refuses the request.
        :raises LocalProtocolError: the event cannot occur in this state; nothing changed.
        """
        transition = TRANSITIONS.get((self._state, event))
        if transition is None:
            msg = f"{event.title} is not possible now: {self._state.title}"
            raise LocalProtocolError(msg)
        choice = 0
        if transition.action is Action.AE_6:
            choice = int(provider_refuses)
        elif transition.action is Action.AR_8:
            choice = int(self._role is Role.ACCEPTOR)
        self._state = transition.next_states[choice]
        return transition.action

    def allows(self, event: Event) -> bool:
        """Whether the event can occur in this state."""
        return (self._state, event) in TRANSITIONS
