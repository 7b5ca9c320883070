"""A PostgreSQL server of the tests' own: started once in a process, gone at its end."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

from tests.interop.peers import free_port, missing

#: PostgreSQL refuses to run as root; this is who it runs as then.
_USER = "postgres"

#: A test loses nothing when the machine stops, so nothing needs to wait for the disk.
_OPTIONS = (
    "-c fsync=off",
    "-c full_page_writes=off",
    "-c synchronous_commit=off",
    "-c deadlock_timeout=100ms",
    "-c max_connections=80",
    "-c listen_addresses=127.0.0.1",
)


def new_database() -> str:
    """Make an empty database.

    :return: its URL.
    :raises SkipTest: PostgreSQL is not installed.
    """
    directory, port = _server()
    name = f"test_{uuid4().hex}"
    _run(_programs() / "createdb", "-h", directory, "-p", str(port), "-U", _USER, name)
    return f"postgresql://{_USER}@127.0.0.1:{port}/{name}"


@cache
def _programs() -> Path:
    """The directory of the newest PostgreSQL that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    if initdb is None:
        raise missing("PostgreSQL is not installed")
    return Path(initdb).parent


@cache
def _server() -> tuple[str, int]:
    """Start the server, and have it stopped when this process ends.

    :return: the directory of its socket, and its port.
    """
    programs = _programs()
    directory = tempfile.mkdtemp(prefix="txdicomtls-postgres-")
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.chown(directory, user.pw_uid, user.pw_gid)
    data = f"{directory}/data"
    port = free_port()
    options = " ".join([*_OPTIONS, f"-c port={port}", f"-c unix_socket_directories={directory}"])
    _run(programs / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
    control: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-l", f"{directory}/log"]

    def stop() -> None:
        _run(*control, "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)

    _run(*control, "-o", options, "start")
    atexit.register(stop)
    return directory, port


def _run(*words: str | Path) -> None:
    command = [str(word) for word in words]
    if os.geteuid() == 0:
        command = ["runuser", "-u", _USER, "--", *command]
    # Its output goes nowhere: the server would keep a pipe open for ever.
    subprocess.run(
        command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
