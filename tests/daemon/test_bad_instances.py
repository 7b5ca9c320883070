"""Instances that must not or cannot be kept: the status says so, and the disk shows it."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.daemon.cases import SOON, DaemonTestCase, files_below, good_context, in_thread
from tests.daemon.peer import (
    DATA,
    LAST_DATA,
    RELEASE_RQ,
    STORE_CONTEXT,
    Peer,
    abort,
    c_store_rq,
    data_set,
    p_data,
    status_of,
)
from tests.running import CONFIGURATION, SCRIPTS, Node, make_certificates, start

SUCCESS = 0x0000
DUPLICATE_SOP_INSTANCE = 0x0111
INVALID_SOP_INSTANCE = 0x0117
MISTYPED_ARGUMENT = 0x0212
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
DOES_NOT_SAY_WHAT_IT_IS = 0xB007
CANNOT_UNDERSTAND = 0xC000

#: More than the archive gathers before the first byte of an instance is on the disk.
LARGE = 3 << 20

NOT_UIDS = (
    b"../../outside",
    b"../../../../../../../../tmp/txdicomtls-outside",
    b"/tmp/txdicomtls-outside",
    b"..\\..\\outside",
    b"1.2/../../3",
    b"1.2/3",
    b"1.2\0.3",
    b"1.2.3\0/../../x",
    b"1.2.3\n4",
    b".",
    b"..",
    b"...",
    b"." * 64,
    b".1.2",
    b"1..2",
    b"1.2.",
    b"1.02",
    b"%2e%2e%2foutside",
    b"~",
    b"$HOME",
    b"`id`",
    b"1.2.3;touch x",
    b"lock",
    b"\xef\xbc\x91.\xef\xbc\x92",  # digits, but not those of ASCII
    b"\xff\xfe",
    b"1." * 32 + b"1",  # 65 characters
    b"1.2.3." + b"4" * 5000,
)


class UIDTests(DaemonTestCase):
    async def test_what_is_no_uid_names_no_file(self) -> None:
        daemon = await self.start()
        home = daemon.data.parent
        before = files_below(home)
        for uid in NOT_UIDS:
            status = await in_thread(store_once, daemon, uid, data_set(100))
            self.assertEqual(INVALID_SOP_INSTANCE, status, uid)
        for nothing in (b"", b" ", b"\0\0"):
            status = await in_thread(store_once, daemon, nothing, data_set(100))
            self.assertEqual(MISTYPED_ARGUMENT, status, nothing)
        self.assertEqual(before, files_below(home))
        self.assertEqual([], list(Path("/tmp").glob("txdicomtls-outside*")))  # noqa: S108, ASYNC240  # a test may wait
        self.assertEqual([], list(home.parent.rglob("*outside*")))
        await self.assert_serves(daemon)

    async def test_uids_at_the_edge_of_what_is_allowed_are_kept(self) -> None:
        daemon = await self.start()
        longest = b"1." + b"2" * 62
        for uid in (longest, b"0.0", b"1.2.3\0", b"2.25." + b"9" * 39):
            octets = data_set(100, uid)
            self.assertEqual(SUCCESS, await in_thread(store_once, daemon, uid, octets), uid)
        self.assertEqual(4, len(kept(daemon)))
        self.assertIn(f"{longest.decode()}.dcm", {file.name for file in kept(daemon)})


class RepeatedInstanceTests(DaemonTestCase):
    async def test_the_same_again_is_a_success_and_other_bytes_are_refused(self) -> None:
        daemon = await self.start()
        for size in (100, LARGE):
            uid = b"1.2.%d" % size
            first = data_set(size, uid)
            other = first[:-1] + b"\x01"
            for octets, expected in (
                (first, SUCCESS),
                (first, SUCCESS),
                (other, DUPLICATE_SOP_INSTANCE),
                (data_set(size + 2, uid), DUPLICATE_SOP_INSTANCE),
                (first, SUCCESS),
            ):
                self.assertEqual(expected, await in_thread(store_once, daemon, uid, octets))
            (file,) = (file for file in kept(daemon) if file.name == f"{uid.decode()}.dcm")
            self.assertTrue(file.read_bytes().endswith(first))
        self.assertEqual(2, len(kept(daemon)))
        self.assertEqual([], unfinished(daemon))

    async def test_of_many_at_once_with_one_uid_the_first_is_kept(self) -> None:
        daemon = await self.start()
        data_sets = [data_set(5000)[:-1] + bytes((number,)) for number in range(8)]
        storing = [in_thread(store_once, daemon, b"1.2.3", octets) for octets in data_sets]
        statuses = [await each for each in storing]
        self.assertEqual(1, statuses.count(SUCCESS), statuses)
        self.assertEqual(7, statuses.count(DUPLICATE_SOP_INSTANCE), statuses)
        (file,) = kept(daemon)
        self.assertTrue(file.read_bytes().endswith(data_sets[statuses.index(SUCCESS)]))


class IdentityTests(DaemonTestCase):
    async def test_what_says_that_it_is_another_instance_is_refused_and_not_kept(self) -> None:
        daemon = await self.start()
        for size in (100, LARGE):
            for octets in (data_set(size, b"1.2.4"), data_set(size, sop_class=b"1.2.840.1")):
                status = await in_thread(store_once, daemon, b"1.2.3", octets)
                self.assertEqual(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, status)
        self.assertEqual([], kept(daemon) + unfinished(daemon))
        self.assertIn("A900H: the data set says that it is another", daemon.process.output)
        self.assertEqual(SUCCESS, await in_thread(store_once, daemon, b"1.2.3", data_set(100)))

    async def test_what_does_not_say_what_it_is_is_kept_with_a_warning(self) -> None:
        daemon = await self.start()
        octets = data_set(100, b"", b"")
        status = await in_thread(store_once, daemon, b"1.2.3", octets)
        self.assertEqual(DOES_NOT_SAY_WHAT_IT_IS, status)
        (file,) = kept(daemon)
        self.assertTrue(file.read_bytes().endswith(octets))


class IncompleteInstanceTests(DaemonTestCase):
    async def test_of_an_instance_that_is_not_complete_nothing_is_left(self) -> None:
        daemon = await self.start()
        endings: dict[str, Callable[[Peer], None]] = {
            "RST": Peer.reset,
            "FIN without close_notify": lambda peer: peer.socket.shutdown(2),
            "close_notify": lambda peer: peer.socket.close(),
            "A-ABORT": lambda peer: peer.send(abort(0, 0)),
            "A-RELEASE-RQ": lambda peer: peer.send(RELEASE_RQ),
            "noise": lambda peer: peer.send(b"\xff" * 100),
            "half a PDU and RST": half_a_pdu,
        }
        for size in (1000, LARGE):
            for what, end in endings.items():
                peer = await in_thread(begin_to_store, daemon, b"1.2.3", size)
                if size == LARGE:
                    await in_thread(until, lambda: unfinished(daemon), f"{what}: nothing written")
                await in_thread(end, peer)
                await self.soon(daemon.process.when_says(rf":{peer.port} ended"))
                await in_thread(until, lambda: not unfinished(daemon), f"{what}: something left")
                peer.socket.close()
        self.assertEqual([], kept(daemon))
        self.assertEqual(SUCCESS, await in_thread(store_once, daemon, b"1.2.3", data_set(LARGE)))

    async def test_what_can_be_no_data_set_is_refused(self) -> None:
        daemon = await self.start()
        for octets in (b"", b"\0", data_set(100) + b"\0", data_set(LARGE) + b"\0"):
            status = await in_thread(store_once, daemon, b"1.2.3", octets)
            self.assertEqual(CANNOT_UNDERSTAND, status, f"{len(octets)} octets")
        self.assertEqual([], kept(daemon) + unfinished(daemon))

    async def test_sigterm_lets_what_is_being_stored_be_stored(self) -> None:
        daemon = await self.start()
        complete = await in_thread(begin_to_store, daemon, b"1.2.3", LARGE)
        dropped = await in_thread(begin_to_store, daemon, b"1.2.4", LARGE)
        await in_thread(until, lambda: len(unfinished(daemon)) == 2, "nothing written")
        daemon.process.send_signal("TERM")
        await self.soon(daemon.process.when_says(r"\(TCP Port \d+ Closed\)"))
        await in_thread(dropped.reset)
        await in_thread(complete.send, p_data(STORE_CONTEXT, LAST_DATA, bytes(2)))
        self.assertEqual(SUCCESS, status_of(await in_thread(complete.receive)))
        await self.assert_listens_no_more(daemon)
        await in_thread(complete.release)
        complete.socket.close()
        await self.soon(daemon.process.ended)
        self.assertEqual(["1.2.3.dcm"], [file.name for file in kept(daemon)])
        self.assertEqual([], unfinished(daemon))


class LimitTests(DaemonTestCase):
    async def test_an_instance_over_the_limit_is_refused_and_one_at_it_is_kept(self) -> None:
        limit = 2 << 20
        daemon = await self.start(more=f"[limits]\nobject_size = {limit}")
        for size, expected in ((limit + 2, OUT_OF_RESOURCES), (limit, SUCCESS)):
            octets = data_set(size - len(data_set(0)))
            self.assertEqual(size, len(octets))
            self.assertEqual(expected, await in_thread(store_once, daemon, b"1.2.3", octets))
            await in_thread(until, lambda: not unfinished(daemon), "something left")
        self.assertEqual(1, len(kept(daemon)))

    async def test_a_large_instance_takes_no_memory(self) -> None:
        daemon = await self.start()
        await in_thread(store_once, daemon, b"1.2.3", data_set(LARGE))
        before = most_memory(daemon)
        size = 300 * 1000 * 1000
        self.assertEqual(SUCCESS, await in_thread(store_zeros, daemon, b"1.2.4", size))
        self.assertEqual({"1.2.3.dcm", "1.2.4.dcm"}, {file.name for file in kept(daemon)})
        self.assertGreater(max(file.stat().st_size for file in kept(daemon)), size)
        self.assertLess(most_memory(daemon) - before, 32 << 20)
        for file in kept(daemon):
            file.unlink()

    async def test_when_the_disk_is_full_the_sender_is_told_and_what_fits_is_kept(self) -> None:
        daemon = await self.start_on(self.small_disk(4 << 20))
        for _ in range(2):
            status = await in_thread(store_once, daemon, b"1.2.3", data_set(8 << 20))
            self.assertEqual(OUT_OF_RESOURCES, status)
            await in_thread(until, lambda: not unfinished(daemon), "something left")
        self.assertIn("the instance cannot be kept: no space left on device", daemon.process.output)
        self.assertEqual([], kept(daemon))
        self.assertEqual(SUCCESS, await in_thread(store_once, daemon, b"1.2.3", data_set(1 << 20)))
        await self.assert_serves(daemon)

    def small_disk(self, size: int) -> Path:
        """A file system of so many bytes."""
        disk = Path(self.mktemp()).absolute()
        disk.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(disk)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = f"a small file system needs root: {done.stderr.strip()}"
            if os.environ.get("TXDICOMTLS_REQUIRE_PEERS") == "1":
                self.fail(reason)
            raise SkipTest(reason)
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(disk)], check=True)
        return disk

    async def start_on(self, disk: Path) -> Node:
        """Start a daemon whose data directory is elsewhere than usual."""
        directory = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        certificates = make_certificates(directory / "pki")
        text = CONFIGURATION.format(certificates=certificates.directory, node="", tls="", more="")
        text = text.replace("sync = false", "sync = false\nlow_space = 1")
        data = disk / "data"
        (directory / "node.toml").write_text(text.replace('"data"', f'"{data}"'))
        command: list[str | Path] = [
            SCRIPTS / "twistd",
            *("-n", "--pidfile=", "dicomtls", "--config", "node.toml"),
        ]
        process = start(self, command, cwd=directory)
        self.addCleanup(self.stopped, process)
        found = await self.soon(process.when_says(r"listens on \S+ port (\d+)"))
        return Node(process, int(found[1]), data, certificates)


def store_once(daemon: Node, uid: bytes, octets: bytes) -> int:
    """An association for one C-STORE: its status."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.associate()
        status = peer.store(uid, octets)
        peer.release()
        return status


