"""Kills an archive again and again, and looks whether it has lied.

    python -m tests.archive.crashing DIRECTORY --kills 1000

A child stores instances from eight senders at once, through the archive and its index, with a
reactor and threads, and says of each when it is acknowledged.  It is killed at a random moment,
while it starts too.  Another child recovers what is left and compares: all that was
acknowledged is there, bit by bit, and indexed; nothing else is visible but whole instances.

Both are forked from this process, which has imported everything and has no threads.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from statistics import median

from twisted.internet.defer import Deferred

from tests.archive.doubles import at_once, files_below, pieces
from tests.archive.instances import data_set, instance
from txdicomtls.archive import DuplicatePolicy, FileArchive, Layout
from txdicomtls.archive.disk import Disk
from txdicomtls.index.index import Index, open_index
from txdicomtls.index.record import KeptInstance
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import read_header
from txdicomtls.threads import InThread, in_thread_of

SENDERS = 8
#: Seconds that a child may live.
LONGEST = 0.4

#: One line of what a child says: the SOP Instance UID, and the SHA-256 of its data set.
Acknowledged = dict[str, str]


def opened(
    directory: Path, in_thread: InThread, *, disk: Disk = os, layout: str = ""
) -> tuple[FileArchive, Index]:
    """The archive below a directory, prepared, and its index."""
    index = open_index(directory / "index.sqlite")
    archive = FileArchive(
        directory / "data",
        in_thread=in_thread,
        disk=disk,
        index=index,
        duplicates=DuplicatePolicy.REFUSE,
        layout=Layout(layout) if layout else None,
    )
    archive.prepare()
    return archive, index


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Do something in a child.

    :param work: gets the descriptor of a pipe to write to.
    :return: the child, and the end of the pipe to read from.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        work(writing)
        status = 0
    except BaseException as error:
        os.write(writing, f"!{type(error).__name__}: {error}\n".encode())
        raise
    finally:
        os._exit(status)


def said(reading: int) -> list[str]:
    """All whole lines that a child has said, once it has ended."""
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    return text.split("\n")[:-1]


def store(archive: FileArchive, what: IncomingInstance, data: bytes) -> Deferred[None]:
    """Send an instance as an association does, but for waiting."""
    sink = archive.receive(what)
    for piece in pieces(data, 16384):
        sink.write(piece)
    return sink.finish()


def load(directory: Path, first: int, chance: random.Random) -> Callable[[int], None]:
    """Store without end; the numbers of the instances begin with this one."""

    def work(writing: int) -> None:
        from twisted.internet import reactor as installed
        from twisted.internet.interfaces import IReactorCore

        reactor = IReactorCore(installed)
        archive, _ = opened(directory, in_thread_of(installed))  # type: ignore[arg-type]  # Twisted has not typed it
        os.write(writing, b"ready\n")
        numbers = iter(range(first, sys.maxsize))

        async def send() -> None:
            for number in numbers:
                what = instance(number)
                size = chance.choice((200, 1000, 1000, 20_000, 3 << 20 if number % 20 == 0 else 0))
                data = data_set(what, pixels=chance.randbytes(size or 2))
                for _ in range(chance.choice((1, 1, 2))):
                    await store(archive, what, data)
                    line = f"{what.sop_instance_uid} {sha256(data).hexdigest()}\n"
                    os.write(writing, line.encode())

        def begin() -> None:
            for _ in range(SENDERS):
                Deferred.fromCoroutine(send()).addErrback(broke)

        def broke(failure: object) -> None:
            os.write(writing, f"!{failure}\n".replace("\n", " ").encode() + b"\n")

        reactor.callWhenRunning(begin)
        reactor.run()

    return work


def problems(
    directory: Path, acknowledged: Acknowledged, *, all_files: bool, layout: str
) -> Iterator[str]:
    """What is not as it must be, once the archive was recovered.

    :param acknowledged: what must be there.
    :param all_files: look at every file too, and not only at these.
    """
    archive, index = opened(directory, at_once, layout=layout)
    try:
        if left := files_below(directory / "data" / "incoming"):
            yield f"left behind: {sorted(left)}"
        rows = index.get(acknowledged)
        for uid, digest in acknowledged.items():
            if uid not in rows:
                yield f"{uid} is not indexed"
            elif rows[uid].sha256 != digest or data_set_sha256(directory, rows[uid].path) != digest:
                yield f"{uid} is damaged"
        if all_files:
            known = {row.path: row.sha256 for page in pages(index) for row in page}
            names = {f"objects/{name}" for name in files_below(directory / "data" / "objects")}
            yield from (f"{path} is not indexed" for path in sorted(names - set(known)))
            yield from (f"{path} is missing" for path in sorted(set(known) - names))
            for path in sorted(names & set(known)):
                if data_set_sha256(directory, path) != known[path]:
                    yield f"{path} is damaged"
    finally:
        archive.close()
        index.close()


def pages(index: Index) -> Iterator[list[KeptInstance]]:
    """All rows."""
    after = ""
    while page := index.paths(after):
        yield page
        after = page[-1].sop_instance_uid


def data_set_sha256(directory: Path, path: str) -> str:
    """The hash of what a file holds now."""
    file = directory / "data" / path
    return sha256(file.read_bytes()[read_header(file).data_offset :]).hexdigest()


def checked(
    directory: Path, acknowledged: Acknowledged, *, all_files: bool = False, layout: str = ""
) -> tuple[list[str], float]:
    """Recover and compare in a child.

    :return: what is wrong; and the seconds that recovery took.
    """

    def work(writing: int) -> None:
        started = time.monotonic()
        archive, index = opened(directory, at_once, layout=layout)
        took = time.monotonic() - started
        archive.close()
        index.close()
        os.write(writing, f"{took}\n".encode())
        for problem in problems(directory, acknowledged, all_files=all_files, layout=layout):
            os.write(writing, f"!{problem}\n".encode())

    child, reading = forked(work)
    lines = said(reading)
    os.waitpid(child, 0)
    wrong = [line[1:] for line in lines if line.startswith("!")]
    if not lines or lines[0].startswith("!"):
        return wrong or ["it cannot be opened"], 0.0
    return wrong, float(lines[0])


def killed(directory: Path, first: int, chance: random.Random) -> list[str]:
    """What a child says that is killed at a random moment."""
    child, reading = forked(load(directory, first, random.Random(chance.random())))
    if chance.random() > 0.1:
        select.select([reading], [], [], 10)  # it is ready
    time.sleep(chance.uniform(0, LONGEST))
    os.kill(child, signal.SIGKILL)
    lines = said(reading)
    os.waitpid(child, 0)
    return lines


def run(directory: Path, kills: int, chance: random.Random) -> tuple[list[str], str]:
    """Kill so many times.

    :return: what was wrong; and a line of figures.
    """
    directory.mkdir(parents=True, exist_ok=True)
    everything: Acknowledged = {}
    wrong: list[str] = []
    starts: list[float] = []
    for number in range(kills):
        lines = killed(directory, number * 1_000_000, chance)
        wrong += [line for line in lines if line.startswith("!")]
        acknowledged = dict(
            line.split() for line in lines if line != "ready" and not line.startswith("!")
        )
        everything |= acknowledged
        found, seconds = checked(directory, acknowledged)
        starts.append(seconds)
        wrong += [f"kill {number}: {problem}" for problem in found]
    found, _ = checked(directory, everything, all_files=True)
    wrong += [f"in the end: {problem}" for problem in found]
    return wrong, (
        f"{kills} kills, {len(everything)} instances acknowledged, start {median(starts):.2f} s at "
        f"the median and {max(starts):.2f} s at most, {len(wrong)} problems"
    )


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(description="Kill an archive again and again.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    wrong, figures = run(arguments.directory, arguments.kills, random.Random(arguments.seed))
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write("\n".join([*wrong, figures, ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
