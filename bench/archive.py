"""How fast an archive keeps instances, durably and indexed, without a network.

    python bench/archive.py [DIRECTORY]

Prints instances per second for small and larger objects, from one sender and from eight at
once, and how long an archive with very many files takes to start.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, DeferredList

from txdicomtls.archive import FileArchive, instance_path
from txdicomtls.index.index import open_index
from txdicomtls.instance import IncomingInstance
from txdicomtls.threads import in_thread_of

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorThreads

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ROOT = "1.2.826.0.1.3680043.8.498"

#: Bytes of an object, how many are sent each time, and how often it is measured.
SIZES = ((1000, 400, 5), (500_000, 80, 5))
SENDERS = (1, 8)
FILES = 100_000


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """One element, explicit VR little endian (PS3.5 7.1.2)."""
    value += b"\0" * (len(value) % 2)
    tag = group.to_bytes(2, "little") + number.to_bytes(2, "little")
    if vr == b"OB":
        return tag + vr + b"\0\0" + len(value).to_bytes(4, "little") + value
    return tag + vr + len(value).to_bytes(2, "little") + value


def data_set(uid: str, number: int, size: int) -> bytes:
    """A data set of about so many bytes, one of ten in its series."""
    head = b"".join(
        (
            element(0x0008, 0x0016, b"UI", CT_IMAGE_STORAGE.encode()),
            element(0x0008, 0x0018, b"UI", uid.encode()),
            element(0x0008, 0x0020, b"DA", b"20261125"),
            element(0x0008, 0x0060, b"CS", b"CT"),
            element(0x0010, 0x0010, b"PN", b"Lindgren^Astrid"),
            element(0x0010, 0x0020, b"LO", b"%d" % (number // 100)),
            element(0x0020, 0x000D, b"UI", f"{ROOT}.1.{number // 100}".encode()),
            element(0x0020, 0x000E, b"UI", f"{ROOT}.2.{number // 10}".encode()),
        )
    )
    return head + element(0x7FE0, 0x0010, b"OB", os.urandom(max(2, size - len(head))))


def instances(
    size: int, numbers: Iterator[int], count: int
) -> list[tuple[IncomingInstance, bytes]]:
    """So many that no archive has seen."""
    made = []
    for number in (next(numbers) for _ in range(count)):
        uid = f"{ROOT}.3.{number}"
        incoming = IncomingInstance(
            sop_class_uid=CT_IMAGE_STORAGE,
            sop_instance_uid=uid,
            transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
            calling_ae_title="BENCH",
        )
        made.append((incoming, data_set(uid, number, size)))
    return made


async def rate(
    archive: FileArchive, count: int, size: int, senders: int, numbers: Iterator[int]
) -> float:
    """Instances per second."""
    waiting = iter(instances(size, numbers, count))

    async def send() -> None:
        for incoming, data in waiting:
            sink = archive.receive(incoming)
            view = memoryview(data)
            for start in range(0, len(view), 16384):
                sink.write(view[start : start + 16384])
            await sink.finish()

    started = time.perf_counter()
    done = [Deferred.fromCoroutine(send()) for _ in range(senders)]
    for _, failure in await DeferredList(done, fireOnOneErrback=True, consumeErrors=True):
        assert failure is None
    return count / (time.perf_counter() - started)


async def store_rates(reactor: IReactorThreads, directory: Path) -> None:
    """Print how fast instances are kept."""
    index = open_index(directory / "index.sqlite")
    archive = FileArchive(directory / "data", in_thread=in_thread_of(reactor), index=index)
    archive.prepare()
    numbers = iter(range(sys.maxsize))
    for size, count, times in SIZES:
        medians = []
        for senders in SENDERS:
            measured = [await rate(archive, count, size, senders, numbers) for _ in range(times)]
            medians.append(statistics.median(measured))
            print(f"{size:>9,} bytes, {senders} at once: {medians[-1]:7.0f}/s", flush=True)
        print(f"{size:>9,} bytes: {medians[1] / medians[0]:.2f} times as fast at once")
    archive.close()
    index.close()


def start_time(directory: Path) -> None:
    """Print how long an archive takes to start that has very many files, and some left over."""

    def archive() -> FileArchive:
        return FileArchive(directory / "many", in_thread=None, sync=False)  # type: ignore[arg-type]  # receives nothing

    first = archive()
    first.prepare()
    first.close()
    for number in range(FILES):
        instance_path(directory / "many", f"{ROOT}.{number}").write_bytes(b"")
    for number in range(1000):
        (directory / "many" / "incoming" / f"{number}.part").write_bytes(b"half")
    started = time.perf_counter()
    again = archive()
    again.prepare()
    print(f"{FILES:,} files and 1,000 left over: {time.perf_counter() - started:.2f} s to start")
    again.close()


def main() -> None:
    """Measure."""
    from twisted.internet import reactor, task

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", default=Path.cwd())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory, prefix="archive-") as name:
        start_time(Path(name))
        task.react(
            lambda _: Deferred.fromCoroutine(store_rates(reactor, Path(name)))  # type: ignore[arg-type]  # Twisted has not typed it
        )


if __name__ == "__main__":
    main()
