"""Real processes for tests: any program, and the daemon with certificates of its own.

Everything is awaited on the reactor, so that a test can play a peer meanwhile.
"""

from __future__ import annotations

import os
import re
import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from txdicomtls.tls.authority import Authority, KeyType, create_authority, write

#: The console scripts lie beside the interpreter that runs the tests.
SCRIPTS = Path(sys.executable).parent

ROOT = Path(__file__).parents[1]


class Running(ProcessProtocol):
    """A process: what it says, and when it ends.

    :param ended: fires with the exit status, negative for a signal, as in ``subprocess``.
    """

    def __init__(self) -> None:
        self.output = ""
        self.ended: Deferred[int] = Deferred()
        self._awaited: list[tuple[re.Pattern[str], int, Deferred[re.Match[str]]]] = []
        # A pipe cuts what is said anywhere, also within a character.
        self._decoders: defaultdict[int, IncrementalDecoder] = defaultdict(
            lambda: getincrementaldecoder("utf-8")("replace")
        )

    def when_says(self, pattern: str, times: int = 1) -> Deferred[re.Match[str]]:
        """Fires when its output, from the beginning, has the pattern; fails if it ends without.

        :param times: how often it must have it; the last one is given.  A pattern that counts by
            itself, as ``(a.*){9}``, tries all the ways to be wrong before it says no.
        """
        waiting: Deferred[re.Match[str]] = Deferred()
        self._awaited.append((re.compile(pattern), times, waiting))
        self._look()
        return waiting

    def send_signal(self, name: str) -> None:
        """Send a signal, as ``TERM``; without effect when it has ended."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(name)  # type: ignore[union-attr]  # spawned

    async def stop(self, name: str = "TERM") -> int:
        """Send a signal and wait for the end."""
        self.send_signal(name)
        return await self.ended

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Standard output and error, as one text."""
        self.output += self._decoders[childFD].decode(data)
        self._look()

    def processEnded(self, reason: Failure) -> None:
        """It has ended, and all it said is known."""
        status: Any = reason.value
        awaited, self._awaited = self._awaited, []
        for pattern, _, waiting in awaited:
            message = f"ended without {pattern.pattern!r}:\n{self.output}"
            waiting.errback(AssertionError(message))
        self.ended.callback(-status.signal if status.signal else status.exitCode)

    def _look(self) -> None:
        for entry in list(self._awaited):
            pattern, times, waiting = entry
            found = next(islice(pattern.finditer(self.output), times - 1, None), None)
            if found:
                self._awaited.remove(entry)
                waiting.callback(found)


def start(
    case: TestCase, command: list[str | Path], *, cwd: Path | None = None, **environment: str
) -> Running:
    """Run a program; it is killed at the end of the test if it runs still.

    :param environment: variables besides those that this process has.
    """
    from twisted.internet import reactor

    running = Running()
    words = [str(word) for word in command]
    variables = os.environ | {"PYTHONUNBUFFERED": "1", "TCP_NODELAY": "1"} | environment
    reactor.spawnProcess(running, words[0], words, env=variables, path=str(cwd) if cwd else None)

    async def cleanup() -> None:
        if not running.ended.called:
            await running.stop("KILL")

    case.addCleanup(lambda: Deferred.fromCoroutine(cleanup()))
    return running


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of a throw-away authority: ``NAME.crt``, ``NAME.key`` for ca, node and client."""

    directory: Path
    authority: Authority

    def certificate(self, name: str) -> Path:
        """Path of a certificate."""
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Path of a private key."""
        return self.directory / f"{name}.key"

    @property
    def options(self) -> list[str]:
        """What a ``txdicomtls`` command needs to call the node as the client."""
        return [
            f"--cert={self.certificate('client')}",
            f"--key={self.key('client')}",
            f"--ca={self.certificate('ca')}",
        ]


def make_certificates(directory: Path, *, key_type: KeyType = KeyType.ECDSA) -> Certificates:
    """A CA, a node for localhost, a client; valid from now for a day."""
    now = datetime.now(UTC)
    authority = create_authority(now=now, days=1, key_type=key_type)
    keys = {
        "ca": authority.key,
        "node": authority.issue_node(["localhost", "127.0.0.1"], now=now, days=1),
        "client": authority.issue_client("client", now=now, days=1),
    }
    write(directory, keys)
    return Certificates(directory, authority)


CONFIGURATION = """\
[node]
ae_title = "TXDICOM"
data = "data"
{node}

[archive]
sync = false

[tls.default]
certificate = "{certificates}/node.crt"
private_key = "{certificates}/node.key"
trust = ["{certificates}/ca.crt"]
client_certificate = "required"
{tls}

[[listen]]
port = 0
interface = "127.0.0.1"

{more}
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A daemon that listens."""

    process: Running
    port: int
    data: Path
    certificates: Certificates


async def start_node(
    case: TestCase,
    *,
    certificates: Certificates | None = None,
    node: str = "",
    tls: str = "",
    more: str = "",
    port: int = 0,
    **environment: str,
) -> Node:
    """Start ``twistd dicomtls`` in a directory of its own and wait until it listens.

    :param certificates: made if not given.
    :param node: further lines of the section ``[node]``.
    :param tls: further lines of the section ``[tls.default]``.
    :param more: further sections, as ``[limits]``.
    :param port: where it listens; 0 for any port that is free.
    :param environment: variables besides those that this process has.
    """
    directory = Path(case.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait for the disk
    certificates = certificates or make_certificates(directory / "pki")
    configure_node(directory, certificates, node=node, tls=tls, more=more, port=port)
    return await _started(case, directory, certificates, **environment)


def configure_node(
    directory: Path,
    certificates: Certificates,
    *,
    node: str = "",
    tls: str = "",
    more: str = "",
    port: int = 0,
) -> Path:
    """Write the configuration of a node that is to run in this directory, and keep its data there.

    The parameters are those of :func:`start_node`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "node.toml"
    text = CONFIGURATION.format(
        certificates=certificates.directory, node=node, tls=tls, more=more
    ).replace("port = 0", f"port = {port}", 1)
    path.write_text(text)
    return path


async def start_again(case: TestCase, node: Node) -> Node:
    """Start a node that has ended, on what it has kept."""
    return await _started(case, node.data.parent, node.certificates)


async def _started(
    case: TestCase, directory: Path, certificates: Certificates, **environment: str
) -> Node:
    command = [str(SCRIPTS / "twistd"), "-n", "--pidfile=", "dicomtls", "--config=node.toml"]
    process = start(case, [*command], cwd=directory, **environment)
    found = await process.when_says(r"listens on \S+ port (\d+)")
    return Node(process, int(found[1]), directory / "data", certificates)
