"""The examples of each service as a provider, asked by the examples of the requestor."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.association.pair import CT
from tests.interop.peers import free_port
from tests.running import ROOT, Certificates, Running, make_certificates, start
from tests.scu.cases import encoded
from tests.scu.files import make_file

STUDY = "1.2.3"


class ExampleTests(TestCase):
    """Each in a process of its own, over real TLS."""

    timeout = 60

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.certificates: Certificates = make_certificates(self.directory / "pki")

    def files_of(self, name: str) -> str:
        """The files of one side, for the string of an endpoint."""
        pki = self.certificates
        return (
            f"certificate={pki.certificate(name)}:key={pki.key(name)}:trust={pki.certificate('ca')}"
        )

    async def provider(self, name: str, *arguments: str | Path) -> tuple[Running, str]:
        """Start an example; also the endpoint that leads to it."""
        endpoint = f"dicomtls:0:interface=127.0.0.1:{self.files_of('node')}"
        command = [sys.executable, ROOT / "examples" / name, endpoint, *arguments]
        process = start(self, [*command], cwd=ROOT)
        port = (await process.when_says(r"port (\d+)"))[1]
        return process, f"dicomtls:localhost:{port}:{self.files_of('client')}"

    async def asked(self, name: str, *arguments: str | Path) -> str:
        """What an example of the requestor says."""
        process = start(self, [sys.executable, ROOT / "examples" / name, *arguments], cwd=ROOT)
        self.assertEqual(0, await process.ended, process.output)
        self.assertNotIn("Traceback", process.output)
        return process.output

    def study(self) -> list[Path]:
        """The files of a study of two instances."""
        directory = self.directory / "study"
        directory.mkdir()
        return [
            make_file(
                directory / f"{STUDY}_{number}",
                encoded(
                    SOPClassUID=CT,
                    SOPInstanceUID=f"{STUDY}.{number}",
                    StudyInstanceUID=STUDY,
                    SeriesInstanceUID=f"{STUDY}.0",
                ),
                uid=f"{STUDY}.{number}",
            )
            for number in (1, 2)
        ]

    async def test_studies_are_found(self) -> None:
        process, endpoint = await self.provider("scp_query.py")
        said = await self.asked("scu_find.py", endpoint, "doe*")
        self.assertEqual("1.2.3 20260131 Doe^Jane\n1.2.4 20260201 Doe^John\n", said)
        self.assertNotIn("Traceback", process.output)

    async def test_a_study_is_retrieved(self) -> None:
        files = self.study()
        process, endpoint = await self.provider("scp_retrieve.py", files[0].parent)
        said = await self.asked("scu_get.py", endpoint, STUDY, self.directory / "got")
        for number in (1, 2):
            self.assertIn(f"{STUDY}.{number} kept", said)
        self.assertNotIn("Traceback", process.output)

    async def test_a_study_is_moved_to_a_node_that_is_known(self) -> None:
        files = self.study()
        other, there = await self.provider("scp_commitment.py")
        process, endpoint = await self.provider(
            "scp_retrieve.py", files[0].parent, "ELSEWHERE", there
        )
        said = await self.asked("scu_move.py", endpoint, STUDY, "ELSEWHERE")
        self.assertIn("complete", said)
        failed = start(
            self,
            [sys.executable, ROOT / "examples/scu_move.py", endpoint, STUDY, "NOWHERE"],
            cwd=ROOT,
        )
        self.assertNotEqual(0, await failed.ended)
        self.assertIn("A801H", failed.output)
        for each in (process, other):
            self.assertNotIn("Traceback", each.output)

    async def test_a_worklist_is_worked_off(self) -> None:
        process, endpoint = await self.provider("scp_worklist.py")
        said = await self.asked("scu_worklist.py", endpoint, "CT1")
        self.assertIn("to do: Doe^Jane", said)
        self.assertIn("completed", said)
        await process.when_says("begun by CT1\nCOMPLETED")

    async def test_what_was_stored_is_committed(self) -> None:
        process, endpoint = await self.provider("scp_commitment.py")
        said = await self.asked("scu_store.py", endpoint, *self.study())
        self.assertIn("2 of 2 are committed", said)
        await process.when_says("asked for 2\nreported")

    async def test_what_is_committed_is_reported_on_an_association_of_its_own(self) -> None:
        files, port = self.study(), free_port()
        there = f"dicomtls:localhost:{port}:{self.files_of('node')}"
        process, endpoint = await self.provider("scp_commitment.py", there)
        await self.asked("scu_parallel.py", endpoint, *files)
        here = f"dicomtls:{port}:interface=127.0.0.1:{self.files_of('node')}"
        said = await self.asked("scu_commitment.py", here, endpoint, *files)
        self.assertIn("asked for 2\n2 are committed, 0 are not", said)
        await process.when_says("asked for 2\nreported")

    async def test_what_was_not_stored_is_not_committed(self) -> None:
        files, port = self.study(), free_port()
        there = f"dicomtls:localhost:{port}:{self.files_of('node')}"
        _, endpoint = await self.provider("scp_commitment.py", there)
        await self.asked("scu_parallel.py", endpoint, files[0])
        here = f"dicomtls:{port}:interface=127.0.0.1:{self.files_of('node')}"
        said = await self.asked("scu_commitment.py", here, endpoint, *files)
        self.assertIn("1 are committed, 1 are not", said)

    async def test_files_are_stored_over_several_associations(self) -> None:
        process, endpoint = await self.provider("provider.py")
        said = await self.asked("scu_parallel.py", endpoint, *self.study())
        self.assertEqual(2, said.count("0000H success"))
        self.assertEqual(2, process.output.count("received"))

    async def test_an_echo_is_answered(self) -> None:
        _, endpoint = await self.provider("provider.py")
        said = await self.asked("scu_echo.py", endpoint)
        self.assertIn("success over TLSv1.3", said)

    async def test_a_printer_says_how_it_is(self) -> None:
        process, endpoint = await self.provider("scp_normalized.py")
        said = await self.asked("scu_normalized.py", endpoint)
        self.assertEqual("the printer is NORMAL\nstatus 0107H\n", said)
        self.assertNotIn("Traceback", process.output)
