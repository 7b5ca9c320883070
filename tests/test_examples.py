"""The examples, as somebody would run them."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.running import ROOT, SCRIPTS, Certificates, Running, make_certificates, start
from tests.scu.files import ELEMENT, make_file

EXAMPLE = ROOT / "examples" / "provider.py"


class ProviderTests(TestCase):
    """``examples/provider.py``: a Storage SCP of one's own."""

    timeout = 30

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.certificates: Certificates = make_certificates(self.directory / "pki")

    async def provider(self) -> tuple[Running, int]:
        """Start it on a free port."""
        pki = self.certificates
        endpoint = (
            f"dicomtls:0:interface=127.0.0.1:certificate={pki.certificate('node')}"
            f":key={pki.key('node')}:trust={pki.certificate('ca')}"
        )
        process = start(self, [sys.executable, EXAMPLE, endpoint], cwd=ROOT)
        return process, int((await process.when_says(r"port (\d+)"))[1])

    async def test_it_counts_what_a_node_sends_it(self) -> None:
        process, port = await self.provider()
        data = ELEMENT * 10_000
        files = [make_file(self.directory / f"{n}.dcm", data, uid=f"1.2.3.{n}") for n in range(2)]
        address = f"localhost:{port}"
        options = self.certificates.options
        sending = start(self, [SCRIPTS / "txdicomtls", "store", address, *files, *options])
        self.assertEqual(0, await sending.ended, sending.output)
        self.assertIn("2 stored", sending.output)
        self.assertEqual(2, process.output.count(f"received {len(data)} bytes"))

    async def test_it_answers_an_echo(self) -> None:
        _, port = await self.provider()
        options = self.certificates.options
        echo = start(self, [SCRIPTS / "txdicomtls", "echo", f"localhost:{port}", *options])
        self.assertEqual(0, await echo.ended, echo.output)

    async def test_a_peer_that_it_does_not_trust_sends_it_nothing(self) -> None:
        process, port = await self.provider()
        stranger = make_certificates(self.directory / "other")
        options = [*stranger.options[:2], f"--ca={self.certificates.certificate('ca')}"]
        file = make_file(self.directory / "a.dcm")
        sending = start(
            self, [SCRIPTS / "txdicomtls", "store", f"localhost:{port}", file, *options]
        )
        self.assertNotEqual(0, await sending.ended)
        self.assertNotIn("received", process.output)
        self.assertNotIn("Traceback", sending.output + process.output)
