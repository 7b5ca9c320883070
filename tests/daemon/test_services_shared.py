"""Two daemons that share a directory and a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred, gatherResults

from tests.daemon.requesting import CT, EVERYTHING, destination, header_of
from tests.daemon.sharing import SharingTestCase
from tests.interop.peers import free_port
from tests.running import Node
from txdicomtls.scu import commitment_contexts, contexts_for

#: Instances that each daemon gets by itself, and that both get.
OWN, COMMON = 30, 30


class SharedTests(SharingTestCase):
    async def test_what_either_gets_both_have_once(self) -> None:
        one, other = await self.node("one"), await self.node("other")
        files = self.files(2 * OWN + COMMON)
        await gatherResults(
            [
                Deferred.fromCoroutine(self.send(one, files[OWN:])),
                Deferred.fromCoroutine(self.send(other, files[:OWN] + files[2 * OWN :])),
            ]
        )
        expected = {header_of(file).sop_instance_uid for file in files}
        for node in (one, other):
            self.assertEqual(expected, await self.kept_by(node))
            async with await self.associate(node, commitment_contexts()) as association:
                committed = await association.commit(map(header_of, files))
            self.assertEqual((), committed.failed)
        kept = sorted(file.stem for file in (self.root / "data" / "objects").rglob("*.dcm"))
        self.assertEqual(sorted(expected), kept)

    async def test_what_one_could_not_send_another_sends_when_it_is_gone(self) -> None:
        port = free_port()
        rule = destination("OTHER", port) + '[[forward]]\nto = "OTHER"\n'
        pauses = "[delivery]\nfirst_pause = 0.5\nlongest_pause = 1\n"
        one = await self.node("one", rule + pauses)
        await self.store(one, CT)
        await self.soon(one.process.when_says("forward to 'OTHER' has to wait"))
        # What it has leased it gives back; had it been killed, that would take as long as a lease.
        one.process.send_signal("TERM")
        await self.soon(one.process.ended)
        await self.node("other", rule + pauses)
        target = await self.start(
            certificates=self.certificates,
            more=EVERYTHING + EVERYTHING.replace("TEST", "TXDICOM"),
            port=port,
        )
        await self.soon(target.process.when_says("ended after 1 requests"))
        self.assertEqual({header_of(CT).sop_instance_uid}, await self.kept_by(target))

    async def send(self, node: Node, files: list[Path]) -> None:
        contexts = contexts_for(map(header_of, files))
        async with await self.associate(node, contexts) as association:
            sent = [each async for each in association.store(files)]
        self.assertEqual({0}, {each.status for each in sent}, [each.outcome for each in sent])
