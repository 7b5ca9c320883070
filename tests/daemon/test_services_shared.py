"""Two daemons that share a directory and a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import pydicom
from twisted.internet.defer import Deferred, gatherResults

from tests.daemon.requesting import (
    CT,
    EVERYTHING,
    RequestingTestCase,
    destination,
    header_of,
)
from tests.index.postgres import new_database
from tests.interop.peers import free_port
from tests.running import CONFIGURATION, SCRIPTS, Node, make_certificates, start
from txdicomtls.scu import commitment_contexts, contexts_for

#: Instances that each daemon gets by itself, and that both get.
OWN, COMMON = 30, 30


class SharedTests(RequestingTestCase):
    def setUp(self) -> None:
        self.database = new_database()
        self.root = self.directory()
        self.certificates = make_certificates(self.root / "pki")

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

    def files(self, count: int) -> list[Path]:
        """Images of one series."""
        dataset = pydicom.dcmread(CT)
        root = dataset.SOPInstanceUID
        files = []
        for number in range(count):
            dataset.SOPInstanceUID = f"{root}.{number}"
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            files.append(self.root / f"{number}.dcm")
            dataset.save_as(files[-1])
        return files

    async def node(self, name: str, more: str = "") -> Node:
        """Start one of the daemons."""
        directory = self.root / name
        directory.mkdir()
        text = CONFIGURATION.format(
            certificates=self.certificates.directory,
            node="",
            tls="",
            more=f'[index]\nurl = "{self.database}"\n{EVERYTHING}{more}',
        )
        text = text.replace("sync = false", f'sync = false\nshared_as = "{name}"')
        text = text.replace('"data"', f'"{self.root / "data"}"')
        (directory / "node.toml").write_text(text)
        command: list[str | Path] = [
            SCRIPTS / "twistd",
            *("-n", "--pidfile=", "dicomtls", "--config=node.toml"),
        ]
        process = start(self, command, cwd=directory)
        self.addCleanup(self.stopped, process)
        found = await self.soon(process.when_says(r"listens on \S+ port (\d+)"))
        return Node(process, int(found[1]), self.root / "data", self.certificates)
