"""An association as its requestor holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from tests.association.pair import CT, EXPLICIT
from tests.datasets import identity
from tests.scu.cases import ConnectCase, Endpoint
from tests.scu.files import make_file
from txdicomtls.errors import AssociationAborted, AssociationEnded, NoPresentationContext
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import connect

STORAGE = (PresentationContextRQ(context_id=1, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,)),)


class AssociationTests(ConnectCase):
    def test_an_echo_is_answered(self) -> None:
        association = self.connected()
        echoed = association.echo()
        self.flush()
        self.assertEqual(0, self.successResultOf(echoed))

    def test_an_echo_without_its_context_is_told(self) -> None:
        reactor: Any = self.clock
        connecting = connect(
            reactor,
            Endpoint(self, self.factory().buildProtocol(None)),
            called="ACCEPTOR",
            calling="REQUESTOR",
            contexts=STORAGE,
        )
        self.flush()
        association = self.successResultOf(connecting)
        self.failureResultOf(association.echo(), NoPresentationContext)

    def test_files_are_stored(self) -> None:
        contexts = [
            PresentationContextRQ(context_id=3, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,))
        ]
        association = self.connected(contexts=contexts)
        data = identity(CT, "1.2.3", EXPLICIT)
        path = make_file(Path(self.mktemp()), data)

        async def store() -> list[Any]:
            return [sent.status async for sent in association.store([path])]

        storing = Deferred.fromCoroutine(store())
        self.flush()
        self.assertEqual([0], self.successResultOf(storing))
        self.assertEqual(data, bytes(self.receiver.sinks[0].data))

    def test_the_end_of_a_block_releases_it(self) -> None:
        association = self.connected()

        async def work() -> int:
            async with association as same:
                return await same.echo()

        working = Deferred.fromCoroutine(work())
        self.flush()
        self.assertEqual(0, self.successResultOf(working))
        self.successResultOf(association.when_closed())
        self.failureResultOf(association.echo(), AssociationEnded)

    def test_a_block_that_fails_aborts_it(self) -> None:
        association = self.connected()

        async def work() -> None:
            async with association:
                raise ZeroDivisionError

        working = Deferred.fromCoroutine(work())
        self.failureResultOf(working, ZeroDivisionError)
        self.flush()
        self.successResultOf(association.when_closed())
        self.assertFalse(self.failureResultOf(association.echo(), AssociationAborted).value.by_peer)
