"""Passwords come from where they should, and show nowhere."""

from __future__ import annotations

import threading
from pathlib import Path

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.tls.threads import in_this_thread
from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.tls.passwords import (
    CallablePassword,
    EnvironmentPassword,
    FilePassword,
    FixedPassword,
    PromptPassword,
    SystemdCredential,
)

SECRET = "correct horse"


class PasswordTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.write_bytes(SECRET.encode())
        self.environ = {"CREDENTIALS_DIRECTORY": str(self.path.parent)}

    def answer(self, prompt: str, given_up: threading.Event) -> bytes:
        self.prompt = prompt
        return SECRET.encode()

    def unavailable(self, source: IPasswordSource) -> str:
        failure = self.failureResultOf(source.password("node.key", 1), PasswordUnavailable)
        self.assertEqual(failure.value.path, "node.key")
        return str(failure.value)


class SourceTests(PasswordTestCase):
    def test_every_source_gives_its_password_and_hides_it(self) -> None:
        for source in (
            FixedPassword(SECRET.encode()),
            FilePassword(self.path, in_this_thread),
            EnvironmentPassword("KEY_PASSWORD", {"KEY_PASSWORD": SECRET}),
            SystemdCredential(self.path.name, self.environ, in_this_thread),
            CallablePassword(lambda key, attempt: SECRET.encode()),
            PromptPassword(in_this_thread, self.answer),
        ):
            self.assertTrue(verifyObject(IPasswordSource, source))
            self.assertEqual(self.successResultOf(source.password("node.key", 1)), SECRET.encode())
            self.assertNotIn(SECRET, repr(source))

    def test_only_a_person_can_be_asked_again(self) -> None:
        self.assertTrue(PromptPassword(in_this_thread, self.answer).interactive)
        self.assertFalse(FixedPassword(b"").interactive)
        self.assertFalse(FilePassword(self.path, in_this_thread).interactive)
        self.assertFalse(EnvironmentPassword("X", {}).interactive)
        self.assertFalse(SystemdCredential("x", {}, in_this_thread).interactive)
        self.assertFalse(CallablePassword(lambda *_: b"").interactive)
        self.assertTrue(CallablePassword(lambda *_: b"", attempts=2).interactive)


class FileTests(PasswordTestCase):
    def test_only_the_first_line_of_the_file_is_read(self) -> None:
        for content, wanted in (
            (b"x\n", b"x"),
            (b"x\r\n", b"x"),
            (b"x\nof the client\n", b"x"),
            (b" x ", b" x "),
            (b"", b""),
        ):
            self.path.write_bytes(content)
            for source in (
                FilePassword(self.path, in_this_thread),
                SystemdCredential(self.path.name, self.environ, in_this_thread),
            ):
                found = source.password("node.key", 1)
                self.assertEqual(self.successResultOf(found), wanted)

    def test_the_file_is_read_each_time(self) -> None:
        source = FilePassword(self.path, in_this_thread)
        for content in (b"one", b"other"):
            self.path.write_bytes(content)
            self.assertEqual(self.successResultOf(source.password("node.key", 1)), content)

    def test_a_missing_file_is_named_beside_the_key(self) -> None:
        missing = self.path.with_suffix(".missing")
        self.assertIn(str(missing), self.unavailable(FilePassword(missing, in_this_thread)))


class EnvironmentTests(PasswordTestCase):
    def test_a_variable_that_is_not_set_is_named(self) -> None:
        self.assertIn("KEY_PASSWORD", self.unavailable(EnvironmentPassword("KEY_PASSWORD", {})))


