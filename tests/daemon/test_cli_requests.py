"""``txdicomtls`` asks a real node: what it has, for its instances, whether it keeps them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.archive.doubles import UID
from tests.archive.instances import data_set, instance
from tests.daemon.cases import files_below
from tests.daemon.requesting import RequestingTestCase
from tests.running import Node, make_certificates
from txdicomtls.part10 import meta_bytes

OFFER = """
[services]
offer = ["echo", "store", "find", "get", "move", "commit"]
"""

USERS = """
[identity]
users = "{users}"
required = true
"""


class RequestCase(RequestingTestCase):
    def setUp(self) -> None:
        self.place = Path(self.mktemp()).absolute()
        self.certificates = make_certificates(self.place / "pki")

    def write(self, number: int, study: int = 1) -> Path:
        """A file with an instance of a study."""
        what = instance(number)
        data = data_set(
            what, study=f"1.2.{study}", series=f"1.2.{study}.1", patient=f"Doe^Jane {study}"
        )
        path = self.place / f"{number}.dcm"
        path.write_bytes(meta_bytes(what) + data)
        return path

    async def ask(self, name: str, node: Node, *words: str | Path) -> tuple[int, str, str]:
        address = f"localhost:{node.port}"
        return await self.command(name, address, *self.certificates.options, *words)

    async def filled(self) -> tuple[Node, list[Path]]:
        """A node that has two studies of two instances each."""
        node = await self.start(certificates=self.certificates, more=OFFER)
        files = self.four_files()
        await self.store(node, *files)
        return node, files

    def four_files(self) -> list[Path]:
        """Two studies of two instances each."""
        return [self.write(number, 1 + number // 2) for number in range(4)]


class StoreTests(RequestCase):
    async def test_files_are_sent_several_at_once_on_several_associations(self) -> None:
        node = await self.start(certificates=self.certificates)
        status, said, complained = await self.ask(
            "store", node, *self.four_files(), "--associations=2", "--window=2"
        )
        self.assertEqual((0, ""), (status, complained), said)
        self.assertIn("4 stored", said)


class FindTests(RequestCase):
    async def test_matches_are_rows_or_lines_of_json(self) -> None:
        node, _ = await self.filled()
        status, said, complained = await self.ask("find", node)
        self.assertEqual((0, "2 matches\n"), (status, complained))
        head, *rows = said.splitlines()
        self.assertTrue(head.startswith("StudyDate"))
        self.assertEqual({"1.2.1", "1.2.2"}, {row.split()[-1] for row in rows})
        status, said, _ = await self.ask("find", node, "--json", "-k", "PatientName=Doe^Jane 2")
        (match,) = map(json.loads, said.splitlines())
        self.assertEqual(["1.2.2"], match["0020000D"]["Value"])
        status, said, complained = await self.ask("find", node, "--limit=1")
        self.assertEqual((0, "1 match\n"), (status, complained))

    async def test_every_level_can_be_asked_for(self) -> None:
        node, _ = await self.filled()
        study, series = "StudyInstanceUID=1.2.2", "SeriesInstanceUID=1.2.2.1"
        for level, keys, count in (
            ("PATIENT", ("-k", "PatientName=doe*"), 2),
            ("SERIES", ("-k", study), 1),
            ("IMAGE", ("-k", study, "-k", series), 2),
        ):
            status, said, complained = await self.ask("find", node, "--level", level, *keys)
            self.assertEqual(0, status, complained)
            self.assertEqual(1 + count, len(said.splitlines()), said)

    async def test_nothing_found_is_an_answer(self) -> None:
        node, _ = await self.filled()
        answer = await self.ask("find", node, "-k", "PatientID=nobody")
        self.assertEqual((0, "", "0 matches\n"), answer)

    async def test_what_the_node_refuses_is_one_line(self) -> None:
        node, _ = await self.filled()
        status, said, complained = await self.ask("find", node, "--level=IMAGE")
        self.assertEqual((1, ""), (status, said))
        self.assertRegex(complained, r"(?m)^txdicomtls: find failed with status A900H.*$")
        status, said, complained = await self.ask("worklist", node, "--modality=CT")
        self.assertEqual((1, ""), (status, said))
        self.assertRegex(
            complained, r"^txdicomtls: the node does not offer Modality Worklist .*\n$"
        )


class RetrieveTests(RequestCase):
    async def test_a_study_is_fetched_byte_for_byte(self) -> None:
        node, files = await self.filled()
        folder = self.place / "fetched"
        status, said, complained = await self.ask("get", node, f"--to={folder}", "--study=1.2.2")
        self.assertEqual((0, "", "2 fetched; 0000H success\n"), (status, complained, said))
        names = {f"1.2.2/1.2.2.1/{UID}.{number}.dcm" for number in (2, 3)}
        self.assertEqual(names, files_below(folder))
        for number in (2, 3):
            fetched = folder / f"1.2.2/1.2.2.1/{UID}.{number}.dcm"
            data = files[number].read_bytes()[len(meta_bytes(instance(number))) :]
            self.assertTrue(fetched.read_bytes().endswith(data))
        # Once more: they are there, and are the same.
        status, _, _ = await self.ask("get", node, f"--to={folder}", "--study=1.2.2")
        self.assertEqual(0, status)

    async def test_a_file_that_is_there_is_not_overwritten_and_fails(self) -> None:
        node, _ = await self.filled()
        folder = self.place / "fetched"
        mine = folder / f"1.2.2/1.2.2.1/{UID}.2.dcm"
        mine.parent.mkdir(parents=True)
        mine.write_bytes(b"mine")
        status, said, complained = await self.ask("get", node, f"--to={folder}", "--study=1.2.2")
        self.assertEqual(1, status)
        self.assertIn("1 refused here", said)
        self.assertIn(f"'{UID}.2' was not taken", complained)
        self.assertEqual(b"mine", mine.read_bytes())

    async def test_to_an_unknown_node_nothing_is_moved(self) -> None:
        node, _ = await self.filled()
        status, said, complained = await self.ask("move", node, "--to=NOBODY", "--study=1.2.1")
        self.assertEqual((1, ""), (status, said))
        self.assertRegex(complained, r"^txdicomtls: move failed with status A801H.*\n$")


class CommitTests(RequestCase):
    async def test_the_node_commits_itself_to_what_it_has(self) -> None:
        node, files = await self.filled()
        status, said, complained = await self.ask("commit", node, *files)
        self.assertEqual((0, "4 committed, 0 not committed\n", ""), (status, said, complained))

    async def test_what_it_has_not_is_named(self) -> None:
        node, files = await self.filled()
        unknown = ("--instance", instance(0).sop_class_uid, "1.2.3.4.5")
        status, said, _ = await self.ask("commit", node, files[0], *unknown)
        self.assertEqual(1, status)
        self.assertRegex(said, r"^1\.2\.3\.4\.5: 0112H .*\n1 committed, 1 not committed\n$")


class IdentityTests(RequestCase):
    async def test_users_prove_themselves_by_a_passcode_in_a_file(self) -> None:
        users, passcode = self.place / "users", self.place / "passcode"
        passcode.write_text("open sesame\nof alice\n")
        status, _, complained = await self.command(
            "user", "add", users, "alice", f"--passcode-file={passcode}"
        )
        self.assertEqual(0, status, complained)
        node = await self.start(certificates=self.certificates, more=USERS.format(users=users))
        good = ("--user=alice", f"--passcode-file={passcode}")
        status, _, complained = await self.ask("echo", node, *good)
        self.assertEqual((0, ""), (status, complained))
        passcode.write_text("open barley\n")
        for words in (good, ("--user=alice",), ()):
            status, _, complained = await self.ask("echo", node, *words)
            self.assertEqual(1, status)
            self.assertRegex(complained, r"^txdicomtls: the peer rejected .*\n$")
            self.assertNotIn("barley", complained)

    async def test_a_file_that_cannot_be_read_is_one_line(self) -> None:
        node = await self.start(certificates=self.certificates)
        for option in ("--jwt-file", "--passcode-file"):
            words = ["--user=alice"] if option == "--passcode-file" else []
            status, _, complained = await self.ask(
                "echo", node, *words, f"{option}={self.place / 'missing'}"
            )
            self.assertEqual(1, status)
            self.assertRegex(complained, r"^txdicomtls: .*/missing: cannot be read: No such.*\n$")
