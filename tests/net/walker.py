"""A pair of protocols, and all that can be done with them, step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from tests.association.pair import CT, STUDY_ROOT_FIND, STUDY_ROOT_GET, VERIFICATION, acceptance
from tests.net.blocks import Source, blocks_of
from tests.net.doubles import Cancellable, Classes, Gate, Operation
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    VERIFICATION_ID,
    NetCase,
    Outcome,
    Peer,
    echo_request,
    find_request,
    query_contexts,
    store_request,
    watch,
)
from tests.net.wire import Wire
from txdicomtls.association import Connection, Output, Role, State
from txdicomtls.codes import RejectReason
from txdicomtls.dimse import CCancelRQ, Status
from txdicomtls.errors import AssociationRefused, LocalProtocolError
from txdicomtls.interfaces import Grant, IUsingService
from txdicomtls.net import Answer, Invocation, RequestorProtocol
from txdicomtls.pdu import AsynchronousOperationsWindow

WINDOW = AsynchronousOperationsWindow(invoked=3, performed=2)

OCTETS = (
    b"\xff",
    b"\x04\x00\xff\xff\xff\xff",
    b"\x04\x00",
    bytes.fromhex("05000000000400000000"),
    bytes.fromhex("06000000000400000000"),
    bytes.fromhex("07000000000400000202"),
    bytes.fromhex("0400000000080000000401030000"),
    b"\x01" * 100,
)

A_ABORT = b"\x07\0\0\0\0\4\0\0"

Step = tuple[str, int]


@implementer(IUsingService)
class Everything(Classes):
    """Performs and uses all there is; every third operation can be cancelled, one in five fails."""

    def __init__(self) -> None:
        classes = (VERIFICATION, CT, STUDY_ROOT_FIND, STUDY_ROOT_GET)
        super().__init__("all", performs=classes, uses=classes)
        self.performed: list[tuple[Any, Operation]] = []

    def begin(self, request: Any) -> Operation | None:
        number = len(self.performed)
        broken = ["write"] if number % 5 == 4 else []
        operation = Cancellable() if number % 3 else Operation(*broken)
        if number % 7 == 6:
            operation.room = Deferred()
        self.performed.append((request, operation))
        return operation


class WalkingTest(NetCase):
    """A test that walks.

    :ivar wanted: the association that is asked for.
    :ivar gate: who decides about it.
    """

    def setUp(self) -> None:
        super().setUp()
        self.wanted = query_contexts(window=WINDOW)
        self.gate = Gate()


class Walker:
    """A pair of protocols, and the things that can be done with them."""

    def __init__(
        self, test: WalkingTest, client: Any, server: Any, services: list[Everything]
    ) -> None:
        self.test = test
        self.client = client
        self.server = server
        self.services = services
        self.outcomes: list[Outcome] = []
        self.waiting: list[Deferred[Any]] = []
        self.invocations: list[Invocation] = []
        self.late: list[Deferred[bytes]] = []
        self.states: set[tuple[Role, State]] = set()
        self.wire: Wire = test.join(client, server, flush=False)

    # -- what both protocols of ours have ----------------------------------------------------

    def side(self, amount: int) -> Any:
        return (self.client, self.server)[amount % 2]

    def note(self, deferred: Deferred[Any]) -> None:
        self.waiting.append(deferred)
        self.outcomes.append(watch(deferred))

    def start(self, amount: int, context_id: int, make: Any, blocks: Any = None) -> None:
        side = self.side(amount)
        if isinstance(side, Peer):
            self.peer_sends(side, context_id, make(amount % 5 + 1))
            return
        invocation = side.messages.invoker.start(context_id, make, blocks)
        self.invocations.append(invocation)
        self.note(invocation.next())

    def peer_sends(self, peer: Peer, context_id: int, message: Any) -> None:
        if peer.connection.can_send and context_id in peer.connection.contexts:
            peer.send(context_id, message, b"data")

    def answer(self, amount: int) -> None:
        """Some operation that is performed comes to its end, by an answer or a failure."""
        for service in self.services:
            for request, operation in service.performed[amount % 4 :]:
                if operation.room is not None and not operation.room.called:
                    operation.room.callback(None)
                if operation.finished and not operation.answer.called:
                    if amount % 9:
                        operation.answer.callback(request.message.response(Status.SUCCESS))
                    else:
                        operation.answer.errback(ZeroDivisionError())
                    return

    def respond(self, amount: int) -> None:
        """A service sends a pending response, or invokes something on its peer."""
        for service in self.services:
            for request, _ in service.performed:
                if isinstance(request.message, type(find_request())):
                    response = request.message.response(Status.PENDING)
                    self.outcomes.append(watch(request.exchange.respond(Answer(response, b"data"))))
                elif amount % 2:
                    make = partial(store_request)
                    invocation = request.exchange.start(CT_ID, make, blocks_of(b"data"))
                    self.invocations.append(invocation)
                    self.note(invocation.next())

    def cancel(self, amount: int) -> None:
        """Whoever waits for something gives up, or asks for its end."""
        if amount % 3 and self.invocations:
            invocation = self.invocations[amount % len(self.invocations)]
            if amount % 3 == 1:
                invocation.forsake()
            elif invocation.is_cancellable:
                invocation.cancel()
        elif self.waiting:
            self.waiting[amount % len(self.waiting)].cancel()

    def release(self, amount: int) -> None:
        side = self.side(amount)
        if isinstance(side, RequestorProtocol):
            self.note(side.release())
        elif isinstance(side, Peer):
            self.peer_does(side, side.connection.release)

    def abort(self, amount: int) -> None:
        side = self.side(amount)
        if isinstance(side, Peer):
            self.peer_does(side, side.connection.abort)
        elif side.transport is not None:
            side.abort("because")

    def peer_acts(self, amount: int) -> None:
        """The side that the test plays, if there is one, does something by the table."""
        for peer in (self.client, self.server):
            if isinstance(peer, Peer):
                connection: Connection = peer.connection
                acts: list[Callable[[], list[Output]]] = [
                    connection.respond_to_release,
                    connection.release,
                    lambda it=connection: it.accept(acceptance(self.test.wanted)),  # type: ignore[misc]  # bound by its default
                    connection.artim_expired,
                ]
                self.peer_does(peer, acts[amount % len(acts)])
                message = CCancelRQ(message_id_being_responded_to=amount % 5)
                if amount % 7 == 0:
                    self.peer_sends(peer, STUDY_ROOT_FIND_ID, message)

    def peer_does(self, peer: Peer, act: Callable[[], list[Output]]) -> None:
        try:
            outputs = act()
        except LocalProtocolError:
            return
        if peer.transport is not None and not peer.is_lost:
            peer.do(outputs)

    def octets(self, amount: int) -> None:
        """One side sends what nobody expects."""
        side = self.side(amount)
        if side.transport is not None and side.connection.state is not State.STA1:
            side.transport.write(OCTETS[amount // 2 % len(OCTETS)])

    def decide(self, amount: int) -> None:
        """The access policy makes up its mind."""
        decision = self.test.gate.authorization
        assert isinstance(decision, Deferred)
        if decision.called or not self.test.gate.associations:
            return
        if amount % 4:
            decision.callback(Grant())
        else:
            decision.errback(AssociationRefused(RejectReason.NO_REASON_GIVEN))

    def pause(self, amount: int) -> None:
        """One end of the network reads nothing for a while."""
        end = (self.wire.client, self.wire.server)[amount % 2]
        if end.lost is None:
            end.pauseProducing()

    def take(self, walk: list[Step]) -> None:
        """One step after the other; then the network fails, and everything must have ended."""
        for act, amount in walk:
            self.step(act, amount)
            for side in (self.client, self.server):
                self.states.add((side.connection.role, side.connection.state))
        self.wire.cut()
        for late in self.late:
            if not late.called:
                late.callback(b"data")

    def step(self, act: str, amount: int) -> None:
        match act:
            case "turn":
                (self.wire.client, self.wire.server)[amount % 2].turn()
            case "flush":
                self.wire.flush()
            case "wait":
                self.test.clock.advance((0.1, 1.0, 6.0, 31.0, 61.0)[amount % 5])
            case "echo":
                self.start(amount, VERIFICATION_ID, echo_request)
            case "store":
                self.late.append(Deferred())
                self.start(amount, CT_ID, store_request, Source(b"data", self.late[-1])())
            case "data":
                for late in self.late[amount % 3 :]:
                    if not late.called:
                        late.callback(b"data" * amount)
                        break
            case "find":
                self.start(amount, STUDY_ROOT_FIND_ID, find_request, blocks_of(b"key!"))
            case "cut":
                self.wire.cut()
            case _:
                getattr(self, act)(amount)
