"""A password that a program prints, which is a real one here."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.tls.certificates import CA
from tests.tls.key_files import RIGHT, write
from tests.tls.threads import in_this_thread
from txdicomtls.errors import PasswordUnavailable, WrongPassword
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.tls import load_credentials
from txdicomtls.tls.password_command import CommandPassword


class ReactorWithClock:
    """The reactor's processes, and a time of its own; knows the processes that it started."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.callLater = self.clock.callLater
        self.processes: list[Any] = []

    def spawnProcess(self, protocol: Any, *args: Any, **kwargs: Any) -> Any:
        from twisted.internet import reactor

        self.ended = ended = Deferred[Any]()
        take = protocol.processEnded

        def process_ended(reason: Any) -> None:
            take(reason)
            ended.callback(reason.value)

        protocol.processEnded = process_ended
        spawn: Any = reactor
        self.processes.append(spawn.spawnProcess(protocol, *args, **kwargs))
        return self.processes[-1]


class CommandTestCase(TestCase):
    def setUp(self) -> None:
        self.reactor: Any = ReactorWithClock()
        self.addCleanup(self.assert_nothing_is_left)

    def assert_nothing_is_left(self) -> None:
        self.assertEqual(self.reactor.clock.getDelayedCalls(), [])
        for process in self.reactor.processes:
            self.assertIsNone(process.pid)

    def source(self, script: str, *arguments: str, **more: Any) -> CommandPassword:
        command = [sys.executable, "-c", script, *arguments]
        return CommandPassword(command, self.reactor, os.environ, **more)

    async def unavailable(self, source: CommandPassword) -> str:
        try:
            await source.password("node.key", 1)
        except PasswordUnavailable as error:
            self.assertEqual(error.path, "node.key")
            self.assertNotIn("\n", str(error))
            return str(error)
        raise AssertionError("there was a password")


class AnswerTests(CommandTestCase):
    async def test_the_password_is_the_first_line(self) -> None:
        for printed, wanted in (
            ("open sesame", b"open sesame"),
            ("open sesame\\n", b"open sesame"),
            ("open sesame\\r\\nof the node\\n", b"open sesame"),
            (" open sesame ", b" open sesame "),
            ("\\xff", b"\xc3\xbf"),
        ):
            script = f"import sys; sys.stdout.buffer.write('{printed}'.encode())"
            self.assertEqual(await self.source(script).password("node.key", 1), wanted)

    async def test_arguments_reach_the_program_as_they_are(self) -> None:
        nasty = "$(echo x); `echo y` > z * \"'"
        source = self.source("import sys; print(sys.argv[1])", nasty)
        self.assertEqual(await source.password("node.key", 1), nasty.encode())

    async def test_the_environment_is_an_argument(self) -> None:
        script = "import os; print(os.environ['KEY_PASSWORD'])"
        environ: Mapping[str, str] = {"KEY_PASSWORD": "x"}
        source = CommandPassword([sys.executable, "-c", script], self.reactor, environ)
        self.assertEqual(await source.password("node.key", 1), b"x")

    async def test_there_is_nothing_to_read(self) -> None:
        script = "import sys; print(repr(sys.stdin.read()))"
        self.assertEqual(await self.source(script).password("node.key", 1), b"''")

    async def test_it_is_run_anew_each_time(self) -> None:
        source = self.source("import os; print(os.getpid())")
        first = await source.password("node.key", 1)
        self.assertNotEqual(first, await source.password("node.key", 2))

    async def test_it_opens_a_key(self) -> None:
        node = CA.issue("node.example")
        certificate = write(Path(self.mktemp()), node.certificate_pem)
        key = write(Path(self.mktemp()), node.key_pem(RIGHT))
        for password, attempts in (("open sesame", 1), ("hunter2", 1), ("hunter2", 2)):
            source = self.source(f"print('{password}')", attempts=attempts)
            loading = load_credentials(certificate, key, source, in_thread=in_this_thread)
            started = len(self.reactor.processes)
            with capturedLogs() as events:
                if password == "hunter2":
                    with self.assertRaises(WrongPassword) as caught:
                        await loading
                    self.assertNotIn("hunter2", str(caught.exception))
                else:
                    self.assertEqual((await loading).certificate, node.certificate)
            self.assertNotIn(password, repr(events))
            self.assertEqual(len(self.reactor.processes) - started, attempts - 1)


class NoAnswerTests(CommandTestCase):
    async def test_a_program_that_fails_is_not_believed_and_not_repeated(self) -> None:
        script = "import sys; print('hunter2'); sys.exit(3)"
        text = await self.unavailable(self.source(script))
        self.assertIn("failed with exit status 3", text)
        self.assertIn(sys.executable, text)
        self.assertNotIn("hunter2", text)

    async def test_a_program_that_is_killed_is_said_to_be_so(self) -> None:
        script = "import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
        self.assertIn("ended by signal 9", await self.unavailable(self.source(script)))

    async def test_a_program_that_is_not_there_is_named(self) -> None:
        for program in ("/nowhere/pass", "no-such-program-here"):
            source = CommandPassword([program, "hunter2"], self.reactor, os.environ)
            text = await self.unavailable(source)
            self.assertIn(program, text)
            self.assertNotIn("hunter2", text)

    async def test_nothing_printed_is_no_password(self) -> None:
        for script in ("", "print()"):
            self.assertIn("printed no password", await self.unavailable(self.source(script)))

    async def test_a_line_that_is_too_long_is_no_password(self) -> None:
        self.assertIn("too long", await self.unavailable(self.source("print('x' * 1024)")))
        self.assertEqual(len(await self.source("print('x' * 1023)").password("k", 1)), 1023)

    async def test_a_program_that_never_stops_printing_is_stopped(self) -> None:
        script = "while True: print('x' * 1000)"
        self.assertIn("too much", await self.unavailable(self.source(script)))
        self.assertEqual((await self.reactor.ended).signal, signal.SIGKILL)

    async def test_a_program_that_takes_too_long_is_killed(self) -> None:
        source = self.source("import time; time.sleep(600)", deadline=30)
        asking = source.password("node.key", 1)
        self.reactor.clock.advance(29)
        self.assertNoResult(asking)
        self.reactor.clock.advance(1)
        failure = self.failureResultOf(asking, PasswordUnavailable)
        self.assertIn("within 30 s", str(failure.value))
        self.assertEqual((await self.reactor.ended).signal, signal.SIGKILL)

    async def test_cancelling_kills_it(self) -> None:
        asking = self.source("import time; time.sleep(600)").password("node.key", 1)
        asking.cancel()
        self.failureResultOf(asking, CancelledError)
        self.assertEqual((await self.reactor.ended).signal, signal.SIGKILL)


class SourceTests(SynchronousTestCase):
    def test_it_is_a_source_that_hides_its_arguments(self) -> None:
        reactor: Any = ReactorWithClock()
        source = CommandPassword(["echo", "hunter2"], reactor, {})
        self.assertTrue(verifyObject(IPasswordSource, source))
        self.assertEqual(repr(source), "<CommandPassword echo>")

    def test_it_is_run_once_unless_it_may_answer_differently(self) -> None:
        reactor: Any = ReactorWithClock()
        self.assertFalse(CommandPassword(["x"], reactor, {}).interactive)
        self.assertTrue(CommandPassword(["x"], reactor, {}, attempts=3).interactive)

    def test_a_command_without_a_program_is_refused(self) -> None:
        reactor: Any = ReactorWithClock()
        self.assertRaises(ValueError, CommandPassword, [], reactor, {})
