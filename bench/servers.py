"""The servers that are compared: how each is started, watched, emptied and stopped.

All of them ask for the client's certificate, take TLS 1.3, receive P-DATA-TF PDUs of up to
128 KiB (DCMTK's most), and keep every object in a file as it came.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.client import CALLED_AE_TITLE, BenchmarkError, run_client
from bench.objects import is_dicom_file
from bench.pki import Pki
from bench.usage import Usage

#: The name of our server, with which all others are compared.
OURS = "txdicomtls"

ROOT = Path(__file__).resolve().parents[1]

_SECONDS_TO_START = 20
_SECONDS_TO_STOP = 10


class ServerKind(ABC):
    """One of the programs that are compared."""

    name: str
    #: How much of a row of many parts it is given, because it is slow.
    share: float = 1.0
    #: Whether it syncs what it keeps before it acknowledges it.
    durable = False
    #: Whether it is given one association where a row has several.
    alone = False

    @abstractmethod
    def missing(self) -> str | None:
        """Say what it lacks here to be run, if anything."""

    @abstractmethod
    def version(self) -> str:
        """Tell its version."""

    @abstractmethod
    def command(self, *, port: int, home: Path, storage: Path, pki: Pki) -> list[str]:
        """Prepare it and tell the command that starts it.

        :param port: where it shall listen, on 127.0.0.1.
        :param home: a directory for its files.
        :param storage: a directory for what it stores.
        :param pki: the certificates.
        """

    def environment(self) -> dict[str, str]:
        """Tell the environment variables that it needs on top of ours."""
        return {}


class Txdicomtls(ServerKind):
    """The daemon of this checkout.

    :param durable: whether it acknowledges an object only when that is on the disk, as it does
        outside of comparisons.
    :param alone: whether it is given one association where a row has several: what many are
        worth.
    :param more: further sections of its configuration.
    """

    def __init__(self, *, durable: bool = False, alone: bool = False, more: str = "") -> None:
        self.name = f"{OURS}, 1" if alone else OURS
        self.share = 0.25 if alone else 1.0
        self.durable = durable
        self.alone = alone
        self._more = more
        self._twistd = Path(sys.executable).with_name("twistd")

    def missing(self) -> str | None:
        """Say what it lacks here to be run, if anything."""
        if not self._twistd.exists():
            return f"no {self._twistd}"
        if importlib.util.find_spec("txdicomtls.tap") is None:
            return "no module txdicomtls.tap"
        return None

    def version(self) -> str:
        """Tell its version, and that of what it runs on."""
        import txdicomtls

        twisted = importlib.metadata.version("twisted")
        return f"txdicomtls {txdicomtls.__version__}, Twisted {twisted}"

    def command(self, *, port: int, home: Path, storage: Path, pki: Pki) -> list[str]:
        """Write its configuration and tell the command that starts it."""
        lines = [
            "[node]",
            f"ae_title = {_toml(CALLED_AE_TITLE)}",
            f"data = {_toml(storage)}",
            "[archive]",
            f"sync = {_toml(self.durable)}",
            "[tls.default]",
            f"certificate = {_toml(pki.server_certificate)}",
            f"private_key = {_toml(pki.server_key)}",
            f"trust = [{_toml(pki.authority)}]",
            'client_certificate = "required"',
            "[[listen]]",
            f"port = {_toml(port)}",
            'interface = "127.0.0.1"',
            'tls = "default"',
        ]
        configuration = home / "node.toml"
        configuration.write_text("\n".join(lines) + f"\n{self._more}")
        return [
            str(self._twistd),
            "-n",
            "--pidfile=",
            "dicomtls",
            "--config",
            str(configuration),
        ]

    def environment(self) -> dict[str, str]:
        """Make it the code of this checkout that runs, installed or not."""
        path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"PYTHONPATH": os.pathsep.join(path)}


class Dcmtk(ServerKind):
    """DCMTK's storescp.

    :param program: its path; pynetdicom brings a program of the same name, so it matters.
    """

    name = "dcmtk"

    def __init__(self, program: Path) -> None:
        self.program = program

    def missing(self) -> str | None:
        """Say what it lacks here to be run, if anything."""
        if not self.program.exists():
            return f"no {self.program}"
        if "dcmtk" not in self.version():
            return f"{self.program} is not DCMTK's"
        return None

    def version(self) -> str:
        """Tell its version."""
        lines = _output([str(self.program), "--version"]).splitlines()
        return lines[0].strip("$ ") if lines else ""

    def command(self, *, port: int, home: Path, storage: Path, pki: Pki) -> list[str]:
        """Tell the command that starts it."""
        return [
            str(self.program),
            *("+tls", str(pki.server_key), str(pki.server_certificate)),
            *("+cf", str(pki.authority), "--require-peer-cert"),
            *("--max-pdu", "131072"),
            *("--output-directory", str(storage), "--bit-preserving"),
            str(port),
        ]

    def environment(self) -> dict[str, str]:
        """Keep it from waiting 40 ms before each small message."""
        return {"TCP_NODELAY": "1"}


class Pynetdicom(ServerKind):
    """A small server made with pynetdicom."""

    name = "pynetdicom"
    share = 0.5

    def missing(self) -> str | None:
        """Say what it lacks here to be run, if anything."""
        return None if importlib.util.find_spec("pynetdicom") else "no module pynetdicom"

    def version(self) -> str:
        """Tell its version."""
        return f"pynetdicom {importlib.metadata.version('pynetdicom')}"

    def command(self, *, port: int, home: Path, storage: Path, pki: Pki) -> list[str]:
        """Tell the command that starts it."""
        script = Path(__file__).with_name("pynetdicom_server.py")
        files = (storage, pki.server_key, pki.server_certificate, pki.authority)
        return [sys.executable, str(script), str(port), *map(str, files)]


class RunningServer:
    """A server process; a context manager that starts and stops it.

    :param kind: which program.
    :param home: a directory of its own; it is made.
    :param pki: the certificates.
    """

    def __init__(self, kind: ServerKind, home: Path, pki: Pki) -> None:
        self.kind = kind
        self.port = _free_port()
        self._home = home
        self._storage = home / "storage"
        self._log = home / "log"
        self._pki = pki

    def __enter__(self) -> Self:
        """Start it and wait until it answers an echo.

        :raises BenchmarkError: it ended, or did not answer in time.
        """
        self._storage.mkdir(parents=True, exist_ok=True)
        command = self.kind.command(
            port=self.port, home=self._home, storage=self._storage, pki=self._pki
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._home,
                env=os.environ | self.kind.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._stop()

    def usage(self) -> Usage:
        """Measure what it has used so far."""
        return Usage.of(self._process.pid)

    def stored(self) -> list[Path]:
        """Find the DICOM files that it keeps."""
        files = (path for path in self._storage.rglob("*") if path.is_file())
        return [path for path in files if is_dicom_file(path)]

    def empty(self) -> None:
        """Empty the DICOM files that it keeps, and nothing else: an index stays.

        They are not deleted: for minutes after that ext4 takes long to make others, the longer
        the nearer to each other they are made, and no archive deletes what it has just got.
        """
        for path in self.stored():
            os.truncate(path, 0)

    def last_words(self) -> str:
        """Tell the last line of its log."""
        return self._log.read_text(errors="replace").strip().rpartition("\n")[2]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        while self._process.poll() is None:
            try:
                run_client("echo", self.port, self._pki, "--count", "1")
            except BenchmarkError as error:
                if time.monotonic() > deadline:
                    raise BenchmarkError(f"not ready: {error}; {self.last_words()}") from error
                time.sleep(0.1)
            else:
                return
        raise BenchmarkError(f"ended at once: {self.last_words()}")

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return done.stdout


def _toml(value: str | Path | bool | int) -> str:  # noqa: FBT001
    # TOML's basic strings, booleans and integers are written as in JSON.
    return json.dumps(str(value) if isinstance(value, Path) else value)
