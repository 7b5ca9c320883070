"""Foreign DICOM programs: where they are, how to run them, and what a test without them is."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectError
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from tests.running import Certificates, Running, start

#: Set to 1 where the peers must be there: a test without its peer then fails and is not skipped.
REQUIRE_PEERS = "TXDICOMTLS_REQUIRE_PEERS"

#: Words of a command line.
Words = list[str | Path]

#: Seconds that a peer gets to listen.
STARTING = 20


def missing(what: str) -> Exception:
    """Make what a test raises whose peer is not there."""
    if os.environ.get(REQUIRE_PEERS) == "1":
        return AssertionError(f"{what}, and {REQUIRE_PEERS}=1 demands it")
    return SkipTest(what)


def dcmtk(name: str) -> Path:
    """Path of a program of DCMTK, which is never the one of that name that pynetdicom installs.

    :raises SkipTest: there is none.
    """
    program = _dcmtk(name)
    if program is None:
        raise missing(f"DCMTK's {name} is neither in /usr/bin nor on PATH")
    return program


@cache
def _dcmtk(name: str) -> Path | None:
    for directory in ("/usr/bin", *os.get_exec_path()):
        program = Path(directory, name)
        if os.access(program, os.X_OK):
            said = subprocess.run([program, "--version"], capture_output=True, check=False)
            if b"$dcmtk: " in said.stdout:
                return program
    return None


def pynetdicom(*words: str | Path) -> Words:
    """Give the command that runs pynetdicom in a process of its own.

    :raises SkipTest: it is not installed.
    """
    if find_spec("pynetdicom") is None:
        raise missing("pynetdicom is not installed")
    return [sys.executable, Path(__file__).with_name("pynetdicom_peer.py"), *words]


async def run(case: TestCase, command: Words) -> tuple[int, str]:
    """Run a program to its end.

    :return: its exit status, and all that it said.
    """
    process = start(case, command)
    status = await process.ended
    return status, process.output


def free_port() -> int:
    """A port for a peer that cannot choose one itself and say which."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def start_storescp(
    case: TestCase, certificates: Certificates, *options: str | Path
) -> tuple[Running, int]:
    """Start DCMTK's Storage SCP as the node of these certificates, on TLS.

    Objects are kept as they come, whatever transfer syntax they are in.

    :return: the process and its port.
    """
    port = free_port()
    command = [dcmtk("storescp"), "-v", "+B", "+xa", *dcmtk_credentials(certificates, "node")]
    process = start(case, [*command, *options, str(port)])
    await listening(process, port)
    return process, port


def dcmtk_credentials(certificates: Certificates, name: str) -> Words:
    """Give the options by which a program of DCMTK uses TLS with a certificate of its own."""
    key, certificate = certificates.key(name), certificates.certificate(name)
    return ["+tls", key, certificate, "+cf", certificates.certificate("ca")]


async def listening(process: Running, port: int) -> None:
    # The tools of DCMTK do not say when they listen: whoever wants to know has to knock.
    from twisted.internet import reactor
    from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol

    clock: Any = reactor
    endpoint = TCP4ClientEndpoint(clock, "127.0.0.1", port)
    deadline = clock.seconds() + STARTING
    while True:
        try:
            knock: Any = await connectProtocol(endpoint, Protocol())
        except ConnectError:
            if process.ended.called or clock.seconds() > deadline:
                raise AssertionError(f"the peer does not listen:\n{process.output}") from None
            await deferLater(clock, 0.02)
        else:
            knock.transport.loseConnection()
            return


def said_protocol(output: str) -> str | None:
    """The version of TLS that a program of DCMTK reports in its debug output."""
    found = re.search(r"Protocol +: (\S+)", output)
    return found[1] if found else None


def pynetdicom_credentials(
    certificates: Certificates, name: str, *, trusted: Certificates | None = None
) -> Words:
    """Give the options by which ``pynetdicom_peer.py`` uses TLS with a certificate of its own.

    :param trusted: whose authority it trusts, where that is another one.
    """
    return [
        f"--key={certificates.key(name)}",
        f"--certificate={certificates.certificate(name)}",
        f"--authority={(trusted or certificates).certificate('ca')}",
    ]
