"""Tests of :mod:`txdicomtls.archive.recovery` and of what :mod:`.root` says is left over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.archive.doubles import INSTANCE, UID, at_once
from tests.archive.instances import FakeIndex, data_set, instance
from tests.archive.test_commit import UNAVAILABLE, CommitCase
from txdicomtls.archive import ArchiveEventKind, DuplicatePolicy, FileArchive, Layout
from txdicomtls.errors import StorageError
from txdicomtls.part10 import meta_bytes


class RecoveryTests(CommitCase):
    def left(self, *, linked: bool, incoming: str = "incoming", data: bytes | None = None) -> None:
        """What a crash leaves of the usual instance."""
        archive = self.archive()
        path = self.root / incoming / "earlier-1.part"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(meta_bytes(INSTANCE) + (data_set() if data is None else data))
        if linked:
            archive.path_of(UID).hardlink_to(path)
        archive.close()

    def test_what_had_its_name_is_indexed_and_told(self) -> None:
        self.left(linked=True)
        archive = self.archive()
        row = self.index.rows[UID]
        self.assertEqual("CT_ROOM_1", row.source_ae)
        self.assertEqual("1.2.3.4", row.study_instance_uid)
        self.assertEqual((1, set()), (len(self.kept), self.incoming))
        archive.receive(instance(1))
        self.assertEqual([ArchiveEventKind.RECOVERED], [event.kind for event in self.events])

    def test_what_had_none_is_removed(self) -> None:
        self.left(linked=False)
        self.archive()
        self.assertEqual((set(), set(), {}), (self.kept, self.incoming, self.index.rows))

    def test_what_is_indexed_already_stays_as_it_is(self) -> None:
        archive = self.archive()
        self.successResultOf(self.store(archive))
        os.link(archive.path_of(UID), self.root / "incoming" / "2.part")
        row = self.index.rows[UID]
        archive.close()
        self.archive()
        self.assertEqual(row, self.index.rows[UID])
        self.assertEqual((1, set()), (len(self.kept), self.incoming))

    def test_an_index_that_knows_nothing_of_a_full_archive_is_not_its_index(self) -> None:
        archive = self.archive()
        self.successResultOf(self.store(archive))
        archive.close()
        self.index.rows.clear()
        # What is under way must not hide that: it would make the index know of something.
        (self.root / "incoming" / "2.part").hardlink_to(archive.path_of(UID))
        other = self.root / "objects" / "00" / f"{UID}.1.dcm"
        other.write_bytes(meta_bytes(instance(1)) + data_set(instance(1)))
        error = self.assertRaises(StorageError, self.archive)
        self.assertIn(f"objects/00/{UID}.1.dcm", str(error))
        self.assertIn("archive rebuild", str(error))
        self.assertEqual((2, {}), (len(self.kept), self.index.rows))
        other.unlink()
        self.archive()
        self.assertEqual([UID], list(self.index.rows))

    def test_what_is_no_instance_keeps_nobody_from_starting(self) -> None:
        self.archive().close()
        (self.root / "objects" / "00" / "README").write_text("not ours")
        self.archive()

    def test_without_an_index_the_second_name_is_all_there_is_to_do(self) -> None:
        self.left(linked=True)
        self.archive(index=None)
        self.assertEqual((1, set()), (len(self.kept), self.incoming))

    def test_what_the_disk_has_lost_since_is_not_indexed(self) -> None:
        self.left(linked=True, data=data_set()[:-2])
        self.archive()
        self.assertEqual((set(), {}), (self.incoming, self.index.rows))

    def test_it_does_not_start_while_the_index_cannot_be_used(self) -> None:
        self.left(linked=True)
        self.index.failing = UNAVAILABLE
        self.assertRaises(StorageError, self.archive)
        self.index.failing = None
        self.index.failing_after = UNAVAILABLE
        self.index.rows.clear()
        self.assertRaises(StorageError, self.archive)
        self.index.failing_after = None
        self.archive()
        self.assertIn(UID, self.index.rows)

    def test_very_many_are_settled_some_at_a_time(self) -> None:
        archive = self.archive()
        for number in range(150):
            path = self.root / "incoming" / f"{number}.part"
            path.write_bytes(meta_bytes(instance(number)) + data_set(instance(number)))
            archive.path_of(f"{UID}.{number}").hardlink_to(path)
        archive.close()
        self.archive()
        self.assertEqual([64, 64, 22], self.index.batches)

    def test_a_replacement_that_was_begun_is_finished(self) -> None:
        archive = self.archive(duplicates=DuplicatePolicy.REPLACE)
        self.successResultOf(self.store(archive))
        other = data_set(pixels=bytes(98) + b"xx")
        sealed = self.sealed(archive, data=other)
        self.index.failing_after = None
        self.index.replace = _unavailable  # type: ignore[method-assign]
        (settled,) = self.commit(archive, sealed)
        self.assertIsNotNone(settled.error)
        self.assertEqual(2, len(self.kept))
        archive.close()
        del self.index.replace
        again = self.archive(duplicates=DuplicatePolicy.REPLACE)
        self.assertEqual((1, set()), (len(self.kept), self.incoming))
        row = self.index.rows[UID]
        self.assertEqual(sealed.sha256, row.sha256)
        self.assertEqual({row.path.removeprefix("objects/")}, self.kept)
        again.close()


def _unavailable(record: Any) -> Any:
    raise UNAVAILABLE


class SharedTests(CommitCase):
    """Several nodes use one archive."""

    def node(self, name: str, **arguments: Any) -> FileArchive:
        return self.archive(node=name, **arguments)

    def test_nodes_store_side_by_side(self) -> None:
        nodes = [self.node(name) for name in ("north", "south")]
        for number, node in enumerate(nodes):
            self.successResultOf(self.store(node, instance(number)))
            self.successResultOf(self.store(node))
        self.assertEqual((3, 3), (len(self.kept), len(self.index.rows)))

    def test_a_name_is_used_by_one_node_at_a_time(self) -> None:
        self.node("north")
        self.assertIn("in use", str(self.assertRaises(StorageError, self.node, "north")))

    def test_who_uses_it_alone_and_who_shares_it_exclude_each_other(self) -> None:
        shared = self.node("north")
        self.assertRaises(StorageError, self.archive)
        shared.close()
        self.archive()
        self.assertRaises(StorageError, self.node, "north")

    def test_what_a_dead_node_left_is_settled_by_the_next_and_that_of_a_live_one_is_not(
        self,
    ) -> None:
        live = self.node("live")
        self.node("dead").close()
        self.archive_files("live", "dead")
        self.node("next")
        self.assertEqual({"live/1.part"}, self.incoming - {f"{n}/lock" for n in NODES})
        live.close()
        self.node("live")
        self.assertEqual({f"{n}/lock" for n in NODES}, self.incoming)

    def archive_files(self, *nodes: str) -> None:
        for node in nodes:
            (self.root / "incoming" / node / "1.part").write_bytes(b"half")

    def test_who_uses_it_alone_settles_all(self) -> None:
        self.node("dead").close()
        self.archive_files("dead")
        (self.root / "incoming" / "1.part").write_bytes(b"half")
        self.archive()
        self.assertEqual({"dead/lock"}, self.incoming)

    def test_what_is_no_name_of_a_node_is_refused(self) -> None:
        for name in ("..", "a/b", "a b", "\0", "a" * 65, "."):
            self.assertRaises(ValueError, self.node, name)


NODES = ("live", "dead", "next")


class ProcessTests(CommitCase):
    def test_a_node_that_was_killed_leaves_no_lock(self) -> None:
        child = (
            "import sys, pathlib\n"
            "from tests.archive.doubles import at_once\n"
            "from txdicomtls.archive import FileArchive\n"
            "archive = FileArchive(pathlib.Path(sys.argv[1]), in_thread=at_once, node='north')\n"
            "archive.prepare()\n"
            "print('ready', flush=True)\n"
            "sys.stdin.read()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", child, str(self.root.absolute())],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(process.communicate)
        assert process.stdout is not None
        self.assertEqual(b"ready\n", process.stdout.readline())
        self.assertRaises(StorageError, self.archive, node="north")
        self.archive(node="south").close()
        process.kill()
        process.wait()
        self.archive(node="north")


class SentinelTests(CommitCase):
    def test_an_empty_directory_is_not_the_archive_of_an_index_that_knows_instances(self) -> None:
        first = self.archive()
        self.successResultOf(self.store(first))
        first.close()
        away = Path(self.mktemp())
        self.root.rename(away)
        self.root.mkdir()
        error = self.assertRaises(StorageError, self.archive)
        self.assertIn("mounted", str(error))
        self.assertEqual([], list(self.root.iterdir()))

    def test_one_that_was_made_without_an_index_can_get_one_if_it_knows_all(self) -> None:
        self.archive(index=None).close()
        self.archive(index=FakeIndex()).close()
        first = self.archive(index=None)
        self.successResultOf(self.store(first))
        first.close()
        error = self.assertRaises(StorageError, self.archive, index=FakeIndex())
        self.assertIn("rebuild", str(error))

    def test_a_layout_that_depends_on_data_sets_needs_an_index(self) -> None:
        layout = Layout("{study_instance_uid}/{sop_instance_uid}")
        with self.assertRaises(ValueError):
            FileArchive(self.root, in_thread=at_once, layout=layout)
