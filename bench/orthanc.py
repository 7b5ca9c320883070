"""Orthanc, which keeps an index too, and syncs each file that it stores."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.client import CALLED_AE_TITLE
from bench.pki import Pki
from bench.servers import ServerKind


class Orthanc(ServerKind):
    """Orthanc with its index in SQLite, and its default of syncing each file.

    :param program: its path.
    """

    name = "orthanc"
    durable = True

    def __init__(self, program: Path) -> None:
        self.program = program

    def missing(self) -> str | None:
        """Say what it lacks here to be run, if anything."""
        return None if self.program.exists() else f"no {self.program}"

    def version(self) -> str:
        """Tell its version."""
        done = subprocess.run(
            [str(self.program), "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        return done.stdout.partition("\n")[0]

    def command(self, *, port: int, home: Path, storage: Path, pki: Pki) -> list[str]:
        """Write its configuration and tell the command that starts it.

        All that is not here has its default; eight associations at once need eight threads.
        """
        configuration = {
            "StorageDirectory": str(storage),
            "IndexDirectory": str(home / "index"),
            "HttpServerEnabled": False,
            "DicomAet": CALLED_AE_TITLE,
            "DicomPort": port,
            "DicomThreadsCount": 8,
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(pki.server_certificate),
            "DicomTlsPrivateKey": str(pki.server_key),
            "DicomTlsTrustedCertificates": str(pki.authority),
            "DicomTlsRemoteCertificateRequired": True,
            "MaximumPduLength": 131072,
            "SyncStorageArea": True,
        }
        path = home / "orthanc.json"
        path.write_text(json.dumps(configuration, indent=1))
        return [str(self.program), str(path)]

    def environment(self) -> dict[str, str]:
        """Keep it from waiting 40 ms before each small message."""
        return {"TCP_NODELAY": "1"}