def store_zeros(daemon: Node, uid: bytes, size: int) -> int:
    """C-STORE of very many zeros, without having them all at once."""
    fragment = p_data(STORE_CONTEXT, DATA, bytes(100_000))
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.associate()
        peer.send(c_store_rq(uid))
        head = data_set(0, uid)[:-4] + struct.pack("<L", size + 2)
        peer.send(p_data(STORE_CONTEXT, DATA, head))
        for _ in range(size // 100_000):
            peer.send(fragment)
        peer.send(p_data(STORE_CONTEXT, LAST_DATA, bytes(2)))
        status = status_of(peer.receive())
        peer.release()
        return status


def begin_to_store(daemon: Node, uid: bytes, size: int) -> Peer:
    """C-STORE, but for its end: two octets."""
    peer = Peer(daemon.port, good_context(daemon))
    peer.associate()
    peer.send(c_store_rq(uid))
    octets = data_set(size, uid)[:-2]
    for at in range(0, len(octets), 1000):
        peer.send(p_data(STORE_CONTEXT, DATA, octets[at : at + 1000]))
    return peer


def kept(daemon: Node) -> list[Path]:
    """The instances in the archive."""
    return sorted((daemon.data / "objects").rglob("*.*"))


def unfinished(daemon: Node) -> list[Path]:
    """Those that are not kept yet."""
    return sorted((daemon.data / "incoming").iterdir())


def most_memory(daemon: Node) -> int:
    """The most memory that the daemon ever had, in bytes."""
    pid = daemon.process.transport.pid  # type: ignore[union-attr]  # it runs
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def until(holds: Callable[[], object], otherwise: str) -> None:
    """Wait for what happens in another process."""
    deadline = time.monotonic() + SOON
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.01)


def half_a_pdu(peer: Peer) -> None:
    peer.send(p_data(STORE_CONTEXT, LAST_DATA, bytes(1000))[:500])
    peer.reset()
