"""Whatever a requestor waits for can be given up, in each state, and no connection is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from tests.association.pair import CT, EXPLICIT
from tests.net.pair import Peer, Silent, watch
from tests.scu.cases import ConnectCase, dataset, heard
from tests.scu.files import ELEMENT, make_file
from txdicomtls.association import Role
from txdicomtls.errors import (
    AssociationAborted,
    AssociationError,
    AssociationTimeout,
    DicomTLSError,
    LinkTimeout,
)
from txdicomtls.scu import (
    Association,
    Instance,
    Reference,
    commitment_contexts,
    get_contexts,
    move_contexts,
    normalized_contexts,
    procedure_step_contexts,
    query_contexts,
    storage_contexts,
    worklist_contexts,
)

PRINTER = Instance(sop_class_uid="1.2.840.10008.5.1.1.16", sop_instance_uid="1.2.3")


@implementer(IStreamClientEndpoint)
class Unreached:
    """Never connects, and notices that nobody waits for it any more."""

    def __init__(self) -> None:
        self.connecting: Deferred[IProtocol] = Deferred()

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return self.connecting


class ConnectingTests(ConnectCase):
    def test_a_cancelled_connect_gives_up_the_transport_connection(self) -> None:
        endpoint = Unreached()
        connecting = self.connecting(endpoint=endpoint)
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertTrue(endpoint.connecting.called)

    def test_a_peer_that_is_silent_before_tls_is_given_up(self) -> None:
        connecting = self.connecting(Silent())
        self.flush()
        self.advance(60)
        self.failureResultOf(connecting, LinkTimeout)
        self.nothing_is_left()

    def test_a_peer_that_is_silent_after_tls_is_given_up(self) -> None:
        connecting = self.connecting(Peer(Role.ACCEPTOR))
        self.flush()
        self.advance(30)
        error = self.failureResultOf(connecting, AssociationTimeout).value
        self.assertEqual("answer to the association request", error.waited_for)
        self.advance(60)
        self.nothing_is_left()

    def test_who_cancels_in_any_state_leaves_no_connection(self) -> None:
        for server, flushed in (
            (Silent(), False),
            (Silent(), True),
            (Peer(Role.ACCEPTOR), False),
            (Peer(Role.ACCEPTOR), True),
        ):
            connecting = self.connecting(server)
            if flushed:
                self.flush()
            connecting.cancel()
            self.flush()
            self.failureResultOf(connecting, CancelledError, DicomTLSError)
            self.advance(60)
            self.nothing_is_left()

    def nothing_is_left(self) -> None:
        self.assertFalse(self.wires[-1].is_open)
        self.assertEqual([], self.clock.getDelayedCalls())


class OperationTests(ConnectCase):
    """Each operation, once it was sent to a peer that does not answer."""

    CONTEXTS = (
        query_contexts()
        + worklist_contexts()
        + move_contexts()
        + get_contexts([CT])
        + storage_contexts([CT], (EXPLICIT,))
        + commitment_contexts()
        + procedure_step_contexts()
        + normalized_contexts(PRINTER.sop_class_uid)
    )
    #: Those that the peer can be asked to end, and that leave the association as it is.
    CANCELLABLE = frozenset(("find", "worklist", "get", "move"))

    def operations(self, association: Association) -> dict[str, Callable[[], Deferred[Any]]]:
        """Every operation by its name."""
        keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3")
        step = dataset(PerformedProcedureStepStatus="IN PROGRESS")
        path = Path(self.mktemp())
        make_file(path, ELEMENT)

        async def store() -> None:
            async with aclosing(association.store([path])) as sending:
                async for sent in sending:
                    if sent.error is not None:
                        raise sent.error

        return {
            "echo": association.echo,
            "store": lambda: Deferred.fromCoroutine(store()),
            "find": lambda: association.find(keys).all(),
            "worklist": lambda: association.worklist(keys).all(),
            "get": lambda: association.get(keys, self.receiver).finished(),
            "move": lambda: association.move(keys, "OTHER").finished(),
            "commit": lambda: association.commit([Reference(CT, "1.2.3")]),
            "create_procedure_step": lambda: association.create_procedure_step(step),
            "set_procedure_step": lambda: association.set_procedure_step("1.2.3", step),
            "get_attributes": lambda: association.get_attributes(PRINTER),
            "set_attributes": lambda: association.set_attributes(PRINTER, keys),
            "action": lambda: association.action(PRINTER, 1),
            "create": lambda: association.create(PRINTER),
            "delete": lambda: association.delete(PRINTER),
        }

    def each(self) -> Iterator[tuple[str, Association, Peer, Callable[[], Deferred[Any]]]]:
        """Every operation, on an association of its own."""
        names = list(self.operations(self.played(self.CONTEXTS)[0]))
        for name in names:
            association, peer = self.played(self.CONTEXTS, window=2)
            yield name, association, peer, self.operations(association)[name]

    def test_who_cancels_gets_out_at_once_and_aborts_only_what_must_be(self) -> None:
        for name, association, peer, operation in self.each():
            doing = operation()
            self.flush()
            self.assertNoResult(doing)
            self.assertTrue(heard(peer), name)
            doing.cancel()
            self.flush()
            self.failureResultOf(doing, CancelledError)
            self.assertEqual(name in self.CANCELLABLE, association.error is None, name)
            if association.error is not None:
                self.assertFalse(self.wires[-1].is_open, name)

    def test_who_cancels_before_it_was_sent_harms_nobody(self) -> None:
        for name, association, peer, operation in self.each():
            association._protocol.messages.invoker.associated(1)
            first = watch(association.echo())
            doing = operation()
            self.flush()
            doing.cancel()
            self.flush()
            self.failureResultOf(doing, CancelledError)
            ((context_id, request, _),) = heard(peer)
            self.tell(peer, context_id, request.response(0))
            self.assertEqual([0], first.results, name)
            self.assertIsNone(association.error, name)

    def test_a_peer_that_never_answers_is_given_up_with_one_error(self) -> None:
        for name, association, _, operation in self.each():
            outcome = watch(operation())
            self.flush()
            self.advance(59)
            self.assertFalse(outcome.is_known, name)
            self.advance(1)
            self.assertIsInstance(outcome.failures[0], AssociationTimeout, name)
            self.assertIs(association.error, outcome.failures[0])
            self.advance(60)
            self.assertFalse(self.wires[-1].is_open, name)

    def test_whatever_ends_the_association_ends_each_with_its_error(self) -> None:
        for name, association, peer, operation in self.each():
            outcome = watch(operation())
            self.flush()
            peer.do(peer.connection.abort())
            self.flush()
            self.assertIsInstance(outcome.failures[0], AssociationAborted, name)
            late = watch(self.operations(association)[name]())
            self.flush()
            self.assertIsInstance(late.failures[0], AssociationError, name)
