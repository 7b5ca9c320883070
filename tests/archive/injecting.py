"""Injects a signal or an error into one system call of an archive, then into the next.

    python -m tests.archive.injecting DIRECTORY kill
    python -m tests.archive.injecting DIRECTORY ENOSPC EIO EROFS EMFILE

A child has an archive and its index ready, and no threads.  ``strace`` is attached to it; then
it stores some instances, the first of them twice, and says what became of each.  With
``kill`` it is killed on entering the Nth call of each kind, for N = 1, 2, 3 ... until it lives;
else that call fails.  After each time the archive is recovered and compared.  A child that
lived must have told the truth, kept no descriptor, and stores the same once more.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from twisted.python.failure import Failure

from tests.archive.crashing import checked, forked, opened, said, store
from tests.archive.doubles import at_once, open_descriptors
from tests.archive.instances import data_set, instance
from txdicomtls.errors import StorageError

#: The calls that change something, by the names of this kernel's tables; both names of some.
CHANGING = (
    "openat",
    "fchmod",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "close",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "ftruncate",
)
#: The calls that an error can come from.
FAILING = {
    "ENOSPC": ("openat", "writev", "pwrite64", "fsync", "link", "linkat", "mkdir", "mkdirat"),
    "EIO": ("writev", "pwrite64", "fsync", "fdatasync", "link", "linkat", "unlink", "unlinkat"),
    "EROFS": ("openat", "fchmod", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat"),
    "EMFILE": ("openat",),
}
#: With directories to be made on the way.
LAYOUT = "{study_instance_uid}/{sop_instance_uid}.dcm"
STORED = (1, 2, 1)


@dataclass(slots=True)
class Result:
    """What a child has said.

    :param acknowledged: SOP Instance UIDs, and what their data sets' hashes are.
    :param refused: how many were, for a reason that a peer can be told.
    :param wrong: what must not be.
    :param lived: whether it came to its end.
    """

    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    lived: bool = False


def storing(directory: Path, go: int, attempts: int = 2) -> Callable[[int], None]:
    """Store so many times, when a byte can be read from this descriptor."""

    def work(writing: int) -> None:
        def say(text: str) -> None:
            os.write(writing, f"{text}\n".encode())

        archive, _ = opened(directory, at_once, layout=LAYOUT)
        store_one(0)(archive)
        before = open_descriptors()
        say("ready")
        os.read(go, 1)
        for attempt in range(attempts):
            for number in STORED:
                outcome = store_one(number)(archive)
                what = instance(number)
                if outcome is None:
                    digest = sha256(data_set(what, study=f"1.2.{number}")).hexdigest()
                    say(f"{what.sop_instance_uid} {digest}")
                elif attempt:
                    say(f"!the second time: {outcome}")
                elif isinstance(outcome, StorageError):
                    say("refused")
                else:
                    say(f"!{type(outcome).__name__}: {outcome}")
        if attempts > 1 and (leaked := open_descriptors() - before) > 0:
            say(f"!{leaked} descriptors leaked")
        say("lived")

    return work


def store_one(number: int) -> Callable[..., object]:
    """Store an instance in a study of its own; None, or why it was not kept."""

    def work(archive: object) -> object:
        what = instance(number)
        outcomes: list[object] = []
        try:
            done = store(archive, what, data_set(what, study=f"1.2.{number}"))  # type: ignore[arg-type]
        except StorageError as error:
            return error
        done.addBoth(outcomes.append)
        (outcome,) = outcomes
        return outcome.value if isinstance(outcome, Failure) else outcome

    return work


def injected(directory: Path, call: str, what: str, number: int) -> Result:
    """Run a child with something in its Nth call."""
    waiting, go = os.pipe()
    child, reading = forked(storing(directory, waiting))
    os.close(waiting)
    try:
        until_ready = b""
        while b"ready\n" not in until_ready:
            until_ready += os.read(reading, 100) or exit_with("the child ended too early")
        command = ["strace", "-f", "-o", os.devnull, "-p", str(child), "-e", f"trace={call}"]
        inject = f"inject={call}:{what}:when={number}"
        with subprocess.Popen([*command, "-e", inject], stderr=subprocess.PIPE) as strace:
            assert strace.stderr is not None
            while b"attached" not in (heard := strace.stderr.readline()):
                if not heard:
                    exit_with("strace cannot be attached")
            os.write(go, b".")
            lines = said(reading)
            os.waitpid(child, 0)
            strace.send_signal(signal.SIGINT)
            strace.stderr.read()
    finally:
        os.close(go)
    result = Result()
    for line in lines:
        if line.startswith("!"):
            leak_is_ours = not (call == "close" and "descriptors" in line)
            result.wrong += [line[1:]] * leak_is_ours
        elif line == "refused":
            result.refused += 1
        elif line == "lived":
            result.lived = True
        else:
            uid, digest = line.split()
            result.acknowledged[uid] = digest
    return result


def exit_with(problem: str) -> bytes:
    """End this program."""
    raise SystemExit(problem)


def each(directory: Path, call: str, what: str) -> tuple[list[str], int]:
    """Into the first call of this name, the second, and so on, until it was not met any more.

    :return: what was wrong; and into how many calls something was injected.
    """
    wrong: list[str] = []
    number = 0
    to_kill = what.startswith("signal")
    # An error belongs into the first attempt: the second has to succeed.
    for number in itertools.count(1) if to_kill else range(1, calls_of(directory, call) + 1):
        place = directory / f"{call}-{what.replace('=', '-')}-{number}"
        place.mkdir(parents=True)
        result = injected(place, call, what, number)
        problems, _ = checked(place, result.acknowledged, all_files=True, layout=LAYOUT)
        wrong += [f"{what} in {call} {number}: {problem}" for problem in result.wrong + problems]
        if to_kill and result.lived:
            return wrong, number - 1
    return wrong, number


def calls_of(directory: Path, call: str) -> int:
    """How many of these calls a child makes that stores once and that nothing happens to."""
    if call not in _COUNTED:
        place = directory / f"{call}-counted"
        place.mkdir(parents=True)
        waiting, go = os.pipe()
        child, reading = forked(storing(place, waiting, 1))
        os.close(waiting)
        while b"ready\n" not in os.read(reading, 100):
            pass
        trace = place / "trace"
        command = ["strace", "-f", "-o", str(trace), "-p", str(child), "-e", f"trace={call}"]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
            assert strace.stderr is not None
            while b"attached" not in strace.stderr.readline():
                pass
            os.write(go, b".")
            said(reading)
            os.waitpid(child, 0)
            strace.send_signal(signal.SIGINT)
            strace.stderr.read()
        os.close(go)
        _COUNTED[call] = trace.read_text().count(f" {call}(")
    return _COUNTED[call]


_COUNTED: dict[str, int] = {}


def main() -> int:
    """Run it; the exit status."""
    directory = Path(sys.argv[1])
    wrong: list[str] = []
    figures = []
    for what in sys.argv[2:]:
        calls = 0
        kind = "signal=KILL" if what == "kill" else f"error={what}"
        for call in CHANGING if what == "kill" else FAILING[what]:
            found, number = each(directory, call, kind)
            wrong += found
            calls += number
        figures.append(f"{what} {calls}")
    summary = f"injected: {', '.join(figures)}; {len(wrong)} problems"
    sys.stdout.write("\n".join([*wrong, summary, ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
