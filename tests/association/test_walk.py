"""Two connections walked at random from both ends: the state table holds, whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, VERIFICATION, End, acceptance, request
from tests.association.test_table import standard_cells
from txdicomtls.association import (
    Action,
    Connection,
    Event,
    Machine,
    Output,
    Rejection,
    Role,
    State,
)
from txdicomtls.codes import RejectReason
from txdicomtls.dimse import CEchoRQ, CStoreRQ
from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu import Abort, encode

ECHO = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)
STORE = CStoreRQ(affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3", message_id=2)
REQUEST = request()
ACCEPTANCE = acceptance(REQUEST)

#: What no honest peer sends when it pleases: whole PDUs of another time, and noise.
OCTETS = (
    encode(REQUEST),
    encode(ACCEPTANCE.pdu),
    bytes.fromhex("03000000000400010101"),
    bytes.fromhex("0400000000080000000401030000"),
    bytes.fromhex("05000000000400000000"),
    bytes.fromhex("06000000000400000000"),
    encode(Abort(source=2, reason=2)),
    bytes.fromhex("0400ffffffff"),
    b"\xff",
    b"\x01\x00\x00",
    b"GET / HTTP/1.1\r\n\r\n",
)

#: A thing to do, the side that does it, and how much of it.
Step = tuple[str, Role, int]

_TO_AN_ASSOCIATION: tuple[Step, ...] = (
    ("open", Role.ACCEPTOR, 0),
    ("associate", Role.REQUESTOR, 0),
    ("open", Role.REQUESTOR, 0),
    ("receive", Role.ACCEPTOR, 1 << 20),
    ("accept", Role.ACCEPTOR, 0),
    ("receive", Role.REQUESTOR, 1 << 20),
)

#: Where walks begin.
BEGINNINGS: tuple[tuple[Step, ...], ...] = (
    (),
    _TO_AN_ASSOCIATION[:4],
    _TO_AN_ASSOCIATION,
    # Both ask for a release before they hear of each other.
    (*_TO_AN_ASSOCIATION, ("release", Role.REQUESTOR, 0), ("release", Role.ACCEPTOR, 0)),
)

ACTS = (
    "open",
    "associate",
    "accept",
    "reject",
    "echo",
    "store",
    "data",
    "release",
    "respond",
    "abort",
    "lose",
    "artim",
    "octets",
    *["receive"] * 6,
)

steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.sampled_from(list(Role)),
        st.one_of(st.integers(0, 30), st.just(1 << 20)),
    ),
    max_size=40,
)


class Side(End):
    """One end of the walk, and the transport to it.

    :ivar coming: bytes that are on their way to it.
    :ivar is_gone: its transport is closed.
    :ivar fired: each event that its machine took, and from where to where it went by which action.
    """

    def __init__(self, role: Role) -> None:
        super().__init__(Connection(role))
        self.coming = bytearray()
        self.is_gone = False
        self.fired: list[tuple[State, Event, Action, State]] = []
        machine = self.connection._machine
        self.connection._machine = RecordedMachine(machine, self.fired)  # type: ignore[assignment]  # as good as one

    def aborts(self, *actions: Action) -> int:
        """How often one of these actions was taken."""
        return sum(fired[2] in actions for fired in self.fired)


class RecordedMachine:
    """A machine that keeps a record of what it did."""

    def __init__(self, machine: Machine, fired: list[tuple[State, Event, Action, State]]) -> None:
        self._machine = machine
        self._fired = fired

    @property
    def state(self) -> State:
        return self._machine.state

    def allows(self, event: Event) -> bool:
        return self._machine.allows(event)

    def fire(self, event: Event, **more: Any) -> Action:
        before = self.state
        action = self._machine.fire(event, **more)
        self._fired.append((before, event, action, self.state))
        return action


class Walk:
    """Two sides, and the things that can be done to them."""

    def __init__(self, test: SynchronousTestCase) -> None:
        self.test = test
        self.sides = {role: Side(role) for role in Role}
        self.refused = 0
        self._cells = standard_cells()

    def take(self, walk: Sequence[Step]) -> None:
        """One step after the other, and the end of the transport after the last."""
        for step in walk:
            self._step(*step)
        self._step("lose", Role.ACCEPTOR, 0)
        for side in self.sides.values():
            self.test.assertIn(side.connection.state, (State.STA1, State.STA4))
            self.test.assertFalse(side.artim)

    def _step(self, act: str, role: Role, amount: int) -> None:
        side, other = self.sides[role], self.sides[opposite(role)]
        state, fired = side.connection.state, len(side.fired)
        try:
            outputs = self._outputs(act, side, amount)
        except LocalProtocolError:
            # What we cannot do now changes nothing.
            self.refused += 1
            self.test.assertEqual((state, fired), (side.connection.state, len(side.fired)))
            outputs = []
        if act == "lose":
            self._lose()
        side.do(outputs)
        self._carry(side, other)
        for each in self.sides.values():
            self._check(each)

    def _outputs(self, act: str, side: Side, amount: int) -> list[Output]:
        connection = side.connection
        if act == "receive":
            return self._receive(side, amount)
        acts: dict[str, Callable[[], list[Output]]] = {
            "open": lambda: [] if side.is_gone else connection.transport_open(),
            "associate": lambda: connection.associate(REQUEST),
            "accept": lambda: connection.accept(ACCEPTANCE),
            "reject": lambda: connection.reject(Rejection(reason=RejectReason.NO_REASON_GIVEN)),
            "echo": lambda: connection.send_message(1, ECHO),
            "store": lambda: connection.send_message(3, STORE),
            "data": lambda: connection.send_data(3, bytes(2 * amount & 0xFFFF), last=amount > 9),
            "release": connection.release,
            "respond": connection.respond_to_release,
            "abort": lambda: connection.abort("because"),
            "artim": lambda: connection.artim_expired() if side.artim else [],
            "lose": list,
            "octets": list,
        }
        if act == "octets" and not side.is_gone:
            side.coming += OCTETS[amount % len(OCTETS)]
        return acts[act]()

    def _receive(self, side: Side, amount: int) -> list[Output]:
        if side.is_gone or side.connection.state in (State.STA1, State.STA4):
            return []
        if side.coming:
            data = bytes(side.coming[: amount + 1])
            del side.coming[: amount + 1]
            return side.connection.receive_data(data)
        if self.sides[opposite(side.connection.role)].is_gone:
            side.is_gone = True
            return side.connection.transport_closed()
        return []

    def _carry(self, side: Side, other: Side) -> None:
        while side.outbox:
            data = side.outbox.popleft()
            if not side.is_gone and not other.is_gone:
                other.coming += data
        if side.closed and not side.is_gone:
            side.is_gone = True
            side.do(side.connection.transport_closed())

    def _lose(self) -> None:
        for side in self.sides.values():
            side.is_gone = True
            side.do(side.connection.transport_closed())

    def _check(self, side: Side) -> None:
        test, state = self.test, side.connection.state
        # ARTIM runs where something is waited for that nobody else has a deadline for.
        test.assertEqual(state in (State.STA2, State.STA13), side.artim, state)
        # One A-ABORT; and one more, where the table has AA-7.
        test.assertLessEqual(side.aborts(Action.AA_1, Action.AA_8), 1)
        test.assertLessEqual(side.aborts(Action.AA_7), 1)
        sent = bytes(side.sent).count(b"\x07\0\0\0\0\4\0\0")
        expected = side.aborts(Action.AA_1, Action.AA_7, Action.AA_8)
        test.assertEqual(expected, sent, side.fired)
        for before, event, action, after in side.fired:
            code, _, afters = self._cells[before, event].partition(":")
            test.assertEqual(code, action.code)
            test.assertIn(str(after.value), afters.split("/"))


def opposite(role: Role) -> Role:
    """The other side."""
    return Role.ACCEPTOR if role is Role.REQUESTOR else Role.REQUESTOR


class WalkTests(SynchronousTestCase):
    @settings(max_examples=400, deadline=None)
    @given(st.sampled_from(BEGINNINGS), steps)
    @example(BEGINNINGS[3], [("receive", role, 1 << 20) for role in Role])
    def test_no_walk_leaves_the_table_or_aborts_twice_or_leaves_artim_running(
        self, beginning: tuple[Step, ...], walk: list[Step]
    ) -> None:
        Walk(self).take([*beginning, *walk])

    def test_walks_come_to_every_state_and_to_most_cells_of_the_table(self) -> None:
        # So that the walks above are known to mean something.
        random = Random(4)  # the same walks each time
        seen: set[tuple[State, Event]] = set()
        refused = 0
        for number in range(1500):
            walk = Walk(self)
            walk.take(
                [
                    *BEGINNINGS[number % len(BEGINNINGS)],
                    *(
                        (
                            random.choice(ACTS),
                            random.choice(list(Role)),
                            random.choice((random.randrange(30), 1 << 20)),
                        )
                        for _ in range(30)
                    ),
                ]
            )
            refused += walk.refused
            for side in walk.sides.values():
                seen |= {(before, event) for before, event, _, _ in side.fired}
        self.assertEqual(set(State), {state for state, _ in seen})
        self.assertGreater(refused, 1000)
        self.assertGreater(len(seen), 100)
