"""Daemons that share a directory and a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import pydicom

from tests.daemon.requesting import CT, EVERYTHING, RequestingTestCase
from tests.index.postgres import new_database
from tests.running import CONFIGURATION, SCRIPTS, Node, make_certificates, start


class SharingTestCase(RequestingTestCase):
    """Starts daemons on the same archive."""

    def setUp(self) -> None:
        self.database = new_database()
        self.root = self.directory()
        self.certificates = make_certificates(self.root / "pki")

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
        """Start one of the daemons, or the same again.

        :param name: its own in the archive.
        :param more: further sections of its configuration.
        """
        directory = self.root / name
        directory.mkdir(exist_ok=True)
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
