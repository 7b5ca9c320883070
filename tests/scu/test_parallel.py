"""Storing over several associations at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail

from tests.association.pair import CT
from tests.net.pair import watch
from tests.scu.cases import NOBODY, ConnectCase, heard
from tests.scu.files import make_file
from txdicomtls.dimse import CStoreRQ, Status
from txdicomtls.errors import AssociationAborted, AssociationError, PeerUnreachable
from txdicomtls.scp import Storage
from txdicomtls.scu import Association, Sent, storage_contexts, store_in_parallel

CONTEXTS = storage_contexts([CT])
#: Explicit VR Little Endian comes first.
CT_ID = 3


def in_turn(*ways: Callable[[], Deferred[Association]]) -> Callable[[], Deferred[Association]]:
    """The first way for the first association, and so on."""
    remaining = iter(ways)

    def associate() -> Deferred[Association]:
        return next(remaining)()

    return associate


class ParallelCase(ConnectCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()

    def files(self, count: int) -> list[Path]:
        return [
            make_file(self.directory / f"{number}.dcm", uid=f"1.2.3.{number}")
            for number in range(count)
        ]

    def associate(self) -> Deferred[Association]:
        """One more association with an acceptor of ours."""
        server = self.factory(services=[Storage(self.receiver)]).buildProtocol(None)
        return self.connecting(server, CONTEXTS)

    def sending(self, *more: Any, **options: Any) -> AsyncGenerator[Sent, None]:
        return store_in_parallel(*more, **options)


class ParallelTests(ParallelCase):
    def test_everything_arrives_once_over_as_many_associations_as_wanted(self) -> None:
        results, outcome = self.collect(
            self.sending(self.associate, self.files(20), associations=3)
        )
        self.assertEqual([None], outcome.results)
        self.assertEqual(20, len({sent.name for sent in results if sent.succeeded}))
        self.assertEqual(20, len(self.receiver.sinks))
        self.assertEqual(3, len(self.wires))
        self.assertFalse(any(wire.is_open for wire in self.wires))

    def test_no_file_is_no_work(self) -> None:
        results, outcome = self.collect(self.sending(self.associate, []))
        self.assertEqual(([], [None]), (results, outcome.results))

    def test_each_association_has_one_under_way(self) -> None:
        waits = [self.receiver.will_wait() for _ in range(4)]
        results, outcome = self.collect(self.sending(self.associate, self.files(4), associations=2))
        self.assertEqual(2, len(self.receiver.sinks))
        for wait in waits:
            wait.callback(None)
            self.flush()
        self.assertEqual((4, [None]), (len(results), outcome.results))

    def test_associations_that_cannot_be_opened_leave_the_work_to_the_others(self) -> None:
        associate = in_turn(lambda: fail(NOBODY), self.associate)
        results, outcome = self.collect(self.sending(associate, self.files(5), associations=2))
        self.assertEqual((5, [None]), (len(results), outcome.results))

    def test_not_one_association_is_an_error(self) -> None:
        results, outcome = self.collect(self.sending(lambda: fail(NOBODY), self.files(3)))
        self.assertEqual([], results)
        self.assertIsInstance(outcome.failures[0], PeerUnreachable)

    def test_what_is_wrong_in_the_list_itself_is_told(self) -> None:
        def broken() -> Any:
            yield self.files(1)[0]
            raise ZeroDivisionError

        _, outcome = self.collect(self.sending(self.associate, broken(), associations=1))
        self.assertIsInstance(outcome.failures[0], ZeroDivisionError)


class LossTests(ParallelCase):
    def setUp(self) -> None:
        super().setUp()
        self.first, self.peer = self.played(CONTEXTS)

    def test_what_a_lost_association_had_not_begun_goes_over_the_others(self) -> None:
        wait = self.receiver.will_wait()
        associate = in_turn(lambda: self.already(self.first), self.associate)
        results, outcome = self.collect(self.sending(associate, self.files(8), associations=2))
        self.peer.do(self.peer.connection.abort())
        self.flush()
        wait.callback(None)
        self.flush()
        self.assertEqual([None], outcome.results)
        lost = [sent for sent in results if not sent.succeeded]
        self.assertEqual(8, len(results))
        self.assertLessEqual(len(lost), 2)
        self.assertIsInstance(lost[0].error, AssociationAborted)

    def test_where_all_are_lost_the_rest_is_an_error(self) -> None:
        results, outcome = self.collect(
            self.sending(lambda: self.already(self.first), self.files(8), associations=1)
        )
        self.peer.do(self.peer.connection.abort())
        self.flush()
        self.assertIsInstance(outcome.failures[0], AssociationError)
        self.assertLess(len(results), 8)

    def test_who_stops_early_aborts_what_is_under_way(self) -> None:
        sending = self.sending(lambda: self.already(self.first), self.files(8), associations=1)

        async def one() -> Sent:
            return await anext(sending)

        first = Deferred.fromCoroutine(one())
        self.flush()
        _, request, _ = heard(self.peer)[-1]
        assert isinstance(request, CStoreRQ)
        self.tell(self.peer, CT_ID, request.response(Status.SUCCESS))
        self.successResultOf(first)
        closed = watch(Deferred.fromCoroutine(sending.aclose()))
        self.flush()
        self.assertTrue(closed.results)
        self.assertFalse(self.wires[0].is_open)

    def already(self, association: Association) -> Deferred[Association]:
        ready: Deferred[Association] = Deferred()
        ready.callback(association)
        return ready
