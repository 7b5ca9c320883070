"""Runs the neutral load generator, in a process of its own, against one server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.pki import Pki

LOAD = Path(__file__).with_name("load.py")

#: The AE title that our server is configured with; the peers take any.
CALLED_AE_TITLE = "TXDICOM"

#: Seconds within which one run of the client must be over.
_TIMEOUT = 300


class BenchmarkError(Exception):
    """A server could not be started, or did not do what was measured."""


def run_client(what: str, port: int, pki: Pki, *arguments: str) -> dict[str, Any]:
    """Run the load generator.

    :param what: its first argument.
    :param port: where the server listens, on 127.0.0.1.
    :param pki: the certificates.
    :param arguments: what else it is given.
    :return: what it printed.
    :raises BenchmarkError: it failed, or the server answered failures.
    """
    tls = (pki.client_key, pki.client_certificate, pki.authority)
    command = [sys.executable, str(LOAD), what, "127.0.0.1", str(port), *arguments]
    command += ["--called", CALLED_AE_TITLE, "--tls", *map(str, tls)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as expired:
        raise BenchmarkError(f"the client was not done after {_TIMEOUT} s") from expired
    if done.returncode:
        raise BenchmarkError(f"the client failed: {_last_line(done.stderr)}")
    result: dict[str, Any] = json.loads(done.stdout)
    if result.get("failed") or result.get("skipped"):
        raise BenchmarkError(f"not every object was taken: {done.stdout.strip()}")
    return result


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
