"""Runs the neutral load generator, in a process of its own, against one server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.pki import Pki

LOAD = Path(__file__).with_name("load.py")

#: The AE title that our server is configured with; the peers take any.
CALLED_AE_TITLE = "TXDICOM"

#: Seconds within which one run of the client must be over.
_TIMEOUT = 300
#: Seconds in which clients that are to begin together read their files and associate.
_SECONDS_TO_ASSOCIATE = 3.0
#: Seconds that one of them may begin after the others.
_LATE = 0.1
#: Characters of an error that are shown.
_LONGEST_LINE = 200


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
    return _result(_start(what, port, pki, arguments))


def store_at_once(port: int, pki: Pki, shares: Sequence[Sequence[str]]) -> float:
    """Run several load generators that store at once, each over an association of its own.

    :param port: where the server listens, on 127.0.0.1.
    :param pki: the certificates.
    :param shares: the files that each of them stores.
    :return: objects a second, from when they all begin to when the last one has ended.
    :raises BenchmarkError: one of them failed or was late, or the server answered failures.
    """
    start = time.monotonic() + _SECONDS_TO_ASSOCIATE
    running = [
        _start("store", port, pki, (*share, "--start", str(start))) for share in shares if share
    ]
    results = [_result(each) for each in running]
    if max(each["began"] for each in results) > start + _LATE:
        raise BenchmarkError("a client was not ready when the others began")
    ended = max(each["began"] + each["seconds"] for each in results)
    return float(sum(each["objects"] for each in results) / (ended - start))


def _start(what: str, port: int, pki: Pki, arguments: Sequence[str]) -> subprocess.Popen[str]:
    tls = (pki.client_key, pki.client_certificate, pki.authority)
    command = [sys.executable, str(LOAD), what, "127.0.0.1", str(port), *arguments]
    command += ["--called", CALLED_AE_TITLE, "--tls", *map(str, tls)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _result(running: subprocess.Popen[str]) -> dict[str, Any]:
    try:
        output, error = running.communicate(timeout=_TIMEOUT)
    except subprocess.TimeoutExpired as expired:
        running.kill()
        running.communicate()
        raise BenchmarkError(f"the client was not done after {_TIMEOUT} s") from expired
    if running.returncode:
        raise BenchmarkError(f"the client failed: {_last_line(error)}")
    result: dict[str, Any] = json.loads(output)
    if result.get("failed") or result.get("skipped"):
        raise BenchmarkError(f"not every object was taken: {output.strip()}")
    return result


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:_LONGEST_LINE]
