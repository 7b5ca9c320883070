#!/usr/bin/env python3
"""Measures queries of a daemon that has 100,000 instances, over TLS, from another process.

python bench/find.py                    # in SQLite
python bench/find.py --instances 10000 --rounds 11

First how long study-level queries take, from the request to the final response.  Then the memory
of the daemon while as many results as there are instances go to a peer that reads slowly.
"""

from __future__ import annotations

import argparse
import dataclasses
import ssl
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

# A script finds its own directory first on the path, not the one that this package is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from bench import load
from bench.client import CALLED_AE_TITLE
from bench.index import BULK, INSTANCES_OF_SERIES, SERIES_OF_STUDY, identifier, questions, record
from bench.pki import Pki
from bench.servers import RunningServer, Txdicomtls
from txdicomtls.index import InstanceRecord, Level, open_index
from txdicomtls.node.archive_sections import INDEX_FILE

STUDY_ROOT_FIND = b"1.2.840.10008.5.1.4.1.2.2.1"
EXPLICIT_VR_LITTLE_ENDIAN = b"1.2.840.10008.1.2.1"
PENDING = (0xFF00, 0xFF01)

#: Bytes a second that a slow peer reads.
SLOW = 500_000
#: Seconds between two looks at the memory of the daemon.
LOOK_EVERY = 0.5


class Querying(load.Link):
    """An association for queries."""

    def __init__(self, port: int, pki: Pki) -> None:
        context = ssl.create_default_context(cafile=str(pki.authority))
        context.load_cert_chain(pki.client_certificate, pki.client_key)
        args = argparse.Namespace(
            host="127.0.0.1",
            port=port,
            timeout=120.0,
            tls=True,
            context=context,
            server_name="localhost",
            called=CALLED_AE_TITLE,
            calling="BENCH",
            pdu=131072,
            window=None,
        )
        super().__init__(args)
        accepted, _ = self.associate(args, [(1, STUDY_ROOT_FIND, [EXPLICIT_VR_LITTLE_ENDIAN])])
        assert accepted, "no queries are offered"

    def ask(self, asked: Dataset) -> None:
        """Send a C-FIND request (PS3.7 9.3.2.1)."""
        stream = DicomBytesIO()
        stream.is_little_endian, stream.is_implicit_VR = True, False
        write_dataset(stream, asked)
        request = load.command(
            load.element(0x00000002, STUDY_ROOT_FIND),
            load.us(0x00000100, 0x20),
            load.us(0x00000110, 1),
            load.us(0x00000700, 0),
            load.us(0x00000800, 1),
        )
        self.sock.sendall(
            load.pdata(1, 1, request, 16384) + load.pdata(1, 0, stream.getvalue(), 16384)
        )

    def results(self) -> Iterator[int]:
        """Read the responses; give how many came with each read, until the final one."""
        command_set = b""
        while True:
            kind, body = self.pdu()
            assert kind == 4, f"PDU type {kind:#x} where a response was due"
            at, pending = 0, 0
            while at < len(body):
                length, _, flags = struct.unpack_from(">IBB", body, at)
                if flags & 1:
                    command_set += body[at + 6 : at + 4 + length]
                    if flags & 2:
                        status, command_set = load.status_of(command_set), b""
                        if status not in PENDING:
                            assert status == 0, f"status {status:#06x}"
                            yield pending
                            return
                        pending += 1
                at += 4 + length
            yield pending


def of_one_series(number: int) -> InstanceRecord:
    """Make the record of an instance of a series that has all of them."""
    made = record(number)
    one = record(0).attributes
    same = {name: one[name] for name in one if name != "InstanceNumber"}
    return dataclasses.replace(made, attributes={**made.attributes, **same})


def filled_server(home: Path, pki: Pki, count: int, *, one_series: bool) -> RunningServer:
    """Fill an index; a daemon over it."""
    server = RunningServer(Txdicomtls(durable=True, more=PEER), home, pki)
    storage = home / "storage"
    storage.mkdir(parents=True)
    index = open_index(storage / INDEX_FILE, sync=False)
    make = of_one_series if one_series else record
    for start in range(0, count, BULK):
        index.add([make(number) for number in range(start, min(start + BULK, count))])
    index.close()
    # Its instances are known, so the archive has to be there; their files are not asked for.
    (storage / "archive").touch()
    return server


PEER = """
[[peer]]
ae_title = "BENCH"
allow = ["echo", "store", "find"]
[[peer]]
ae_title = "DICOMLOAD"
allow = ["echo"]
"""


def time_queries(port: int, pki: Pki, count: int, rounds: int) -> None:
    """Print how long each kind of query takes."""
    link = Querying(port, pki)
    for name, identifiers in questions(count // INSTANCES_OF_SERIES // SERIES_OF_STUDY, rounds):
        times, numbers = [], []
        for asked in identifiers:
            began = time.perf_counter()
            link.ask(asked)
            numbers.append(sum(link.results()))
            times.append(1000 * (time.perf_counter() - began))
        print(
            f"  find by {name:14} {median(times):8.1f} ms at the median,"
            f" {max(times):8.1f} ms at most, {median(numbers):g} studies",
            flush=True,
        )
    link.release()


def stream(server: RunningServer, pki: Pki) -> None:
    """Print the memory of the daemon while all instances go to a peer that reads slowly."""
    link = Querying(server.port, pki)
    receive = link.sock.recv
    one = record(0).attributes
    keys = {name: one[name] for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    seen = [server.usage().resident]
    began = looked = time.monotonic()
    number = read = 0

    def slowly(size: int) -> bytes:
        nonlocal read
        time.sleep(max(0.0, began + read / SLOW - time.monotonic()))
        data = receive(size)
        read += len(data)
        return data

    link.sock.recv = slowly  # type: ignore[assignment,method-assign]  # so that it is slow
    link.ask(identifier(Level.IMAGE, **keys))
    for some in link.results():
        number += some
        if time.monotonic() - looked > LOOK_EVERY:
            looked = time.monotonic()
            seen.append(server.usage().resident)
    took = time.monotonic() - began
    seen.append(server.usage().resident)
    print(
        f"  {number} results in {took:.0f} s to a slow peer, memory of the daemon"
        f" {_megabytes(seen[0])} before,"
        f" {_megabytes(max(seen))} at most, {_megabytes(seen[-1])} after"
    )


def _megabytes(octets: int) -> str:
    return f"{octets / 1e6:.1f} MB"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=51, help="how often each query is asked")
    parser.add_argument("--directory", type=Path, help="where files go for a while")
    arguments = parser.parse_args()
    count = arguments.instances
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        home = Path(name)
        pki = Pki.make(home / "pki")
        print(f"{count} instances")
        with filled_server(home / "many", pki, count, one_series=False) as server:
            time_queries(server.port, pki, count, arguments.rounds)
        with filled_server(home / "one", pki, count, one_series=True) as server:
            stream(server, pki)
    return 0


if __name__ == "__main__":
    sys.exit(main())
