"""The examples of each service as a requestor, as somebody would run them, over real TLS."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.association.pair import CT
from tests.running import ROOT, make_certificates, start
from tests.scu.cases import dataset, encoded
from tests.scu.files import make_file
from tests.scu.provider import Provider, start_provider

STUDY = "1.2.3"


class ExampleTests(TestCase):
    timeout = 60

    async def prepared(self) -> tuple[Provider, str]:
        """A provider with two instances of one study, and the endpoint that leads to it."""
        self.directory = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        certificates = make_certificates(self.directory / "pki")
        provider, port = await start_provider(self, certificates)
        for number in (1, 2):
            provider.store.add(
                dataset(
                    SOPClassUID=CT,
                    SOPInstanceUID=f"{STUDY}.{number}",
                    StudyInstanceUID=STUDY,
                    SeriesInstanceUID=f"{STUDY}.0",
                    StudyDate="20260131",
                    PatientName="Doe^Jane",
                )
            )
        return provider, (
            f"dicomtls:localhost:{port}:certificate={certificates.certificate('client')}"
            f":key={certificates.key('client')}:trust={certificates.certificate('ca')}"
        )

    async def run_example(self, name: str, *arguments: str | Path) -> str:
        """What an example says."""
        process = start(self, [sys.executable, ROOT / "examples" / name, *arguments], cwd=ROOT)
        self.assertEqual(0, await process.ended, process.output)
        self.assertNotIn("Traceback", process.output)
        return process.output

    async def test_files_are_stored_and_committed(self) -> None:
        provider, endpoint = await self.prepared()
        files = [
            make_file(
                self.directory / f"{number}.dcm",
                encoded(SOPClassUID=CT, SOPInstanceUID=f"1.2.9.{number}"),
                uid=f"1.2.9.{number}",
            )
            for number in range(3)
        ]
        said = await self.run_example("scu_store.py", endpoint, *files)
        self.assertEqual(3, said.count("0000H success"))
        self.assertIn("3 of 3 are committed", said)
        self.assertIn("1.2.9.2", provider.store.latest)

    async def test_studies_are_found(self) -> None:
        _, endpoint = await self.prepared()
        said = await self.run_example("scu_find.py", endpoint, "Doe*")
        self.assertEqual("1.2.3 20260131 Doe^Jane\n", said)

    async def test_a_study_is_retrieved(self) -> None:
        _, endpoint = await self.prepared()
        target = self.directory / "got"
        said = await self.run_example("scu_get.py", endpoint, STUDY, target)
        self.assertIn("1.2.3.1 kept", said)
        self.assertIn("1.2.3.2 kept", said)
        kept = [path.read_bytes() for path in target.rglob("*") if path.is_file()]
        wanted = encoded(
            SOPClassUID=CT,
            SOPInstanceUID="1.2.3.1",
            StudyInstanceUID=STUDY,
            SeriesInstanceUID="1.2.3.0",
            StudyDate="20260131",
            PatientName="Doe^Jane",
        )
        self.assertTrue(any(data.endswith(wanted) for data in kept))

    async def test_a_study_is_moved(self) -> None:
        provider, endpoint = await self.prepared()
        said = await self.run_example("scu_move.py", endpoint, STUDY, "OTHER")
        self.assertIn("complete", said)
        self.assertEqual(["1.2.3.1", "1.2.3.2"], provider.moved)

    async def test_a_worklist_is_worked_off(self) -> None:
        provider, endpoint = await self.prepared()
        said = await self.run_example("scu_worklist.py", endpoint, "CT1")
        self.assertIn("to do: Doe^Jane", said)
        self.assertIn("completed", said)
        (step,) = provider.steps.values()
        self.assertEqual("COMPLETED", step.PerformedProcedureStepStatus)
