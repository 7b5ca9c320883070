"""Two nodes with one archive and one PostgreSQL: what both keep at once is kept once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase

from tests.archive.doubles import UID, as_any, files_below, pieces
from tests.archive.instances import data_set, instance
from tests.index.postgres import new_database
from txdicomtls.archive import DuplicatePolicy, FileArchive
from txdicomtls.errors import StorageError
from txdicomtls.index.index import Index, open_index
from txdicomtls.part10 import meta_bytes

INSTANCES = 60


class TwoNodesTests(TestCase):
    def setUp(self) -> None:
        from twisted.internet import reactor

        self.root = Path(self.mktemp())
        self.pool = ThreadPool(0, 8)
        self.pool.start()
        self.addCleanup(self.pool.stop)
        self.in_thread = partial(deferToThreadPool, as_any(reactor), self.pool)
        where = new_database()
        self.indexes: list[Index] = [self.opened(where) for _ in range(2)]

    def opened(self, where: str) -> Index:
        index = open_index(where)
        self.addCleanup(index.close)
        return index

    def nodes(self, policy: DuplicatePolicy) -> list[FileArchive]:
        nodes = []
        for number, index in enumerate(self.indexes):
            node = FileArchive(
                self.root,
                in_thread=self.in_thread,
                index=index,
                duplicates=policy,
                node=f"node-{number}",
            )
            node.prepare()
            self.addCleanup(node.close)
            nodes.append(node)
        return nodes

    async def store(self, node: FileArchive, number: int, pixels: bytes) -> str:
        """Send an instance; its data set if it was acknowledged, else why not."""
        what = instance(number)
        sink = node.receive(what)
        for piece in pieces(data_set(what, pixels=pixels), 999):
            sink.write(piece)
        try:
            await sink.finish()
        except StorageError as error:
            return type(error).__name__
        return "kept"

    async def both(self, policy: DuplicatePolicy, second: bytes) -> list[list[str]]:
        """Store each instance at both nodes at once; the outcomes of each."""
        nodes = self.nodes(policy)
        waiting = [
            Deferred.fromCoroutine(self.store(node, number, pixels))
            for number in range(INSTANCES)
            for node, pixels in zip(nodes, (b"first!", second), strict=True)
        ]
        outcomes = [
            str(outcome)
            for _, outcome in await DeferredList(waiting, fireOnOneErrback=True, consumeErrors=True)
        ]
        return [outcomes[number : number + 2] for number in range(0, len(outcomes), 2)]

    def found(self) -> list[bytes]:
        """The data set that is indexed of each instance, out of its file."""
        rows = self.indexes[0].get(f"{UID}.{number}" for number in range(INSTANCES))
        return [
            (self.root / rows[f"{UID}.{number}"].path)
            .read_bytes()
            .removeprefix(meta_bytes(instance(number)))
            for number in range(INSTANCES)
        ]

    @property
    def kept(self) -> set[str]:
        return files_below(self.root / "objects")

    async def test_the_same_bytes_are_kept_once_and_both_are_told_so(self) -> None:
        for outcomes in await self.both(DuplicatePolicy.REFUSE, b"first!"):
            self.assertEqual(["kept", "kept"], outcomes)
        self.assertEqual((INSTANCES, INSTANCES), (len(self.kept), self.indexes[0].count()))
        for number, data in enumerate(self.found()):
            self.assertEqual(data_set(instance(number), pixels=b"first!"), data)

    async def test_of_other_bytes_one_wins_and_the_other_is_told_so(self) -> None:
        all_outcomes = await self.both(DuplicatePolicy.REFUSE, b"second")
        found = self.found()
        for number, outcomes in enumerate(all_outcomes):
            self.assertEqual(["DuplicateInstance", "kept"], sorted(outcomes))
            winner = (b"first!", b"second")[outcomes.index("kept")]
            self.assertEqual(data_set(instance(number), pixels=winner), found[number])
        self.assertEqual((INSTANCES, INSTANCES), (len(self.kept), self.indexes[0].count()))

    async def test_where_both_are_kept_both_are_there(self) -> None:
        for outcomes in await self.both(DuplicatePolicy.KEEP_BOTH, b"second"):
            self.assertEqual(["kept", "kept"], outcomes)
        self.assertEqual((2 * INSTANCES, INSTANCES), (len(self.kept), self.indexes[0].count()))

    def test_none_of_them_may_replace_what_another_may_just_have_been_told_is_kept(self) -> None:
        with self.assertRaisesRegex(ValueError, "none may replace"):
            self.nodes(DuplicatePolicy.REPLACE)
