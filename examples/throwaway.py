"""A node for a while: its own certificates, its own directory, a free port on this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

#: The console scripts lie beside the interpreter that runs this.
SCRIPTS = Path(sys.executable).parent

#: Seconds that the daemon gets to start and to stop.
STARTING, STOPPING = 60, 60

CONFIGURATION = """\
[node]
ae_title = "TXDICOM"
data = "data"

[tls.default]
certificate = "pki/node.crt"
private_key = "pki/node.key"
trust = ["pki/ca.crt"]
client_certificate = "required"

[services]
offer = ["echo", "store", "find", "get", "move", "commit"]

[[listen]]
port = {port}
interface = "127.0.0.1"
"""


class ThrowawayNode:
    """Makes certificates and a configuration in a directory, and runs the daemon on them.

    :param directory: where everything goes; made if it is missing.
    :param port: TCP port; 0 for any that is free.
    :param key_type: ``ecdsa`` or ``rsa``.
    :param echo: print what the daemon logs.
    """

    def __init__(
        self, directory: Path, port: int = 0, key_type: str = "ecdsa", *, echo: bool = False
    ) -> None:
        self.directory = directory
        self.port = port
        self.said: list[str] = []
        self._echo = echo
        self._key_type = key_type
        self._daemon: subprocess.Popen[str] | None = None
        self._listening = Event()

    @property
    def credentials(self) -> list[str]:
        """The options that let a ``txdicomtls`` command call this node."""
        pki = self.directory / "pki"
        return [
            f"--cert={pki / 'client.crt'}",
            f"--key={pki / 'client.key'}",
            f"--ca={pki / 'ca.crt'}",
        ]

    @property
    def address(self) -> str:
        """HOST:PORT of the node."""
        return f"localhost:{self.port}"

    def prepare(self) -> None:
        """Make certificates and configuration, where there are none."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self.directory / "pki" / "node.crt").exists():
            command = [str(SCRIPTS / "txdicomtls"), "pki", "init", str(self.directory / "pki")]
            command += ["--key-type", self._key_type]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        configuration = CONFIGURATION.format(port=self.port)
        (self.directory / "node.toml").write_text(configuration)

    def __enter__(self) -> Self:
        """Start the daemon and wait until it listens."""
        self.prepare()
        command = [str(SCRIPTS / "twistd"), "-n", "--pidfile=", "dicomtls", "--config=node.toml"]
        self._daemon = subprocess.Popen(
            command,
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._listening.wait(STARTING) or self._daemon.poll() is not None:
            self.stop()
            raise SystemExit("the node did not start:\n" + "".join(self.said))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the daemon."""
        self.stop()

    def stop(self) -> int:
        """Ask the daemon to stop, as an administrator would, and wait until it has.

        :return: its exit status.
        """
        if self._daemon is None:
            return 0
        self._daemon.send_signal(signal.SIGTERM)
        try:
            status = self._daemon.wait(STOPPING)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            status = self._daemon.wait()
        self._daemon = None
        return status

    def wait(self) -> int:
        """Wait until the daemon ends by itself."""
        assert self._daemon is not None
        return self._daemon.wait()

    def _listen(self) -> None:
        assert self._daemon is not None
        assert self._daemon.stdout is not None
        for line in self._daemon.stdout:
            self.said.append(line)
            if self._echo:
                print(line, end="", flush=True)
            listens = re.search(r"listens on \S+ port (\d+)", line)
            if listens:
                self.port = int(listens[1])
                self._listening.set()
        self._listening.set()
