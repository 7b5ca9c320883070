"""A question at a real terminal: seen, answered unseen, taken back."""

from __future__ import annotations

import os
import select
import termios
import threading
from functools import partial
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorThreads
from twisted.trial.unittest import TestCase

from tests.tls.certificates import CA
from tests.tls.key_files import RIGHT, write
from txdicomtls.errors import PasswordUnavailable, WrongPassword
from txdicomtls.threads import InThread, in_thread_of
from txdicomtls.tls import load_credentials
from txdicomtls.tls.credentials import Credentials
from txdicomtls.tls.passwords import PromptPassword
from txdicomtls.tls.terminal import ask_at_terminal

NODE = CA.issue("node.example")


def the_thread() -> InThread:
    from twisted.internet import reactor

    return in_thread_of(IReactorThreads(reactor))


class Screen:
    """A pseudo-terminal and the person before it.

    :ivar seen: all that was to be seen on it.
    """

    def __init__(self, case: TestCase) -> None:
        self._master, self._slave = os.openpty()
        case.addCleanup(os.close, self._master)
        case.addCleanup(os.close, self._slave)
        self.path = Path(os.ttyname(self._slave))
        self.seen = b""
        self._answered = 0

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    def look(self, seconds: float) -> None:
        while select.select([self._master], [], [], seconds)[0]:
            self.seen += os.read(self._master, 4096)

    def wait_for(self, text: bytes) -> None:
        """Look at it until there is this text at the end, after what was waited for before."""
        while not self.seen[self._answered :].endswith(text):
            if not select.select([self._master], [], [], 10)[0]:
                raise AssertionError(f"never said {text!r}: {self.seen!r}")
            self.seen += os.read(self._master, 4096)
        self._answered = len(self.seen)

    def ask(self, prompt: str, given_up: threading.Event) -> bytes:
        return ask_at_terminal(prompt, given_up, self.path)


class TerminalTestCase(TestCase):
    def setUp(self) -> None:
        self.screen = Screen(self)
        self.source = PromptPassword(the_thread(), self.screen.ask)

    async def at_screen(self, *answers: tuple[bytes, bytes]) -> None:
        """Be the person: wait for each prompt, then type."""

        def answer() -> None:
            for prompt, text in answers:
                self.screen.wait_for(prompt)
                self.screen.type(text)

        await the_thread()(answer)


class QuestionTests(TerminalTestCase):
    async def test_the_answer_is_not_shown(self) -> None:
        asking = self.source.password("node.key", 1)
        await self.at_screen((b"Password of node.key: ", b"open sesame\n"))
        self.assertEqual(await asking, b"open sesame")
        self.screen.look(0)
        self.assertEqual(self.screen.seen, b"Password of node.key: \r\n")

    async def test_while_it_waits_nothing_is_shown_and_afterwards_all_is_again(self) -> None:
        self.assertTrue(self.screen.echoes)
        asking = self.source.password("node.key", 1)
        await the_thread()(self.screen.wait_for, b"Password of node.key: ")
        self.assertFalse(self.screen.echoes)
        self.screen.type(b"x\n")
        await asking
        self.assertTrue(self.screen.echoes)

    async def test_what_was_typed_before_the_question_is_no_answer(self) -> None:
        self.screen.type(b"too early\n")
        self.screen.wait_for(b"too early\r\n")
        asking = self.source.password("node.key", 1)
        await self.at_screen((b": ", b"x\n"))
        self.assertEqual(await asking, b"x")

    async def test_the_end_of_input_is_no_answer(self) -> None:
        asking = self.source.password("node.key", 1)
        await self.at_screen((b": ", b"\x04"))
        with self.assertRaises(PasswordUnavailable):
            await asking

    async def test_a_question_that_is_taken_back_leaves_the_terminal_as_it_was(self) -> None:
        ended: Deferred[None] = Deferred()

        def ask(prompt: str, given_up: threading.Event) -> bytes:
            from twisted.internet import reactor

            try:
                return self.screen.ask(prompt, given_up)
            finally:
                IReactorThreads(reactor).callFromThread(ended.callback, None)

        asking = PromptPassword(the_thread(), ask).password("node.key", 1)
        await the_thread()(self.screen.wait_for, b": ")
        asking.cancel()
        self.failureResultOf(asking, CancelledError)
        await ended
        self.assertTrue(self.screen.echoes)

    async def test_what_is_no_terminal_cannot_be_asked_at(self) -> None:
        file = write(Path(self.mktemp()), b"x\n")
        for path in (file, file.with_suffix(".missing")):
            source = PromptPassword(the_thread(), partial(ask_at_terminal, terminal=path))
            with self.assertRaises(PasswordUnavailable):
                await source.password("node.key", 1)
        self.assertEqual(file.read_bytes(), b"x\n")


class KeyTests(TerminalTestCase):
    """The question in its place: before a key that is encrypted."""

    def load(self) -> Deferred[Credentials]:
        folder = Path(self.mktemp())
        folder.mkdir()
        certificate = write(folder / "node.crt", NODE.certificate_pem)
        key = write(folder / "node.key", NODE.key_pem(RIGHT))
        return load_credentials(certificate, key, self.source, in_thread=the_thread())

    async def test_a_person_is_asked_until_the_answer_is_right(self) -> None:
        loading = self.load()
        await self.at_screen(
            (b"node.key: ", b"hunter2\n"),
            (b"node.key (attempt 2 of 3): ", b"\n"),
            (b"node.key (attempt 3 of 3): ", RIGHT + b"\n"),
        )
        self.assertEqual((await loading).certificate, NODE.certificate)
        self.assertNotIn(b"hunter2", self.screen.seen)
        self.assertNotIn(RIGHT, self.screen.seen)

    async def test_after_the_third_wrong_answer_there_is_no_fourth_question(self) -> None:
        loading = self.load()
        await self.at_screen(*[(b": ", b"hunter2\n")] * 3)
        with self.assertRaises(WrongPassword):
            await loading
        self.screen.look(0)
        self.assertEqual(self.screen.seen.count(b"Password of"), 3)
