"""What the system knows of a daemon: its memory, its processor time, its open files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.daemon.cases import SOON
from tests.running import Node

_TICKS = os.sysconf("SC_CLK_TCK")


def memory(daemon: Node) -> int:
    """Bytes of memory that it has now."""
    found = re.search(r"VmRSS:\s+(\d+) kB", (_directory(daemon) / "status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def processor_time(daemon: Node) -> float:
    """Seconds of processor time that it has used, to a hundredth."""
    fields = (_directory(daemon) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def open_files(daemon: Node) -> int:
    """How many files and sockets it has open, but for those of its index.

    That opens as many connections as it happens to need at once, and keeps them.
    """
    found = 0
    for entry in (_directory(daemon) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += not entry.readlink().name.startswith("index.sqlite")
    return found


def until(holds: Callable[[], object], otherwise: str) -> None:
    """Wait for something; blocks.

    :raises AssertionError: it does not come.
    """
    end = time.monotonic() + SOON
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.01)


def _directory(daemon: Node) -> Path:
    pid = daemon.process.transport.pid  # type: ignore[union-attr]  # it runs
    return Path(f"/proc/{pid}")
