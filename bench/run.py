#!/usr/bin/env python3
"""Measures this project's server and its peers in turn, with one client; see README.md."""

from __future__ import annotations

import argparse
import json
import platform
import signal
import ssl
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

# A script finds its own directory first on the path, not the one that this package is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.client import BenchmarkError, run_client, store_at_once
from bench.objects import ObjectSet
from bench.orthanc import Orthanc
from bench.pki import Pki
from bench.rows import ROWS, Row
from bench.servers import OURS, Dcmtk, Pynetdicom, RunningServer, ServerKind, Txdicomtls
from bench.table import Measurement, Memory, RowResult, render, rotated

_SERVERS = (OURS, Dcmtk.name, Pynetdicom.name, Orthanc.name)


def measure(
    row: Row, server: RunningServer, objects: ObjectSet | None, pki: Pki, round_number: int
) -> Measurement:
    """Measure one server once.

    :raises BenchmarkError: the client failed, or the server did not keep every object.
    """
    count = row.count if row.count == 1 else max(1, round(row.count * server.kind.share))
    files = [str(path) for path in objects.files[:count]] if objects is not None else []
    arguments = files or ["--count", str(count)]
    if row.resumed:
        arguments = [*arguments, "--resume"]
    if row.window > 1:
        arguments = [*arguments, "--window", str(row.window)]
    before = server.usage().cpu_seconds
    if row.associations > 1 and not server.kind.alone:
        shares = [files[first :: row.associations] for first in range(row.associations)]
        rate = store_at_once(server.port, pki, shares)
    else:
        rate = run_client(row.what, server.port, pki, *arguments)[row.measure]
    used = server.usage().cpu_seconds - before
    if objects is not None:
        stored = server.stored()
        size = sum(path.stat().st_size for path in stored)
        if len(stored) != count or size < count * row.size:
            raise BenchmarkError(f"it keeps {len(stored)} of {count} objects, {size} bytes")
        server.empty()
    return Measurement(
        round_number=round_number,
        server=server.kind.name,
        rate=rate,
        cpu_seconds=used * row.count / count,
    )


def measure_row(
    row: Row, kinds: Sequence[ServerKind], directory: Path, pki: Pki, rounds: int
) -> RowResult:
    """Measure all servers in turn, in every round in another order.

    :param directory: an empty directory for the objects and the servers' files.
    """
    result = RowResult(title=row.title, unit=row.unit)
    objects = None
    if row.size:
        objects = ObjectSet.make(
            directory / "objects", row.count, rows=row.rows, columns=row.columns
        )
    with ExitStack() as stack:
        servers: dict[str, RunningServer] = {}
        for kind in kinds:
            server = RunningServer(kind, directory / kind.name, pki)
            try:
                servers[kind.name] = stack.enter_context(server)
            except BenchmarkError as error:
                result.leave_out(kind.name, str(error))
        before = {name: server.usage().resident for name, server in servers.items()}
        for round_number in range(-1, rounds):  # the first one warms them up
            if objects is not None:
                objects.renew()
            for name in rotated(list(servers), round_number):
                try:
                    measurement = measure(row, servers[name], objects, pki, round_number)
                except BenchmarkError as error:
                    result.leave_out(name, str(error))
                    del servers[name]
                else:
                    result.measurements.append(measurement)
        for name, server in servers.items():
            result.memory[name] = Memory(before=before[name], peak=server.usage().peak)
    result.drop_warm_up()
    return result


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="how often each is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work, two rounds")
    parser.add_argument(
        "--rows", default=",".join(ROWS), help="which rows, with commas (default: %(default)s)"
    )
    parser.add_argument(
        "--servers",
        default=",".join(_SERVERS),
        help="which servers, with commas (default: %(default)s)",
    )
    parser.add_argument(
        "--storescp",
        type=Path,
        default=Path("/usr/bin/storescp"),
        help="DCMTK's storescp (default: %(default)s)",
    )
    parser.add_argument(
        "--orthanc",
        type=Path,
        default=Path("/usr/sbin/Orthanc"),
        help="Orthanc (default: %(default)s)",
    )
    parser.add_argument("--directory", type=Path, help="where files go for a while")
    parser.add_argument("--json", type=Path, help="a file for every single measurement")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows.split(",")
    if unknown := set(arguments.rows) - ROWS.keys():
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    arguments.servers = arguments.servers.split(",")
    if unknown := set(arguments.servers) - set(_SERVERS):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    if arguments.rounds is None:
        arguments.rounds = 2 if arguments.quick else 5
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def choose_kinds(arguments: argparse.Namespace) -> list[ServerKind]:
    """Choose the servers that were asked for and are there; print a line about each."""
    known: list[ServerKind] = [
        Txdicomtls(),
        Dcmtk(arguments.storescp),
        Pynetdicom(),
        Orthanc(arguments.orthanc),
    ]
    kinds: list[ServerKind] = []
    for kind in known:
        if kind.name not in arguments.servers:
            continue
        if missing := kind.missing():
            print(f"{kind.name} left out: {missing}")
        else:
            print(f"{kind.name}: {kind.version()}")
            kinds.append(kind)
    return kinds


def kinds_for(row: Row, kinds: Sequence[ServerKind]) -> list[ServerKind]:
    """Choose those that do what a row measures."""
    if not row.durable:
        return [kind for kind in kinds if not kind.durable]
    chosen = [kind for kind in kinds if kind.durable]
    if any(kind.name == OURS for kind in kinds):
        if row.associations > 1:
            chosen.insert(0, Txdicomtls(durable=True, alone=True))
        chosen.insert(0, Txdicomtls(durable=True))
    return chosen


def write_json(path: Path, results: Sequence[RowResult], versions: dict[str, str]) -> None:
    """Write every single measurement to a file."""
    document = {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "client_tls": ssl.OPENSSL_VERSION,
        "servers": versions,
        "rows": [asdict(each) for each in results],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def main() -> int:
    """Measure and print.

    :return: 0, or 1 where a server that is there failed.
    """
    arguments = parse_arguments()
    # An ordinary exit, so that all servers are stopped and all files removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kinds = choose_kinds(arguments)
    results: list[RowResult] = []
    with tempfile.TemporaryDirectory(prefix="txdicomtls-bench-", dir=arguments.directory) as home:
        pki = Pki.make(Path(home, "pki"))
        for key in arguments.rows:
            row = ROWS[key].quick() if arguments.quick else ROWS[key]
            chosen = kinds_for(row, kinds)
            if not chosen:
                continue
            with tempfile.TemporaryDirectory(dir=home) as directory:
                result = measure_row(row, chosen, Path(directory), pki, arguments.rounds)
            results.append(result)
            print("", render(result, OURS), sep="\n", flush=True)
    if arguments.json:
        write_json(arguments.json, results, {kind.name: kind.version() for kind in kinds})
    return 1 if any(each.failures for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