class SystemdTests(PasswordTestCase):
    def test_without_credentials_it_says_what_the_unit_needs(self) -> None:
        for environ in ({}, {"CREDENTIALS_DIRECTORY": ""}):
            source = SystemdCredential("node-key", environ, in_this_thread)
            self.assertIn("put LoadCredential=node-key:FILE", self.unavailable(source))

    def test_a_missing_credential_is_named(self) -> None:
        source = SystemdCredential("node-key", self.environ, in_this_thread)
        self.assertIn("node-key", self.unavailable(source))

    def test_a_name_cannot_lead_out_of_the_directory(self) -> None:
        for name in ("", ".", "..", "../node", "/etc/passwd", "a/b"):
            self.assertRaises(ValueError, SystemdCredential, name, self.environ, in_this_thread)


class CallableTests(PasswordTestCase):
    def test_it_may_answer_at_once_later_or_as_a_coroutine(self) -> None:
        async def coroutine(key: str, attempt: int) -> bytes:
            return await succeed(b"x")

        for get in (lambda *_: b"x", lambda *_: succeed(b"x"), coroutine):
            self.assertEqual(self.successResultOf(CallablePassword(get).password("k", 1)), b"x")

    def test_it_is_told_which_key_and_which_attempt(self) -> None:
        asked = []

        def get(key: str, attempt: int) -> bytes:
            asked.append((key, attempt))
            return b"x"

        self.successResultOf(CallablePassword(get).password("node.key", 2))
        self.assertEqual(asked, [("node.key", 2)])

    def test_cancelling_reaches_it(self) -> None:
        cancelled: list[object] = []
        waiting: Deferred[bytes] = Deferred(cancelled.append)
        CallablePassword(lambda *_: waiting).password("node.key", 1).cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(cancelled, [waiting])

    def test_what_it_raises_is_the_failure(self) -> None:
        def get(key: str, attempt: int) -> bytes:
            raise PasswordUnavailable(key, "the safe is closed")

        self.assertIn("the safe is closed", self.unavailable(CallablePassword(get)))


class PromptTests(PasswordTestCase):
    def test_the_prompt_names_the_key_says_what_was_wrong_and_counts(self) -> None:
        source = PromptPassword(in_this_thread, self.answer, attempts=4)
        self.successResultOf(source.password("node.key", 1))
        self.assertEqual(self.prompt, "Password of node.key: ")
        self.successResultOf(source.password("node.key", 2))
        self.assertEqual(self.prompt, "That was wrong. Password of node.key (attempt 2 of 4): ")

    def test_nobody_at_the_terminal_is_no_password(self) -> None:
        def ask(prompt: str, given_up: threading.Event) -> bytes:
            raise EOFError

        self.assertIn("nobody answered", self.unavailable(PromptPassword(in_this_thread, ask)))

    def test_the_question_is_asked_outside_the_reactor_thread(self) -> None:
        waiting: Deferred[bytes] = Deferred()
        calls: list[object] = []

        def in_thread(function: object, /, *args: object, **kwargs: object) -> Deferred[bytes]:
            calls.append(function)
            return waiting

        self.prompt = ""
        source = PromptPassword(in_thread, self.answer)  # type: ignore[arg-type]  # one type of it
        asking = source.password("node.key", 1)
        self.assertNoResult(asking)
        self.assertEqual((len(calls), self.prompt), (1, ""))
        waiting.callback(b"x")
        self.assertEqual(self.successResultOf(asking), b"x")

    def test_cancelling_takes_the_question_back_and_forgets_a_late_answer(self) -> None:
        waiting: Deferred[bytes] = Deferred()
        given_up: list[threading.Event] = []

        def in_thread(
            function: object, key: str, attempt: int, event: threading.Event, /
        ) -> Deferred[bytes]:
            given_up.append(event)
            return waiting

        source = PromptPassword(in_thread, self.answer)  # type: ignore[arg-type]  # one type of it
        asking = source.password("node.key", 1)
        self.assertFalse(given_up[0].is_set())
        asking.cancel()
        self.failureResultOf(asking, CancelledError)
        self.assertTrue(given_up[0].is_set())
        waiting.callback(SECRET.encode())
        self.assertNotIn(SECRET, repr(asking))
