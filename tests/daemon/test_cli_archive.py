"""``txdicomtls archive``: beside a node that runs, in its place, and interrupted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.archive.doubles import UID
from tests.archive.indexed import bit_flipped, truncated
from tests.archive.instances import instance
from tests.daemon.cases import files_below, in_thread
from tests.daemon.process import until
from tests.daemon.requesting import the_reactor
from tests.daemon.test_cli_requests import OFFER, RequestCase
from tests.running import SCRIPTS, Node, configure_node, start
from txdicomtls.archive import FileArchive
from txdicomtls.archive.names import instance_path
from txdicomtls.archive.payloads import forward_task
from txdicomtls.index import open_index
from txdicomtls.part10 import read_header
from txdicomtls.threads import in_thread_of


class ArchiveCase(RequestCase):
    config: Path

    async def archive(self, name: str, *words: str | Path) -> tuple[int, str, str]:
        return await self.command("archive", name, f"--config={self.config}", *words)

    async def beside(self) -> Node:
        """A node that runs, and has four instances."""
        node, _ = await self.filled()
        self.config = node.data.parent / "node.toml"
        return node

    async def alone(self) -> Path:
        """The archive of a node that does not run, with the same four: its root."""
        self.config = configure_node(self.place / "node", self.certificates, more=OFFER)
        root = self.config.parent / "data"
        within_thread = in_thread_of(the_reactor())
        root.mkdir()
        index = open_index(root / "index.sqlite")
        archive = FileArchive(root, in_thread=within_thread, index=index, sync=False)
        await within_thread(archive.prepare)
        for number, path in enumerate(self.four_files()):
            sink = archive.receive(instance(number))
            sink.write(memoryview(path.read_bytes())[read_header(path).data_offset :])
            await sink.finish()
        await within_thread(archive.close)
        await within_thread(index.close)
        return root

    def objects(self, root: Path) -> list[Path]:
        return sorted((root / "objects").rglob("*.dcm"))


class BesideANodeTests(ArchiveCase):
    async def test_what_only_reads_may_be_done(self) -> None:
        node = await self.beside()
        status, said, complained = await self.archive("check")
        self.assertEqual((0, ""), (status, complained))
        self.assertEqual("4 instances and 4 files looked at, nothing is wrong\n", said)
        status, said, _ = await self.archive("list", "--json", "--name=*jane 2")
        (match,) = map(json.loads, said.splitlines())
        self.assertEqual((0, ["1.2.2"]), (status, match["0020000D"]["Value"]))
        folder = self.place / "exported"
        status, said, complained = await self.archive("export", f"--to={folder}", "--study=1.2.1")
        self.assertEqual((0, "2 exported, 0 failed\n", ""), (status, said, complained))
        names = {f"1.2.1/1.2.1.1/{UID}.{number}.dcm" for number in (0, 1)}
        self.assertEqual(names, files_below(folder))
        await self.assert_serves(node)

    async def test_what_needs_the_archive_alone_is_refused_with_the_remedy(self) -> None:
        await self.beside()
        for words, remedy in (
            (("rebuild",), "stop the node, then rebuild its index"),
            (("rebuild", "--anew"), "stop the node, then rebuild its index"),
            (("import", self.place), "send to it with `txdicomtls store`, or stop it first"),
        ):
            status, said, complained = await self.archive(*map(str, words))
            self.assertEqual((1, ""), (status, said))
            self.assertRegex(complained, rf"^txdicomtls: .*/data: .*in use already.*{remedy}\n$")
        status, _, _ = await self.archive("check")
        self.assertEqual(0, status)


class DamageTests(ArchiveCase):
    async def test_what_is_damaged_is_found_marked_and_never_removed(self) -> None:
        root = await self.alone()
        files = self.objects(root)
        files[0].write_bytes(bit_flipped(files[0].read_bytes()))
        files[1].write_bytes(truncated(files[1].read_bytes()))
        files[2].unlink()
        stray = root / "objects" / "stray.txt"
        stray.write_text("remember the milk")
        for words, count in ((("--quick",), 3), ((), 4), (("--repair",), 4)):
            status, said, complained = await self.archive("check", *words)
            self.assertEqual((1, ""), (status, complained))
            self.assertEqual(1 + count, len(said.splitlines()), said)
            self.assertIn(f"{count} wrong", said)
        self.assertEqual([*files[:2], files[3]], self.objects(root))
        self.assertTrue(stray.exists())
        folder = self.place / "exported"
        status, said, _ = await self.archive(
            "export", f"--to={folder}", "--study=1.2.1", "--study=1.2.2"
        )
        self.assertEqual(1, status)
        self.assertTrue(said.endswith("1 exported, 3 failed\n"), said)
        self.assertEqual(1, len(files_below(folder)))

    async def test_an_index_that_cannot_be_read_is_put_aside_and_made_anew(self) -> None:
        root = await self.alone()
        for name in ("index.sqlite-wal", "index.sqlite-shm"):
            (root / name).unlink(missing_ok=True)
        (root / "index.sqlite").write_bytes(b"noise" * 1000)
        status, said, complained = await self.archive("rebuild")
        self.assertEqual((1, ""), (status, said))
        self.assertRegex(complained, r"^txdicomtls: the index .* cannot be used: .*--anew.*\n$")
        status, said, complained = await self.archive("rebuild", "--anew")
        self.assertEqual((0, "4 files read\n"), (status, said), complained)
        (aside,) = root.glob("index.sqlite.2*")
        self.assertEqual(b"noise" * 1000, aside.read_bytes())
        status, said, _ = await self.archive("check")
        self.assertEqual(0, status, said)

    async def test_an_index_that_is_gone_is_made_from_the_files(self) -> None:
        node = await self.beside()
        await node.process.stop()
        root = node.data
        _, before, _ = await self.archive("list", "--level=IMAGE", "--json")
        for path in root.glob("index.sqlite*"):
            path.unlink()
        status, said, complained = await self.archive("rebuild")
        self.assertEqual((0, "4 files read\n"), (status, said), complained)
        _, after, _ = await self.archive("list", "--level=IMAGE", "--json")
        self.assertEqual(sorted(before.splitlines()), sorted(after.splitlines()))
        self.assertEqual(4, len(after.splitlines()))

    async def test_where_there_is_no_archive_that_is_said(self) -> None:
        root = await self.alone()
        root.rename(root.with_name("elsewhere"))
        root.mkdir()
        for words in (
            ("check",),
            ("rebuild",),
            ("list",),
            ("export", f"--to={self.place}", "--study=1"),
        ):
            status, said, complained = await self.archive(*words)
            self.assertEqual((1, ""), (status, said), words)
            self.assertRegex(complained, r"^txdicomtls: .*/data: there is no archive here: .*\n$")
        self.assertEqual([], list(root.iterdir()))


class ImportTests(ArchiveCase):
    async def test_what_can_be_kept_is_imported_and_the_rest_is_named(self) -> None:
        await self.alone()
        more = self.place / "more"
        more.mkdir()
        for number in (3, 4, 5):
            self.write(number, 2).rename(more / f"{number}.dcm")
        bad = more / "bad.dcm"
        bad.write_bytes(truncated((more / "5.dcm").read_bytes()))
        (more / "README").write_text("once upon a time")
        status, said, complained = await self.archive("import", more)
        self.assertEqual((1, ""), (status, complained))
        line, total = said.splitlines()
        self.assertIn("bad.dcm: ", line)
        self.assertEqual("2 stored, 1 there already, 1 refused, 1 files passed over", total)
        status, said, _ = await self.archive("check")
        self.assertEqual(0, status, said)

    async def test_what_a_crash_left_is_forwarded_and_what_is_imported_is_not(self) -> None:
        root = await self.alone()
        with self.config.open("a") as config:
            config.write(
                '[[peer]]\nae_title = "AWAY"\nhost = "127.0.0.1"\n[[forward]]\nto = "AWAY"\n'
            )
        # It has its name, and is in no index: so far a node had come when it was killed.
        left = instance_path(root, f"{UID}.7")
        self.write(7).rename(left)
        (root / "incoming" / "1.part").hardlink_to(left)
        status, said, complained = await self.archive("import", self.write(8))
        self.assertEqual((0, ""), (status, complained), said)
        index = open_index(root / "index.sqlite")
        self.addCleanup(index.close)
        (waiting,) = index.tasks.backlog()
        self.assertEqual(("AWAY", 1), (waiting.destination, waiting.waiting))
        self.assertEqual(6, index.count())

    async def test_ctrl_c_ends_it_in_order(self) -> None:
        root = await self.alone()
        more = self.place / "more"
        more.mkdir()
        for number in range(10, 2500):
            self.write(number).rename(more / f"{number}.dcm")
        program = SCRIPTS / "txdicomtls"
        importing = start(self, [program, "archive", "import", f"--config={self.config}", more])
        await in_thread(until, lambda: len(self.objects(root)) > 20, "nothing is imported")
        importing.send_signal("INT")
        self.assertEqual(130, await self.soon(importing.ended), importing.output)
        self.assertRegex(importing.output, r"\d+ stored, 0 there already, 0 refused")
        self.assertNotIn("Traceback", importing.output)
        stored = len(self.objects(root)) - 4
        self.assertIn(f"{stored} stored", importing.output)
        self.assertLess(stored, 2490)
        status, said, _ = await self.archive("check")
        self.assertEqual(0, status, said)
        self.assertEqual(set(), {name for name in files_below(root / "incoming") if "part" in name})


class QueueTests(ArchiveCase):
    async def test_what_was_given_up_is_listed_and_decided_about(self) -> None:
        root = await self.alone()
        index = open_index(root / "index.sqlite")
        self.addCleanup(index.close)
        tasks, now = index.tasks, datetime.now(UTC)
        long_ago = now - timedelta(days=8)
        for destination in ("PACS", "PACS", "RIS"):
            tasks.put(forward_task(destination, "1.2.3"), now=long_ago)
        for given_up in tasks.due("forward", now=now, owner="node", lease=timedelta(hours=1))[1:]:
            tasks.failed(given_up.key, owner="node", error="refused", next_at=None)
        status, said, complained = await self.archive("queue")
        self.assertEqual((0, ""), (status, complained))
        rows = [line.split() for line in said.splitlines()]
        self.assertEqual(["forward", "PACS", "1", "1"], rows[1][:4])
        self.assertEqual(["forward", "RIS", "0", "1"], rows[2][:4])
        self.assertEqual(
            "1 will be tried again\n", (await self.archive("queue", "--retry=PACS"))[1]
        )
        self.assertEqual("1 discarded\n", (await self.archive("queue", "--discard=RIS"))[1])
        (left,) = tasks.backlog()
        self.assertEqual(("PACS", 2, 0), (left.destination, left.waiting, left.given_up))
        (again,) = tasks.due(
            "forward", now=datetime.now(UTC), owner="node", lease=timedelta(hours=1)
        )
        # It has its time before it all over again.
        self.assertGreaterEqual(again.created_at, now)
        status, _, complained = await self.archive("queue", "--retry=PACS", "--discard=PACS")
        self.assertEqual(2, status)
