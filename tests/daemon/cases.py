"""What all tests of a real daemon share: it starts, it is never at a loss, and it ends."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.daemon.peer import Peer, echo_once, tls_context
from tests.running import SCRIPTS, Certificates, Node, Running, start, start_node

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

#: Seconds that a good peer may wait while bad ones are busy.  It needs some hundredths on an idle
#: machine; the machines that tests run on are not idle.
GOOD_PEER = 2.0

#: Seconds for whatever a daemon or a command does without being asked to wait.
SOON = 30.0


class DaemonTestCase(TestCase):
    """Real processes."""

    timeout = 100

    async def start(
        self,
        *,
        certificates: Certificates | None = None,
        node: str = "",
        tls: str = "",
        more: str = "",
        port: int = 0,
        **environment: str,
    ) -> Node:
        """Start a daemon; at the end of the test it must stop when told to, without a traceback."""
        daemon = await start_node(
            self, certificates=certificates, node=node, tls=tls, more=more, port=port, **environment
        )
        self.addCleanup(self.stopped, daemon.process)
        return daemon

    async def run_to_end(
        self, command: list[str | Path], cwd: Path | None = None
    ) -> tuple[int, str]:
        """Run a program until it ends by itself: its exit status and all that it says."""
        running = start(self, command, cwd=cwd)
        return await self.soon(running.ended), running.output

    async def command(self, *words: str | Path) -> tuple[int, str, str]:
        """Run ``txdicomtls`` away from any terminal: exit status, standard output and error."""
        done = await in_thread(
            subprocess.run,
            [SCRIPTS / "txdicomtls", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=SOON,
            env=os.environ | {"COLUMNS": "500"},
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    async def log_of(self, daemon: Node, peer_port: int) -> str:
        """The one line that the daemon's log has of a peer, which it may be about to write."""
        await self.soon(daemon.process.when_says(rf":{peer_port}\b.*\n"))
        lines = re.findall(rf".*:{peer_port}\b.*\n", daemon.process.output)
        self.assertEqual(1, len(lines), f"more than one line:\n{''.join(lines)}")
        return str(lines[0])

    async def assert_serves(self, daemon: Node) -> None:
        """A good peer is served, and does not wait for it."""
        took = await in_thread(echo_once, daemon.port, good_context(daemon))
        self.assertLess(took, GOOD_PEER)

    async def assert_listens_no_more(self, daemon: Node) -> None:
        """Nobody can connect, though perhaps for a moment still: it says so, and then closes."""
        await in_thread(_until_refused, daemon.port)

    def soon(self, waiting: Deferred[_Result]) -> Deferred[_Result]:
        """Fail where something never comes."""
        from twisted.internet import reactor

        return waiting.addTimeout(SOON, reactor)

    async def stopped(self, process: Running) -> None:
        """Stop a daemon that may have ended already: it has nothing to complain of."""
        if not process.ended.called:
            process.send_signal("TERM")
            await self.soon(process.ended)
        for word in ("Traceback", "Unhandled"):
            self.assertNotIn(word, process.output)


def good_context(daemon: Node) -> ssl.SSLContext:
    """TLS as the client that the daemon knows."""
    certificates = daemon.certificates
    return tls_context(
        certificate=certificates.certificate("client"), private_key=certificates.key("client")
    )


def in_thread(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> Deferred[_Result]:
    """Run what blocks."""
    return deferToThread(function, *args, **kwargs)


def _until_refused(port: int) -> None:
    deadline = time.monotonic() + GOOD_PEER
    while True:
        try:
            Peer(port).socket.close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            pass  # it closed while we were in its queue
        if time.monotonic() > deadline:
            raise AssertionError("it listens still")


def files_below(directory: Path) -> set[str]:
    """All files there, by their path from there."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}
