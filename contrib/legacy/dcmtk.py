"""DCMTK as a peer; its programs get the same OpenSSL as we do, because the environment says so."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from demo import data_set
from retired import Link

from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.tls.suites import describe_suite

#: Seconds that a program gets to listen, and to end.
PATIENCE = 60


class Failed(Exception):
    """An exchange did not go as it must; the text says how."""


def credentials(pki: Path, name: str) -> list[str]:
    """The options by which DCMTK uses TLS with a certificate."""
    key, certificate = pki / f"{name}.key", pki / f"{name}.crt"
    return ["+tls", str(key), str(certificate), "+cf", str(pki / "ca.crt")]


@contextmanager
def storescp(option: str, pki: Path, directory: Path) -> Iterator[int]:
    """DCMTK's storage SCP, listening; gives its port."""
    directory.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    # As it came, in any transfer syntax: nothing may change on the way to the disk.
    keep = ["+B", "+xa", "-od", str(directory)]
    command = ["storescp", *keep, option, *credentials(pki, "node"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            until(lambda: process.poll() is not None or listens(port))
            if process.poll() is not None:
                assert process.stdout is not None
                raise Failed(f"storescp does not start: {process.stdout.read().decode()}")
            yield port
        finally:
            process.terminate()


def listens(port: int) -> bool:
    """Whether somebody does; the tools of DCMTK do not say when they begin to."""
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    deadline = monotonic() + PATIENCE
    while not condition():
        if monotonic() > deadline:
            raise Failed(f"waited {PATIENCE} s in vain")
        sleep(0.05)


def storescu(option: str, pki: Path, port: int, files: Sequence[FileHeader]) -> Link:
    """Store with DCMTK; what it says of its link."""
    options = ["-d", "-R", "-aec", "TXDICOM", option, *credentials(pki, "client")]
    paths = [str(header.path) for header in files]
    done = subprocess.run(
        ["storescu", *options, "localhost", str(port), *paths],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
    )
    said = done.stdout.decode(errors="replace")
    found = re.search(r"Protocol +: (\S+)\n.*Ciphersuite : (\S+), encryption: (\d+) bits", said)
    if done.returncode or not found:
        raise Failed(f"storescu: status {done.returncode}, {said.strip().splitlines()[-1:]}")
    suite = describe_suite(found[2])
    return Link(
        protocol=found[1],
        suite=suite.iana_name,
        encryption=suite.encryption,
        bits=int(found[3]),
        integrity=suite.integrity,
        key_exchange=suite.key_exchange,
        authentication=suite.authentication,
    )


def changed(files: Sequence[FileHeader], directory: Path) -> list[str]:
    """The names of files that storescp has not stored byte for byte."""
    kept = {
        header.sop_instance_uid: data_set(header)
        for header in map(read_header, directory.iterdir())
    }
    return [sent.path.name for sent in files if kept.get(sent.sop_instance_uid) != data_set(sent)]
